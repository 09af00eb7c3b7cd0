//! Options that say with which passwords vault texts are opened; every command that reads variables has them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::ui;
use crate::vault::{Decrypt, Secret, opener};

/// The names are Ansible's.
#[derive(clap::Args, Debug, Default, Clone)]
pub struct VaultOptions {
    /// A vault password with an id: `id@file`, `id@program` or `id@prompt`. May be given several times.
    #[arg(long, value_name = "ID@SOURCE")]
    pub vault_id: Vec<String>,
    /// File or executable with the vault password.
    #[arg(long, value_name = "FILE", visible_alias = "vault-pass-file", env = "ANSIBLE_VAULT_PASSWORD_FILE")]
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
    pub fn secrets(&self) -> anyhow::Result<Vec<Secret>> {
        let mut secrets = Vec::new();
        for given in &self.vault_id {
            secrets.push(Secret::from_vault_id(given, ui::ask_secret)?);
        }
        for file in &self.vault_password_file {
            secrets.push(Secret::from_file(file)?);
        }
        if self.ask_vault_password {
            secrets.push(Secret::from_text(&ui::ask_secret("Vault password: ")?));
        }
        Ok(secrets)
    }

    /// What opens vault texts; none where no password is given.
    ///
    /// # Errors
    /// As [`VaultOptions::secrets`].
    pub fn opener(&self) -> anyhow::Result<Option<Arc<Decrypt>>> {
        let secrets = self.secrets()?;
        Ok(if secrets.is_empty() { None } else { Some(opener(secrets)) })
    }
}
