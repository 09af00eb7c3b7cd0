//! `wait_for`: until a port, a file or a while is as it should be.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

use super::Module;
use super::arguments::Rule;
use crate::plan::{Change, Failure, Look, Outcome, Plan, Until, Wait};
use crate::{arguments, choices};

choices! {
    /// What to wait for.
    pub(crate) enum State {
        Started = "started",
        Present = "present",
        Stopped = "stopped",
        Absent = "absent",
        Drained = "drained",
    }
}

arguments! {
    /// Waits until a port answers, a file is there or holds something, or the opposite; or only for a while.
    pub(crate) struct WaitFor {
        /// Name or address of the host whose port is meant, as the target sees it.
        host: String = "127.0.0.1".to_owned(),
        /// A TCP port.
        port: Option<u32>,
        /// A file.
        path: Option<PathBuf>,
        /// `started`, `present`: the port is open, the file or what `search_regex` looks for is there. `stopped`, `absent`: it is not.
        /// `drained`: no connection is left on the port.
        state: State = State::Started,
        /// Seconds after which the task fails; without port and path, how long to wait.
        timeout: f64 = 300.0,
        /// Seconds before the first look.
        delay: f64 = 0.0,
        /// Seconds between looks.
        sleep: f64 = 1.0,
        /// Seconds that one try to connect may take.
        connect_timeout: f64 = 5.0,
        /// An expression that must fit what the file holds or the port sends, line by line.
        search_regex: Option<String>,
        /// With `drained`: addresses whose connections do not count.
        exclude_hosts: Vec<String> = Vec::new(),
        /// With `drained`: which states count as a connection.
        active_connection_states: Vec<String> = default_states(),
        /// What to say in place of the usual message when time is up.
        msg: Option<String>,
    }
}

fn default_states() -> Vec<String> {
    ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"].map(str::to_owned).to_vec()
}

impl Module for WaitFor {
    const NAME: &'static str = "ansible.builtin.wait_for";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["port", "path"])];
    const OUTWARD: bool = true;
    const EXAMPLES: &'static str = r#"
- name: The web server answers
  ansible.builtin.wait_for:
    port: 8000
    timeout: 30

- name: The application says that it is ready
  ansible.builtin.wait_for:
    path: /var/log/app.log
    search_regex: "ready in (\\d+) ms"

- name: Nobody is connected any more
  ansible.builtin.wait_for:
    port: 8000
    state: drained
"#;
    const RETURNS: &'static str = "\
elapsed: seconds that it took
match_groups: what the groups of search_regex found
match_groupdict: the same of named groups
state, port, path, search_regex: as they were given
";

    fn plan(self, _: &dyn Look) -> Result<Plan, Failure> {
        let port = match self.port {
            Some(port) => Some(u16::try_from(port).map_err(|_| Failure::argument("port", format!("{port} is no TCP port")))?),
            None => None,
        };
        let wrong = |msg: &str| Err(Failure::argument("state", msg));
        if self.path.is_some() && self.state == State::Stopped {
            return wrong("state=stopped should only be used for checking a port in the wait_for module");
        }
        if self.path.is_some() && self.state == State::Drained {
            return wrong("state=drained should only be used for checking a port in the wait_for module");
        }
        if !self.exclude_hosts.is_empty() && self.state != State::Drained {
            return Err(Failure::argument("exclude_hosts", "exclude_hosts should only be with state=drained"));
        }
        let search = self.search_regex.clone();
        let (until, late) = match (port, self.path.clone()) {
            (Some(port), _) => {
                let at = format!("{}:{port}", self.host);
                let (host, connect_timeout) = (self.host.clone(), self.connect_timeout);
                match self.state {
                    State::Started | State::Present => {
                        let late = match &search {
                            Some(search) => format!("Timeout when waiting for search string {search} in {at}"),
                            None => format!("Timeout when waiting for {at}"),
                        };
                        (Until::PortOpen { host, port, connect_timeout, search }, late)
                    }
                    State::Stopped | State::Absent => {
                        (Until::PortClosed { host, port, connect_timeout }, format!("Timeout when waiting for {at} to stop."))
                    }
                    State::Drained => {
                        let states = self.active_connection_states.clone();
                        let late = format!("Timeout when waiting for {at} to drain");
                        (Until::Drained { host, port, states, exclude: self.exclude_hosts.clone() }, late)
                    }
                }
            }
            (None, Some(path)) => {
                let at = path.display().to_string();
                match (self.state, &search) {
                    (State::Absent, _) => (Until::FileAbsent { path }, format!("Timeout when waiting for {at} to be absent.")),
                    (_, Some(text)) => {
                        let late = format!("Timeout when waiting for search string {text} in {at}");
                        (Until::FilePresent { path, search }, late)
                    }
                    (_, None) => (Until::FilePresent { path, search }, format!("Timeout when waiting for file {at}")),
                }
            }
            (None, None) if self.state == State::Drained => {
                return Err(Failure::argument("port", "state=drained needs a port"));
            }
            (None, None) => (Until::Elapsed, String::new()),
        };
        let wait = Wait { until, timeout: self.timeout, delay: self.delay, sleep: self.sleep, message: self.msg.clone().unwrap_or(late) };
        let mut plan = Plan::of(vec![Change::Wait(wait)])
            .with("state", self.state.word())
            .with("port", json!(self.port))
            .with("path", json!(self.path))
            .with("search_regex", json!(self.search_regex))
            .with("match_groups", json!([]))
            .with("match_groupdict", json!({}));
        plan.changed = Some(false);
        plan.unforeseeable = Some("what is waited for may be the doing of tasks that a check run leaves out".into());
        Ok(plan.then(|_, outcomes| {
            let Some(Outcome::Waited { elapsed, groups, named }) = outcomes.last() else { return Ok(Plan::unchanged()) };
            let named: Map<String, Json> = named.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            let mut plan = Plan::unchanged()
                .with("elapsed", elapsed.floor() as u64)
                .with("match_groups", json!(groups))
                .with("match_groupdict", named);
            plan.changed = Some(false);
            Ok(plan)
        }))
    }
}
