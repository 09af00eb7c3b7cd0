//! What is asked for: `name`, `name==1.0`, `name>=1,<2` (PEP 508, as far as it needs no network and no Python).

use std::path::Path;

use super::version::satisfies;
use crate::plan::{Failure, Look};

#[derive(Debug, PartialEq)]
pub(super) struct Requirement {
    /// Normal form.
    pub(super) name: String,
    /// Operator and version.
    clauses: Vec<(String, String)>,
}

impl Requirement {
    pub(super) fn accepts(&self, version: &str) -> bool {
        self.clauses.iter().all(|(operator, wanted)| satisfies(version, operator, wanted))
    }
}

/// PEP 503: lower case, runs of `-`, `_` and `.` are one dash.
pub(super) fn normal(name: &str) -> String {
    let mut out = String::new();
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' => {
                if !out.ends_with('-') {
                    out.push('-');
                }
            }
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

/// `None` for what only pip can judge: URLs, paths, extras, markers.
pub(super) fn parse(text: &str) -> Option<Requirement> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim().trim_start_matches('(').trim_end_matches(')');
    if name.is_empty() || name.starts_with(['.', '-']) || rest.contains(['/', '[', ';', '@', ':']) {
        return None;
    }
    let clause = |part: &str| {
        let part = part.trim();
        let end = part.find(|c: char| !matches!(c, '=' | '<' | '>' | '!' | '~'))?;
        let (operator, version) = part.split_at(end);
        // Ansible's users also write one sign.
        let operator = if operator == "=" { "==" } else { operator };
        let is_known = matches!(operator, "==" | "===" | "!=" | ">=" | "<=" | ">" | "<" | "~=");
        is_known.then(|| (operator.to_owned(), version.trim().to_owned()))
    };
    let clauses = rest.split(',').filter(|part| !part.trim().is_empty()).map(clause).collect::<Option<Vec<_>>>()?;
    Some(Requirement { name: normal(name), clauses })
}

/// All of a file; `None` where a line is more than a name and versions.
pub(super) fn of_file(path: &Path, target: &dyn Look) -> Result<Option<Vec<Requirement>>, Failure> {
    let Some(text) = target.read(path)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&text).replace("\\\n", " ");
    let mut all = Vec::new();
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(other) = line.strip_prefix("-r ").or_else(|| line.strip_prefix("--requirement ")) {
            let other = path.parent().unwrap_or(Path::new("")).join(other.trim());
            match of_file(&other, target)? {
                Some(more) => all.extend(more),
                None => return Ok(None),
            }
            continue;
        }
        // Hashes say what may be downloaded, nothing about what is installed.
        let bare = line.split(" --hash").next().unwrap_or_default();
        match parse(bare) {
            Some(requirement) => all.push(requirement),
            None => return Ok(None),
        }
    }
    Ok(Some(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_understood_or_left_to_pip() {
        assert!(parse("Django >= 4.2, < 5").unwrap().accepts("4.2.11"));
        assert!(!parse("django==4.2").unwrap().accepts("4.2.11"));
        assert_eq!(parse("Flask_SQLAlchemy").unwrap().name, "flask-sqlalchemy");
        for left in ["git+https://example.org/x.git", "./local", "uvicorn[standard]", "x; python_version < '3'", "x @ https://e.org/x.whl"]
        {
            assert_eq!(parse(left), None, "{left}");
        }
    }
}
