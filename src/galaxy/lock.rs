//! The lock file beside requirements.yml: which commit or tarball each requirement was, so that the next machine gets the same.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::requirements::{Kind, Requirement};
use crate::diag::Diagnostic;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<Pin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) collections: Vec<Pin>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pin {
    pub(super) src: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// A commit of git, or the SHA-256 of a tarball.
    pub(super) pin: String,
}

const HEAD: &str = "# What `deploy galaxy install` took for requirements.yml. Keep it in git: other machines then get the same.\n";

/// `requirements.lock.yml` for `requirements.yml`.
pub(super) fn path(requirements: &Path) -> PathBuf {
    requirements.with_extension("lock.yml")
}

impl Lock {
    /// Empty where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn read(path: &Path) -> Result<Lock, Diagnostic> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Lock::default()),
            Err(error) => return Err(Diagnostic::error(format!("cannot read {}: {error}", path.display()))),
        };
        if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
            return Ok(Lock::default());
        }
        serde_yaml::from_str(&text).map_err(|error| {
            Diagnostic::error(format!("{} is no lock file: {error}", path.display())).help("remove it: it is then written anew")
        })
    }

    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<(), Diagnostic> {
        let cannot = |error: &dyn std::fmt::Display| Diagnostic::error(format!("cannot write {}: {error}", path.display()));
        let text = serde_yaml::to_string(self).map_err(|error| cannot(&error))?;
        std::fs::write(path, format!("{HEAD}{text}")).map_err(|error| cannot(&error))
    }

    /// What a requirement was the last time, unless it was changed since.
    pub(super) fn find(&self, wanted: &Requirement) -> Option<&str> {
        self.of(wanted.kind).iter().find(|pin| pin.src == wanted.src && pin.version == wanted.version).map(|pin| pin.pin.as_str())
    }

    pub(super) fn set(&mut self, wanted: &Requirement, pin: String) {
        let pins = if wanted.kind == Kind::Role { &mut self.roles } else { &mut self.collections };
        pins.retain(|known| known.src != wanted.src);
        pins.push(Pin { src: wanted.src.clone(), version: wanted.version.clone(), pin });
    }

    /// Leaves out what nobody requires any more.
    pub(super) fn keep(&mut self, wanted: &[Requirement]) {
        for (kind, pins) in [(Kind::Role, &mut self.roles), (Kind::Collection, &mut self.collections)] {
            pins.retain(|pin| wanted.iter().any(|wanted| wanted.kind == kind && wanted.src == pin.src));
        }
    }

    fn of(&self, kind: Kind) -> &[Pin] {
        if kind == Kind::Role { &self.roles } else { &self.collections }
    }
}
