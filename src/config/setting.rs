//! The table of settings.

use std::path::Path;
use std::sync::LazyLock;

/// One setting of Ansible.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub kind: Kind,
    pub choices: Vec<&'static str>,
    /// `{home}` stands for ANSIBLE_HOME.
    pub default: Option<&'static str>,
    /// Variables of the environment; the first that is set counts.
    pub env: Vec<&'static str>,
    /// Section and key.
    pub ini: Vec<(&'static str, &'static str)>,
    /// Empty: it is known, and does nothing here.
    pub meaning: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Flag,
    Number,
    Text,
    List,
    Path,
    /// Separated by colons.
    Paths,
    /// Separated by commas.
    PathList,
}

static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| include_str!("settings.tsv").lines().filter_map(row).collect());

/// In alphabetical order of Ansible's own, then those of its plugins.
pub fn all() -> &'static [Setting] {
    &SETTINGS
}

pub fn find(name: &str) -> Option<&'static Setting> {
    all().iter().find(|setting| setting.name == name)
}

fn row(line: &'static str) -> Option<Setting> {
    if line.starts_with('#') {
        return None;
    }
    let mut cells = line.split('\t');
    let (name, kind, default, env, ini) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    let (kind, choices) = kind.split_once(':').unwrap_or((kind, ""));
    let some = |text: &'static str| (text != "-").then_some(text);
    Some(Setting {
        name,
        kind: match kind {
            "flag" => Kind::Flag,
            "number" => Kind::Number,
            "list" => Kind::List,
            "path" => Kind::Path,
            "paths" => Kind::Paths,
            "pathlist" => Kind::PathList,
            _ => Kind::Text,
        },
        choices: choices.split('|').filter(|choice| !choice.is_empty()).collect(),
        default: some(default),
        env: some(env).map(|names| names.split(' ').collect()).unwrap_or_default(),
        ini: some(ini).map(|keys| keys.split(' ').filter_map(|key| key.rsplit_once('.')).collect()).unwrap_or_default(),
        meaning: cells.next().unwrap_or_default(),
    })
}

impl Setting {
    /// # Errors
    /// What the text should have been.
    pub fn check(&self, text: &str) -> Result<(), String> {
        match self.kind {
            Kind::Flag if flag(text).is_none() => Err(format!("must be true or false, not {text:?}")),
            Kind::Number if text.trim().parse::<f64>().is_err() => Err(format!("must be a number, not {text:?}")),
            Kind::Text if !self.choices.is_empty() && !self.choices.contains(&text) => {
                Err(format!("must be one of {}, not {text:?}", self.choices.join(", ")))
            }
            _ => Ok(()),
        }
    }

    /// Relative paths in a file count from the file's folder; `{{CWD}}` is the current one.
    pub(super) fn based(&self, text: &str, file: &Path) -> String {
        let folder = file.parent().unwrap_or(Path::new("."));
        let base = |path: &str| {
            let path = path.trim();
            if path.is_empty() || path.starts_with(['/', '~', '$']) || path.starts_with("{{") {
                return path.replace("{{CWD}}", &std::env::current_dir().map(|here| here.display().to_string()).unwrap_or_default());
            }
            folder.join(path).display().to_string()
        };
        match self.kind {
            Kind::Path => base(text),
            Kind::Paths => text.split(':').map(base).collect::<Vec<_>>().join(":"),
            // Names with a comma are hosts, not files.
            Kind::PathList if text.contains(',') && text.trim_end().ends_with(',') => text.to_owned(),
            Kind::PathList => text.split(',').map(base).collect::<Vec<_>>().join(","),
            _ => text.to_owned(),
        }
    }
}

/// As Ansible reads booleans.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "y" | "t" | "1.0" => Some(true),
        "false" | "no" | "off" | "0" | "n" | "f" | "0.0" => Some(false),
        _ => None,
    }
}

pub(super) fn list(text: &str) -> Vec<String> {
    text.split([',', '\n']).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(all().len() > 200);
        for setting in all() {
            if let Some(default) = setting.default.filter(|_| setting.kind != Kind::Path) {
                assert_eq!(setting.check(default), Ok(()), "{}", setting.name);
            }
            assert!(setting.ini.iter().all(|(section, key)| !section.is_empty() && !key.is_empty()), "{}", setting.name);
        }
    }

    #[test]
    fn relative_paths_count_from_the_file() {
        let file = Path::new("/srv/site/ansible.cfg");
        assert_eq!(find("DEFAULT_ROLES_PATH").unwrap().based("roles:~/r:/x", file), "/srv/site/roles:~/r:/x");
        assert_eq!(find("DEFAULT_HOST_LIST").unwrap().based("hosts, more", file), "/srv/site/hosts,/srv/site/more");
        assert_eq!(find("DEFAULT_REMOTE_USER").unwrap().based("deploy", file), "deploy");
    }
}
