//! The agents that this build holds, or the one that `DEPLOY_AGENT` names.

use std::io::Write;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// An agent's program.
pub(super) struct Program {
    /// As `uname -m` says.
    pub(super) machine: String,
    /// SHA-256 of the program, lower-case hex: its name on the hosts.
    pub(super) hash: String,
    pub(super) gzipped: std::borrow::Cow<'static, [u8]>,
}

/// One line of the table that build.rs writes: machine, hash, bytes.
type Embedded = (&'static str, &'static str, &'static [u8]);

const EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/agents.rs"));

/// The agent for hosts. A sentence where there is none.
pub(super) fn program() -> Result<&'static Program, String> {
    static PROGRAM: OnceLock<Result<Program, String>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| match std::env::var_os("DEPLOY_AGENT").filter(|path| !path.is_empty()) {
        Some(path) => from_file(&path.to_string_lossy()),
        None => match EMBEDDED.first() {
            Some((machine, hash, gzipped)) => {
                Ok(Program { machine: (*machine).into(), hash: (*hash).into(), gzipped: std::borrow::Cow::Borrowed(gzipped) })
            }
            None => Err("this build of deploy holds no agent for hosts (a debug build does not): build it with --release, or set DEPLOY_AGENT to a `deploy-agent` program".into()),
        },
    });
    program.as_ref().map_err(Clone::clone)
}

/// `uname -m` has more than one word for some.
pub(super) fn same_machine(a: &str, b: &str) -> bool {
    let plain = |name: &str| match name {
        "amd64" => "x86_64".to_owned(),
        "arm64" => "aarch64".to_owned(),
        other => other.to_owned(),
    };
    plain(a) == plain(b)
}

fn from_file(path: &str) -> Result<Program, String> {
    let fail = |error: std::io::Error| format!("cannot read the agent that DEPLOY_AGENT names, {path}: {error}");
    let program = std::fs::read(path).map_err(fail)?;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let gzipped = encoder.write_all(&program).and_then(|()| encoder.finish()).map_err(fail)?;
    let hash = Sha256::digest(&program).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Program { machine: std::env::consts::ARCH.into(), hash, gzipped: gzipped.into() })
}
