//! The commands that clone, fetch and switch.

use super::Git;
use super::access::Access;
use super::remote::{Found, Kind};
use crate::plan::Change;

/// Clones and switches.
pub(super) fn fresh(options: &Git, access: &Access, found: Option<&Found>) -> Vec<Change> {
    let mut words = vec!["clone".to_owned(), "--origin".into(), options.remote.clone()];
    words.extend(options.bare.then(|| "--bare".to_owned()));
    let kind = found.map(|found| found.kind);
    let names_a_ref = matches!(kind, Some(Kind::Branch | Kind::Tag));
    if names_a_ref {
        words.extend(["--branch".to_owned(), plain(options).to_owned()]);
    }
    // A commit cannot be cloned alone: it is fetched with its depth below.
    let is_shallow = options.depth.is_some() && (names_a_ref || kind == Some(Kind::Head));
    if let Some(depth) = options.depth.filter(|_| is_shallow) {
        words.extend(["--depth".to_owned(), depth.to_string()]);
    }
    words.extend(options.single_branch.then(|| "--single-branch".to_owned()));
    words.extend(options.reference.iter().flat_map(|path| ["--reference".to_owned(), path.clone()]));
    words.extend(options.separate_git_dir.iter().map(|path| format!("--separate-git-dir={}", path.display())));
    words.extend(["--".to_owned(), options.repo.clone(), options.dest.display().to_string()]);
    let mut changes = vec![Change::Run(access.git(&words))];
    changes.extend(options.refspec.as_ref().map(|spec| run(access, &["fetch", &options.remote, spec])));
    if !names_a_ref && kind != Some(Kind::Head) && !options.bare {
        let wanted = found.map_or(options.version.as_str(), |found| &found.hash);
        changes.push(run(access, &["checkout", "--force", wanted]));
    }
    changes
}

/// Brings a checkout that is there to the version.
pub(super) fn switch(
    options: &Git,
    access: &Access,
    found: Option<&Found>,
    has_remote: bool,
    url_differs: bool,
    is_dirty: bool,
    is_there: bool,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if is_dirty {
        changes.push(run(access, &["reset", "--hard", "HEAD"]));
    }
    if url_differs {
        let verb = if has_remote { "set-url" } else { "add" };
        changes.push(run(access, &["remote", verb, &options.remote, &options.repo]));
    }
    if is_there {
        return changes;
    }
    changes.push(fetch(options, access, found));
    if options.bare {
        return changes;
    }
    let hash = found.map_or(options.version.as_str(), |found| &found.hash);
    match found.map(|found| found.kind) {
        Some(Kind::Branch) => changes.push(run(access, &["checkout", "--force", "-B", plain(options), hash])),
        // Stays on the branch that is checked out, and moves it.
        Some(Kind::Head) => changes.push(run(access, &["reset", "--hard", hash, "--"])),
        _ => changes.push(run(access, &["checkout", "--force", hash])),
    }
    changes
}

fn fetch(options: &Git, access: &Access, found: Option<&Found>) -> Change {
    let mut words = vec!["fetch", "--force"];
    let depth = options.depth.map(|depth| depth.to_string());
    if let Some(depth) = &depth {
        words.extend(["--depth", depth]);
    }
    let remote = &options.remote;
    let name = plain(options);
    let specs: Vec<String> = match found.map(|found| found.kind) {
        _ if options.bare => vec!["+refs/heads/*:refs/heads/*".into(), "+refs/tags/*:refs/tags/*".into()],
        Some(Kind::Branch) if depth.is_some() => vec![format!("+refs/heads/{name}:refs/remotes/{remote}/{name}")],
        Some(Kind::Tag) if depth.is_some() => vec![format!("+refs/tags/{name}:refs/tags/{name}")],
        Some(Kind::Head) if depth.is_some() => vec!["HEAD".into()],
        Some(Kind::Commit) if depth.is_some() => vec![options.version.clone()],
        _ => {
            words.push("--tags");
            vec![format!("+refs/heads/*:refs/remotes/{remote}/*")]
        }
    };
    words.push(remote);
    words.extend(specs.iter().map(String::as_str));
    words.extend(options.refspec.as_deref());
    run(access, &words)
}

/// Once the checkout says which there are.
pub(super) fn submodules(options: &Git, access: &Access) -> Option<Change> {
    if !options.recursive || options.bare {
        return None;
    }
    let mut words = vec!["submodule", "update", "--init", "--recursive", "--force"];
    words.extend(options.track_submodules.then_some("--remote"));
    let depth = options.depth.map(|depth| depth.to_string());
    if let Some(depth) = &depth {
        words.extend(["--depth", depth]);
    }
    Some(run(access, &words))
}

/// The name of the branch or tag, without what stands before it.
fn plain(options: &Git) -> &str {
    let name = options.version.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
    name.strip_prefix(&format!("{}/", options.remote)).unwrap_or(name)
}

fn run(access: &Access, words: &[&str]) -> Change {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    Change::Run(access.git_in(&words))
}
