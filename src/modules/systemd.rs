//! `systemd`: units of systemd. `service` comes here too.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::Module;
use crate::plan::{Change, Command, Failure, Look, Outcome, Plan};
use crate::{arguments, choices};

choices! {
    /// What a service should be doing.
    pub(crate) enum State {
        Started = "started" | "running",
        Stopped = "stopped",
        Restarted = "restarted",
        Reloaded = "reloaded",
    }
}

choices! {
    /// Whose systemd.
    pub(crate) enum Scope {
        System = "system",
        User = "user",
        Global = "global",
    }
}

arguments! {
    /// Starts, stops, enables and masks units of systemd.
    pub(crate) struct Systemd {
        /// The unit: `nginx`, `nginx.service`, `backup.timer`, `getty@tty1`.
        name: Option<String> ["service", "unit"],
        /// `started` and `stopped` act only where needed; `restarted` and `reloaded` always, and start what is down.
        state: Option<State>,
        /// Start it at boot.
        enabled: Option<bool>,
        /// Make starting it impossible.
        masked: Option<bool>,
        /// Have systemd read its files anew, before all else.
        daemon_reload: bool ["daemon-reload"] = false,
        /// Have systemd restart itself, before all else.
        daemon_reexec: bool ["daemon-reexec"] = false,
        /// `system`; `user` for the systemd of the user that the task runs as; `global` for the settings of all users.
        scope: Scope = Scope::System,
        /// Do not wait until it is done.
        no_block: bool = false,
        /// Replace links that are in the way when enabling or masking.
        force: Option<bool>,
        /// Old spelling of `scope: user`.
        user: Option<bool>,
    }
}

impl Module for Systemd {
    const NAME: &'static str = "ansible.builtin.systemd_service";
    const ALIASES: &'static [&'static str] = &["ansible.builtin.systemd"];
    const EXAMPLES: &'static str = r#"
- name: Run it, now and after a boot
  ansible.builtin.systemd_service:
    name: nginx
    state: started
    enabled: true

- name: Take over changed unit files
  ansible.builtin.systemd_service:
    daemon_reload: true

- name: Restart a service of the user's own
  ansible.builtin.systemd_service:
    name: worker
    state: restarted
    scope: user
"#;
    const RETURNS: &'static str = "name: the unit as given
state: what it does now
enabled: whether it starts at boot, where that was asked for
status: what `systemctl show` says of it";

    fn plan(mut self, target: &dyn Look) -> Result<Plan, Failure> {
        if self.user == Some(true) {
            self.scope = Scope::User;
        }
        if self.name.is_none() && (self.state.is_some() || self.enabled.is_some() || self.masked.is_some()) {
            return Err(Failure::argument("name", "`state`, `enabled` and `masked` need a `name`"));
        }
        if target.which("systemctl").is_none() {
            return Ok(Plan::missing(Failure::new("this host has no systemctl: it is not run by systemd")));
        }
        let calls = [(self.daemon_reexec, "daemon-reexec"), (self.daemon_reload, "daemon-reload")];
        let first: Vec<Change> = calls.iter().filter(|(on, _)| *on).map(|(_, verb)| Change::Run(self.systemctl(&[verb], target))).collect();
        if first.is_empty() {
            return self.unit(target);
        }
        // Reading files anew is no change by itself.
        let forecast = self.clone().unit(target).is_ok_and(|plan| plan.changed.unwrap_or(false));
        let mut plan = Plan::of(first).with("name", self.name.clone()).with("status", json!({}));
        plan.changed = Some(forecast);
        Ok(plan.then(move |target, _| self.unit(target)))
    }
}

/// What `systemctl show` tells of a unit.
struct Unit {
    properties: BTreeMap<String, String>,
}

impl Unit {
    fn is(&self, property: &str, values: &[&str]) -> bool {
        self.properties.get(property).is_some_and(|value| values.contains(&value.as_str()))
    }

    fn is_known(&self) -> bool {
        !self.is("LoadState", &["not-found", "bad-setting", ""]) && self.properties.contains_key("LoadState")
    }

    fn is_masked(&self) -> bool {
        self.is("LoadState", &["masked"]) || self.is("UnitFileState", &["masked", "masked-runtime"])
    }

    fn is_running(&self) -> bool {
        self.is("ActiveState", &["active", "activating", "reloading"])
    }

    fn is_going_down(&self) -> bool {
        self.is("ActiveState", &["deactivating"])
    }
}

impl Systemd {
    /// Of `service`, which means the same.
    pub(super) fn of_service(name: String) -> Systemd {
        Systemd {
            name: Some(name),
            state: None,
            enabled: None,
            masked: None,
            daemon_reload: false,
            daemon_reexec: false,
            scope: Scope::System,
            no_block: false,
            force: None,
            user: None,
        }
    }

    fn systemctl(&self, words: &[&str], target: &dyn Look) -> Command {
        let mut argv = vec!["systemctl"];
        argv.extend(match self.scope {
            Scope::System => None,
            Scope::User => Some("--user"),
            Scope::Global => Some("--global"),
        });
        argv.extend(self.no_block.then_some("--no-block"));
        argv.extend((self.force == Some(true)).then_some("--force"));
        argv.extend(words);
        let mut command = Command::new(argv);
        if self.scope == Scope::User && target.env("XDG_RUNTIME_DIR").is_none() {
            command.env.insert("XDG_RUNTIME_DIR".into(), format!("/run/user/{}", target.uid()));
        }
        command
    }

    fn look_at(&self, name: &str, target: &dyn Look) -> Result<Unit, Failure> {
        let question = Command { accept: Vec::new(), ..self.systemctl(&["show", "--", name], target) };
        let question = Command { argv: question.argv.into_iter().filter(|w| w != "--no-block" && w != "--force").collect(), ..question };
        let answer = target.ask(&question)?;
        let mut properties = properties(&answer.text());
        if answer.rc != 0 || !properties.contains_key("LoadState") {
            let said = answer.errors().trim().to_owned();
            if self.state.is_some() || properties.contains_key("LoadState") {
                let hint = if self.scope == Scope::User { "; the user needs a session or `loginctl enable-linger`" } else { "" };
                return Err(Failure::new(format!("cannot ask systemd about {name}: {said}{hint}")));
            }
            // Without a running systemd (in a chroot, while an image is built) enabling still works on files.
            let words = ["is-enabled", "--", name];
            let answer = target.ask(&Command { accept: Vec::new(), ..self.systemctl(&words, target) })?;
            let state = answer.text().trim().to_owned();
            let load = if answer.errors().contains("No such file") || state == "not-found" { "not-found" } else { "stub" };
            properties.insert("LoadState".into(), load.into());
            properties.insert("UnitFileState".into(), state);
        }
        Ok(Unit { properties })
    }

    /// Whether it starts at boot; `None` where it has no way to (a static unit).
    fn is_enabled(&self, unit: &Unit, name: &str, target: &dyn Look) -> Result<Option<bool>, Failure> {
        let state = unit.properties.get("UnitFileState").map(String::as_str).unwrap_or_default();
        Ok(match state {
            "enabled" | "enabled-runtime" | "alias" => Some(true),
            "static" => None,
            "disabled" | "indirect" | "linked" | "linked-runtime" | "masked" | "masked-runtime" => Some(false),
            // Made from a SysV script, or unknown to `show` (as with other scopes): is-enabled asks who knows.
            _ => {
                let answer = target.ask(&Command { accept: Vec::new(), ..self.systemctl(&["is-enabled", "--", name], target) })?;
                Some(answer.rc == 0)
            }
        })
    }

    fn unit(self, target: &dyn Look) -> Result<Plan, Failure> {
        let Some(name) = self.name.clone() else {
            let plan = Plan::unchanged().with("name", Json::Null).with("status", json!({}));
            return Ok(Plan { changed: Some(false), ..plan });
        };
        let unit = self.look_at(&name, target)?;
        let status: Map<String, Json> = unit.properties.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        let mut plan = Plan::unchanged().with("name", name.clone()).with("status", status);
        plan.changed = Some(false);
        let is_asked = self.state.is_some() || self.enabled.is_some();
        if is_asked && !unit.is_known() && !unit.is_masked() {
            let why = unit.properties.get("LoadError").filter(|e| unit.is("LoadState", &["bad-setting"]) && !e.is_empty());
            let msg = match why {
                Some(why) => format!("the unit {name} cannot be loaded: {why}"),
                None => format!("Could not find the requested service {name}: host"),
            };
            return Ok(Plan::missing(Failure::argument("name", msg)));
        }
        let mut verbs: Vec<&'static str> = Vec::new();
        if let Some(masked) = self.masked.filter(|masked| *masked != unit.is_masked()) {
            verbs.push(if masked { "mask" } else { "unmask" });
        }
        if let Some(enabled) = self.enabled {
            plan = plan.with("enabled", enabled);
            if self.is_enabled(&unit, &name, target)?.is_some_and(|is| is != enabled) {
                verbs.push(if enabled { "enable" } else { "disable" });
            }
        }
        if let Some(state) = self.state {
            let running = unit.is_running();
            plan = plan.with("state", if state == State::Stopped { "stopped" } else { "started" });
            if unit.is_masked() && self.masked != Some(false) && state != State::Stopped {
                return Err(Failure::argument("name", format!("the unit {name} is masked: set `masked: false` to start it")));
            }
            verbs.extend(match state {
                State::Started if !running => Some("start"),
                State::Stopped if running || unit.is_going_down() => Some("stop"),
                State::Restarted | State::Reloaded if !running => Some("start"),
                State::Restarted => Some("restart"),
                State::Reloaded => Some("reload"),
                State::Started | State::Stopped => None,
            });
        }
        if verbs.is_empty() {
            return Ok(plan);
        }
        plan.changed = Some(true);
        // What fails last is explained with the unit's log; before, nothing may follow a failure.
        let run = |verb: &&str| {
            let command = self.systemctl(&[verb, "--", &name], target);
            let accept = if Some(verb) == verbs.last() { Vec::new() } else { vec![0] };
            Change::Run(Command { accept, ..command })
        };
        let count = verbs.len();
        plan.changes = verbs.iter().map(run).collect();
        Ok(plan.then(move |target, outcomes| {
            let own = outcomes.iter().skip(outcomes.len().saturating_sub(count));
            for (verb, outcome) in verbs.iter().zip(own) {
                if let Outcome::Ran(output) = outcome
                    && output.rc != 0
                {
                    return Err(self.failure(verb, &name, output, target));
                }
            }
            Ok(Plan { changed: Some(true), ..Plan::unchanged() })
        }))
    }

    /// What systemctl says, and the last lines of the unit's log: they hold the reason.
    fn failure(&self, verb: &str, name: &str, output: &crate::plan::Output, target: &dyn Look) -> Failure {
        let said = output.errors().trim().to_owned();
        let mut question = vec!["journalctl"];
        question.extend((self.scope == Scope::User).then_some("--user"));
        question.extend(["--no-pager", "-q", "-n", "8", "-o", "cat", "-u", name]);
        let log = target.ask(&Command::new(question)).map(|answer| answer.text().trim().to_owned()).unwrap_or_default();
        let log = if log.is_empty() || !matches!(verb, "start" | "restart" | "reload") {
            String::new()
        } else {
            format!("\nits log ends:\n{log}")
        };
        Failure::new(format!("Unable to {verb} service {name}: {said}{log}")).with("rc", output.rc).with("stderr", output.errors())
    }
}

/// `NAME=value` lines; a value in braces may go over several.
fn properties(text: &str) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in text.lines() {
        match line.split_once('=') {
            Some((name, value)) if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()) => {
                let known = all.entry(name.to_owned()).or_default();
                // Several ExecStart lines are several values.
                *known = if known.is_empty() { value.to_owned() } else { format!("{known} ; {value}") };
                last = Some(name.to_owned());
            }
            _ => {
                if let Some(value) = last.as_ref().and_then(|name| all.get_mut(name)) {
                    value.push('\n');
                    value.push_str(line);
                }
            }
        }
    }
    all
}
