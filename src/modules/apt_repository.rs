//! `apt_repository`: one-line sources of apt.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Module;
use super::apt::cache;
use crate::plan::{Attributes, Change, Content, Failure, Look, Plan};
use crate::{arguments, choices};

choices! {
    /// Whether the source is to be there.
    pub(crate) enum State { Present = "present", Absent = "absent" }
}

arguments! {
    /// Adds and removes sources of packages in apt's one-line style.
    pub(crate) struct AptRepository {
        /// The source, as in sources.list(5): `deb [signed-by=/etc/apt/keyrings/x.asc] https://example.org/debian bookworm main`.
        /// `ppa:OWNER/NAME` on Ubuntu.
        repo: String,
        /// Whether the source is to be there.
        state: State = State::Present,
        /// Name of the file in /etc/apt/sources.list.d, without its ending. Made of the address when not given.
        filename: Option<String>,
        /// Permissions of that file.
        mode: String = "0644".into(),
        /// The release's code name for a PPA; that of the host when not given.
        codename: Option<String>,
        /// Update the lists of packages if something changed.
        update_cache: bool ["update-cache"] = true,
        /// How often to try the update before giving up.
        update_cache_retries: u32 = 5,
        /// Longest pause between two tries, in seconds.
        update_cache_retry_max_delay: f64 = 12.0,
        /// No effect: nothing but apt itself is asked.
        validate_certs: bool = true,
        /// No effect: nothing of Python is needed.
        install_python_apt: bool = true,
    }
}

/// What a line of a list says.
#[derive(Debug, PartialEq)]
struct Source {
    kind: String,
    options: String,
    /// Address, suite and components.
    rest: String,
}

impl Module for AptRepository {
    const NAME: &'static str = "ansible.builtin.apt_repository";
    const EXAMPLES: &'static str = r#"
- name: Have backports
  ansible.builtin.apt_repository:
    repo: deb http://deb.debian.org/debian bookworm-backports main
    filename: backports
"#;
    const RETURNS: &'static str = "repo: the source as given
state: the state as given
sources_added: files that were made
sources_removed: files that were removed";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let line = self.line(target)?;
        let Some(wanted) = parse(&line) else {
            let msg = format!("{:?} is no source: write `deb ADDRESS SUITE COMPONENT…`", self.repo);
            return Err(Failure::argument("repo", msg));
        };
        let mode = u32::from_str_radix(self.mode.trim_start_matches("0o"), 8)
            .map_err(|_| Failure::argument("mode", format!("`mode` must be octal digits such as \"0644\", not {:?}", self.mode)))?;
        let files = files(target);
        let is_meant = |line: &str| parse(line).is_some_and(|source| source.kind == wanted.kind && source.rest == wanted.rest);
        let mut changes = Vec::new();
        let (mut added, mut removed): (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());
        let write = |path: &Path, lines: &[String], mode: Option<u32>| Change::Write {
            path: path.to_owned(),
            content: Content::Bytes((lines.join("\n") + "\n").into_bytes()),
            attributes: Attributes { mode, ..Attributes::default() },
            backup: false,
            validate: None,
        };
        match self.state {
            State::Present => {
                let holders: Vec<&(PathBuf, Vec<String>)> = files.iter().filter(|(_, lines)| lines.iter().any(|l| is_meant(l))).collect();
                for (path, lines) in &holders {
                    // The same source with other options is changed in place.
                    let new: Vec<String> = lines.iter().map(|l| if is_meant(l) { line.clone() } else { l.clone() }).collect();
                    let differs = lines.iter().zip(&new).any(|(a, b)| parse(a) != parse(b));
                    changes.extend(differs.then(|| write(path, &new, None)));
                }
                if holders.is_empty() {
                    let path = self.file(&wanted);
                    let before = files.iter().find(|(known, _)| *known == path);
                    let mut lines = before.map(|(_, lines)| lines.clone()).unwrap_or_default();
                    lines.push(line.clone());
                    changes.push(write(&path, &lines, Some(mode)));
                    added.extend(before.is_none().then_some(path));
                }
            }
            State::Absent => {
                for (path, lines) in files.iter().filter(|(_, lines)| lines.iter().any(|l| is_meant(l))) {
                    let rest: Vec<String> = lines.iter().filter(|l| !is_meant(l)).cloned().collect();
                    if rest.iter().all(|line| line.trim().is_empty()) && !path.ends_with("sources.list") {
                        removed.push(path.clone());
                        changes.push(Change::Remove { path: path.clone() });
                    } else {
                        changes.push(write(path, &rest, None));
                    }
                }
            }
        }
        let mut plan = Plan::of(changes).with("repo", self.repo.clone()).with("state", self.state.word());
        plan = plan.with("sources_added", json!(added)).with("sources_removed", json!(removed));
        if plan.changes.is_empty() || !self.update_cache {
            return Ok(plan);
        }
        let patience = cache::Patience { retries: self.update_cache_retries.max(1), max_delay: self.update_cache_retry_max_delay };
        Ok(plan.then(move |target, _| {
            let done = |_: &dyn Look, _: bool| Ok(Plan { changed: Some(true), ..Plan::unchanged() });
            Ok(cache::refresh(target, patience, done))
        }))
    }
}

impl AptRepository {
    fn line(&self, target: &dyn Look) -> Result<String, Failure> {
        let Some(name) = self.repo.trim().strip_prefix("ppa:") else { return Ok(self.repo.trim().to_owned()) };
        let (owner, name) = name.split_once('/').unwrap_or((name, "ppa"));
        let text = target.read(Path::new("/etc/os-release"))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let of_host = || text.lines().find_map(|line| line.strip_prefix("UBUNTU_CODENAME=").map(str::to_owned));
        let codename = self.codename.clone().or_else(of_host);
        let codename =
            codename.ok_or_else(|| Failure::argument("repo", "a PPA is for Ubuntu; this host is none, and `codename` is not given"))?;
        Ok(format!("deb http://ppa.launchpad.net/{owner}/{name}/ubuntu {codename} main"))
    }

    fn file(&self, source: &Source) -> PathBuf {
        let name = self.filename.clone().unwrap_or_else(|| {
            let address = source.rest.split_whitespace().next().unwrap_or_default();
            let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
            let bare =
                bare.split_once('/').map_or(bare.to_owned(), |(host, path)| format!("{}/{path}", host.rsplit('@').next().unwrap_or(host)));
            let words: Vec<&str> = bare.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
            words.join("_")
        });
        let path = PathBuf::from(&name);
        let file = if name.ends_with(".list") { name.clone() } else { format!("{name}.list") };
        if path.is_absolute() { PathBuf::from(file) } else { Path::new("/etc/apt/sources.list.d").join(file) }
    }
}

/// All lists that apt reads, with their lines.
fn files(target: &dyn Look) -> Vec<(PathBuf, Vec<String>)> {
    let folder = Path::new("/etc/apt/sources.list.d");
    let names = target.list(folder).unwrap_or_default();
    let lists = names.iter().filter(|name| name.ends_with(".list")).map(|name| folder.join(name));
    let lines = |path: PathBuf| {
        let bytes = target.read(&path).ok().flatten()?;
        Some((path, String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()))
    };
    std::iter::once(PathBuf::from("/etc/apt/sources.list")).chain(lists).filter_map(lines).collect()
}

/// An enabled source; `None` for comments and what is none.
fn parse(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let (kind, rest) = line.split_once(char::is_whitespace)?;
    if !matches!(kind, "deb" | "deb-src") {
        return None;
    }
    let rest = rest.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = words(rest);
    (rest.split(' ').count() >= 2).then(|| Source { kind: kind.to_owned(), options: words(options), rest })
}
