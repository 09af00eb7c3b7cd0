//! Shell patterns over a target's files: `*`, `?`, `[a-z]`, `[!a]`.

use std::path::{Path, PathBuf};

use crate::pattern::{Options, Pattern};
use crate::plan::Look;

/// Whether a name fits a pattern, as Python's `fnmatch` says: `*` takes slashes and leading dots too.
pub(crate) struct Glob(Pattern);

impl Glob {
    /// # Errors
    /// A set that makes no sense, such as `[z-a]`.
    pub(crate) fn new(glob: &str) -> Result<Glob, String> {
        let mut regex = String::from("(?s)");
        let mut rest = glob.chars();
        while let Some(c) = rest.next() {
            match c {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                '[' => match set(rest.as_str()) {
                    Some((set, after)) => {
                        regex.push_str(&set);
                        rest = after.chars();
                    }
                    None => regex.push_str(r"\["),
                },
                c if c.is_ascii_punctuation() => regex.extend(['\\', c]),
                c => regex.push(c),
            }
        }
        Pattern::new(&format!(r"{regex}\Z"), Options::default()).map(Glob)
    }

    pub(crate) fn fits(&self, name: &str) -> bool {
        self.0.matches_start(name)
    }
}

/// `a-z]…` behind a bracket: the set for a regular expression, and what follows it.
fn set(text: &str) -> Option<(String, &str)> {
    let (not, inner) = match text.strip_prefix('!') {
        Some(inner) => ("^", inner),
        None => ("", text),
    };
    // A bracket that comes first is a member.
    let skip = usize::from(inner.starts_with(']'));
    let end = inner[skip..].find(']')? + skip;
    let members = inner[..end].replace('\\', r"\\").replace(']', r"\]").replace('^', r"\^");
    Some((format!("[{not}{members}]"), &inner[end + 1..]))
}

/// The first path that a pattern finds, or the path itself where it is none; `None` where nothing is there.
pub(crate) fn first(target: &dyn Look, pattern: &Path) -> Option<PathBuf> {
    let text = pattern.to_string_lossy();
    if !text.contains(['*', '?', '[']) {
        return target.stat(pattern, true).ok().flatten().map(|_| pattern.to_owned());
    }
    let mut found = vec![PathBuf::from(if pattern.is_absolute() { "/" } else { "" })];
    for part in text.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for folder in found {
            if !part.contains(['*', '?', '[']) {
                let path = folder.join(part);
                next.extend(target.stat(&path, false).ok().flatten().map(|_| path));
                continue;
            }
            let glob = Glob::new(part).ok()?;
            let at = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
            let names = target.list(at).unwrap_or_default();
            let visible = |name: &&String| part.starts_with('.') || !name.starts_with('.');
            next.extend(names.iter().filter(visible).filter(|name| glob.fits(name)).map(|name| folder.join(name)));
        }
        found = next;
    }
    found.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn fits() {
        for (glob, name, fits) in [
            ("*.log", "a.log", true),
            ("*.log", "a.log.1", false),
            ("a?c", "abc", true),
            ("[!a]*", "b", true),
            ("[!a]*", "abc", false),
            ("[]x]", "]", true),
            ("a[b", "a[b", true),
            ("a.c", "abc", false),
            ("*", ".hidden", true),
        ] {
            assert_eq!(Glob::new(glob).unwrap().fits(name), fits, "{glob} {name}");
        }
    }
}
