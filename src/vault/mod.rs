//! Ansible's vault format (docs.ansible.com, "Encrypting content with Ansible Vault"): texts that a password opens.
//!
//! What is in them never reaches a message: errors name files, ids and reasons only.

mod envelope;
mod secret;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::diag::Diagnostic;

pub use secret::Secret;

/// By these words scripts know that a password is missing, or another one.
const MISSING: &str = "Attempting to decrypt but no vault secrets found";
const WRONG: &str = "no vault secrets were found that could decrypt";

const UNREADABLE: &str = "this vault text cannot be read";

/// Opens vault texts.
pub type Decrypt = dyn Fn(&str) -> Result<String, Diagnostic> + Send + Sync;

/// Whether a text is encrypted as a whole.
pub fn is_encrypted(text: &str) -> bool {
    text.trim_start().starts_with(envelope::MAGIC)
}

/// The id that a vault text names (format 1.2); none in format 1.1.
pub fn id_of(text: &str) -> Option<String> {
    envelope::parse(text).ok()?.id
}

/// Opens a vault text with the first secret that fits; those whose id the text names are tried first.
///
/// # Errors
/// None fits, it is no vault text, it was changed, or what is in it is no UTF-8.
pub fn decrypt(text: &str, secrets: &[Secret]) -> Result<String, Diagnostic> {
    String::from_utf8(open(text, secrets)?.0).map_err(|_| Diagnostic::error("what this vault text holds is not UTF-8 text"))
}

/// The same for any content, with the secret that fitted.
///
/// # Errors
/// As [`decrypt`].
pub fn open<'s>(text: &str, secrets: &'s [Secret]) -> Result<(Vec<u8>, &'s Secret), Diagnostic> {
    let envelope =
        envelope::parse(text).map_err(|why| Diagnostic::error(format!("{UNREADABLE}: {why}")).help("encrypt it again, or restore it"))?;
    if secrets.is_empty() {
        return Err(locked("this"));
    }
    let names_it = |secret: &Secret| secret.id() == envelope.id.as_deref();
    let tried = secrets.iter().filter(|secret| !secret.is_only_own() || names_it(secret));
    let (first, then): (Vec<&Secret>, Vec<&Secret>) = tried.partition(|secret| secret.id().is_some() && names_it(secret));
    for secret in first.into_iter().chain(then) {
        if let Some(content) = envelope.open(secret.password()).map_err(|why| Diagnostic::error(format!("{UNREADABLE}: {why}")))? {
            return Ok((content, secret));
        }
    }
    let which = envelope.id.as_deref().map(|id| format!(" with the id `{id}`")).unwrap_or_default();
    let tried = if secrets.len() == 1 {
        "the vault password does not open".into()
    } else {
        format!("none of {} vault passwords opens", secrets.len())
    };
    Err(Diagnostic::error(format!("{tried} this text{which}: {WRONG}")).help("check --vault-password-file, or the password that was typed"))
}

/// That something is encrypted, and nobody gave a password.
pub fn locked(what: &str) -> Diagnostic {
    Diagnostic::error(format!("{what} is encrypted, and no vault password is given: {MISSING}"))
        .help("give the password with --vault-password-file or --ask-vault-pass")
}

/// Whether an error is that a vault text cannot be opened.
pub fn is_vault_error(error: &Diagnostic) -> bool {
    is_password_error(error) || error.message.contains(UNREADABLE)
}

/// Whether an error is that a password is missing, or another one.
pub fn is_password_error(error: &Diagnostic) -> bool {
    error.message.contains(MISSING) || error.message.contains(WRONG)
}

/// Encrypts with a secret; its id is written down where it has one (format 1.2).
///
/// # Errors
/// The system gives no random bytes.
pub fn encrypt(content: &[u8], secret: &Secret) -> Result<String, Diagnostic> {
    envelope::seal(content, secret.password(), secret.id())
        .map_err(|error| Diagnostic::error(format!("no random bytes from the system: {error}")))
}

/// The same with a salt of the caller's: the same salt gives the same text.
pub fn encrypt_with_salt(content: &[u8], secret: &Secret, salt: &[u8]) -> String {
    envelope::seal_with(content, secret.password(), secret.id(), salt)
}

/// What opens texts with these secrets, and remembers what it opened: each costs ten thousand rounds of hashing.
pub fn opener(secrets: Vec<Secret>) -> Arc<Decrypt> {
    let opened: Mutex<HashMap<String, String>> = Mutex::default();
    Arc::new(move |text: &str| {
        if let Some(known) = opened.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(known.clone());
        }
        let content = decrypt(text, &secrets)?;
        opened.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned(), content.clone());
        Ok(content)
    })
}

#[cfg(test)]
mod tests;
