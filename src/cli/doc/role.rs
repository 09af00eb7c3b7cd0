//! What the user's own roles take: their `meta/argument_specs.yml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Args, ExitCode, missing};
use crate::cli::options::roots;
use crate::config::Config;
use crate::diag::{Diagnostic, Source};
use crate::ui;
use crate::value::Value;
use crate::yaml::{self, Node};

pub(super) fn show(args: &Args) -> anyhow::Result<ExitCode> {
    let mut roles = BTreeMap::new();
    for folder in folders(args).iter().rev() {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        roles.extend(entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())));
    }
    let mut specs = BTreeMap::new();
    for (name, path) in roles {
        if let Some(entries) = entry_points(&path, args.entry_point.as_deref())? {
            specs.insert(name, entries);
        }
    }
    if args.list {
        for (name, entries) in &specs {
            for (entry, spec) in entries {
                ui::line(&format!("{name:<30} {entry:<12} {}", text(spec, "short_description").unwrap_or_default()));
            }
        }
        return Ok(0);
    }
    for wanted in &args.names {
        match specs.get(wanted) {
            None => missing("role", wanted, specs.keys().map(String::as_str))?,
            Some(entries) if args.json => {
                let all: serde_json::Map<_, _> = entries.iter().map(|(entry, spec)| (entry.clone(), json(spec))).collect();
                ui::line(&serde_json::to_string_pretty(&serde_json::json!({ (wanted): { "entry_points": all } }))?);
            }
            Some(entries) => entries.iter().for_each(|(entry, spec)| page(wanted, entry, spec)),
        }
    }
    Ok(0)
}

fn folders(args: &Args) -> Vec<PathBuf> {
    let beside = args.playbook_dir.as_deref().unwrap_or(Path::new(".")).join("roles");
    args.roles_path.iter().cloned().chain([beside]).chain(roots(Config::current()).roles).collect()
}

/// The entry points of a role that has specifications.
fn entry_points(role: &Path, only: Option<&str>) -> Result<Option<Vec<(String, Node)>>, Diagnostic> {
    for name in ["meta/argument_specs.yml", "meta/argument_specs.yaml", "meta/main.yml", "meta/main.yaml"] {
        let path = role.join(name);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let loaded = yaml::load(&Arc::new(Source { path, text: text.into() }))?;
        let specs = loaded.documents.first().and_then(|node| node.get("argument_specs"));
        if let Some(entries) = specs.and_then(Node::as_map) {
            let named = entries.iter().filter_map(|(key, spec)| Some((key.scalar_text()?, spec.clone())));
            return Ok(Some(named.filter(|(name, _)| only.is_none_or(|only| only == name)).collect()));
        }
    }
    Ok(None)
}

fn page(role: &str, entry: &str, spec: &Node) {
    ui::line(&format!("{role}, entry point {entry}: {}", text(spec, "short_description").unwrap_or_default()));
    lines(spec, "description").iter().for_each(|line| ui::line(&format!("  {line}")));
    options(spec, 0);
}

fn options(spec: &Node, depth: usize) {
    let Some(options) = spec.get("options").and_then(Node::as_map) else { return };
    let indent = " ".repeat(depth * 6);
    if depth == 0 {
        ui::line("\nArguments (* is needed):");
    }
    for (name, about) in options {
        let mark = if text(about, "required").is_some_and(|flag| flag == "true") { "*" } else { " " };
        let default = text(about, "default").map(|value| format!(", {value} if not given")).unwrap_or_default();
        let kind = text(about, "type").unwrap_or_else(|| "str".into());
        ui::line(&format!("{indent}{mark} {} ({kind}){default}", name.scalar_text().unwrap_or_default()));
        lines(about, "description").iter().for_each(|line| ui::line(&format!("{indent}      {line}")));
        let choices = lines(about, "choices");
        if !choices.is_empty() {
            ui::line(&format!("{indent}      one of: {}", choices.join(", ")));
        }
        self::options(about, depth + 1);
    }
}

/// A scalar as text, anything else as JSON.
fn text(node: &Node, key: &str) -> Option<String> {
    let value = node.get(key)?;
    value.scalar_text().or_else(|| Some(json(value).to_string()))
}

/// One text, or several.
fn lines(node: &Node, key: &str) -> Vec<String> {
    let all = node.get(key).map(crate::playbook::list_or_one).unwrap_or_default();
    all.iter().filter_map(Node::scalar_text).flat_map(|text| text.trim().lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn json(node: &Node) -> serde_json::Value {
    Value::from_node(node).to_json().unwrap_or_default()
}
