//! Tests of text: patterns, versions, paths.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::Predicate;
use crate::template::eval::objects::type_name;
use crate::template::eval::{Invocation, Result};
use crate::template::filters::encode::url_head;
use crate::template::filters::regex;
use crate::template::versions;
use crate::value::Value;

pub(super) const TABLE: &[Predicate] = &[
    Predicate::new("lower", &[], |call| text(call, |text| text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase))),
    Predicate::new("upper", &[], |call| text(call, |text| text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase))),
    Predicate::new("match", &["pattern", "ignorecase", "multiline"], |call| matches(call, "match")),
    Predicate::new("search", &["pattern", "ignorecase", "multiline"], |call| matches(call, "search")),
    Predicate::new("regex", &["pattern", "ignorecase", "multiline", "match_type"], |call| {
        let how = call.text(3)?.unwrap_or_else(|| "search".into());
        matches(call, &how)
    }),
    Predicate::new("version", VERSION, version),
    Predicate::new("version_compare", VERSION, version),
    Predicate::new("startswith", &["prefix"], |call| Ok(call.input_text()?.starts_with(&*call.text(0)?.unwrap_or_default()))),
    Predicate::new("endswith", &["suffix"], |call| Ok(call.input_text()?.ends_with(&*call.text(0)?.unwrap_or_default()))),
    Predicate::new("exists", &[], |call| path(call, Path::exists)),
    Predicate::new("file", &[], |call| path(call, Path::is_file)),
    Predicate::new("is_file", &[], |call| path(call, Path::is_file)),
    Predicate::new("directory", &[], |call| path(call, Path::is_dir)),
    Predicate::new("is_dir", &[], |call| path(call, Path::is_dir)),
    Predicate::new("link", &[], |call| path(call, Path::is_symlink)),
    Predicate::new("is_link", &[], |call| path(call, Path::is_symlink)),
    Predicate::new("link_exists", &[], |call| path(call, |path| path.is_symlink() || path.exists())),
    Predicate::new("abs", &[], |call| path(call, Path::is_absolute)),
    Predicate::new("is_abs", &[], |call| path(call, Path::is_absolute)),
    Predicate::new("same_file", &["path"], same_file),
    Predicate::new("is_same_file", &["path"], same_file),
    Predicate::new("mount", &[], |call| path(call, mount)),
    Predicate::new("is_mount", &[], |call| path(call, mount)),
    Predicate::new("url", &["schemes"], |call| is_uri(call, true)),
    Predicate::new("urn", &[], |call| text(call, |text| url_head(text).is_some_and(|(scheme, _, _)| scheme == "urn"))),
    Predicate::new("uri", &["schemes"], |call| is_uri(call, false)),
    Predicate::new("vault_encrypted", &[], |call| text(call, |text| text.starts_with("$ANSIBLE_VAULT;"))),
    // Of the tags that ansible-core keeps of values, the one that is kept here.
    Predicate::new("tagged_with", &["tag_name"], |call| match &*call.text(0)?.unwrap_or_default() {
        "VaultedValue" => Ok(type_name(&call.input) == "EncryptedString"),
        other => Err(call.error(format!("values do not keep the tag {other} here"))),
    }),
    Predicate::new("vaulted_file", &[], |call| {
        let path = call.input_text()?;
        let bytes = std::fs::read(&*path).map_err(|error| call.error(format!("{path} cannot be read: {error}")))?;
        Ok(bytes.starts_with(b"$ANSIBLE_VAULT;"))
    }),
];

const VERSION: &[&str] = &["version", "operator", "strict", "version_type"];

fn same_file(call: &Invocation<'_, '_>) -> Result<bool> {
    let real = |path: &str| std::fs::metadata(path).map_err(|error| call.error(format!("{path} cannot be looked at: {error}")));
    let (one, other) = (real(&call.input_text()?)?, real(&call.text(0)?.unwrap_or_default())?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

fn mount(path: &Path) -> bool {
    let device = |path: &Path| std::fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let (Some((here, node)), Some((above, other))) = (device(path), device(&path.join(".."))) else { return false };
    !path.is_symlink() && (here != above || node == other)
}

/// Nearly all is a URI; a URL names a host.
fn is_uri(call: &Invocation<'_, '_>, with_host: bool) -> Result<bool> {
    let Value::Str(text) = &call.input else { return Ok(false) };
    let Some((scheme, host, _)) = url_head(text) else { return Ok(false) };
    let known = match call.argument(0) {
        None | Some(Value::Null) => true,
        Some(schemes) => call.eval.iterate(schemes)?.contains(&Value::str(scheme)),
    };
    Ok(known && (!with_host || !host.is_empty()))
}

fn text(call: &Invocation<'_, '_>, test: impl Fn(&str) -> bool) -> Result<bool> {
    Ok(test(&call.input_text()?))
}

fn path(call: &Invocation<'_, '_>, test: impl Fn(&Path) -> bool) -> Result<bool> {
    Ok(test(Path::new(&*call.input_text()?)))
}

/// `match` begins at the start, `fullmatch` takes all, `search` looks anywhere.
fn matches(call: &Invocation<'_, '_>, how: &str) -> Result<bool> {
    let text = call.input_text()?;
    let pattern = call.text(0)?.unwrap_or_default();
    let (ignore_case, multiline) = (call.flag(1, false), call.flag(2, false));
    match how {
        "search" | "findall" => Ok(regex::compile(&pattern, ignore_case, multiline)?.is_match(&text)),
        "match" => Ok(regex::compile(&pattern, ignore_case, multiline)?.matches_start(&text)),
        "fullmatch" => {
            // Flags stay at the beginning.
            let inner = pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')'));
            let (flags, rest) = match inner {
                Some((flags, rest)) if !flags.is_empty() && flags.chars().all(|c| c.is_ascii_alphabetic()) => (format!("(?{flags})"), rest),
                _ => (String::new(), &*pattern),
            };
            Ok(regex::compile(&format!("{flags}(?:{rest})\\Z"), ignore_case, multiline)?.matches_start(&text))
        }
        other => Err(call.error(format!("`match_type` is search, match or fullmatch, not {other:?}"))),
    }
}

fn version(call: &Invocation<'_, '_>) -> Result<bool> {
    let (left, right) = (call.input_text()?, call.required(0)?.to_string());
    let operator = call.text(1)?.unwrap_or_else(|| "eq".into());
    let strict = call.flag(2, false);
    let kind = call.text(3)?.unwrap_or_else(|| if strict { "strict".into() } else { "loose".into() });
    if left.is_empty() {
        return Err(call.error("Input version value cannot be empty"));
    }
    if right.is_empty() {
        return Err(call.error("Version parameter to compare against cannot be empty"));
    }
    if call.argument(2).is_some_and(|strict| !matches!(strict, Value::Null))
        && call.argument(3).is_some_and(|kind| !matches!(kind, Value::Null))
    {
        return Err(call.error("takes `strict` or `version_type`, not both"));
    }
    let order = versions::compare(&left, &right, &kind).map_err(|message| call.error(message))?;
    Ok(match &*operator {
        "==" | "=" | "eq" => order.is_eq(),
        "<" | "lt" => order.is_lt(),
        "<=" | "le" => order.is_le(),
        ">" | "gt" => order.is_gt(),
        ">=" | "ge" => order.is_ge(),
        "!=" | "<>" | "ne" => order.is_ne(),
        other => return Err(call.error(format!("{other:?} is no comparison; there are ==, <, <=, >, >=, !="))),
    })
}
