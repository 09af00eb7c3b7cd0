//! `fetch`, the part on the target: the file's content, unless the controller has it already.
//!
//! The controller's action writes the file; it sends `_have`, the SHA-1 of what it holds under `dest`. The result has `checksum`,
//! and `content` (base64) where that differs.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha1::{Digest as _, Sha1};

use super::{Module, slurp};
use crate::arguments;
use crate::plan::{Failure, Look, Plan};

arguments! {
    /// Brings a file from the host to the controller.
    pub(crate) struct Fetch {
        /// The file on the host.
        src: PathBuf,
        /// The folder on the controller under which it goes to `<host>/<src>`.
        dest: Option<String>,
        /// `dest` is the file itself, or, with a slash at its end, the folder it goes into.
        flat: bool = false,
        /// Fail where the file is not there.
        fail_on_missing: bool = true,
        /// Compare checksums when it has come.
        validate_checksum: bool = true,
        /// Set by the controller: the SHA-1 of what it has.
        _have: Option<String>,
    }
}

impl Module for Fetch {
    const NAME: &'static str = "ansible.builtin.fetch";
    const EXAMPLES: &'static str = "
- name: The log of each host
  ansible.builtin.fetch:
    src: /var/log/app.log
    dest: logs
";
    const RETURNS: &'static str = "\
checksum: SHA-1 of the file
remote_checksum: the same
dest: where it is on the controller
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let bytes = match slurp::read(target, &self.src) {
            Err(failure) if !self.fail_on_missing => {
                return Ok(Plan::unchanged().with("msg", format!("{}, ignored", failure.msg)).with("file", json!(self.src)));
            }
            other => other?,
        };
        let sha1: String = Sha1::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let plan = Plan::unchanged().with("file", json!(self.src)).with("checksum", sha1.clone()).with("remote_checksum", sha1.clone());
        Ok(if self._have.as_ref() == Some(&sha1) { plan } else { plan.with("content", STANDARD.encode(bytes)) })
    }
}
