//! `supervisorctl`: programs that supervisor runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Module;
use super::arguments::{Rule, Secret};
use crate::plan::{Change, Command, Content, Failure, Look, Outcome, Output, Plan, Until, Wait};
use crate::{arguments, choices};

/// Tries, half a second apart, to start a process that was stopping: supervisor ends it after its `stopwaitsecs`, which is minutes
/// for workers that must finish what they do.
const STOPPING: u32 = 1200;

choices! {
    /// What a program should be doing.
    pub(crate) enum State {
        Present = "present",
        Started = "started",
        Stopped = "stopped",
        Restarted = "restarted",
        Absent = "absent",
        Signalled = "signalled",
    }
}

arguments! {
    /// Starts, stops, restarts, adds and removes programs of supervisor.
    pub(crate) struct Supervisorctl {
        /// The program: `worker`; `group:worker`; `group:` for all of a group; `all`.
        name: String,
        /// `present` takes the program over from the configuration, `absent` drops it; `restarted` first takes over
        /// whatever changed in the configuration.
        state: State,
        /// Configuration file of supervisor.
        config: Option<PathBuf>,
        /// Where supervisord listens, such as `unix:///run/supervisor.sock`.
        server_url: Option<String>,
        /// User name for supervisord.
        username: Option<String>,
        /// Password for supervisord.
        password: Option<Secret>,
        /// The signal to send, for `signalled`: `USR1`, `HUP`, `9`.
        signal: Option<String>,
        /// Stop the program before it is removed, which otherwise fails while it runs.
        stop_before_removing: bool = false,
        /// Where supervisorctl lies, if PATH does not lead there.
        supervisorctl_path: Option<PathBuf>,
    }
}

impl Module for Supervisorctl {
    const NAME: &'static str = "community.general.supervisorctl";
    const RULES: &'static [Rule] = &[Rule::If("state", "signalled", &["signal"])];
    const EXAMPLES: &'static str = r#"
- name: Take over the program from the configuration
  community.general.supervisorctl:
    name: worker
    state: present

- name: Restart a whole group
  community.general.supervisorctl:
    name: "web:"
    state: restarted

- name: Have a worker reopen its logs
  community.general.supervisorctl:
    name: worker
    state: signalled
    signal: USR1
"#;
    const RETURNS: &'static str = "name: the program as given
state: the state as given
affected: the processes that something was done to";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let given = self.supervisorctl_path.clone().filter(|path| matches!(target.stat(path, true), Ok(Some(_))));
        let Some(program) = given.or_else(|| target.which("supervisorctl").filter(|_| self.supervisorctl_path.is_none())) else {
            return Ok(Plan::missing(Failure::new("this host has no supervisorctl: install supervisor first")));
        };
        let client = Client::new(&self, program, target)?;
        let result = Plan::unchanged().with("name", self.name.clone()).with("state", self.state.word());
        if self.state == State::Restarted {
            // `update` takes over what changed, and would have to come first anyway: no need to ask for the status.
            let words = ["restart", &self.pattern()];
            let changes = vec![client.run(&["update"]), client.run(&words)];
            return Ok(Plan { changes, ..result }.then(move |target, outcomes| self.restarted(client, target, outcomes, STOPPING)));
        }
        let processes: Vec<(String, String)> = client.status(target)?.into_iter().filter(|(name, _)| self.is_meant(name)).collect();
        let name = self.name.trim_end_matches(':').to_owned();
        let (changes, expected) = match self.state {
            State::Present if processes.is_empty() => (vec![client.run(&["reread"]), client.run(&["add", &name])], "added process group"),
            State::Absent if !processes.is_empty() => {
                let stop = self.stop_before_removing.then(|| client.run(&["stop", &self.pattern()]));
                let rest = [client.run(&["reread"]), client.run(&["remove", &name])];
                (stop.into_iter().chain(rest).collect(), "removed process group")
            }
            State::Present | State::Absent => return Ok(result),
            _ if processes.is_empty() => {
                let msg = format!("supervisor knows no {} (no such process): take it over with `state: present` first", self.name);
                return Ok(Plan::missing(Failure::argument("name", msg)));
            }
            State::Started | State::Stopped | State::Signalled | State::Restarted => {
                let (verb, expected): (&[&str], _) = match self.state {
                    State::Started => (&["start"], "started"),
                    State::Stopped => (&["stop"], "stopped"),
                    _ => (&["signal", self.signal.as_deref().unwrap_or_default()], "signalled"),
                };
                let is_due = |status: &str| match self.state {
                    State::Started => !matches!(status, "RUNNING" | "STARTING"),
                    State::Stopped => matches!(status, "RUNNING" | "STARTING" | "STOPPING" | "BACKOFF"),
                    _ => status == "RUNNING",
                };
                let due: Vec<&str> = processes.iter().filter(|(_, status)| is_due(status)).map(|(name, _)| name.as_str()).collect();
                if due.is_empty() {
                    return Ok(result);
                }
                let words: Vec<&str> = verb.iter().copied().chain(due).collect();
                (vec![client.run(&words)], expected)
            }
        };
        Ok(Plan { changes, ..result }.then(move |target, outcomes| {
            let affected = client.verify(&last(outcomes), expected, target)?;
            Ok(Plan::unchanged().with("affected", affected))
        }))
    }
}

impl Supervisorctl {
    /// Verifies a restart. A process that is still stopping, because another restart was cut off before, cannot be started: it
    /// is waited for, so many tries, and then started.
    fn restarted(self, client: Client, target: &dyn Look, outcomes: &[Outcome], tries: u32) -> Result<Plan, Failure> {
        let problem = match client.verify(&last(outcomes), "started", target) {
            Ok(affected) => return Ok(Plan::unchanged().with("affected", affected)),
            Err(problem) => problem,
        };
        let meant = client.status(target)?.into_iter().filter(|(name, _)| self.is_meant(name));
        let state = |wanted: &str, all: &[(String, String)]| all.iter().any(|(_, state)| state == wanted);
        let all: Vec<(String, String)> = meant.collect();
        let due = state("STOPPED", &all) || state("STOPPING", &all);
        if tries == 0 || !due {
            return Err(problem);
        }
        let wait = Wait { until: Until::Elapsed, timeout: 0.5, delay: 0.0, sleep: 0.5, message: String::new() };
        let words = ["start", &self.pattern()];
        let changes = vec![Change::Wait(wait), client.run(&words)];
        Ok(Plan::of(changes).then(move |target, outcomes| self.restarted(client, target, outcomes, tries - 1)))
    }

    fn is_meant(&self, process: &str) -> bool {
        match self.name.strip_suffix(':') {
            _ if self.name == "all" => true,
            Some(group) => process.split_once(':').is_some_and(|(of, _)| of == group),
            // `present` and `absent` are about groups, and a program with several processes is one.
            None if matches!(self.state, State::Present | State::Absent) => process.split(':').next() == Some(&self.name),
            None => process == self.name,
        }
    }

    /// As supervisorctl names what is meant.
    fn pattern(&self) -> String {
        if self.name.ends_with(':') { format!("{}*", self.name) } else { self.name.clone() }
    }
}

/// supervisorctl with its options.
struct Client {
    argv: Vec<String>,
    /// Configuration that holds the password: as an argument it would be in the list of processes for all to read.
    stdin: Option<Vec<u8>>,
}

impl Client {
    fn new(options: &Supervisorctl, program: PathBuf, target: &dyn Look) -> Result<Client, Failure> {
        let mut argv = vec![program.display().to_string()];
        let Some(password) = &options.password else {
            let mut option = |flag: &str, value: Option<String>| argv.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
            option("-c", options.config.as_ref().map(|path| path.display().to_string()));
            option("-s", options.server_url.clone());
            option("-u", options.username.clone());
            return Ok(Client { argv, stdin: None });
        };
        let url = options.server_url.clone().or_else(|| configured_url(options.config.as_deref(), target));
        let url = url.ok_or_else(|| {
            Failure::argument("password", "with `password`, `server_url` is needed too, for the configuration names none")
        })?;
        let user = options.username.clone().unwrap_or_default();
        // A percent sign starts an expansion in supervisor's configuration.
        let text = format!("[supervisorctl]\nserverurl={url}\nusername={user}\npassword={}\n", password.0.replace('%', "%%"));
        argv.extend(["-c".to_owned(), "/dev/stdin".to_owned()]);
        Ok(Client { argv, stdin: Some(text.into_bytes()) })
    }

    fn command(&self, words: &[&str]) -> Command {
        let argv = self.argv.iter().cloned().chain(words.iter().map(|word| (*word).to_owned()));
        Command { stdin: self.stdin.clone().map(Content::Bytes), accept: Vec::new(), ..Command::new(argv) }
    }

    fn run(&self, words: &[&str]) -> Change {
        Change::Run(self.command(words))
    }

    /// Processes and what they do.
    fn status(&self, target: &dyn Look) -> Result<Vec<(String, String)>, Failure> {
        let answer = target.ask(&self.command(&["status"]))?;
        unreachable(&answer)?;
        let row = |line: &str| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        };
        Ok(answer.text().lines().filter_map(row).collect())
    }

    /// The processes that it says it did the expected thing to; an error where it says otherwise of one.
    fn verify(&self, output: &Output, expected: &str, target: &dyn Look) -> Result<Vec<String>, Failure> {
        unreachable(output)?;
        // The last word counts: `restart` may say first that a process was not running.
        let text = output.text();
        let said: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.rsplit_once(": ")).collect();
        let is_wrong = |what: &str| !what.starts_with(expected) && !is_harmless(what, expected);
        let wrong = match said.iter().find(|(_, what)| is_wrong(what)) {
            Some((process, what)) => Some((*process, *what)),
            None if said.is_empty() => Some(("supervisorctl", text.trim())),
            None => None,
        };
        if let Some((process, what)) = wrong {
            let log = self.log(process, expected, target);
            let errors = output.errors();
            let what = if what.is_empty() { errors.trim() } else { what };
            return Err(Failure::new(format!("{process}: {what}{log}"))
                .with("stdout", text.clone())
                .with("stderr", errors.clone())
                .with("rc", output.rc));
        }
        Ok(said.keys().map(|process| (*process).to_owned()).collect())
    }

    /// The end of what a process that does not start wrote: it holds the reason.
    fn log(&self, process: &str, expected: &str, target: &dyn Look) -> String {
        if expected != "started" {
            return String::new();
        }
        let tail =
            |stream: &str| target.ask(&self.command(&["tail", "-2000", process, stream])).map(|answer| answer.text()).unwrap_or_default();
        let text = ["stderr", "stdout"]
            .iter()
            .map(|stream| tail(stream))
            .find(|text| !text.trim().is_empty() && !text.contains("ERROR ("))
            .unwrap_or_default();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(8)..];
        if last.is_empty() { String::new() } else { format!("\nits log ends:\n{}", last.join("\n")) }
    }
}

fn is_harmless(what: &str, expected: &str) -> bool {
    match expected {
        "started" => what.contains("already started"),
        "stopped" => what.contains("not running"),
        _ => false,
    }
}

fn last(outcomes: &[Outcome]) -> Output {
    outcomes
        .iter()
        .rev()
        .find_map(|outcome| if let Outcome::Ran(output) = outcome { Some(output.clone()) } else { None })
        .unwrap_or_default()
}

/// What supervisorctl says when supervisord does not answer.
fn unreachable(output: &Output) -> Result<(), Failure> {
    let text = output.text() + &output.errors();
    let signs =
        ["no such file", "refused connection", "SHUTDOWN_STATE", "Server requires authentication", "could not find config file", "Error:"];
    match text.lines().find(|line| signs.iter().any(|sign| line.contains(sign))) {
        Some(line) => Err(Failure::new(format!("supervisord does not answer: {}; does it run?", line.trim())).with("rc", output.rc)),
        None => Ok(()),
    }
}

/// `serverurl` of the configuration that supervisorctl would read itself.
fn configured_url(config: Option<&Path>, target: &dyn Look) -> Option<String> {
    let usual = ["/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"].map(PathBuf::from);
    let files = config.map(|path| vec![path.to_owned()]).unwrap_or_else(|| usual.to_vec());
    let text = files.iter().find_map(|path| target.read(path).ok().flatten())?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let section = text.split("[supervisorctl]").nth(1)?;
    let line = section.lines().find_map(|line| line.trim().strip_prefix("serverurl")?.trim_start().strip_prefix('=').map(str::to_owned))?;
    Some(line.split(';').next()?.trim().to_owned())
}
