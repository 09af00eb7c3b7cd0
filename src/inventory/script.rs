//! Executable inventories (docs.ansible.com, "Developing dynamic inventory"): a program that prints JSON for `--list` and `--host`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use indexmap::IndexSet;
use serde_json::Value as Json;

use super::Inventory;
use crate::diag::{Diagnostic, Source, Span};
use crate::yaml::{Kind, Node};

pub(super) fn read(inventory: &mut Inventory, path: &Path) -> Result<(), Diagnostic> {
    let (list, span) = run(path, &["--list"])?;
    let Json::Object(groups) = list else {
        return Err(wrong(path, "--list", "it must print a JSON object of groups"));
    };
    // Only these get variables from the script, not hosts of other sources.
    let mut hosts = IndexSet::new();
    for (name, data) in &groups {
        if name != "_meta" {
            group(inventory, name, data, path, &span, &mut hosts)?;
        }
    }
    match groups.get("_meta").and_then(|meta| meta.get("hostvars")) {
        Some(Json::Object(meta)) => {
            for host in hosts {
                if let Some(vars) = meta.get(&*host) {
                    host_vars(inventory, &host, vars, path, &span)?;
                }
            }
        }
        Some(_) => return Err(wrong(path, "--list", "`_meta.hostvars` must be an object")),
        None => {
            for host in hosts {
                let (vars, span) = run(path, &["--host", &host])?;
                host_vars(inventory, &host, &vars, path, &span)?;
            }
        }
    }
    Ok(())
}

fn group(
    inventory: &mut Inventory,
    name: &str,
    data: &Json,
    path: &Path,
    span: &Span,
    hosts: &mut IndexSet<Arc<str>>,
) -> Result<(), Diagnostic> {
    let group = inventory.ensure_group(name);
    let mut add_host = |inventory: &mut Inventory, name: &str| {
        let host = inventory.ensure_host(name, Some(path));
        inventory.join(&group, &host);
        hosts.insert(host);
    };
    let mut add_hosts = |inventory: &mut Inventory, names: &Json| {
        let Json::Array(names) = names else {
            return Err(wrong(path, "--list", &format!("the hosts of `{name}` must be a list")));
        };
        names.iter().filter_map(Json::as_str).for_each(|name| add_host(inventory, name));
        Ok(())
    };
    let parts = match data {
        Json::Array(_) => return add_hosts(inventory, data),
        Json::Object(parts) => parts,
        _ => return Err(wrong(path, "--list", &format!("the group `{name}` must be an object or a list of hosts"))),
    };
    if !["hosts", "vars", "children"].iter().any(|part| parts.contains_key(*part)) {
        // The oldest form: a host of the group's name, and its variables.
        add_hosts(inventory, &Json::Array(vec![name.into()]))?;
        return set_group_vars(inventory, &group, data, path, span);
    }
    if let Some(hosts) = parts.get("hosts") {
        add_hosts(inventory, hosts)?;
    }
    if let Some(vars) = parts.get("vars") {
        set_group_vars(inventory, &group, vars, path, span)?;
    }
    for child in parts.get("children").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        let child = inventory.ensure_group(child);
        inventory.adopt(&group, &child).map_err(|reason| wrong(path, "--list", &reason))?;
    }
    Ok(())
}

fn set_group_vars(inventory: &mut Inventory, group: &Arc<str>, vars: &Json, path: &Path, span: &Span) -> Result<(), Diagnostic> {
    let Json::Object(vars) = vars else {
        return Err(wrong(path, "--list", &format!("the variables of `{group}` must be an object")));
    };
    for (key, value) in vars {
        inventory.set_group_var(group, key, node(value, span))?;
    }
    Ok(())
}

fn host_vars(inventory: &mut Inventory, host: &Arc<str>, vars: &Json, path: &Path, span: &Span) -> Result<(), Diagnostic> {
    let Json::Object(vars) = vars else {
        return Err(wrong(path, "--host", &format!("the variables of `{host}` must be an object")));
    };
    for (key, value) in vars {
        inventory.set_host_var(host, key, node(value, span));
    }
    Ok(())
}

/// JSON as nodes; all have the place of the whole output.
fn node(json: &Json, span: &Span) -> Node {
    let kind = match json {
        Json::Null => Kind::Null,
        Json::Bool(flag) => Kind::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Kind::Int(whole),
            (None, Some(float)) if !number.is_u64() => Kind::Float(float),
            _ => Kind::Str(number.to_string().into()),
        },
        Json::String(text) => Kind::Str(text.as_str().into()),
        Json::Array(items) => Kind::List(items.iter().map(|item| node(item, span)).collect()),
        Json::Object(map) => Kind::Map(map.iter().map(|(key, value)| (Node::string(key, span), node(value, span))).collect()),
    };
    Node::scalar(kind, span.clone(), None, true)
}

/// The script's output for some arguments. What it prints may hold secrets: no message and no source repeats it.
fn run(path: &Path, arguments: &[&str]) -> Result<(Json, Span), Diagnostic> {
    let program = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| Diagnostic::error(format!("cannot run the inventory script {}: {error}", path.display())))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.trim().lines().last().unwrap_or("").to_string();
        let mut failed = Diagnostic::error(format!(
            "the inventory script {} {} failed: {}",
            path.display(),
            arguments.join(" "),
            output.status
        ));
        if !last.is_empty() {
            failed = failed.help(format!("it said: {last}"));
        }
        return Err(failed);
    }
    let json = serde_json::from_slice(&output.stdout)
        .map_err(|error| wrong(path, arguments[0], &format!("it must print JSON: {error}")))?;
    let source = Arc::new(Source { path: format!("{} {}", path.display(), arguments.join(" ")).into(), text: "".into() });
    Ok((json, Span::locate(&source, 0, 0)))
}

fn wrong(path: &Path, argument: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(format!("the inventory script {} answers {argument} wrongly: {reason}", path.display()))
}
