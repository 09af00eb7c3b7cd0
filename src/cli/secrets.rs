//! Options that say with which passwords vault texts are opened; every command that reads variables has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Config;
use crate::diag::{Diagnostic, Level};
use crate::ui;
use crate::vault::{Decrypt, Secret, opener};

/// The names are Ansible's.
#[derive(clap::Args, Debug, Default, Clone)]
pub(super) struct VaultOptions {
    /// A vault password with an id: `id@file`, `id@program` or `id@prompt`. May be given several times.
    #[arg(long, value_name = "ID@SOURCE")]
    pub vault_id: Vec<String>,
    /// File or executable with the vault password.
    #[arg(long, value_name = "FILE", visible_alias = "vault-pass-file")]
    pub vault_password_file: Vec<PathBuf>,
    /// Ask for the vault password.
    #[arg(short = 'J', long, visible_alias = "ask-vault-pass")]
    pub ask_vault_password: bool,
}

impl VaultOptions {
    /// All passwords, in the order in which they are tried.
    ///
    /// # Errors
    /// One cannot be read, or nobody can be asked.
    pub(super) fn secrets(&self) -> anyhow::Result<Vec<Secret>> {
        let config = Config::current();
        let mut found = Found::default();
        for given in config.list("DEFAULT_VAULT_IDENTITY_LIST").iter().chain(&self.vault_id) {
            found.add(given.split_once('@').map_or("default", |(id, _)| id), |known| Secret::from_vault_id(given, ui::ask_secret, known));
        }
        let default = config.text("DEFAULT_VAULT_IDENTITY");
        let settled = config.path("DEFAULT_VAULT_PASSWORD_FILE");
        for file in self.vault_password_file.iter().chain(&settled) {
            found.add("default", |known| Ok(Secret::from_file(file, known)?.with_id(default.as_deref())));
        }
        if self.ask_vault_password || (found.secrets.is_empty() && config.flag("DEFAULT_ASK_VAULT_PASS")) {
            found.secrets.push(Secret::from_text(&ui::ask_secret("Vault password: ")?));
        }
        found.end(config.flag("DEFAULT_VAULT_ID_MATCH"))
    }

    /// What opens vault texts; none where no password is given.
    ///
    /// # Errors
    /// As [`VaultOptions::secrets`].
    pub(super) fn opener(&self) -> anyhow::Result<Option<Arc<Decrypt>>> {
        let secrets = self.secrets()?;
        Ok(if secrets.is_empty() { None } else { Some(opener(secrets)) })
    }
}

/// Passwords found so far. One that cannot be read is passed over where others can.
#[derive(Default)]
struct Found {
    secrets: Vec<Secret>,
    missing: Vec<(String, Diagnostic)>,
}

impl Found {
    fn add(&mut self, id: &str, make: impl FnOnce(&[Secret]) -> Result<Secret, Diagnostic>) {
        match make(&self.secrets) {
            Ok(secret) => self.secrets.push(secret),
            Err(error) => self.missing.push((id.to_owned(), error)),
        }
    }

    fn end(mut self, only_own: bool) -> anyhow::Result<Vec<Secret>> {
        if self.secrets.is_empty()
            && let Some((_, error)) = self.missing.pop()
        {
            return Err(error.into());
        }
        for (id, error) in self.missing {
            ui::report(&Diagnostic {
                level: Level::Warning,
                message: format!("Error getting vault password file ({id}): {}", error.message),
                ..error
            });
        }
        Ok(if only_own { self.secrets.into_iter().map(Secret::only_own).collect() } else { self.secrets })
    }
}

/// A password: the first line of a file (or what it prints, if it is a program), or what the user types where `ask`.
///
/// # Errors
/// The file cannot be read, or nobody can be asked.
pub(super) fn password(file: Option<&Path>, ask: bool, prompt: &str) -> anyhow::Result<Option<String>> {
    match file {
        Some(file) => Ok(Some(Secret::from_file(file, &[])?.text())),
        None if ask => Ok(Some(ui::ask_secret(prompt)?)),
        None => Ok(None),
    }
}
