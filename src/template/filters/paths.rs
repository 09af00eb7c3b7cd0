//! Filters on paths and URLs. They compute; only `realpath`, `expanduser` and `fileglob` look at the controller.

use std::path::{Component, Path, PathBuf};

use super::{Filter, Invocation};
use crate::template::eval::Result;
use crate::template::eval::objects::type_name;
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("basename", &[], |call| text(call, |path| base(path).to_string())),
    Filter::new("dirname", &[], |call| text(call, |path| directory(path).to_string())),
    Filter::new("splitext", &[], |call| {
        let path = path_of(call)?;
        let (root, extension) = split_extension(&path);
        Ok(Value::Tuple(vec![Value::str(root), Value::str(extension)].into()))
    }),
    Filter::new("realpath", &[], |call| {
        text(call, |path| std::fs::canonicalize(path).unwrap_or_else(|_| normal(&absolute(path))).display().to_string())
    }),
    Filter::new("normpath", &[], |call| {
        text(call, |path| {
            // Two slashes at the start, and no more, stay as they are (POSIX).
            let doubled = path.starts_with("//") && !path.starts_with("///");
            format!("{}{}", if doubled { "/" } else { "" }, normal(Path::new(path)).display())
        })
    }),
    Filter::new("expanduser", &[], |call| text(call, expanduser)),
    Filter::new("expandvars", &[], |call| text(call, expandvars)),
    Filter::new("relpath", &["start"], |call| {
        let start = call.text(0)?.unwrap_or_else(|| ".".into());
        text(call, |path| relative(path, &start))
    }),
    Filter::new("path_join", &[], path_join),
    Filter::new("commonpath", &[], commonpath),
    Filter::new("fileglob", &[], |call| {
        let pattern = call.input_text()?;
        Ok(Value::list(crate::template::lookups::glob(Path::new(&*pattern)).into_iter().map(Value::from)))
    }),
    Filter::new("win_basename", &[], |call| text(call, |path| path.rsplit(['\\', '/']).next().unwrap_or_default().to_string())),
    Filter::new("win_dirname", &[], |call| {
        text(call, |path| path.rfind(['\\', '/']).map_or("", |at| path[..at].trim_end_matches(['\\', '/'])).to_string())
    }),
    Filter::new("win_splitdrive", &[], |call| {
        let path = path_of(call)?;
        let at = if path.as_bytes().get(1) == Some(&b':') { 2 } else { share(&path) };
        Ok(Value::Tuple(vec![Value::str(&path[..at]), Value::str(&path[at..])].into()))
    }),
];

fn text(call: &Invocation<'_, '_>, change: impl Fn(&str) -> String) -> Result<Value> {
    Ok(Value::from(change(&path_of(call)?)))
}

fn path_of(call: &Invocation<'_, '_>) -> Result<std::sync::Arc<str>> {
    match &call.input {
        Value::Str(path) => Ok(path.clone()),
        other => Err(call.error(format!("takes a path, not an object of type '{}'", type_name(other)))),
    }
}

/// `os.path.basename`
pub(crate) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// How much of a Windows path is `\\host\share`.
fn share(path: &str) -> usize {
    let slash = |c: char| c == '\\' || c == '/';
    let Some(rest) = path.strip_prefix(slash).and_then(|rest| rest.strip_prefix(slash)).filter(|rest| !rest.starts_with(slash)) else {
        return 0;
    };
    let Some(host) = rest.find(slash) else { return 0 };
    let share = rest[host + 1..].find(slash).unwrap_or(rest.len() - host - 1);
    if share == 0 { 0 } else { 2 + host + 1 + share }
}

/// `os.path.dirname`
fn directory(path: &str) -> &str {
    let Some(at) = path.rfind('/') else { return "" };
    let head = &path[..=at];
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { head } else { trimmed }
}

/// `os.path.splitext`
pub(crate) fn split_extension(path: &str) -> (&str, &str) {
    let name = base(path);
    let stem = name.trim_start_matches('.');
    match stem.rfind('.') {
        Some(at) => path.split_at(path.len() - stem.len() + at),
        None => (path, ""),
    }
}

/// `os.path.normpath`
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir) => {}
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}

fn absolute(path: &str) -> PathBuf {
    std::env::current_dir().unwrap_or_default().join(path)
}

pub(crate) fn expanduser(path: &str) -> String {
    match (path.strip_prefix('~'), std::env::var("HOME")) {
        (Some(rest), Ok(home)) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", home.trim_end_matches('/')),
        (Some(rest), _) => {
            let (user, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            let home = accounts
                .lines()
                .map(|line| line.split(':').collect::<Vec<_>>())
                .find(|fields| fields.first() == Some(&user))
                .and_then(|fields| fields.get(5).map(ToString::to_string));
            home.map_or_else(|| path.to_string(), |home| format!("{}{rest}", home.trim_end_matches('/')))
        }
        _ => path.to_string(),
    }
}

/// `$NAME` and `${NAME}`; what is not set stays.
fn expandvars(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, length) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, _)) => (name, name.len() + 2),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        match std::env::var(name) {
            Ok(value) if !name.is_empty() => out.push_str(&value),
            _ => out.push_str(&rest[at..=at + length]),
        }
        rest = &after[length..];
    }
    out + rest
}

/// `os.path.relpath`
fn relative(path: &str, start: &str) -> String {
    let (path, start) = (normal(&absolute(path)), normal(&absolute(start)));
    let (to, from): (Vec<_>, Vec<_>) = (path.components().collect(), start.components().collect());
    let same = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
    let mut out = PathBuf::new();
    from[same..].iter().for_each(|_| out.push(".."));
    to[same..].iter().for_each(|part| out.push(part));
    if out.as_os_str().is_empty() { ".".into() } else { out.display().to_string() }
}

fn path_join(call: &Invocation<'_, '_>) -> Result<Value> {
    if let Value::Str(path) = &call.input {
        return Ok(Value::Str(path.clone()));
    }
    let mut out = String::new();
    let parts = match &call.input {
        Value::List(_) | Value::Tuple(_) => call.items()?,
        other => return Err(call.error(format!("expects string or sequence, not {other:?} of type '{}'", type_name(other)))),
    };
    if parts.is_empty() {
        return Err(call.error("there is nothing to join"));
    }
    for part in parts {
        let Value::Str(part) = &part else { return Err(call.error(format!("joins texts, not {part:?} of type '{}'", type_name(&part)))) };
        if part.starts_with('/') || out.is_empty() {
            out = part.to_string();
        } else {
            if !out.ends_with('/') {
                out.push('/');
            }
            out.push_str(part);
        }
    }
    Ok(Value::from(out))
}

fn commonpath(call: &Invocation<'_, '_>) -> Result<Value> {
    if !matches!(call.input, Value::List(_) | Value::Tuple(_)) {
        return Err(call.error(format!("|commonpath expects a sequence of paths, not {:?}", call.input)));
    }
    let paths: Vec<PathBuf> = call.items()?.iter().map(|path| PathBuf::from(path.to_string())).collect();
    let Some(first) = paths.first() else { return Err(call.error("there are no paths")) };
    if paths.iter().any(|path| path.is_absolute() != first.is_absolute()) {
        return Err(call.error("some of the paths are absolute and others are not"));
    }
    let same =
        first.components().enumerate().take_while(|(i, part)| paths.iter().all(|path| path.components().nth(*i) == Some(*part))).count();
    Ok(Value::from(first.components().take(same).collect::<PathBuf>().display().to_string()))
}
