//! `ping`: is the host there, and can it run modules?

use super::Module;
use crate::arguments;
use crate::plan::{Failure, Look, Plan};

arguments! {
    /// Answers, which shows that the host is reached and can run modules. No ICMP.
    pub(crate) struct Ping {
        /// What to answer; `crash` fails.
        data: String = "pong".to_owned(),
    }
}

impl Module for Ping {
    const NAME: &'static str = "ansible.builtin.ping";
    const EXAMPLES: &'static str = "
- name: Are they all there
  ansible.builtin.ping:
";
    const RETURNS: &'static str = "ping: the answer\n";

    fn plan(self, _: &dyn Look) -> Result<Plan, Failure> {
        if self.data == "crash" {
            return Err(Failure::argument("data", "Task failed: Module failed: boom"));
        }
        Ok(Plan::unchanged().with("ping", self.data))
    }
}
