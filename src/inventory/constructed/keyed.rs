//! An entry of `keyed_groups`: groups named after what an expression gives.

use crate::diag::{Diagnostic, Diagnostics};
use crate::inventory::plugin::{Options, Variables, expression};
use crate::template::{evaluate, render_text};
use crate::value::Value;
use crate::yaml::Node;

const OPTIONS: [&str; 6] = ["key", "prefix", "separator", "parent_group", "default_value", "trailing_separator"];

pub(super) struct Keyed {
    pub(super) key: Node,
    /// What stands before every name, its separator with it.
    head: String,
    separator: String,
    parent: Option<Node>,
    /// Stands for a value that is empty.
    default: Option<String>,
    /// Whether a key without a value ends with the separator.
    trailing: bool,
}

impl Keyed {
    pub(super) fn new(node: &Node, leading: bool, problems: &mut Diagnostics) -> Option<Keyed> {
        if node.as_map().is_none() {
            problems.push(node.error(format!("an entry of `keyed_groups` must be a dictionary, this is {}", node.kind_name())));
            return None;
        }
        let options = Options::new(node, &OPTIONS, problems);
        let prefix = problems.collect(options.text("prefix"))?.unwrap_or_default();
        let separator = problems.collect(options.text("separator"))?.unwrap_or_else(|| "_".into());
        let default = problems.collect(options.text("default_value"))?.filter(|_| options.get("default_value").is_some());
        if let (Some(_), Some(trailing)) = (&default, options.get("trailing_separator")) {
            problems.push(trailing.error("`default_value` and `trailing_separator` exclude each other").help("remove one of them"));
            return None;
        }
        // Without a key no expression fails later, which non-strict files rely on.
        let key = options.get("key").cloned().unwrap_or_else(|| Node::new(crate::yaml::Kind::Null, node.span().clone()));
        let head = if prefix.is_empty() && !leading { String::new() } else { format!("{prefix}{separator}") };
        let trailing = problems.collect(options.flag("trailing_separator", true))?;
        Some(Keyed { key, head, separator, parent: options.get("parent_group").cloned(), default, trailing })
    }

    /// What the expression gives; an empty one is an error.
    pub(super) fn key(&self, scope: &Variables) -> Result<Value, Diagnostic> {
        let value = evaluate(expression(&self.key)?, scope)?;
        let text_for_nothing = self.default.is_some() && (value.as_str() == Some("") || matches!(value, Value::Null));
        if value.is_true() || text_for_nothing {
            return Ok(value);
        }
        Err(self.key.error("this gives nothing to name a group by").help("`default_value` names a group for such hosts"))
    }

    pub(super) fn parent(&self, scope: &Variables) -> Result<Option<String>, Diagnostic> {
        self.parent.as_ref().map(|node| render_text(node, scope)).transpose()
    }

    /// The names of groups that a key stands for.
    pub(super) fn names(&self, key: &Value) -> Result<Vec<String>, Diagnostic> {
        let or_default = |value: &Value| match &self.default {
            Some(default) if is_empty(value) => default.clone(),
            _ => value.to_string(),
        };
        let parts: Vec<String> = match key {
            Value::Str(_) | Value::Null => vec![or_default(key)],
            Value::List(items) | Value::Tuple(items) => items.iter().map(or_default).collect(),
            Value::Map(map) => map
                .iter()
                .map(|(name, value)| match is_empty(value) && self.default.is_none() && !self.trailing {
                    true => name.to_string(),
                    false => format!("{name}{}{}", self.separator, or_default(value)),
                })
                .collect(),
            _ => {
                let error = self.key.error("a group is named by a string, a list or a dictionary, this gives something else");
                return Err(error.help("`| string` makes a string of it"));
            }
        };
        Ok(parts.into_iter().map(|part| format!("{}{part}", self.head)).collect())
    }
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str() == Some("")
}
