//! The environment that a task's commands get: the login's own, sbin folders on the PATH, and the task's variables on top.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(crate) type Environment = BTreeMap<OsString, OsString>;

/// Where system programs lie that a plain user's PATH may lack.
const SYSTEM_FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Our own variables: not for commands.
const PRIVATE: &str = "DEPLOY_";

/// The agent's environment, as read when it started, with `over` laid on it.
pub(crate) fn with(over: &BTreeMap<String, String>) -> Environment {
    static BASE: OnceLock<Environment> = OnceLock::new();
    let mut all = BASE.get_or_init(base).clone();
    all.extend(over.iter().map(|(name, value)| (name.into(), value.into())));
    all
}

/// Finds a program; one with a slash is looked at where it says.
pub(crate) fn which(environment: &Environment, program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return executable(Path::new(program)).then(|| program.into());
    }
    let path = environment.get(OsStr::new("PATH"))?;
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|file| executable(file))
}

fn executable(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn base() -> Environment {
    let mut all: Environment = std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with(PRIVATE)).collect();
    let path = all.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty()).collect();
    for folder in SYSTEM_FOLDERS.map(PathBuf::from) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    if let Ok(joined) = std::env::join_paths(folders) {
        all.insert("PATH".into(), joined);
    }
    all.entry("HOME".into()).or_insert_with(|| "/".into());
    all
}
