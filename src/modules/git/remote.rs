//! What the remote has, and what is here: reading only.

use super::Git;
use super::access::Access;
use crate::plan::{Command, Failure, Look};

/// A version that was found.
pub(super) struct Found {
    pub(super) hash: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// The branch that the remote's HEAD names.
    Head,
    Branch,
    Tag,
    Commit,
}

/// What git prints, without the last line's end; `None` where it fails.
pub(super) fn local(access: &Access, words: &[&str], target: &dyn Look) -> Result<Option<String>, Failure> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let answer = target.ask(&Command { accept: Vec::new(), ..access.git_in(&words) })?;
    if answer.rc != 0 && answer.errors().contains("dubious ownership") {
        return Err(Failure::argument("dest", format!("git does not trust this checkout: {}", answer.errors().trim())));
    }
    Ok((answer.rc == 0).then(|| answer.text().trim_end().to_owned()))
}

fn is_hash(version: &str) -> bool {
    matches!(version.len(), 40 | 64) && version.chars().all(|c| c.is_ascii_hexdigit())
}

/// The commit of the wanted version, by asking the remote; `None` for one that only fetching can tell (a short hash).
pub(super) fn commit(options: &Git, access: &Access, target: &dyn Look) -> Result<Option<Found>, Failure> {
    let version = options.version.as_str();
    if is_hash(version) {
        return Ok(Some(Found { hash: version.to_lowercase(), kind: Kind::Commit }));
    }
    let bare = version.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
    let bare = bare.strip_prefix(&format!("{}/", options.remote)).unwrap_or(bare);
    let names = match version {
        "HEAD" => vec!["HEAD".to_owned()],
        _ => {
            vec![version.to_owned(), format!("refs/heads/{bare}"), format!("refs/tags/{bare}"), format!("refs/tags/{bare}^{{}}")]
        }
    };
    let words: Vec<String> = ["ls-remote".to_owned(), options.repo.clone()].into_iter().chain(names).collect();
    let answer = target.ask(&Command { accept: Vec::new(), ..access.git(&words) })?;
    if answer.rc != 0 {
        let errors = answer.errors();
        let hint = match &errors {
            e if e.contains("Host key verification failed") => {
                "; `accept_newhostkey: true` accepts the key of a host that is not known yet"
            }
            e if e.contains("Permission denied") => "; `key_file` names the key to use",
            _ => "",
        };
        let said: Vec<&str> = errors.lines().filter(|line| !line.trim().is_empty()).collect();
        let msg = format!("cannot read {}: {}{hint}", shown(&options.repo), shown(&said.join("; ")));
        return Err(Failure::argument("repo", msg).with("rc", answer.rc).with("stderr", shown(&errors)));
    }
    let text = answer.text();
    let find = |name: &str| text.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix('\t').map(str::to_owned));
    if version == "HEAD" {
        return match find("HEAD") {
            Some(hash) => Ok(Some(Found { hash, kind: Kind::Head })),
            None => Err(Failure::argument("repo", format!("{} has no commit yet", shown(&options.repo)))),
        };
    }
    let tag = || find(&format!("refs/tags/{bare}^{{}}")).or_else(|| find(&format!("refs/tags/{bare}")));
    if let Some(hash) = find(&format!("refs/heads/{bare}")) {
        return Ok(Some(Found { hash, kind: Kind::Branch }));
    }
    if let Some(hash) = tag() {
        return Ok(Some(Found { hash, kind: Kind::Tag }));
    }
    if let Some(hash) = find(version) {
        return Ok(Some(Found { hash, kind: Kind::Commit }));
    }
    let is_short = (4..40).contains(&version.len()) && version.chars().all(|c| c.is_ascii_hexdigit());
    if is_short || options.refspec.is_some() {
        // Perhaps it is here already.
        let here = local(access, &["rev-parse", "--verify", "--quiet", &format!("{version}^{{commit}}")], target).ok().flatten();
        return Ok(here.map(|hash| Found { hash, kind: Kind::Commit }));
    }
    Err(Failure::argument("version", format!("{} has no branch, tag or commit {version}", shown(&options.repo))))
}

/// Whether a submodule is missing or at another commit than it should be.
pub(super) fn submodules_differ(access: &Access, track: bool, target: &dyn Look) -> Result<bool, Failure> {
    let Some(listed) = local(access, &["config", "--file", ".gitmodules", "--list"], target)? else { return Ok(false) };
    if listed.is_empty() {
        return Ok(false);
    }
    let states = local(access, &["submodule", "status", "--recursive"], target)?.unwrap_or_default();
    Ok(track || states.lines().any(|line| line.starts_with(['+', '-'])))
}

/// An address without the password in it.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(after.len());
        let (host, left) = after.split_at(end);
        match host.rsplit_once('@').map(|(login, host)| (login.split(':').next().unwrap_or_default(), host, login.contains(':'))) {
            Some((user, host, true)) => out.push_str(&format!("{user}:…@{host}")),
            _ => out.push_str(host),
        }
        rest = left;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(super::shown("https://me:secret@example.org/x.git is gone"), "https://me:…@example.org/x.git is gone");
        assert_eq!(super::shown("git@example.org:x.git"), "git@example.org:x.git");
    }
}
