//! Passwords that are made once and kept: `password`, `passwordstore`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::terms;
use super::{Lookup, Query, programs};
use crate::diag::Diagnostic;
use crate::template::eval::{Fail, Result};
use crate::template::passwords::{self, Scheme};
use crate::template::random::{self, Random};
use crate::value::Value;

pub(super) const TABLE: &[Lookup] = &[Lookup::new("password", password), Lookup::new("passwordstore", passwordstore)];

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// What a file of passwords holds: `password salt=… ident=…`.
struct Kept {
    password: String,
    salt: Option<String>,
    ident: Option<String>,
}

fn password(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    const NAMES: &[&str] = &["length", "chars", "encrypt", "ident", "seed"];
    let mut out = Vec::new();
    for term in &query.terms {
        let (name, own) = terms::options(query, &term.to_string(), NAMES)?;
        let option = |name: &str| terms::option(query, &own, name);
        let length = terms::number(query, &own, "length", 20)?;
        let (encrypt, seed) = (option("encrypt"), option("seed"));
        let alphabet = alphabet(query, &own)?;
        let fresh = || match &seed {
            Some(seed) => {
                let mut random = Random::seeded(seed);
                Ok((0..length).map(|_| char::from(alphabet[random.below(alphabet.len() as u64) as usize])).collect())
            }
            None => random::text(length, &alphabet).map_err(|why| query.error(why)),
        };
        let path = if name == "/dev/null" { None } else { Some(place(query, &name)) };
        let (mut kept, mut changed) = match path.as_deref().map(|path| kept(query, path)).transpose()?.flatten() {
            Some(kept) => (kept, false),
            None => (Kept { password: fresh()?, salt: None, ident: option("ident") }, true),
        };
        let value = match &encrypt {
            None => kept.password.clone(),
            Some(scheme) => {
                let made;
                (made, changed) = hashed(query, &mut kept, scheme, changed)?;
                made
            }
        };
        if let (Some(path), true) = (&path, changed) {
            keep(query, path, &kept)?;
        }
        out.push(Value::from(value));
    }
    Ok(out)
}

/// The hash, with a salt that is kept so that it stays the same; and whether there is something new to keep.
fn hashed(query: &Query<'_, '_>, kept: &mut Kept, scheme: &str, changed: bool) -> Result<(String, bool)> {
    let scheme = Scheme { name: scheme, salt: kept.salt.as_deref(), ident: kept.ident.as_deref(), ..Scheme::default() };
    let hash = passwords::hash(&kept.password, &scheme).map_err(|why| query.error(why))?;
    if kept.salt.is_some() {
        return Ok((hash, changed));
    }
    // The last part but one; bcrypt has its salt and its digest in one.
    let parts: Vec<&str> = hash.split('$').collect();
    let salt = match parts.last() {
        Some(last) if hash.starts_with("$2") => last[..22].to_string(),
        _ => parts.iter().rev().nth(1).map(ToString::to_string).unwrap_or_default(),
    };
    kept.salt = Some(salt);
    Ok((hash, true))
}

/// Relative names are beside the playbook.
fn place(query: &Query<'_, '_>, name: &str) -> PathBuf {
    let path = crate::config::expanded(name);
    match query.context.scope.paths().folders.last() {
        Some(folder) if !path.is_absolute() => folder.join(path),
        _ => path,
    }
}

fn kept(query: &Query<'_, '_>, path: &Path) -> Result<Option<Kept>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(query.error(format!("{} cannot be read: {error}", path.display()))),
    };
    let mut rest = text.trim_end_matches(['\n', '\r']).to_string();
    let mut take = |mark: &str| {
        let (head, tail) = rest.rsplit_once(mark).map(|(head, tail)| (head.to_string(), tail.to_string()))?;
        rest = head;
        Some(tail)
    };
    let ident = take(" ident=");
    let salt = take(" salt=");
    Ok(Some(Kept { password: rest, salt, ident }))
}

fn keep(query: &Query<'_, '_>, path: &Path, kept: &Kept) -> Result<()> {
    let failed = |error: std::io::Error| query.error(format!("{} cannot be written: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let mut line = kept.password.clone();
    if let Some(salt) = &kept.salt {
        line.push_str(&format!(" salt={salt}"));
    }
    if let Some(ident) = &kept.ident {
        line.push_str(&format!(" ident={ident}"));
    }
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
    writeln!(file, "{line}").map_err(failed)
}

/// Characters to choose from: names of Python's `string` module, or the characters themselves.
fn alphabet(query: &Query<'_, '_>, own: &[(String, String)]) -> Result<Vec<u8>> {
    let given: Vec<String> = match (own.iter().find(|(name, _)| name == "chars"), query.option("chars")) {
        // A doubled comma is a comma.
        (Some((_, text)), _) => {
            let comma = text.contains(",,").then(|| ",".to_string());
            text.replace(",,", ",").split(',').filter(|part| !part.is_empty()).map(str::to_string).chain(comma).collect()
        }
        (None, Some(Value::List(items) | Value::Tuple(items))) => items.iter().map(ToString::to_string).collect(),
        (None, Some(Value::Null) | None) => vec!["ascii_letters".into(), "digits".into(), ".,:-_".into()],
        (None, Some(other)) => other.to_string().split(',').map(str::to_string).collect(),
    };
    let mut out = String::new();
    for part in &given {
        out.push_str(match part.as_str() {
            "ascii_letters" => LETTERS,
            "ascii_lowercase" => &LETTERS[..26],
            "ascii_uppercase" => &LETTERS[26..],
            "digits" => "0123456789",
            "hexdigits" => "0123456789abcdefABCDEF",
            "octdigits" => "01234567",
            "punctuation" => PUNCTUATION,
            "whitespace" => " \t\n\r",
            other => other,
        });
    }
    let mut bytes: Vec<u8> = out.bytes().collect();
    bytes.sort_unstable();
    bytes.dedup();
    if bytes.is_empty() || !bytes.is_ascii() {
        return Err(query.error("`chars` is of names such as ascii_letters and digits, or of ASCII characters"));
    }
    Ok(bytes)
}

/// community.general's: entries of pass(1), made where they are missing and `missing=create` (or `create=true`).
fn passwordstore(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    const NAMES: &[&str] = &[
        "create",
        "directory",
        "length",
        "missing",
        "missing_subkey",
        "nosymbols",
        "overwrite",
        "passwordstore",
        "returnall",
        "subkey",
        "userpass",
    ];
    let mut out = Vec::new();
    for term in &query.terms {
        let (name, own) = terms::options(query, &term.to_string(), NAMES)?;
        let option = |name: &str| terms::option(query, &own, name);
        let mut pass = Command::new("pass");
        if let Some(folder) = option("directory").or_else(|| option("passwordstore")) {
            pass.env("PASSWORD_STORE_DIR", crate::config::expanded(&folder));
        }
        pass.args(["show", &name]).stdin(Stdio::null());
        // Not in a group of its own: gpg asks in this terminal.
        let shown = programs::waiting(|| pass.output()).map_err(|error| query.error(format!("`pass` cannot be run: {error}")))?;
        let missing =
            option("missing").unwrap_or_else(|| if terms::flag(query, &own, "create", false) { "create".into() } else { "error".into() });
        let text = if shown.status.success() {
            String::from_utf8_lossy(&shown.stdout).into_owned()
        } else {
            match missing.as_str() {
                "empty" => {
                    out.push(Value::Null);
                    continue;
                }
                "warn" => {
                    query.context.scope.warn(Diagnostic::warning(format!("lookup `passwordstore`: there is no entry {name:?}")));
                    out.push(Value::Null);
                    continue;
                }
                "create" => create(query, &name, &own)?,
                _ => return Err(query.error(format!("there is no entry {name:?}: {}", String::from_utf8_lossy(&shown.stderr).trim()))),
            }
        };
        let subkey = option("subkey").unwrap_or_else(|| "password".into());
        out.push(if terms::flag(query, &own, "returnall", false) {
            Value::str(text.trim_end_matches('\n'))
        } else if subkey == "password" {
            Value::str(text.lines().next().unwrap_or_default())
        } else {
            let value = text.lines().skip(1).filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == subkey);
            value.map_or(Value::Null, |(_, value)| Value::str(value.trim()))
        });
    }
    Ok(out)
}

fn create(query: &Query<'_, '_>, name: &str, own: &[(String, String)]) -> Result<String> {
    let length = terms::number(query, own, "length", 16)?;
    let symbols = if terms::flag(query, own, "nosymbols", false) { "" } else { ".,:-_" };
    let alphabet = format!("{LETTERS}0123456789{symbols}");
    let text = match terms::option(query, own, "userpass") {
        Some(given) => given,
        None => random::text(length, alphabet.as_bytes()).map_err(|why| query.error(why))?,
    };
    let failed = |error: std::io::Error| -> Fail { query.error(format!("`pass` cannot be run: {error}")) };
    let mut insert = Command::new("pass");
    insert.args(["insert", "--multiline", "--force", name]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    if let Some(folder) = terms::option(query, own, "directory").or_else(|| terms::option(query, own, "passwordstore")) {
        insert.env("PASSWORD_STORE_DIR", crate::config::expanded(&folder));
    }
    let mut child = insert.spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(format!("{text}\n").as_bytes()).map_err(failed)?;
    }
    let done = child.wait_with_output().map_err(failed)?;
    if done.status.success() {
        Ok(text)
    } else {
        Err(query.error(format!("{name:?} cannot be made: {}", String::from_utf8_lossy(&done.stderr).trim())))
    }
}
