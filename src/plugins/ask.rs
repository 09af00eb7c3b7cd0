//! What a plugin asks while it runs: variables, templates, files, YAML, other lookups.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::carry;
use super::process::Turn;
use crate::diag::{Diagnostic, Source};
use crate::template::{self, Overlay, Scope, Var, VarMap};
use crate::value::Value;
use crate::yaml::{self, Kind, Node};

/// The answer to a question: `ok`, or `failed` with why.
pub(super) fn answer(asked: &Json, scope: &dyn Scope, python: &mut Turn) -> Json {
    let text = asked["of"].as_str().unwrap_or_default();
    let answered = match asked["ask"].as_str().unwrap_or_default() {
        // Magic ones may have no value.
        "names" => Ok(json!(scope.names().iter().filter(|name| scope.get(name).is_some()).map(ToString::to_string).collect::<Vec<_>>())),
        "variable" => match scope.get(text) {
            None => return json!({"nothing": true}),
            Some(Var::Value(value)) => python.within(|| known(&value, &[json!(text)])),
            Some(Var::Node(node)) => python.within(|| written(&node, scope)),
        },
        "item" => match python.within(|| item(&asked["path"], Some(&asked["of"]), scope)) {
            Ok(None) => return json!({"nothing": true}),
            Ok(Some((value, path))) => python.within(|| known(&value, &path)),
            Err(problem) => Err(problem),
        },
        "keys" => python.within(|| match item(&asked["path"], None, scope)? {
            Some((Value::Object(object), _)) => carry::out(&Value::list(object.iter()?.unwrap_or_default())),
            _ => Ok(json!([])),
        }),
        "render" => python.within(|| render(text, &asked["vars"], scope)),
        "find" => {
            let found = scope.paths().find(asked["sub"].as_str().unwrap_or_default(), text);
            Ok(json!(found.map(|path| std::path::absolute(&path).unwrap_or(path))))
        }
        "candidates" => Ok(json!(scope.paths().candidates(asked["sub"].as_str().unwrap_or_default(), text))),
        "folders" => Ok(json!(scope.paths().folders)),
        "yaml" => parse(text, scope),
        "decrypt" => scope.decrypt(text).map(Json::from),
        "warning" => {
            scope.warn(Diagnostic::warning(text));
            Ok(Json::Null)
        }
        "lookup" => python.within(|| {
            let terms = asked["terms"].as_array().into_iter().flatten().map(carry::back).collect();
            let keywords = asked["keywords"].as_object().cloned().unwrap_or_default();
            let options: Vec<(&str, Value)> = keywords.iter().map(|(name, value)| (name.as_str(), carry::back(value))).collect();
            carry::out(&Value::list(template::lookup(text, terms, &options, scope)?))
        }),
        other => Err(Diagnostic::error(format!("{other}: not available"))),
    };
    match answered {
        Ok(json) => json!({"ok": json}),
        Err(problem) => json!({"failed": problem.message, "undefined": problem.undefined}),
    }
}

/// A variable that is a value; one that leads to others, as hostvars, is not followed before it is used.
fn known(value: &Value, path: &[Json]) -> Result<Json, Diagnostic> {
    match value {
        Value::Object(object) if matches!(object.type_name(), "HostVars" | "dict") => Ok(carry::lazy(path)),
        other => carry::out(other),
    }
}

/// What a path of keys leads to from a variable, and that path.
fn item(path: &Json, key: Option<&Json>, scope: &dyn Scope) -> Result<Option<(Value, Vec<Json>)>, Diagnostic> {
    let path: Vec<Json> = path.as_array().into_iter().flatten().chain(key).cloned().collect();
    let Some((first, rest)) = path.split_first() else { return Ok(None) };
    let Some(Var::Value(mut value)) = scope.get(first.as_str().unwrap_or_default()) else { return Ok(None) };
    for key in rest {
        let key = carry::back(key);
        let found = match &value {
            Value::Object(object) => object.get(&key)?,
            Value::Map(map) => map.get(&key).cloned(),
            _ => None,
        };
        match found {
            Some(found) => value = found,
            None => return Ok(None),
        }
    }
    Ok(Some((value, path)))
}

/// A variable as Ansible gives it: its templates are not rendered, and known as such.
fn written(node: &Node, scope: &dyn Scope) -> Result<Json, Diagnostic> {
    Ok(match node.kind() {
        _ if node.tag().is_some() => carry::out(&template::variable(&Var::Node(node.clone()), scope)?)?,
        Kind::Str(text) if template::is_template(text) => carry::template(text),
        Kind::List(items) => Json::Array(items.iter().map(|item| written(item, scope)).collect::<Result<_, _>>()?),
        Kind::Map(entries) if entries.iter().all(|(key, _)| key.as_str().is_some()) => {
            let pair = |(key, value): &(Node, Node)| Ok((key.as_str().unwrap_or_default().to_owned(), written(value, scope)?));
            Json::Object(entries.iter().map(pair).collect::<Result<JsonMap<_, _>, Diagnostic>>()?)
        }
        _ => carry::out(&Value::from_node(node))?,
    })
}

/// Renders a text that Python knows as a template, with more variables where it set some.
fn render(text: &str, vars: &Json, scope: &dyn Scope) -> Result<Json, Diagnostic> {
    let node = Node::string(text, &yaml::nowhere("plugin", text));
    let var = |value: &Json| match carry::as_template(value) {
        Some(text) => Var::Node(Node::string(text, &yaml::nowhere("plugin", text))),
        None => Var::Value(carry::back(value)),
    };
    let extra: VarMap = vars.as_object().into_iter().flatten().map(|(name, value)| (Arc::from(name.as_str()), var(value))).collect();
    carry::out(&template::render(&node, &Overlay { inner: scope, extra })?)
}

/// The first document of a YAML text.
fn parse(text: &str, scope: &dyn Scope) -> Result<Json, Diagnostic> {
    let text = if crate::vault::is_encrypted(text) { scope.decrypt(text)? } else { text.to_owned() };
    let loaded = yaml::load(&Arc::new(Source { path: Path::new("<plugin>").to_owned(), text: text.into() }))?;
    loaded.documents.first().map_or(Ok(Json::Null), |node| carry::out(&Value::from_node(node)))
}
