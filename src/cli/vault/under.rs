//! Which password to encrypt with.

use std::path::Path;

use crate::cli::persona;
use crate::cli::secrets::VaultOptions;
use crate::config::Config;
use crate::diag::Diagnostic;
use crate::ui;
use crate::vault::{self, Secret};

#[derive(clap::Args, Debug, Default)]
pub(super) struct Under {
    /// Of several passwords, the one to encrypt with, by its id.
    #[arg(long, value_name = "ID")]
    encrypt_vault_id: Option<String>,
}

impl Under {
    /// The password to encrypt with: the one of the id, or the only one, or one that is asked for.
    pub(super) fn choose(&self, options: &VaultOptions) -> anyhow::Result<Secret> {
        let secrets = options.secrets()?;
        if secrets.is_empty() { Ok(Secret::from_text(&ask_twice(None)?)) } else { self.among(&secrets) }
    }

    pub(super) fn among(&self, secrets: &[Secret]) -> anyhow::Result<Secret> {
        let ids: Vec<&str> = secrets.iter().map(Secret::name).collect();
        if let Some(id) = self.id() {
            let quoted = ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
            let error = Diagnostic::error(format!("Did not find a match for --encrypt-vault-id={id} in the known vault-ids [{quoted}]"))
                .suggest(&id, ids)
                .help("give it with --vault-id ID@FILE");
            return secrets.iter().find(|secret| secret.name() == id).cloned().ok_or_else(|| error.into());
        }
        match secrets {
            [only] => Ok(only.clone()),
            _ => {
                let error = Diagnostic::error(format!("several vault passwords are given: {}", ids.join(",")));
                Err(persona::coded(5, error.help("say with --encrypt-vault-id which to encrypt with")))
            }
        }
    }

    pub(super) fn is_named(&self) -> bool {
        self.encrypt_vault_id.is_some()
    }

    fn id(&self) -> Option<String> {
        self.encrypt_vault_id.clone().or_else(|| Config::current().text("DEFAULT_VAULT_ENCRYPT_IDENTITY"))
    }
}

/// The password that files get: of an id, of a file, or asked for.
pub(super) fn new_secret(id: Option<&str>, file: Option<&Path>, under: &Under) -> anyhow::Result<Secret> {
    let secret = match (id, file) {
        (Some(given), _) => Secret::from_vault_id(given, |_| ask_twice(given.split_once('@').map(|(id, _)| id)), &[])?,
        (None, Some(file)) => Secret::from_file(file, &[])?,
        (None, None) => Secret::from_text(&ask_twice(None)?),
    };
    if under.is_named() { under.among(&[secret]) } else { Ok(secret) }
}

pub(super) fn encrypted(content: &[u8], secret: &Secret) -> Result<String, Diagnostic> {
    // The same salt gives the same text: only who compares texts wants that.
    match Config::current().text("VAULT_ENCRYPT_SALT") {
        Some(salt) => Ok(vault::encrypt_with_salt(content, secret, salt.as_bytes())),
        None => vault::encrypt(content, secret),
    }
}

fn ask_twice(id: Option<&str>) -> std::io::Result<String> {
    let id = id.unwrap_or("default");
    let first = ui::ask_secret(&format!("New vault password ({id}): "))?;
    if ui::ask_secret(&format!("Confirm new vault password ({id}): "))? != first {
        return Err(std::io::Error::other("the two passwords differ"));
    }
    Ok(first)
}
