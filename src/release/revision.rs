//! From what the user typed to one full SHA: resolved once, for the whole fleet.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Repository, StatusOptions};

use crate::diag::{Diagnostic, nearest};

/// One commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Full, lower-case hex.
    pub sha: String,
    /// As the user typed it.
    pub name: String,
    /// First line of the message.
    pub subject: String,
    pub author: String,
    /// Seconds since the epoch, of the commit.
    pub time: i64,
    /// A sentence where the name is a branch that its remote is ahead of, as last fetched.
    pub behind: Option<String>,
}

/// A line of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    pub sha: String,
    pub subject: String,
    pub author: String,
}

/// How two commits lie to each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Between {
    Same,
    /// The new commit is ahead by these, newest first.
    Ahead(Vec<Commit>),
    /// The new commit is older: these are taken back, newest first.
    Back(Vec<Commit>),
    /// Neither holds the other: those that come, those that go.
    Aside(Vec<Commit>, Vec<Commit>),
    /// The old commit is not in this repository.
    Unknown,
}

/// Opens the repository at `path`, or the one that holds the current folder.
///
/// # Errors
/// There is none, or it belongs to somebody else.
pub fn open(path: Option<&Path>) -> Result<Repository, Diagnostic> {
    let result = match path {
        Some(path) => Repository::open(path),
        None => Repository::discover("."),
    };
    result.map_err(|error| {
        let place = path.map_or_else(|| "the current folder".to_owned(), |path| path.display().to_string());
        match error.code() {
            ErrorCode::Owner => Diagnostic::error(format!("the git repository at {place} belongs to another user"))
                .help(format!("if you trust it: git config --global --add safe.directory {}", absolute(path).display())),
            ErrorCode::NotFound if path.is_none() => Diagnostic::error("the current folder is in no git repository")
                .help("go to the application's repository, or set deploy_repository in the inventory"),
            ErrorCode::NotFound => Diagnostic::error(format!("{place} is no git repository"))
                .help("deploy_repository in the inventory is the path of the application's repository on this machine"),
            _ => Diagnostic::error(format!("cannot open the git repository at {place}: {}", error.message())),
        }
    })
}

/// Resolves HEAD, a branch, a tag, a short or full SHA, `HEAD~2`, `origin/x` to a commit.
///
/// # Errors
/// Unknown (with the nearest name), ambiguous (with the candidates), no commit.
pub fn resolve(repository: &Repository, name: &str) -> Result<Revision, Diagnostic> {
    refuse_two_meanings(repository, name)?;
    let object = repository.revparse_single(name).map_err(|error| not_found(repository, name, &error))?;
    let commit = object.peel_to_commit().map_err(|_| {
        let kind = object.kind().map_or("object", |kind| kind.str());
        Diagnostic::error(format!("`{name}` is no commit but a {kind}")).help("name a commit, a branch or a tag")
    })?;
    Ok(Revision {
        sha: commit.id().to_string(),
        name: name.to_owned(),
        subject: subject(&commit),
        author: commit.author().name().unwrap_or_default().to_owned(),
        time: commit.time().seconds(),
        behind: behind(repository, name),
    })
}

/// Paths with changes that are not committed, so not deployed; new files too. Empty for a bare repository.
///
/// # Errors
/// git cannot read its index.
pub fn uncommitted(repository: &Repository) -> Result<Vec<String>, Diagnostic> {
    if repository.is_bare() {
        return Ok(Vec::new());
    }
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(false).exclude_submodules(true);
    let statuses = repository
        .statuses(Some(&mut options))
        .map_err(|error| Diagnostic::error(format!("git cannot tell what is not committed: {}", error.message())))?;
    Ok(statuses.iter().map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned()).collect())
}

/// What lies between two commits, at most `limit` on either side.
pub fn between(repository: &Repository, old: &str, new: &str, limit: usize) -> Between {
    if old == new {
        return Between::Same;
    }
    let (Ok(old), Ok(new)) = (Oid::from_str(old), Oid::from_str(new)) else { return Between::Unknown };
    let (Some(come), Some(go)) = (only(repository, new, old, limit), only(repository, old, new, limit)) else {
        return Between::Unknown;
    };
    match (come.is_empty(), go.is_empty()) {
        (_, true) => Between::Ahead(come),
        (true, false) => Between::Back(go),
        (false, false) => Between::Aside(come, go),
    }
}

/// Whether the repository holds this commit.
pub fn has(repository: &Repository, sha: &str) -> bool {
    Oid::from_str(sha).is_ok_and(|id| repository.find_commit(id).is_ok())
}

/// Commits reachable from `tip` and not from `not`.
fn only(repository: &Repository, tip: Oid, not: Oid, limit: usize) -> Option<Vec<Commit>> {
    let mut walk = repository.revwalk().ok()?;
    walk.push(tip).ok()?;
    walk.hide(not).ok()?;
    let commits = walk.filter_map(Result::ok).take(limit).filter_map(|id| repository.find_commit(id).ok());
    Some(
        commits
            .map(|commit| Commit {
                sha: commit.id().to_string(),
                subject: subject(&commit),
                author: commit.author().name().unwrap_or_default().to_owned(),
            })
            .collect(),
    )
}

/// git takes the tag where a branch has the same name; a deploy should not choose silently.
fn refuse_two_meanings(repository: &Repository, name: &str) -> Result<(), Diagnostic> {
    let commit = |full: String| repository.find_reference(&full).ok()?.peel_to_commit().ok().map(|commit| commit.id());
    let (branch, tag) = (commit(format!("refs/heads/{name}")), commit(format!("refs/tags/{name}")));
    match (branch, tag) {
        (Some(branch), Some(tag)) if branch != tag => {
            Err(Diagnostic::error(format!("`{name}` is a branch ({branch:.10}) and a tag ({tag:.10}), and they differ"))
                .help(format!("write refs/heads/{name} or refs/tags/{name}")))
        }
        _ => Ok(()),
    }
}

fn not_found(repository: &Repository, name: &str, error: &git2::Error) -> Diagnostic {
    let names = names(repository);
    let is_hex = name.len() >= 4 && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
    if error.code() == ErrorCode::Ambiguous {
        let found = beginning_with(repository, name);
        let list: Vec<String> = found.iter().take(6).map(|commit| format!("{:.12} {}", commit.sha, commit.subject)).collect();
        let mut diagnostic = Diagnostic::error(format!("`{name}` is the beginning of several objects' names"));
        for line in list {
            diagnostic = diagnostic.help(line);
        }
        return diagnostic.help("write more of the SHA");
    }
    if name == "HEAD" || error.code() == ErrorCode::UnbornBranch {
        return Diagnostic::error("the repository has no commit yet").help("git commit first: what is not committed is not deployed");
    }
    if error.code() == ErrorCode::InvalidSpec {
        return Diagnostic::error(format!("`{name}` is no revision: {}", error.message()));
    }
    let mut diagnostic = Diagnostic::error(format!("there is no commit, branch or tag `{name}` in {}", place(repository)));
    let remote = names.iter().find(|known| known.rsplit_once('/').is_some_and(|(_, last)| last == name));
    let base = name.split(['~', '^', '@', ':']).next().unwrap_or(name);
    diagnostic = match remote {
        Some(remote) => diagnostic.help(format!("did you mean `{remote}`?")),
        None if base != name && names.iter().any(|known| known == base) => {
            diagnostic.help(format!("`{base}` is there, but its history does not go back so far"))
        }
        None => match nearest(base, names.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}{}`?", &name[base.len()..])),
            None => diagnostic,
        },
    };
    if repository.is_shallow() {
        return diagnostic.help("this clone is shallow: git fetch --unshallow brings the whole history (in CI: fetch-depth: 0)");
    }
    if is_hex { diagnostic.help("if it was pushed by somebody else: git fetch") } else { diagnostic }
}

/// Branches, remote branches and tags, as one would type them.
fn names(repository: &Repository) -> Vec<String> {
    let Ok(references) = repository.references() else { return Vec::new() };
    let mut names: Vec<String> = references
        .filter_map(Result::ok)
        .filter_map(|reference| reference.shorthand().ok().map(str::to_owned))
        .filter(|name| !name.ends_with("/HEAD"))
        .collect();
    names.push("HEAD".into());
    names
}

fn beginning_with(repository: &Repository, hex: &str) -> Vec<Commit> {
    let mut found = Vec::new();
    let Ok(odb) = repository.odb() else { return found };
    let wanted = hex.to_lowercase();
    // An error here only shortens the list of candidates.
    let _ = odb.foreach(|id| {
        if id.to_string().starts_with(&wanted)
            && let Ok(commit) = repository.find_commit(*id)
        {
            found.push(Commit { sha: id.to_string(), subject: subject(&commit), author: String::new() });
        }
        true
    });
    found
}

fn behind(repository: &Repository, name: &str) -> Option<String> {
    let branch = repository.find_branch(name, git2::BranchType::Local).ok()?;
    let upstream = branch.upstream().ok()?;
    let (here, there) = (branch.get().target()?, upstream.get().target()?);
    let (_, behind) = repository.graph_ahead_behind(here, there).ok()?;
    let upstream = upstream.name().ok().flatten()?.to_owned();
    (behind > 0).then(|| format!("`{name}` is {behind} commit{} behind `{upstream}`, as last fetched", if behind == 1 { "" } else { "s" }))
}

fn subject(commit: &git2::Commit<'_>) -> String {
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

/// The repository's folder as users think of it.
pub fn place(repository: &Repository) -> String {
    repository.workdir().unwrap_or_else(|| repository.path()).display().to_string()
}

fn absolute(path: Option<&Path>) -> PathBuf {
    let path = path.unwrap_or(Path::new("."));
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
