//! `validate_argument_spec`: checks a role's variables against `meta/argument_specs.yml`.

use serde_json::{Map, Value as Json};

use super::{Action, Context, Done};
use crate::arguments;
use crate::diag::nearest;
use crate::modules::arguments::Value as _;
use crate::plan::Failure;
use crate::template::{Var, render};
use crate::value::Value;

const HINT: &str = "; did you mean ";

arguments! {
    /// Checks variables against a specification of a role's arguments.
    pub(crate) struct ValidateArgumentSpec {
        /// Options by name: `type`, `required`, `choices`, `default`, `elements`, `options`.
        argument_spec: Json,
        /// The role that they belong to, for messages.
        role: String = String::new(),
        /// Values given here win over variables.
        provided_arguments: Map<String, Json> = Map::new(),
        /// Whose arguments they are; comes back with what is wrong.
        validate_args_context: Map<String, Json> = Map::new(),
    }
}

impl Action for ValidateArgumentSpec {
    const NAME: &'static str = "ansible.builtin.validate_argument_spec";
    const EXAMPLES: &'static str = "- ansible.builtin.validate_argument_spec:\n    argument_spec:\n      port: {type: int, required: true}\n    provided_arguments:\n      port: 80\n";
    const RETURNS: &'static str = "argument_errors: what is wrong, a sentence each";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let Json::Object(spec) = &self.argument_spec else {
            return Err(Failure::argument("argument_spec", "`argument_spec` must be a dictionary"));
        };
        let mut errors = Vec::new();
        let mut values = Map::new();
        for name in spec.keys() {
            let value = match (self.provided_arguments.get(name), context.scope.get(name)) {
                (Some(given), _) => Some(given.clone()),
                (None, None) => None,
                (None, Some(Var::Value(value))) => value.to_json().ok(),
                (None, Some(Var::Node(node))) => {
                    let value = render(&node, context.scope);
                    match value.and_then(|value| if matches!(value, Value::Omit) { Ok(None) } else { value.to_json().map(Some) }) {
                        Ok(json) => json,
                        Err(problem) => {
                            errors.push(format!("{name}: {problem}"));
                            continue;
                        }
                    }
                }
            };
            values.extend(value.map(|value| (name.clone(), value)));
        }
        check_all(spec, &values, "", &mut errors);
        if errors.is_empty() {
            return Ok(Done::default().with("msg", "The arg spec validation passed"));
        }
        let of_role = if self.role.is_empty() { String::new() } else { format!(" of role {}", self.role) };
        let msg = format!("Validation of arguments{of_role} failed:\n{}", errors.join("\n"));
        // The hint is for people; who reads the result compares the rest.
        let errors = errors.iter().map(|error| error.split(HINT).next().unwrap_or_default().into()).collect::<Vec<Json>>();
        Err(Failure::new(msg)
            .with("argument_errors", errors)
            .with("argument_spec_data", self.argument_spec.clone())
            .with("validate_args_context", self.validate_args_context))
    }
}

/// docs.ansible.com, "Role argument validation", "Specification format". `inside`: the option whose own options these are.
fn check_all(spec: &Map<String, Json>, values: &Map<String, Json>, inside: &str, errors: &mut Vec<String>) {
    let place = if inside.is_empty() { String::new() } else { format!(" found in {inside}") };
    let mut missing: Vec<&str> =
        spec.iter().filter(|(name, about)| is_required(about) && !values.contains_key(*name)).map(|(name, _)| name.as_str()).collect();
    missing.sort_unstable();
    if !missing.is_empty() {
        errors.push(format!("missing required arguments: {}{place}", missing.join(", ")));
    }
    for (name, about) in spec {
        if let Some(value) = values.get(name) {
            check(name, value, about, (inside, &place), errors);
        }
    }
}

fn is_required(about: &Json) -> bool {
    about["required"].as_bool() == Some(true)
}

/// Null is as good as nothing, but not where the option is required or has a default.
fn check_null(name: &str, about: &Json, kind: &str, place: &str, errors: &mut Vec<String>) {
    let counts = is_required(about) || !about["default"].is_null();
    let why = match kind {
        "int" | "integer" => "\"None\" cannot be converted to an int".to_owned(),
        "bool" | "boolean" | "float" | "list" | "dict" => format!("<class 'NoneType'> cannot be converted to a {kind}"),
        _ => String::new(),
    };
    if counts && !why.is_empty() {
        errors.push(format!("argument '{name}' is of type NoneType{place} and we were unable to convert to {kind}: {why}"));
    } else if let Some(choices) = about["choices"].as_array().filter(|choices| !choices.contains(&Json::Null)) {
        let words: Vec<String> = choices.iter().map(|choice| String::parse(choice).unwrap_or_default()).collect();
        let shown = if counts { "" } else { "None" };
        errors.push(format!("value of {name} must be one of: {}, got: {shown}", words.join(", ")));
    }
}

fn check(name: &str, value: &Json, about: &Json, (inside, place): (&str, &str), errors: &mut Vec<String>) {
    let kind = about["type"].as_str().unwrap_or("str");
    if value.is_null() {
        return check_null(name, about, kind, place, errors);
    }
    if let Err(why) = parse(kind, value) {
        let given = crate::template::type_name(&Value::from_json(value));
        errors.push(format!("argument '{name}' is of type {given}{place} and we were unable to convert to {kind}: {why}"));
        return;
    }
    if let Some(choices) = about["choices"].as_array() {
        let text = |v: &Json| String::parse(v).unwrap_or_default();
        let given: Vec<&Json> = value.as_array().map_or_else(|| vec![value], |items| items.iter().collect());
        for one in given.into_iter().filter(|one| !choices.iter().any(|c| text(c) == text(one))) {
            let words: Vec<String> = choices.iter().map(text).collect();
            let near = nearest(&text(one), words.iter().map(String::as_str)).map(|n| format!("{HINT}{n}?")).unwrap_or_default();
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
        let full = if inside.is_empty() { name.to_owned() } else { format!("{inside} -> {name}") };
        for map in inner {
            check_all(options, map, &full, errors);
            for key in map.keys().filter(|key| {
                !options.contains_key(*key)
                    && !options.values().any(|o| o["aliases"].as_array().is_some_and(|a| a.iter().any(|n| n == *key)))
            }) {
                let mut known: Vec<&str> = options.keys().map(String::as_str).collect();
                known.sort_unstable();
                errors.push(format!("{}.{key}. Supported parameters include: {}.", full.replace(" -> ", "."), known.join(", ")));
            }
        }
    }
}

/// As Python shows it.
fn repr(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"))
}

fn parse(kind: &str, value: &Json) -> Result<(), String> {
    match kind {
        "str" | "string" => match value {
            Json::Array(_) | Json::Object(_) => Err(format!("must be a string, not {}", crate::modules::arguments::kind_of(value))),
            _ => Ok(()),
        },
        "path" => std::path::PathBuf::parse(value).map(|_| ()),
        "bool" | "boolean" => bool::parse(value).map(|_| ()),
        "int" | "integer" => i64::parse(value).map(|_| ()).map_err(|_| format!("\"{}\" cannot be converted to an int", repr(value))),
        "float" => f64::parse(value).map(|_| ()),
        "list" => Vec::<Json>::parse(value).map(|_| ()),
        "dict" => Map::<String, Json>::parse(value).map(|_| ()),
        _ => Ok(()),
    }
}
