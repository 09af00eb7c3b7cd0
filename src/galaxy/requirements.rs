//! requirements.yml, and requirements on the command line.

use std::path::Path;
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::yaml::{self, Node};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Role,
    Collection,
}

/// One role or collection that is wanted.
#[derive(Clone, Debug)]
pub struct Requirement {
    pub kind: Kind,
    /// Where from: a git URL, the URL or path of a tarball, a folder, or a name on Galaxy.
    pub src: String,
    /// `git`, `url`, `file`, `dir`, `galaxy`; worked out from `src` where nothing says it.
    pub scm: Option<String>,
    /// A branch, a tag or a commit; of a Galaxy name a version.
    pub version: Option<String>,
    /// What a role is called here.
    pub name: Option<String>,
    pub span: Span,
}

const ROLE_KEYS: &[&str] = &["src", "name", "scm", "version", "role", "include"];
const COLLECTION_KEYS: &[&str] = &["name", "version", "source", "type", "signatures"];

/// Reads a file of requirements, in the form with `roles:` and `collections:` or the older list of roles.
///
/// # Errors
/// It cannot be read, or entries in it are none: all of them are told.
pub fn read(path: &Path) -> Result<Vec<Requirement>, Diagnostics> {
    let source = yaml::read(path)?;
    let Some(node) = yaml::load(&source)?.single()? else { return Ok(Vec::new()) };
    let mut problems = Diagnostics::default();
    let mut all = Vec::new();
    let base = path.parent().unwrap_or(Path::new("."));
    if node.as_list().is_some() {
        list(&node, Kind::Role, base, &mut all, &mut problems);
    } else if let Some(entries) = node.as_map() {
        for (key, value) in entries {
            match key.as_str() {
                Some("roles") => list(value, Kind::Role, base, &mut all, &mut problems),
                Some("collections") => list(value, Kind::Collection, base, &mut all, &mut problems),
                _ => {
                    let name = key.scalar_text().unwrap_or_default();
                    problems
                        .push(key.error(format!("`{name}` is no part of a requirements file")).suggest(&name, ["roles", "collections"]));
                }
            }
        }
    } else if !node.is_null() {
        problems.push(node.error("a requirements file holds `roles:` and `collections:`"));
    }
    if problems.has_errors() { Err(problems) } else { Ok(all) }
}

fn list(node: &Node, kind: Kind, base: &Path, all: &mut Vec<Requirement>, problems: &mut Diagnostics) {
    if node.is_null() {
        return;
    }
    let Some(items) = node.as_list() else {
        return problems.push(node.error("a list is expected").label(format!("this is {}", node.kind_name())));
    };
    for item in items {
        match entry(item, kind) {
            Ok(requirement) if requirement.scm.as_deref() == Some("include") => match read(&base.join(&requirement.src)) {
                Ok(more) => all.extend(more),
                Err(more) => problems.0.extend(more.0),
            },
            Ok(requirement) => all.push(requirement),
            Err(problem) => problems.push(problem),
        }
    }
}

fn entry(item: &Node, kind: Kind) -> Result<Requirement, Diagnostic> {
    if let Some(text) = item.as_str() {
        return Ok(Requirement { span: item.span().clone(), ..spec(text, kind) });
    }
    let entries =
        item.as_map().ok_or_else(|| item.error("a name, or a dictionary, is expected").label(format!("this is {}", item.kind_name())))?;
    let keys = if kind == Kind::Role { ROLE_KEYS } else { COLLECTION_KEYS };
    for (key, _) in entries {
        let name = key.scalar_text().unwrap_or_default();
        if !keys.contains(&name.as_str()) {
            return Err(key.error(format!("`{name}` is no key of a requirement")).suggest(&name, keys.iter().copied()));
        }
    }
    let text = |name: &str| item.get(name).and_then(Node::scalar_text).filter(|text| !text.is_empty());
    if let Some(file) = text("include") {
        return Ok(Requirement { kind, src: file, scm: Some("include".into()), version: None, name: None, span: item.span().clone() });
    }
    let version = text("version").filter(|version| version != "*");
    let made = match kind {
        Kind::Role => {
            let src = text("src")
                .or_else(|| text("role"))
                .or_else(|| text("name"))
                .ok_or_else(|| item.error("this role has no `src`").help("`src` says where it comes from"))?;
            let named = spec(&src, kind);
            // `src: git+https://…,v1,name` may say all in one.
            let name = text("name").filter(|name| *name != src).or(named.name);
            Requirement { scm: text("scm").or(named.scm), version: version.or(named.version), name, ..named }
        }
        Kind::Collection => {
            let name = text("name").or_else(|| text("source")).ok_or_else(|| item.error("this collection has no `name`"))?;
            let named = spec(&name, kind);
            Requirement { scm: text("type").or(named.scm), version: version.or(named.version), ..named }
        }
    };
    Ok(Requirement { span: item.span().clone(), ..made })
}

/// From one word: `git+https://…,VERSION,NAME`, `name:VERSION` of a collection, a URL, a path.
pub fn spec(text: &str, kind: Kind) -> Requirement {
    let source = Arc::new(Source { path: "<command line>".into(), text: text.into() });
    let span = Span::locate(&source, 0, text.len());
    let mut parts = text.split(',').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let (version, name) = (parts.next(), parts.next());
    let (scm, src) = match first.strip_prefix("git+") {
        Some(url) => (Some("git".to_owned()), url.to_owned()),
        None => (None, first.to_owned()),
    };
    // `community.general:1.2.3`: a colon that is no part of a URL or a path.
    let (src, version) = match src.split_once(':') {
        Some((name, wanted)) if kind == Kind::Collection && !name.contains(['/', '@']) && !wanted.starts_with("//") => {
            (name.to_owned(), Some(wanted))
        }
        _ => (src, version),
    };
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty() && *text != "*").map(str::to_owned);
    Requirement { kind, src, scm, version: some(version), name: some(name), span }
}

impl Requirement {
    /// How it is fetched.
    ///
    /// # Errors
    /// It is a name on Galaxy, or of a kind that is not known.
    pub(super) fn way(&self) -> Result<Way, Diagnostic> {
        let path = self.src.split('#').next().unwrap_or_default();
        let here = crate::config::expanded(path.strip_prefix("file://").unwrap_or(path));
        let way = match self.scm.as_deref() {
            Some("git") => Way::Git,
            Some("url") => Way::Url,
            Some("file") => Way::File,
            Some("dir" | "subdirs") => Way::Folder,
            Some("galaxy") => return Err(self.of_galaxy()),
            Some(other) => {
                return Err(Diagnostic::error(format!("`{}` cannot be fetched by `{other}`", self.src))
                    .at(&self.span)
                    .suggest(other, ["git", "url", "file", "dir"]));
            }
            None if is_tarball(path) && path.contains("://") && !path.starts_with("file://") => Way::Url,
            None if here.is_file() => Way::File,
            None if here.is_dir() && !here.join(".git").exists() => Way::Folder,
            None if path.contains("://") || path.ends_with(".git") || path.starts_with("git@") || here.is_dir() => Way::Git,
            None => return Err(self.of_galaxy()),
        };
        Ok(way)
    }

    fn of_galaxy(&self) -> Diagnostic {
        Diagnostic::error(format!("`{}` is a name on Galaxy, which deploy does not ask", self.src)).at(&self.span).help(
            "say where it comes from: `src: https://github.com/OWNER/REPOSITORY` with a `version`, or the URL of its tarball; \
             the page of a role or collection on galaxy.ansible.com names its repository",
        )
    }

    /// The part of the repository behind `#`, for collections that are not at its top.
    pub(super) fn folder(&self) -> Option<&str> {
        self.src
            .split_once('#')
            .map(|(_, folder)| folder.split(',').next().unwrap_or(folder).trim_matches('/'))
            .filter(|folder| !folder.is_empty())
    }

    /// What it is called where nothing says it: the last part of the source.
    pub(super) fn default_name(&self) -> String {
        let path = self.src.split(['#', '?']).next().unwrap_or_default().trim_end_matches('/');
        let last = path.rsplit(['/', ':']).next().unwrap_or(path);
        let ends = [".git", ".tar.gz", ".tgz", ".tar.bz2", ".tar"];
        ends.iter().find_map(|end| last.strip_suffix(end)).unwrap_or(last).to_owned()
    }
}

/// How a requirement is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Git,
    Url,
    File,
    Folder,
}

fn is_tarball(path: &str) -> bool {
    [".tar.gz", ".tgz", ".tar"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, kind: Kind) -> (String, Option<String>, Option<String>, Option<String>) {
        let made = spec(text, kind);
        (made.src, made.scm, made.version, made.name)
    }

    #[test]
    fn words_of_the_command_line() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(one("git+https://x/y.git,v1,z", Kind::Role), ("https://x/y.git".into(), some("git"), some("v1"), some("z")));
        assert_eq!(one("ns.name:1.2", Kind::Collection), ("ns.name".into(), None, some("1.2"), None));
        assert_eq!(one("git@host:o/r.git,main", Kind::Collection), ("git@host:o/r.git".into(), None, some("main"), None));
        assert_eq!(spec("git@host:o/r.git", Kind::Role).default_name(), "r");
        assert_eq!(spec("https://x/y-1.0.tar.gz", Kind::Role).default_name(), "y-1.0");
        assert_eq!(spec("https://x/y.git#/collections/z", Kind::Collection).folder(), Some("collections/z"));
    }
}
