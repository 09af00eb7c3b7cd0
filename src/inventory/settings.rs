//! What decides how sources are read: settings of ansible.cfg and of the environment, handed down by the commands.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use fancy_regex::Regex;

use crate::template::VarMap;
use crate::vault::Decrypt;

/// The defaults are what the command `deploy` does where nothing is set.
#[derive(Clone)]
pub struct Settings {
    /// Folders of playbooks, whose `group_vars` and `host_vars` count, weakest first.
    pub playbook_folders: Vec<PathBuf>,
    pub decrypt: Option<Arc<Decrypt>>,
    /// `-e`, for `constructed` where it asks for them.
    pub extra: Arc<VarMap>,
    /// Ways to read a source, in the order in which they are tried.
    pub plugins: Vec<String>,
    pub unparsed: Unparsed,
    /// Whether it is worth a word that no source could be read.
    pub warn_unparsed: bool,
    pub group_names: GroupNames,
    pub unmatched: Unmatched,
    /// Ends of names that are no source in a folder.
    pub ignored_ends: Vec<String>,
    /// Patterns of names that are none.
    pub ignored_patterns: Vec<Regex>,
    /// Ends of names of files with variables, `.yml` and the like, and of YAML inventories.
    pub extensions: Vec<String>,
    /// Whether to show what scripts say on standard error.
    pub script_errors: bool,
    /// Whether `constructed` sees extra variables where its file does not say.
    pub use_extra_vars: bool,
    /// Dictionaries of several levels are merged, all the way down.
    pub merge_hashes: bool,
}

/// What a source is that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unparsed {
    /// An error; a folder without inventories in it is none.
    RefuseBroken,
    /// An error, such a folder too.
    RefuseAny,
    /// A warning, unless no source can be read.
    RefuseIfAll,
    Warn,
}

/// What happens to characters that names of variables may not have, in names of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupNames {
    Ignore,
    Warn,
    Replace,
    ReplaceSilently,
}

/// What a name in a pattern is that matches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    Ignore,
    Warn,
    Refuse,
}

/// docs.ansible.com, INVENTORY_ENABLED.
const PLUGINS: [&str; 6] = ["host_list", "script", "auto", "yaml", "ini", "toml"];
/// docs.ansible.com, INVENTORY_IGNORE_EXTS.
const IGNORED: [&str; 12] = ["~", ".orig", ".cfg", ".retry", ".pyc", ".pyo", ".swp", ".bak", ".rpm", ".md", ".txt", ".rst"];

impl Default for Settings {
    fn default() -> Settings {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Settings {
            playbook_folders: Vec::new(),
            decrypt: None,
            extra: Arc::default(),
            plugins: texts(&PLUGINS),
            unparsed: Unparsed::RefuseBroken,
            warn_unparsed: false,
            group_names: GroupNames::Ignore,
            unmatched: Unmatched::Warn,
            ignored_ends: texts(&IGNORED),
            ignored_patterns: Vec::new(),
            extensions: texts(&[".yml", ".yaml", ".json"]),
            script_errors: true,
            use_extra_vars: false,
            merge_hashes: false,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("plugins", &self.plugins).field("unparsed", &self.unparsed).finish_non_exhaustive()
    }
}

impl GroupNames {
    /// A name as this setting has it; none where it stays as it is.
    pub(super) fn replaced(self, name: &str) -> Option<String> {
        matches!(self, GroupNames::Replace | GroupNames::ReplaceSilently).then(|| safe(name)).filter(|safe| safe != name)
    }
}

/// A name with `_` for all that the name of a variable may not have.
pub(super) fn safe(name: &str) -> String {
    let allowed = |(at, c): (usize, char)| if c == '_' || c.is_alphanumeric() && (at > 0 || !c.is_numeric()) { c } else { '_' };
    name.chars().enumerate().map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_those_of_variables() {
        for (name, expected) in [("web", "web"), ("my-grp.x", "my_grp_x"), ("1a", "_a"), ("{{ e }}_é", "___e____é")] {
            assert_eq!(safe(name), expected);
        }
    }
}
