//! Digests, hashes of passwords, vault texts.

use std::sync::Arc;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

use super::{Filter, Invocation};
use crate::diag::Diagnostic;
use crate::template::Encrypted;
use crate::template::eval::Result;
use crate::template::eval::objects::type_name;
use crate::template::passwords::{self, Scheme};
use crate::value::Value;
use crate::vault::{self, Secret};

pub(super) const TABLE: &[Filter] = &[
    Filter::new("hash", &["hashtype"], |call| {
        let kind = call.text(0)?.unwrap_or_else(|| "sha1".into());
        digest(call, &kind)
    }),
    Filter::new("checksum", &[], |call| digest(call, "sha1")),
    Filter::new("sha1", &[], |call| digest(call, "sha1")),
    Filter::new("md5", &[], |call| digest(call, "md5")),
    Filter::new("crc32", &[], |call| {
        let mut crc = flate2::Crc::new();
        crc.update(call.input_text()?.as_bytes());
        Ok(Value::from(format!("{:x}", crc.sum())))
    }),
    Filter::new("password_hash", &["hashtype", "salt", "salt_size", "rounds", "ident"], password_hash),
    Filter::new("vault", &["secret", "salt", "vault_id", "wrap_object", "vaultid"], encrypt),
    Filter::new("unvault", &["secret", "vault_id", "vaultid"], decrypt),
];

fn digest(call: &Invocation<'_, '_>, kind: &str) -> Result<Value> {
    let text = call.input_text()?;
    let bytes = &*crate::octets::bytes(&text);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(Value::from(match kind.to_ascii_lowercase().as_str() {
        "md5" => hex(&Md5::digest(bytes)),
        "sha1" => hex(&Sha1::digest(bytes)),
        "sha224" => hex(&Sha224::digest(bytes)),
        "sha256" => hex(&Sha256::digest(bytes)),
        "sha384" => hex(&Sha384::digest(bytes)),
        "sha512" => hex(&Sha512::digest(bytes)),
        "sha512_224" => hex(&Sha512_224::digest(bytes)),
        "sha512_256" => hex(&Sha512_256::digest(bytes)),
        other => return Err(call.error(format!("unsupported hash type {other:?}; there are md5, sha1, sha224, sha256, sha384, sha512"))),
    }))
}

fn password_hash(call: &Invocation<'_, '_>) -> Result<Value> {
    let secret = secret_text(call)?;
    let text = |index: usize| call.text(index);
    let (name, salt, ident) = (text(0)?.unwrap_or_else(|| "sha512".into()), text(1)?, text(4)?);
    let scheme = Scheme {
        name: &name,
        salt: salt.as_deref(),
        salt_size: call.int(2).map_err(|_| call.error("salt_size must be an integer"))?.and_then(|size| usize::try_from(size).ok()),
        rounds: call.int(3)?.map(|rounds| u64::try_from(rounds).unwrap_or(0)),
        ident: ident.as_deref(),
    };
    passwords::hash(&secret, &scheme).map(Value::from).map_err(|why| call.error(format!("Could not hash the secret: {why}")))
}

/// What is to be hashed or encrypted: a string, and never shown where it is none.
fn secret_text(call: &Invocation<'_, '_>) -> Result<std::sync::Arc<str>> {
    match &call.input {
        Value::Str(text) => Ok(text.clone()),
        Value::Object(object) if object.type_name() == "EncryptedString" => Ok(object.plain()?.to_string().into()),
        other => Err(call.error(format!("takes a string, not an object of type '{}'; `| string` makes one", type_name(other)))),
    }
}

fn secret(call: &Invocation<'_, '_>) -> Result<Secret> {
    match call.required(0)? {
        Value::Str(text) => Ok(Secret::from_text(text)),
        other => Err(call.error(format!("`secret` is a string, not an object of type '{}'", type_name(other)))),
    }
}

fn encrypt(call: &Invocation<'_, '_>) -> Result<Value> {
    let content = secret_text(call)?;
    let id = call.text(2)?.unwrap_or_else(|| "filter_default".into());
    let secret = secret(call)?.with_id(Some(&id));
    let sealed = match call.text(1)?.filter(|salt| !salt.is_empty()) {
        Some(salt) => vault::encrypt_with_salt(content.as_bytes(), &secret, salt.as_bytes()),
        None => vault::encrypt(content.as_bytes(), &secret)?,
    };
    Ok(if call.flag(3, false) { Value::Object(Arc::new(Encrypted(sealed.into()))) } else { Value::from(sealed) })
}

fn decrypt(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = secret_text(call)?;
    let secret = secret(call)?;
    if !vault::is_encrypted(&text) {
        return Ok(Value::Str(text));
    }
    let opened = vault::decrypt(&text, &[secret]).map_err(|error| Diagnostic::error(format!("`unvault`: {}", error.message)))?;
    Ok(Value::from(opened))
}
