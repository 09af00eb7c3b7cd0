//! What apt would install: `apt-cache policy`.

use std::collections::BTreeMap;

use crate::plan::{Command, Failure, Look};

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Policy {
    /// What an installation would bring; `None` for a name that only others provide.
    pub(super) candidate: Option<String>,
    /// All that can be had, newest first.
    pub(super) versions: Vec<String>,
}

/// By name as asked for; a name that apt does not know is left out.
pub(super) fn of(target: &dyn Look, names: &[String], release: Option<&str>) -> Result<BTreeMap<String, Policy>, Failure> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut argv = vec!["apt-cache".to_owned()];
    if let Some(release) = release {
        argv.extend(["-o".to_owned(), format!("APT::Default-Release={release}")]);
    }
    argv.push("policy".into());
    argv.extend(names.iter().cloned());
    Ok(parse(&target.ask(&Command { accept: Vec::new(), ..Command::new(argv) })?.text()))
}

fn parse(text: &str) -> BTreeMap<String, Policy> {
    let mut all: BTreeMap<String, Policy> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(name) = line.strip_suffix(':').filter(|name| !name.starts_with(' ')) {
            all.insert(name.to_owned(), Policy::default());
            current = Some(name.to_owned());
            continue;
        }
        let Some(policy) = current.as_ref().and_then(|name| all.get_mut(name)) else { continue };
        if let Some(version) = line.strip_prefix("  Candidate: ") {
            policy.candidate = Some(version.trim().to_owned()).filter(|v| v != "(none)");
        } else if let Some(row) = line.strip_prefix("     ").or_else(|| line.strip_prefix(" *** ")) {
            // Rows of versions; those of their sources are indented deeper.
            if !row.starts_with(' ') {
                policy.versions.extend(row.split_whitespace().next().map(str::to_owned));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_read() {
        let text = "hello:\n  Installed: (none)\n  Candidate: 2.10-3\n  Version table:\n     2.10-3 500\n        500 http://deb.debian.org/debian bookworm/main amd64 Packages\n\
                    apt:\n  Installed: 2.6.1\n  Candidate: 2.6.1\n  Version table:\n *** 2.6.1 500\n        500 http://x main\n        100 /var/lib/dpkg/status\n\
                    mail-transport-agent:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n";
        let all = parse(text);
        assert_eq!(all["hello"], Policy { candidate: Some("2.10-3".into()), versions: vec!["2.10-3".into()] });
        assert_eq!(all["apt"].versions, ["2.6.1"]);
        assert_eq!(all["mail-transport-agent"], Policy::default());
    }
}
