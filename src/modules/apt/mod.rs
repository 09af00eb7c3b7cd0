//! `apt`: packages of Debian and its kin.
//!
//! `status`: what is installed. `spec`: how playbooks name packages. `policy`: what could be installed. `cache`: updating.
//! `choose`: what is to be done about the named packages. `deb`: package files. `command`: the command lines.

pub(super) mod cache;
mod choose;
mod command;
mod deb;
mod policy;
mod spec;
pub(super) mod status;
pub(super) mod version;

use std::path::{Path, PathBuf};

use super::Module;
use super::arguments::Rule;
use crate::plan::{Attributes, Change, Command, Content, Diff, Failure, Look, Outcome, Output, Plan};
use crate::{arguments, choices};
use command::{apt_get, changes_nothing, simulated};

choices! {
    /// What should be true of the packages.
    pub(crate) enum State {
        Present = "present" | "installed",
        Latest = "latest",
        Absent = "absent" | "removed" | "uninstalled",
        BuildDep = "build-dep",
        Fixed = "fixed",
    }
}

choices! {
    /// Which upgrade.
    pub(crate) enum Upgrade {
        No = "no" | "false",
        Yes = "yes" | "true",
        Safe = "safe",
        Full = "full",
        Dist = "dist",
    }
}

arguments! {
    /// Installs, upgrades and removes packages with apt.
    pub(crate) struct Apt {
        /// Packages: `nginx`, `nginx=1.22*`, `nginx>=1.20`, `libc6:i386`, `git/bookworm-backports`, or patterns such as
        /// `lib*-dev`. All are installed by a single run of apt-get.
        name: Vec<String> ["package", "pkg"] = Vec::new(),
        /// `present` has them installed, `latest` also upgraded, `absent` removed; `build-dep` installs what building
        /// them needs; `fixed` repairs broken dependencies.
        state: State = State::Present,
        /// Update the lists of packages first. Alone, it is all that is done.
        update_cache: Option<bool> ["update-cache"],
        /// Seconds for which updated lists are good enough: the update is left out while they are younger.
        /// Setting it implies `update_cache`.
        cache_valid_time: i64 = 0,
        /// How often to try the update before giving up.
        update_cache_retries: u32 = 5,
        /// Longest pause between two tries, in seconds.
        update_cache_retry_max_delay: f64 = 12.0,
        /// Install recommended packages too. When not given, apt's own setting decides.
        install_recommends: Option<bool> ["install-recommends"],
        /// Release to prefer, such as `bookworm-backports`.
        default_release: Option<String> ["default-release"],
        /// A package file on the target, or its URL; its dependencies come along. Several are separated by commas.
        deb: Option<PathBuf>,
        /// Upgrade all that is installed: `yes` and `safe` remove nothing, `dist` and `full` may.
        upgrade: Upgrade = Upgrade::No,
        /// Remove the settings of removed packages too.
        purge: bool = false,
        /// Remove what was installed only as a dependency and is not needed any more.
        autoremove: bool = false,
        /// Delete downloaded package files that can no longer be had.
        autoclean: bool = false,
        /// Delete all downloaded package files.
        clean: bool = false,
        /// Upgrade only, install nothing that is not there.
        only_upgrade: bool = false,
        /// Allow older versions than those installed.
        allow_downgrade: bool ["allow-downgrade", "allow_downgrades", "allow-downgrades"] = false,
        /// Allow changing packages that are on hold.
        allow_change_held_packages: bool = false,
        /// Install even what carries no valid signature.
        allow_unauthenticated: bool ["allow-unauthenticated"] = false,
        /// All the `allow_` options, and removing essential packages. Can destroy a system.
        force: bool = false,
        /// Fail rather than remove any package.
        fail_on_autoremove: bool = false,
        /// Options for dpkg, without `--`, separated by commas. The default keeps changed settings files.
        dpkg_options: String = "force-confdef,force-confold".into(),
        /// While packages are installed, make services that want to start get this exit code from policy-rc.d
        /// (101 keeps them from starting).
        policy_rc_d: Option<i64>,
        /// Seconds to wait while another process holds dpkg's lock.
        lock_timeout: i64 = 60,
        /// No effect: apt-get is always used, never aptitude.
        force_apt_get: bool = false,
        /// No effect: nothing of Python is needed.
        auto_install_module_deps: bool = true,
    }
}

impl Module for Apt {
    const NAME: &'static str = "ansible.builtin.apt";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["deb", "name"])];
    const OUTWARD: bool = true;
    const EXAMPLES: &'static str = r#"
- name: Have a web server, with lists not older than a day
  ansible.builtin.apt:
    name: [nginx-light, ssl-cert]
    update_cache: true
    cache_valid_time: 86400

- name: Have this very version
  ansible.builtin.apt:
    name: postgresql-15=15.*

- name: Remove it with its settings
  ansible.builtin.apt:
    name: apache2
    state: absent
    purge: true

- name: Upgrade everything
  ansible.builtin.apt:
    upgrade: dist
    update_cache: true
"#;
    const RETURNS: &'static str = "cache_updated: whether the lists of packages changed
cache_update_time: when they were updated, seconds since the epoch
stdout: what apt-get printed
stderr: what apt-get printed as errors";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if !["/usr/bin/apt-get", "/bin/apt-get"].iter().any(|p| matches!(target.stat(Path::new(p), true), Ok(Some(_))))
            && target.which("apt-get").is_none()
        {
            return Err(Failure::new("this host has no apt-get; use `package`, or the module of its own package manager"));
        }
        let is_wanted = self.update_cache.unwrap_or(self.cache_valid_time > 0);
        if !is_wanted || !cache::is_older_than(target, self.cache_valid_time) {
            return self.work(target, false);
        }
        // Before the update nobody knows what it brings; what the lists of now say is the best forecast.
        let forecast =
            if self.has_work() { self.clone().work(target, false).map_or(true, |plan| plan.changed == Some(true)) } else { true };
        let patience = cache::Patience { retries: self.update_cache_retries.max(1), max_delay: self.update_cache_retry_max_delay };
        let time = cache::time(target);
        let mut plan = cache::refresh(target, patience, move |target, is_new| {
            let has_work = self.has_work();
            let mut plan = self.work(target, is_new)?;
            if !has_work {
                plan.changed = Some(is_new);
            }
            Ok(plan)
        });
        plan.changed = Some(forecast);
        Ok(plan.with("cache_updated", true).with("cache_update_time", time))
    }
}

impl Apt {
    fn has_work(&self) -> bool {
        let named = !self.name.is_empty() || self.deb.is_some() || self.state == State::Fixed;
        named || self.upgrade != Upgrade::No || self.autoremove || self.autoclean || self.clean
    }

    /// All but the update.
    fn work(self, target: &dyn Look, is_new: bool) -> Result<Plan, Failure> {
        let mut plan = self.chores(target)?;
        plan.changed = plan.changed.or(Some(!plan.changes.is_empty()));
        Ok(plan.with("cache_updated", is_new).with("cache_update_time", cache::time(target)))
    }

    fn chores(self, target: &dyn Look) -> Result<Plan, Failure> {
        if let Some(deb) = &self.deb {
            return deb::plan(&self, &deb.display().to_string(), target);
        }
        let names: Vec<&str> = self.name.iter().map(|n| n.trim()).filter(|n| !n.is_empty()).collect();
        let whole = names == ["*"] && self.state == State::Latest;
        if self.upgrade != Upgrade::No || whole {
            let words: &[&str] = match self.upgrade {
                Upgrade::Dist | Upgrade::Full => &["dist-upgrade"],
                _ => &["upgrade", "--with-new-pkgs"],
            };
            let mut words = words.to_vec();
            words.extend(self.autoremove.then_some("--auto-remove"));
            return self.if_simulation_changes(target, apt_get(&self, &words));
        }
        match self.state {
            State::BuildDep => {
                let words: Vec<&str> = ["build-dep"].into_iter().chain(names).collect();
                self.if_simulation_changes(target, apt_get(&self, &words))
            }
            State::Fixed => {
                let words: Vec<&str> = ["--fix-broken", "install"].into_iter().chain(names).collect();
                self.if_simulation_changes(target, apt_get(&self, &words))
            }
            State::Present | State::Latest | State::Absent if !names.is_empty() => choose::plan(&self, &names, target),
            _ if self.autoremove => {
                let mut words = vec!["autoremove"];
                words.extend(self.purge.then_some("--purge"));
                self.if_simulation_changes(target, apt_get(&self, &words))
            }
            _ if self.clean => {
                let kept = ["/var/cache/apt/archives", "/var/cache/apt/archives/partial"];
                let is_dirty = kept.iter().any(|f| target.list(Path::new(f)).is_ok_and(|names| names.iter().any(|n| n.ends_with(".deb"))));
                Ok(if is_dirty { self.run(apt_get(&self, &["clean"]), target) } else { Plan::unchanged() })
            }
            _ if self.autoclean => {
                let command = apt_get(&self, &["autoclean"]);
                let answer = target.ask(&simulated(&command))?;
                let deletes = answer.text().lines().any(|line| line.starts_with("Del "));
                Ok(if deletes { self.run(command, target) } else { Plan::unchanged() })
            }
            _ => Ok(Plan::unchanged()),
        }
    }

    /// Runs the command if apt, asked to pretend, would change something.
    fn if_simulation_changes(&self, target: &dyn Look, command: Command) -> Result<Plan, Failure> {
        let pretended = simulated(&command);
        let answer = target.ask(&Command { accept: Vec::new(), ..pretended.clone() })?;
        if answer.rc != 0 {
            return Err(failure(&pretended, &answer));
        }
        let text = answer.text();
        if changes_nothing(&text) {
            return Ok(Plan::unchanged().with("stdout", text).with("stderr", answer.errors()));
        }
        let steps: Vec<&str> = text.lines().filter(|line| ["Inst ", "Remv ", "Purg "].iter().any(|word| line.starts_with(word))).collect();
        let mut plan = self.run(command, target);
        plan.diff.push(Diff {
            before_header: "packages".into(),
            after_header: "packages".into(),
            before: String::new(),
            after: steps.join("\n") + "\n",
        });
        Ok(plan)
    }

    /// Runs apt-get and returns what it printed; with `policy_rc_d` in place meanwhile.
    fn run(&self, command: Command, target: &dyn Look) -> Plan {
        let path = PathBuf::from("/usr/sbin/policy-rc.d");
        let write = |content: Vec<u8>, mode| Change::Write {
            path: path.clone(),
            content: Content::Bytes(content),
            attributes: Attributes { mode: Some(mode), ..Attributes::default() },
            backup: false,
            validate: None,
        };
        let run = Change::Run(Command { accept: Vec::new(), ..command.clone() });
        let changes = match self.policy_rc_d {
            None => vec![run],
            Some(code) => {
                let before = target.read(&path).ok().flatten();
                let mode = target.stat(&path, true).ok().flatten().map_or(0o755, |meta| meta.mode);
                let back = before.map_or_else(|| Change::Remove { path: path.clone() }, |content| write(content, mode));
                vec![write(format!("#!/bin/sh\nexit {code}\n").into_bytes(), 0o755), run, back]
            }
        };
        Plan::of(changes).then(move |_, outcomes| {
            let ran = outcomes.iter().rev().find_map(|o| if let Outcome::Ran(output) = o { Some(output) } else { None });
            match ran {
                Some(output) if output.rc != 0 => Err(failure(&command, output)),
                Some(output) => Ok(Plan::unchanged().with("stdout", output.text()).with("stderr", output.errors())),
                None => Ok(Plan::unchanged()),
            }
        })
    }
}

/// What apt itself says is wrong, with the command to try by hand.
fn failure(command: &Command, output: &Output) -> Failure {
    let errors = output.errors();
    let said: Vec<&str> = errors.lines().filter(|line| line.starts_with("E:") || line.starts_with("dpkg: error")).collect();
    let why = if said.is_empty() { errors.trim().to_owned() } else { said.join("; ") };
    Failure::new(format!("`{}` failed: {why}", command.argv.join(" ")))
        .with("rc", output.rc)
        .with("stdout", output.text())
        .with("stderr", errors.clone())
}
