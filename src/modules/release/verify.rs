//! `release_verify`: 'running' is not 'new'; the process itself says which commit it runs.

use std::path::PathBuf;

use crate::arguments;
use crate::modules::Module;
use crate::plan::{Change, Failure, Look, Plan, Request, Until, Wait};

arguments! {
    /// Waits until the running process answers with the commit.
    pub(crate) struct ReleaseVerify {
        /// Asked on the host itself. The body, or the string under `revision` of a JSON body, must be the full SHA.
        url: String,
        /// The full SHA.
        revision: String,
        /// Seconds to wait for it.
        timeout: f64 = 30.0,
        /// Ask through this Unix socket.
        unix_socket: Option<PathBuf>,
    }
}

impl Module for ReleaseVerify {
    const NAME: &'static str = "release_verify";
    const EXAMPLES: &'static str = "\
- name: Ask the running process for its commit
  release_verify:
    url: http://127.0.0.1:8000/revision
    revision: 83a2f0f1d2f7c3a1b2e4d5c6b7a8990011223344
    timeout: 30
";
    const RETURNS: &'static str = "\
url: what was asked
revision: what was answered
";

    fn plan(self, _: &dyn Look) -> Result<Plan, Failure> {
        if self.url.is_empty() {
            return Ok(Plan::unchanged().with("url", self.url).with("revision", self.revision));
        }
        let request = Request {
            method: "GET".into(),
            url: self.url.clone(),
            headers: vec![("Accept".into(), "*/*".into()), ("Cache-Control".into(), "no-cache".into())],
            validate_certs: true,
            timeout: 5.0,
            unix_socket: self.unix_socket,
            ..Request::default()
        };
        let wait = Wait {
            until: Until::Answers { request, key: Some("revision".into()), value: self.revision.clone() },
            timeout: self.timeout,
            delay: 0.0,
            sleep: 0.2,
            message: format!("{} did not answer with commit {:.12} within {} s", self.url, self.revision, self.timeout),
        };
        let plan = Plan { changed: Some(false), ..Plan::of(vec![Change::Wait(wait)]) };
        Ok(plan.with("url", self.url).with("revision", self.revision))
    }
}
