//! Executable inventories (docs.ansible.com, "Developing dynamic inventory"): a program that prints JSON for `--list` and `--host`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use indexmap::IndexSet;
use serde_json::{Map, Value as Json};

use super::Inventory;
use crate::diag::{Diagnostic, Source, Span};
use crate::yaml::{Kind, Node, Tag};

/// The only form of JSON that scripts may say theirs is.
const PROFILE: &str = "inventory_legacy";

pub(super) fn read(inventory: &mut Inventory, path: &Path) -> Result<(), Diagnostic> {
    let mut script = Script { path, said: IndexSet::new(), place: nowhere(path, "--list") };
    let read = script.list(inventory);
    if inventory.settings.script_errors && read.is_ok() {
        for said in &script.said {
            inventory.warn(Diagnostic::warning(format!("the inventory script {} says: {said}", path.display())));
        }
    }
    read
}

struct Script<'s> {
    path: &'s Path,
    /// What it wrote to standard error.
    said: IndexSet<String>,
    /// All that it prints has the place of the whole output.
    place: Span,
}

impl Script<'_> {
    fn list(&mut self, inventory: &mut Inventory) -> Result<(), Diagnostic> {
        let output = self.run(&["--list"])?;
        let wrong = |what: String| self.wrong(&format!("Unable to get JSON decoder for inventory script result. {what}"));
        let list: Json = serde_json::from_slice(&output).map_err(|error| wrong(format!("Value could not be parsed as JSON: {error}")))?;
        let Json::Object(groups) = list else { return Err(wrong(format!("Value is '{}' instead of 'dict'", type_name(&list)))) };
        let meta = groups.get("_meta");
        if let Some(meta) = meta.filter(|meta| !meta.is_object()) {
            return Err(wrong(mistyped("_meta", meta, "dict")));
        }
        match meta.and_then(|meta| meta.get("profile")) {
            None => {}
            Some(Json::String(name)) if name == PROFILE => {}
            Some(Json::String(name)) if name.starts_with("inventory_") => return Err(wrong(format!("Unknown profile name '{name}'"))),
            Some(Json::String(name)) => return Err(wrong(format!("Non-inventory profile '{name}' is not allowed."))),
            Some(other) => return Err(wrong(mistyped("_meta.profile", other, "str"))),
        }
        // Only these get variables from the script, not hosts of other sources.
        let mut hosts = IndexSet::new();
        for (name, data) in groups.iter().filter(|(name, _)| *name != "_meta") {
            self.group(inventory, name, data, &mut hosts)?;
        }
        match meta.and_then(|meta| meta.get("hostvars")) {
            Some(Json::Object(meta)) => {
                for host in hosts {
                    if let Some(vars) = meta.get(&*host) {
                        self.host_vars(inventory, &host, vars)?;
                    }
                }
            }
            Some(other) => return Err(self.wrong(&mistyped("_meta.hostvars", other, "dict"))),
            None => {
                for host in hosts {
                    let output = self.run(&["--host", &host])?;
                    if output.trim_ascii().is_empty() {
                        continue;
                    }
                    let vars = serde_json::from_slice(&output).map_err(|error| {
                        self.wrong(&format!("Inventory script result for host '{host}' could not be parsed as JSON: {error}"))
                    })?;
                    self.host_vars(inventory, &host, &vars)?;
                }
            }
        }
        Ok(())
    }

    fn group(&self, inventory: &mut Inventory, name: &str, data: &Json, hosts: &mut IndexSet<Arc<str>>) -> Result<(), Diagnostic> {
        let group = inventory.ensure_group(name);
        let mut add_hosts = |inventory: &mut Inventory, names: &Json| {
            let Json::Array(names) = names else { return Err(self.wrong(&mistyped(&format!("{name}.hosts"), names, "list"))) };
            for name in names.iter().filter_map(Json::as_str) {
                let host = inventory.ensure_host(name, Some(self.path));
                inventory.join(&group, &host);
                hosts.insert(host);
            }
            Ok(())
        };
        let Json::Object(parts) = data else { return add_hosts(inventory, data) };
        if !["hosts", "vars", "children"].iter().any(|part| parts.contains_key(*part)) {
            // The oldest form: a host of the group's name, and its variables, which are nobody's templates.
            inventory.warn(
                Diagnostic::warning(format!("Treating malformed group '{name}' as the sole host of that group")).help(format!(
                    "the inventory script {} should print `hosts`, `vars` or `children` in every group",
                    self.path.display()
                )),
            );
            add_hosts(inventory, &Json::Array(vec![name.into()]))?;
            return self.set_group_vars(inventory, &group, parts, false);
        }
        if let Some(hosts) = parts.get("hosts") {
            add_hosts(inventory, hosts)?;
        }
        match parts.get("vars") {
            None => {}
            Some(Json::Object(vars)) => self.set_group_vars(inventory, &group, vars, true)?,
            Some(other) => return Err(self.wrong(&mistyped(&format!("{name}.vars"), other, "dict"))),
        }
        for child in parts.get("children").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            let child = inventory.ensure_group(child);
            inventory.adopt(&group, &child).map_err(|reason| self.wrong(&reason))?;
        }
        Ok(())
    }

    fn set_group_vars(
        &self,
        inventory: &mut Inventory,
        group: &Arc<str>,
        vars: &Map<String, Json>,
        trusted: bool,
    ) -> Result<(), Diagnostic> {
        for (key, value) in vars {
            let node = self.node(value)?;
            inventory.set_group_var(group, key, if trusted { node } else { node.tagged(Tag::Unsafe) })?;
        }
        Ok(())
    }

    fn host_vars(&self, inventory: &mut Inventory, host: &Arc<str>, vars: &Json) -> Result<(), Diagnostic> {
        let Json::Object(vars) = vars else {
            return Err(
                self.wrong(&format!("Invalid data from file, expected dictionary and got {} for the host `{host}`", type_name(vars)))
            );
        };
        for (key, value) in vars {
            inventory.set_host_var(host, key, self.node(value)?);
        }
        Ok(())
    }

    /// JSON as nodes. Text may be a template, unless it is marked as unsafe.
    fn node(&self, json: &Json) -> Result<Node, Diagnostic> {
        let kind = match json {
            Json::Null => Kind::Null,
            Json::Bool(flag) => Kind::Bool(*flag),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Kind::Int(whole),
                (None, Some(float)) if !number.is_u64() => Kind::Float(float),
                _ => Kind::Str(number.to_string().into()),
            },
            Json::String(text) => Kind::Str(text.as_str().into()),
            Json::Array(items) => Kind::List(items.iter().map(|item| self.node(item)).collect::<Result<_, _>>()?),
            Json::Object(map) => {
                for (key, tag) in [("__ansible_unsafe", Tag::Unsafe), ("__ansible_vault", Tag::Vault)] {
                    match map.get(key) {
                        Some(Json::String(text)) if map.len() == 1 => {
                            return Ok(Node::scalar(Kind::Str(text.as_str().into()), self.place.clone(), Some(tag), true));
                        }
                        Some(_) => {
                            return Err(self.wrong(&format!(
                                "Inventory script result could not be parsed as JSON: `{key}` must stand alone, with a string"
                            )));
                        }
                        None => {}
                    }
                }
                let entry = |(key, value): (&String, &Json)| Ok((Node::string(key, &self.place), self.node(value)?));
                Kind::Map(map.iter().map(entry).collect::<Result<_, Diagnostic>>()?)
            }
        };
        Ok(Node::scalar(kind, self.place.clone(), None, true))
    }

    /// The script's output for some arguments. What it prints may hold secrets: no message and no source repeats it.
    fn run(&mut self, arguments: &[&str]) -> Result<Vec<u8>, Diagnostic> {
        let program = std::path::absolute(self.path).unwrap_or_else(|_| self.path.to_owned());
        let shown = format!("{} {}", self.path.display(), arguments.join(" "));
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Diagnostic::error(format!("Failed to execute inventory script command {shown}: {error}")))?;
        let errors = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if !output.status.success() {
            let failed = Diagnostic::error(match output.status.code() {
                Some(code) => format!("Inventory script returned non-zero exit code {code}: {shown}"),
                None => format!("Inventory script was stopped ({}): {shown}", output.status),
            });
            return Err(with_errors(failed, &errors));
        }
        if std::str::from_utf8(&output.stdout).is_err() {
            let failed = self.wrong("Inventory script result contained characters that cannot be interpreted as UTF-8");
            return Err(with_errors(failed, &errors));
        }
        if !errors.is_empty() {
            self.said.insert(errors);
        }
        self.place = nowhere(self.path, &arguments.join(" "));
        Ok(output.stdout)
    }

    fn wrong(&self, reason: &str) -> Diagnostic {
        let said = self.said.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        with_errors(Diagnostic::error(format!("the inventory script {} answers wrongly: {reason}", self.path.display())), &said)
    }
}

fn with_errors(error: Diagnostic, said: &str) -> Diagnostic {
    if said.is_empty() { error } else { error.help(format!("it said: {said}")) }
}

fn nowhere(path: &Path, arguments: &str) -> Span {
    let source = Arc::new(Source { path: format!("{} {arguments}", path.display()).into(), text: "".into() });
    Span::locate(&source, 0, 0)
}

fn mistyped(what: &str, found: &Json, wanted: &str) -> String {
    format!("Value contains '{what}' which is '{}' instead of '{wanted}'", type_name(found))
}

/// As Python names it, which is what scripts are mostly written in.
fn type_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "NoneType",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "float",
        Json::Number(_) => "int",
        Json::String(_) => "str",
        Json::Array(_) => "list",
        Json::Object(_) => "dict",
    }
}
