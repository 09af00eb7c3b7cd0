//! Lookups of files and programs on the controller.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::{Lookup, Query, programs};
use crate::diag::{Diagnostic, Source};
use crate::template::eval::{self, Context, Fail, Result};
use crate::template::filters::regex;
use crate::template::{Overlay, Syntax, Var, about};
use crate::value::{Map, Value};

pub(super) const TABLE: &[Lookup] = &[
    Lookup::new("file", file),
    Lookup::new("unvault", file),
    Lookup::new("template", template),
    Lookup::new("pipe", |query| run_all(query, false)),
    Lookup::new("lines", |query| run_all(query, true)),
    Lookup::new("fileglob", fileglob),
    Lookup::new("first_found", first_found),
    Lookup::new("filetree", filetree),
];

pub(super) fn find(query: &Query<'_, '_>, sub: &str, name: &str) -> Result<PathBuf> {
    let paths = query.context.scope.paths();
    paths.find(sub, name).ok_or_else(|| {
        let tried: Vec<String> = paths.candidates(sub, name).iter().map(|path| path.display().to_string()).collect();
        let error = Diagnostic::error(format!("lookup `{}`: there is no file {name:?}: No such file or directory", query.name));
        error.help(format!("looked for {}", tried.join(", "))).into()
    })
}

fn read(query: &Query<'_, '_>, path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|error| query.error(format!("{} cannot be read: {error}", path.display())))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if text.starts_with("$ANSIBLE_VAULT;") { Ok(query.context.scope.decrypt(&text)?) } else { Ok(text) }
}

fn file(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for term in &query.terms {
        let Value::Str(name) = term else { return Err(query.error(format!("takes names of files, not {term:?}"))) };
        let path = find(query, "files", name)?;
        let text = read(query, &path)?;
        let text = if query.flag("lstrip", false) { text.trim_start() } else { &text };
        let text = if query.flag("rstrip", query.name.ends_with("file")) { text.trim_end() } else { text };
        out.push(Value::str(text));
    }
    Ok(out)
}

fn template(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut base = Syntax::default();
    let set = |name: &str, place: &mut String| {
        if let Some(value) = query.text(name) {
            *place = value;
        }
    };
    set("variable_start_string", &mut base.variable.0);
    set("variable_end_string", &mut base.variable.1);
    set("block_start_string", &mut base.block.0);
    set("block_end_string", &mut base.block.1);
    set("comment_start_string", &mut base.comment.0);
    set("comment_end_string", &mut base.comment.1);
    base.trim_blocks = query.flag("trim_blocks", true);
    base.lstrip_blocks = query.flag("lstrip_blocks", false);
    let given: Vec<(Arc<str>, Var)> = match query.option("template_vars") {
        Some(Value::Map(map)) => map.iter().map(|(name, value)| (name.to_string().into(), Var::Value(value.clone()))).collect(),
        _ => Vec::new(),
    };
    let mut out = Vec::new();
    for term in &query.terms {
        let path = find(query, "templates", &term.to_string())?;
        let mut extra = about(&path, None);
        extra.extend(given.iter().cloned());
        let overlay = Overlay { inner: query.context.scope, extra };
        let source = Arc::new(Source { text: read(query, &path)?.into(), path });
        out.push(eval::file(&Context::new(&overlay), &source, &base)?);
    }
    Ok(out)
}

fn run_all(query: &Query<'_, '_>, lines: bool) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for term in &query.terms {
        let command = term.to_string();
        let done = programs::output(Command::new("/bin/sh").arg("-c").arg(&command))
            .map_err(|error| query.error(format!("{command:?} cannot be run: {error}")))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr);
            return Err(query.error(format!("{command:?} ended with {}: {}", done.status, said.trim())));
        }
        let text = String::from_utf8_lossy(&done.stdout);
        if lines {
            out.extend(text.lines().map(Value::str));
        } else {
            out.push(Value::str(text.trim_end()));
        }
    }
    Ok(out)
}

/// Plain files that a pattern matches in its last part, sorted as the folder gives them.
pub(crate) fn glob(pattern: &Path) -> Vec<String> {
    let name = pattern.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = pattern.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(regex) = regex::compile(&shell_pattern(&name), false, false) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut out: Vec<String> = entries
        .flatten()
        .filter(|entry| {
            let found = entry.file_name().to_string_lossy().into_owned();
            (!found.starts_with('.') || name.starts_with('.')) && regex.is_match(&found) && entry.path().is_file()
        })
        .map(|entry| pattern.with_file_name(entry.file_name()).display().to_string())
        .collect();
    out.sort();
    out
}

fn shell_pattern(name: &str) -> String {
    let mut out = String::from("\\A");
    let mut class = false;
    for c in name.chars() {
        match c {
            '*' if !class => out.push_str(".*"),
            '?' if !class => out.push('.'),
            '[' => {
                class = true;
                out.push('[');
            }
            ']' => {
                class = false;
                out.push(']');
            }
            '!' if class && out.ends_with('[') => out.push('^'),
            c if c.is_alphanumeric() || c == '_' || (class && c == '-') => out.push(c),
            c => out.extend(['\\', c]),
        }
    }
    out + "\\Z"
}

/// What leads there from everywhere: the path is used in other folders than the one it was found from.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn fileglob(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for term in &query.terms {
        let pattern = term.to_string();
        for candidate in query.context.scope.paths().candidates("files", &pattern) {
            let found = glob(&absolute(&candidate));
            if !found.is_empty() {
                out.extend(found.into_iter().map(Value::from));
                break;
            }
        }
    }
    Ok(out)
}

/// The first file that is there, of names or of `files` × `paths`.
fn first_found(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut names: Vec<String> = Vec::new();
    let mut skip = query.flag("skip", false);
    let words = |value: Option<&Value>| -> Vec<String> {
        match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::List(items) | Value::Tuple(items)) => items.iter().map(ToString::to_string).collect(),
            Some(other) => other.to_string().split([',', ';', ':']).map(|word| word.trim().to_string()).collect(),
        }
    };
    let combine = |files: Vec<String>, paths: Vec<String>, names: &mut Vec<String>| {
        for path in &paths {
            names.extend(files.iter().map(|file| Path::new(path).join(file).display().to_string()));
        }
        if paths.is_empty() {
            names.extend(files);
        }
    };
    let mut queue: Vec<Value> = query.terms.iter().rev().cloned().collect();
    while let Some(term) = queue.pop() {
        match &term {
            Value::Map(_) => {
                combine(words(term.get("files")), words(term.get("paths")), &mut names);
                skip = term.get("skip").map_or(skip, |value| match value {
                    Value::Str(text) => matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1"),
                    other => other.is_true(),
                });
            }
            Value::List(items) | Value::Tuple(items) => queue.extend(items.iter().rev().cloned()),
            other => {
                let files = words(Some(other));
                combine(files, words(query.option("paths")), &mut names);
            }
        }
    }
    combine(words(query.option("files")), words(query.option("paths")), &mut names);
    let paths = query.context.scope.paths();
    // `with_first_found` also looks where its task's files lie.
    let folder = query.text("_subdir").unwrap_or_default();
    for name in &names {
        if let Some(found) = paths.candidates(&folder, name).into_iter().find(|path| path.is_file()) {
            return Ok(vec![Value::from(absolute(&found).display().to_string())]);
        }
    }
    if skip {
        return Ok(Vec::new());
    }
    let error = Diagnostic::error(format!("lookup `first_found`: none of these files is there: {}", names.join(", ")));
    Err(Fail::from(error.help("`skip: true` makes it no error")))
}

/// community.general's: everything below a folder, as dictionaries.
fn filetree(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for term in &query.terms {
        let Some(root) = query.context.scope.paths().find("files", term.to_string().trim_end_matches('/')) else { continue };
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths {
                let Ok(meta) = fs::symlink_metadata(&path) else { continue };
                let relative = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
                let state = if meta.is_symlink() {
                    "link"
                } else if meta.is_dir() {
                    "directory"
                } else {
                    "file"
                };
                let mode = format!("0{:o}", std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o7777);
                let mut entry = Map::new();
                let mut put = |name: &str, value: Value| entry.insert(Value::str(name), value);
                put("root", Value::from(root.display().to_string()));
                put("path", Value::from(relative));
                put("state", Value::str(state));
                put("mode", Value::from(mode));
                put("size", Value::Int(meta.len() as i64));
                put(
                    "src",
                    Value::from(
                        if meta.is_symlink() { fs::read_link(&path).unwrap_or_default() } else { path.clone() }.display().to_string(),
                    ),
                );
                out.push(Value::Map(Arc::new(entry)));
                if meta.is_dir() {
                    folders.push(path);
                }
            }
        }
    }
    Ok(out)
}
