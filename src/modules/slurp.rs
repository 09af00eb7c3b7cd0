//! `slurp`: a file's content, for the controller.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Module;
use crate::arguments;
use crate::plan::{Failure, Kind, Look, Plan};

arguments! {
    /// Reads a file of the host into the result, as base64.
    pub(crate) struct Slurp {
        /// The file. All of it is held in memory, here and on the controller.
        src: PathBuf ["path"],
    }
}

impl Module for Slurp {
    const NAME: &'static str = "ansible.builtin.slurp";
    const EXAMPLES: &'static str = r#"
- name: The host's public key
  ansible.builtin.slurp:
    src: /etc/ssh/ssh_host_ed25519_key.pub
  register: key

- name: Show it
  ansible.builtin.debug:
    msg: "{{ key.content | b64decode }}"
"#;
    const RETURNS: &'static str = "\
content: the file's bytes as base64
encoding: base64
source: the file
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let bytes = read(target, &self.src)?;
        Ok(Plan::unchanged().with("content", STANDARD.encode(bytes)).with("source", json!(self.src)).with("encoding", "base64"))
    }
}

/// A file that must be there.
pub(super) fn read(target: &dyn Look, path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    let meta = target.stat(path, true)?;
    if meta.is_some_and(|meta| meta.kind == Kind::Folder) {
        return Err(Failure::argument("src", format!("Source is a directory and must be a file: {}", path.display())));
    }
    match target.read(path)? {
        Some(bytes) => Ok(bytes),
        None => Err(Failure::argument("src", format!("File not found: {}", path.display()))),
    }
}
