//! `validate_argument_spec`: checks a role's variables against `meta/argument_specs.yml`.

use serde_json::{Map, Value as Json};

use super::{Action, Context, Done};
use crate::arguments;
use crate::diag::nearest;
use crate::modules::arguments::Value as _;
use crate::plan::Failure;
use crate::template::{Var, render};
use crate::value::Value;

arguments! {
    /// Checks variables against a specification of a role's arguments.
    pub(crate) struct ValidateArgumentSpec {
        /// Options by name: `type`, `required`, `choices`, `default`, `elements`, `options`.
        argument_spec: Json,
        /// The role that they belong to, for messages.
        role: String = String::new(),
        /// Values given here win over variables.
        provided_arguments: Map<String, Json> = Map::new(),
    }
}

impl Action for ValidateArgumentSpec {
    const NAME: &'static str = "ansible.builtin.validate_argument_spec";
    const RAW: &'static [&'static str] = &["argument_spec"];
    const EXAMPLES: &'static str = "- ansible.builtin.validate_argument_spec:\n    argument_spec:\n      port: {type: int, required: true}\n    provided_arguments:\n      port: 80\n";
    const RETURNS: &'static str = "argument_errors: what is wrong, a sentence each";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let Json::Object(spec) = &self.argument_spec else {
            return Err(Failure::argument("argument_spec", "`argument_spec` must be a dictionary"));
        };
        let mut errors = Vec::new();
        for (name, about) in spec {
            let value = match (self.provided_arguments.get(name), context.scope.get(name)) {
                (Some(given), _) => Some(given.clone()),
                (None, None) => None,
                (None, Some(Var::Value(value))) => value.to_json().ok(),
                (None, Some(Var::Node(node))) => {
                    match render(&node, context.scope).and_then(|v| if matches!(v, Value::Omit) { Ok(Json::Null) } else { v.to_json() }) {
                        Ok(json) => Some(json),
                        Err(problem) => {
                            errors.push(format!("{name}: {problem}"));
                            continue;
                        }
                    }
                }
            };
            check(name, value.as_ref(), about, &mut errors);
        }
        if errors.is_empty() {
            return Ok(Done::default().with("msg", "The arg spec validation passed"));
        }
        let of_role = if self.role.is_empty() { String::new() } else { format!(" of role {}", self.role) };
        let msg = format!("Validation of arguments{of_role} failed:\n{}", errors.join("\n"));
        Err(Failure::new(msg).with("argument_errors", errors))
    }
}

/// docs.ansible.com, "Role argument validation", "Specification format".
fn check(name: &str, value: Option<&Json>, about: &Json, errors: &mut Vec<String>) {
    let Some(value) = value.filter(|v| !v.is_null()) else {
        if about["required"].as_bool() == Some(true) {
            errors.push(format!("missing required arguments: {name}"));
        }
        return;
    };
    let kind = about["type"].as_str().unwrap_or("str");
    if let Err(why) = parse(kind, value) {
        errors.push(format!("argument `{name}` {why}"));
        return;
    }
    if let Some(choices) = about["choices"].as_array() {
        let text = |v: &Json| String::parse(v).unwrap_or_default();
        let given: Vec<&Json> = value.as_array().map_or_else(|| vec![value], |items| items.iter().collect());
        for one in given.into_iter().filter(|one| !choices.iter().any(|c| text(c) == text(one))) {
            let words: Vec<String> = choices.iter().map(text).collect();
            let near = nearest(&text(one), words.iter().map(String::as_str)).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
            errors.push(format!("value of {name} must be one of: {}, got: {}{near}", words.join(", "), text(one)));
        }
    }
    let elements = about["elements"].as_str();
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(elements) = elements
            && let Err(why) = parse(elements, item)
        {
            errors.push(format!("element {} of `{name}` {why}", at + 1));
        }
    }
    if let Some(options) = about["options"].as_object() {
        let inner: Vec<&Map<String, Json>> = match value {
            Json::Array(items) => items.iter().filter_map(Json::as_object).collect(),
            Json::Object(map) => vec![map],
            _ => Vec::new(),
        };
        for map in inner {
            for key in map.keys().filter(|key| {
                !options.contains_key(*key)
                    && !options.values().any(|o| o["aliases"].as_array().is_some_and(|a| a.iter().any(|n| n == *key)))
            }) {
                let near = nearest(key, options.keys().map(String::as_str)).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
                errors.push(format!("`{name}` has no option `{key}`{near}"));
            }
            for (key, about) in options {
                check(&format!("{name}.{key}"), map.get(key), about, errors);
            }
        }
    }
}

fn parse(kind: &str, value: &Json) -> Result<(), String> {
    match kind {
        "str" | "string" => match value {
            Json::Array(_) | Json::Object(_) => Err(format!("must be a string, not {}", crate::modules::arguments::kind_of(value))),
            _ => Ok(()),
        },
        "path" => std::path::PathBuf::parse(value).map(|_| ()),
        "bool" | "boolean" => bool::parse(value).map(|_| ()),
        "int" | "integer" => i64::parse(value).map(|_| ()),
        "float" => f64::parse(value).map(|_| ()),
        "list" => Vec::<Json>::parse(value).map(|_| ()),
        "dict" => Map::<String, Json>::parse(value).map(|_| ()),
        _ => Ok(()),
    }
}
