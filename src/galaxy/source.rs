//! Fetches a requirement into a fresh folder.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::requirements::{Requirement, Way};
use crate::diag::Diagnostic;

/// What was fetched, and what pins it.
pub(super) struct Fetched {
    /// The commit, or the SHA-256 of the tarball; none for a folder of this machine.
    pub(super) pin: Option<String>,
    /// Where the role or collection begins, within the folder given.
    pub(super) root: PathBuf,
}

/// Fetches into `folder`, which is empty. With `pin` exactly that is taken, and nothing else accepted.
///
/// # Errors
/// It cannot be fetched, or is not what the lock file says.
pub(super) fn fetch(wanted: &Requirement, pin: Option<&str>, folder: &Path) -> Result<Fetched, Diagnostic> {
    let fetched = match wanted.way()? {
        Way::Git => git(wanted, pin, folder)?,
        Way::Url => tarball(wanted, download(wanted)?.as_slice(), pin, folder)?,
        Way::File => {
            let path = local(wanted);
            let bytes = std::fs::read(&path).map_err(|error| failed(wanted, &error.to_string()))?;
            tarball(wanted, bytes.as_slice(), pin, folder)?
        }
        Way::Folder => {
            copy(&local(wanted), folder).map_err(|error| failed(wanted, &error.to_string()))?;
            Fetched { pin: None, root: folder.to_owned() }
        }
    };
    let root = wanted.folder().map_or(fetched.root.clone(), |inner| fetched.root.join(inner));
    if !root.is_dir() {
        return Err(failed(wanted, &format!("there is no folder {} in it", wanted.folder().unwrap_or_default())));
    }
    Ok(Fetched { root, ..fetched })
}

fn failed(wanted: &Requirement, why: &str) -> Diagnostic {
    Diagnostic::error(format!("{} cannot be fetched: {}", wanted.src, why.trim())).at(&wanted.span)
}

fn local(wanted: &Requirement) -> PathBuf {
    let path = wanted.src.split('#').next().unwrap_or_default();
    crate::config::expanded(path.strip_prefix("file://").unwrap_or(path))
}

fn git(wanted: &Requirement, pin: Option<&str>, folder: &Path) -> Result<Fetched, Diagnostic> {
    let url = wanted.src.split('#').next().unwrap_or_default();
    run(wanted, Command::new("git").args(["clone", "--quiet", "--no-checkout", "--", url]).arg(folder))?;
    // A branch is known by its name at the remote, a tag and a commit by their own.
    let version = pin.or(wanted.version.as_deref()).unwrap_or("HEAD");
    let names = [format!("refs/remotes/origin/{version}^{{commit}}"), format!("{version}^{{commit}}")];
    let resolve = |name: &String| {
        run(wanted, Command::new("git").arg("-C").arg(folder).args(["rev-parse", "--verify", "--quiet", "--end-of-options", name])).ok()
    };
    let commit = names
        .iter()
        .find_map(resolve)
        .ok_or_else(|| failed(wanted, &format!("it has no branch, tag or commit {version}")).help("`git ls-remote` shows what there is"))?;
    run(wanted, Command::new("git").arg("-C").arg(folder).args(["checkout", "--quiet", "--detach", &commit]))?;
    run(wanted, Command::new("git").arg("-C").arg(folder).args(["submodule", "update", "--quiet", "--init", "--recursive"]))?;
    std::fs::remove_dir_all(folder.join(".git")).map_err(|error| failed(wanted, &error.to_string()))?;
    Ok(Fetched { pin: Some(commit), root: folder.to_owned() })
}

/// What the command prints, without the last line feed.
fn run(wanted: &Requirement, command: &mut Command) -> Result<String, Diagnostic> {
    // Nobody is there to type a password; ssh takes its keys from the agent.
    command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
    let output =
        command.output().map_err(|error| failed(wanted, &format!("git cannot be started: {error}")).help("install git on this machine"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(failed(wanted, said.lines().last().unwrap_or("git failed")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

fn download(wanted: &Requirement) -> Result<Vec<u8>, Diagnostic> {
    let mut answer = ureq::get(&wanted.src).call().map_err(|error| failed(wanted, &error.to_string()))?;
    let mut bytes = Vec::new();
    answer.body_mut().as_reader().read_to_end(&mut bytes).map_err(|error| failed(wanted, &error.to_string()))?;
    Ok(bytes)
}

fn tarball(wanted: &Requirement, bytes: &[u8], pin: Option<&str>, folder: &Path) -> Result<Fetched, Diagnostic> {
    let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if let Some(pin) = pin.filter(|pin| **pin != hash) {
        return Err(failed(wanted, &format!("its SHA-256 is {hash}, and the lock file says {pin}"))
            .help("somebody has changed it; with --upgrade the new one is taken and the lock file written anew"));
    }
    let reader: Box<dyn Read> = if bytes.starts_with(&[0x1f, 0x8b]) { Box::new(GzDecoder::new(bytes)) } else { Box::new(bytes) };
    // `unpack` refuses to write outside of the folder.
    tar::Archive::new(reader).unpack(folder).map_err(|error| failed(wanted, &format!("it is no tarball: {error}")))?;
    Ok(Fetched { pin: Some(hash), root: top(folder) })
}

/// The only folder in it, as tarballs of releases have it; else the folder itself.
fn top(folder: &Path) -> PathBuf {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    match (entries.next(), entries.next()) {
        (Some(only), None) if only.path().is_dir() => only.path(),
        _ => folder.to_owned(),
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
