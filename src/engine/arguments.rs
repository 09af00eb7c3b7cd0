//! What a task tells its module: its own arguments over `module_defaults`.

use std::borrow::Cow;

use serde_json::{Map as JsonMap, Value as Json};

use super::attempt::Attempt;
use crate::diag::Diagnostic;
use crate::template::{expressions, render, type_name};
use crate::value::Value;
use crate::vars::TaskScope;
use crate::yaml::Node;
use crate::{actions, modules};

impl Attempt {
    /// The task's arguments over `module_defaults`, rendered; those in `raw` are left to the action.
    pub(super) fn arguments(&self, scope: &TaskScope, raw: &[&str]) -> Result<JsonMap<String, Json>, Diagnostic> {
        let mut all = JsonMap::new();
        for node in self.frame.module_defaults() {
            self.add_defaults(node, scope, &mut all)?;
        }
        let action = &self.task.action;
        if let Some(node) = &action.rendered_arguments {
            match render(node, scope)? {
                Value::Map(map) => {
                    for (key, value) in map.iter().filter(|(_, v)| !matches!(v, Value::Omit)) {
                        all.insert(key.to_string(), value.to_json()?);
                    }
                }
                Value::Omit | Value::Null => {}
                other => {
                    let what = format!("Task args must resolve to a 'dict' not '{}'.", type_name(&other));
                    return Err(node.error(what).label(format!("they became {other:?}")));
                }
            }
        }
        for (name, node) in &action.arguments {
            let rendered = self.rendered_key(name, node, scope)?;
            let name = rendered.as_ref().unwrap_or(name);
            if raw.contains(&name.as_str()) {
                all.insert(name.clone(), Value::from_node(node).to_json()?);
                continue;
            }
            let resolving = |problem: Diagnostic| problem.during(&format!("Error while resolving value for '{name}': "));
            match render(node, scope).map_err(resolving)? {
                Value::Omit => {
                    all.remove(name);
                }
                value => {
                    all.insert(name.clone(), value.to_json().map_err(|d| resolving(d.or_at(Some(node.span()))))?);
                }
            }
        }
        Ok(all)
    }

    /// The arguments as they were written; of those that a template gave, the ones that the action evaluates itself.
    pub(super) fn written(&self, raw: &[&str], scope: &TaskScope) -> Result<Cow<'_, [(String, Node)]>, Diagnostic> {
        let action = &self.task.action;
        let mut all = Cow::Borrowed(&*action.arguments);
        if !raw.is_empty() {
            // The innermost counts.
            for node in self.frame.module_defaults().into_iter().rev() {
                let ours =
                    node.as_map().unwrap_or_default().iter().filter(|(module, _)| module.as_str().is_some_and(|m| self.is_module(m)));
                for (key, value) in ours.flat_map(|(_, values)| values.as_map().unwrap_or_default()) {
                    let name = key.scalar_text().unwrap_or_default();
                    if raw.contains(&name.as_str()) && !all.iter().any(|(given, _)| *given == name) {
                        all.to_mut().push((name, value.clone()));
                    }
                }
            }
        }
        if let (Some(node), false) = (&action.rendered_arguments, raw.is_empty())
            && let Some(given) = expressions(node, scope)?
        {
            for (key, value) in given.as_map().unwrap_or_default() {
                let name = key.scalar_text().unwrap_or_default();
                if raw.contains(&name.as_str()) && action.get(&name).is_none() {
                    all.to_mut().push((name, value.clone()));
                }
            }
        }
        Ok(all)
    }

    /// Names of facts may be templates.
    fn rendered_key(&self, name: &str, node: &Node, scope: &TaskScope) -> Result<Option<String>, Diagnostic> {
        if !name.contains("{{") || self.task.action.short() != "set_fact" {
            return Ok(None);
        }
        match render(&Node::string(name, node.span()), scope)? {
            Value::Str(name) => Ok(Some(name.to_string())),
            Value::List(_) | Value::Tuple(_) => Err(node.error("Invalid variable name of type 'list'.")),
            Value::Map(_) => Err(node.error("Invalid variable name of type 'dict'.")),
            other => Err(node.error(format!("Invalid variable name '{other}' of type '{}'.", type_name(&other)))),
        }
    }

    fn add_defaults(&self, node: &Node, scope: &TaskScope, all: &mut JsonMap<String, Json>) -> Result<(), Diagnostic> {
        let rendered;
        let entries = match node.as_map() {
            Some(entries) => entries,
            None => {
                rendered = render(node, scope)?;
                let Value::Map(map) = &rendered else { return Ok(()) };
                for (module, values) in map.iter() {
                    if self.is_module(&module.to_string())
                        && let Ok(Json::Object(values)) = values.to_json()
                    {
                        all.extend(values);
                    }
                }
                return Ok(());
            }
        };
        for (module, values) in entries {
            if module.as_str().is_some_and(|m| self.is_module(m))
                && let Json::Object(values) = render(values, scope)?.to_json()?
            {
                all.extend(values);
            }
        }
        Ok(())
    }

    /// Whether a key of `module_defaults` means the task's module.
    fn is_module(&self, name: &str) -> bool {
        let full = |name: &str| actions::find(name).map(|a| a.name).or_else(|| modules::find(name).map(|m| m.name));
        let ours = full(&self.task.action.name);
        // These end in a module of the host's, and take its defaults too.
        let behind = match ours {
            Some("ansible.builtin.service") => "systemd",
            Some("ansible.builtin.package") => "apt",
            _ => "",
        };
        full(name).is_some_and(|f| [ours, full(behind)].contains(&Some(f)))
    }
}
