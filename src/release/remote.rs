//! Whether the hosts could fetch a commit themselves (`deploy_transport: fetch`).

use std::process::{Command, Stdio};

use git2::{Oid, Repository};

use crate::diag::Diagnostic;

/// Refuses a commit that is not on the remote. Asks the remote by the system's git, which knows the user's keys and helpers.
/// Returns a warning where it could not be proved.
///
/// # Errors
/// The commit is on no branch and no tag of the remote, as far as can be known here.
pub fn check(repository: &Repository, remote: &str, sha: &str) -> Result<Option<Diagnostic>, Diagnostic> {
    let Ok(wanted) = Oid::from_str(sha) else { return Err(Diagnostic::error(format!("`{sha}` is no SHA"))) };
    let fetched = holds(repository, wanted, fetched_tips(repository));
    let missing = || {
        Diagnostic::error(format!("commit {sha:.12} is not on {}, where the hosts fetch from", shown(remote)))
            .help("git push it first, or set deploy_transport: push, which needs no remote")
    };
    match ask(remote) {
        Ok(tips) if holds(repository, wanted, tips.iter().copied()) => Ok(None),
        // A tip that is not here may hold the commit all the same.
        Ok(tips) if fetched && tips.iter().any(|tip| repository.find_commit(*tip).is_err()) => Ok(None),
        Ok(tips) if tips.iter().any(|tip| repository.find_commit(*tip).is_err()) => {
            Err(missing().help("or git fetch: the remote has commits that this repository does not know"))
        }
        Ok(_) => Err(missing()),
        Err(why) if fetched => Ok(Some(Diagnostic::warning(format!(
            "cannot ask {} from here ({why}); the commit was there when this repository last fetched",
            shown(remote)
        )))),
        Err(why) => Err(missing().help(format!("as of the last fetch: it cannot be asked from here ({why})"))),
    }
}

fn holds(repository: &Repository, wanted: Oid, tips: impl IntoIterator<Item = Oid>) -> bool {
    tips.into_iter().any(|tip| tip == wanted || repository.graph_descendant_of(tip, wanted).unwrap_or(false))
}

/// Commits of `refs/remotes/`.
fn fetched_tips(repository: &Repository) -> Vec<Oid> {
    let Ok(references) = repository.references_glob("refs/remotes/*") else { return Vec::new() };
    references.filter_map(Result::ok).filter_map(|reference| reference.peel_to_commit().ok()).map(|commit| commit.id()).collect()
}

/// What the remote's branches and tags point at.
fn ask(remote: &str) -> Result<Vec<Oid>, String> {
    let output = Command::new("git")
        .args(["ls-remote", "--quiet", "remote", "refs/heads/*", "refs/tags/*"])
        // By the environment: the address may hold a password, and arguments are seen by every user.
        .envs([("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "remote.remote.url"), ("GIT_CONFIG_VALUE_0", remote)])
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = said.lines().find(|line| line.starts_with("fatal:") || line.contains("denied")).unwrap_or("git ls-remote failed");
        return Err(shown(line.trim_start_matches("fatal:").trim()));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().filter_map(|line| Oid::from_str(line.split_whitespace().next()?).ok()).collect())
}

/// A text with addresses, without user names and passwords in them.
fn shown(text: &str) -> String {
    let hidden = regex::Regex::new(r"://[^/@\s']*@").map(|pattern| pattern.replace_all(text, "://").into_owned());
    hidden.unwrap_or_else(|_| "the remote".to_owned())
}
