//! Settings of the machine that deploys: ansible.cfg and the variables of its environment.
//!
//! docs.ansible.com, "Ansible Configuration Settings": a variable of the environment wins over the file, the file over the default.
//! `settings.tsv` is the table of all settings that Ansible knows; those with a meaning there do something here.

mod file;
mod setting;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

pub use setting::{Kind, Setting, all, find};

use crate::diag::{Diagnostic, Span};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// A variable of the environment.
    Environment(&'static str),
    File(PathBuf),
}

/// A setting as the user gave it.
#[derive(Clone, Debug)]
struct Given {
    text: String,
    origin: Origin,
}

/// All settings, each checked.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file that was read.
    pub file: Option<PathBuf>,
    given: HashMap<&'static str, Given>,
    /// Sections `galaxy_server.NAME`.
    pub galaxy_servers: Vec<(String, HashMap<String, String>)>,
    /// What the file holds that nobody knows.
    pub unknown: Vec<Diagnostic>,
}

static CURRENT: OnceLock<Config> = OnceLock::new();

impl Config {
    /// The settings of this process; the defaults before [`Config::make_current`].
    pub fn current() -> &'static Config {
        static DEFAULT: LazyLock<Config> = LazyLock::new(Config::default);
        CURRENT.get().unwrap_or(&DEFAULT)
    }

    /// From now on this is what [`Config::current`] answers; once in a process.
    pub fn make_current(self) {
        let _ = CURRENT.set(self);
    }

    /// Reads the file that counts here, and the environment.
    ///
    /// # Errors
    /// The file cannot be read, or a value is not what its setting needs.
    pub fn load() -> Result<Config, Diagnostic> {
        Config::of(file::find()?.as_deref())
    }

    /// The same with this file, or with none.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn of(file: Option<&Path>) -> Result<Config, Diagnostic> {
        let mut config = Config::default();
        if let Some(path) = file {
            config.read(path)?;
        }
        for setting in all() {
            for name in &setting.env {
                let Some(text) = std::env::var_os(name) else { continue };
                let text = text.to_string_lossy().into_owned();
                // NO_COLOR counts whatever it is set to (no-color.org).
                let text = if *name == "NO_COLOR" && !text.is_empty() { "true".to_owned() } else { text };
                if text.is_empty() && matches!(setting.kind, Kind::Flag | Kind::Number) {
                    continue;
                }
                setting
                    .check(&text)
                    .map_err(|why| Diagnostic::error(invalid(setting, &format!("env: {name}"), &why)).help(format!("it is {text:?}")))?;
                config.given.insert(setting.name, Given { text, origin: Origin::Environment(name) });
                break;
            }
        }
        Ok(config)
    }

    fn read(&mut self, path: &Path) -> Result<(), Diagnostic> {
        for section in file::read(path)? {
            if let Some(server) = section.name.strip_prefix("galaxy_server.") {
                let pairs = section.entries.into_iter().filter_map(|entry| Some((entry.key, entry.value?)));
                self.galaxy_servers.push((server.to_owned(), pairs.collect()));
                continue;
            }
            for entry in section.entries {
                let Some(setting) = all().iter().find(|setting| setting.ini.contains(&(section.name.as_str(), entry.key.as_str()))) else {
                    self.unknown.push(unknown(&section.name, &entry.key, &entry.span));
                    continue;
                };
                let text = unquoted(entry.value.as_deref().unwrap_or_default()).to_owned();
                if text.is_empty() && matches!(setting.kind, Kind::Flag | Kind::Number) {
                    continue;
                }
                let wrong = |why: String| Diagnostic::error(invalid(setting, &path.display().to_string(), &why)).at(&entry.span);
                setting.check(&text).map_err(wrong)?;
                let origin = Origin::File(path.to_owned());
                self.given.insert(setting.name, Given { text: setting.based(&text, path), origin });
            }
        }
        self.file = Some(path.to_owned());
        Ok(())
    }

    /// The value as text, and where it comes from; `None` where there is none.
    pub fn raw(&self, name: &str) -> (Option<String>, Origin) {
        match (self.given.get(name), find(name)) {
            (Some(given), _) => (Some(given.text.clone()), given.origin.clone()),
            (None, Some(setting)) => (setting.default.map(|text| text.replace("{home}", &self.home())), Origin::Default),
            (None, None) => (None, Origin::Default),
        }
    }

    /// What the user gave, without the default.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(|given| given.text.as_str())
    }

    /// The text of a setting; `None` where it is empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.raw(name).0.filter(|text| !text.is_empty())
    }

    pub fn flag(&self, name: &str) -> bool {
        self.raw(name).0.and_then(|text| setting::flag(&text)).unwrap_or(false)
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        self.text(name)?.trim().parse().ok()
    }

    /// Its parts, separated by commas.
    pub fn list(&self, name: &str) -> Vec<String> {
        setting::list(&self.raw(name).0.unwrap_or_default())
    }

    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(|text| expanded(&text))
    }

    /// Folders, separated by colons.
    pub fn paths(&self, name: &str) -> Vec<PathBuf> {
        self.raw(name).0.unwrap_or_default().split(':').filter(|path| !path.is_empty()).map(expanded).collect()
    }

    fn home(&self) -> String {
        self.given.get("ANSIBLE_HOME").map_or_else(|| "~/.ansible".to_owned(), |given| given.text.clone())
    }
}

fn invalid(setting: &Setting, origin: &str, why: &str) -> String {
    format!("Config '{}' from '{origin}' has an invalid value: {why}", setting.name)
}

/// As Ansible reads booleans.
pub fn is_true(text: &str) -> bool {
    setting::flag(text).unwrap_or(false)
}

fn unknown(section: &str, key: &str, span: &Span) -> Diagnostic {
    let known = all().iter().flat_map(|setting| &setting.ini).filter(|(of, _)| *of == section).map(|(_, key)| *key);
    Diagnostic::warning(format!("`{key}` in [{section}] is no setting that Ansible knows; it is ignored")).at(span).suggest(key, known)
}

fn unquoted(text: &str) -> &str {
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

/// `~` and variables of the environment in a path.
pub fn expanded(path: &str) -> PathBuf {
    let path = crate::plan::expand_variables(path, &|name| std::env::var(name).ok());
    match (path.strip_prefix('~'), std::env::var("HOME")) {
        (Some(rest), Ok(home)) if rest.is_empty() || rest.starts_with('/') => PathBuf::from(home + rest),
        _ => PathBuf::from(path),
    }
}
