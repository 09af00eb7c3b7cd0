//! Values on their way to Python and back, as JSON. What JSON has not is a dictionary with [`MARK`]: what it is, and `of`.

use std::sync::Arc;

use serde_json::{Map as Object, Value as Json, json};

use super::object::Remote;
use crate::diag::Diagnostic;
use crate::template;
use crate::value::{Map, Undefined, Value};

/// No key that anybody has.
const MARK: &str = "\u{0}";

/// # Errors
/// An object has no plain value.
pub(super) fn out(value: &Value) -> Result<Json, Diagnostic> {
    let all = |items: &[Value]| items.iter().filter(|item| !matches!(item, Value::Omit)).map(out).collect::<Result<Vec<_>, _>>();
    Ok(match value {
        Value::Undefined(undefined) => marked("undefined", Json::from(undefined.error().message)),
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => match serde_json::Number::from_f64(*number) {
            Some(number) => Json::Number(number),
            None => marked("float", Json::from(crate::value::float_text(*number))),
        },
        Value::Str(text) => Json::from(&**text),
        Value::List(items) => Json::Array(all(items)?),
        Value::Tuple(items) => marked("tuple", Json::Array(all(items)?)),
        Value::Map(map) if map.keys().all(|key| key.as_str().is_some_and(|key| key != MARK)) => {
            let mut object = Object::new();
            for (key, value) in map.iter().filter(|(_, value)| !matches!(value, Value::Omit)) {
                object.insert(key.to_string(), out(value)?);
            }
            Json::Object(object)
        }
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, value)| Ok(json!([out(key)?, out(value)?])));
            marked("dict", Json::Array(pairs.collect::<Result<_, Diagnostic>>()?))
        }
        Value::Omit => marked("omit", Json::Null),
        Value::Object(object) if template::is_big(object) => marked("int", Json::from(value.to_string())),
        Value::Object(object) if object.type_name() == "HostVars" => lazy(&["hostvars".into()]),
        Value::Object(object) => match Remote::number(object) {
            Some(number) => marked("object", Json::from(number)),
            None if template::moment_of(value).is_some() => marked("datetime", Json::from(value.to_string())),
            None => match object.plain()? {
                Value::Object(_) => Json::from(value.to_string()),
                plain => out(&plain)?,
            },
        },
    })
}

/// A text that is a template, as written.
pub(super) fn template(text: &str) -> Json {
    marked("template", Json::from(text))
}

/// What a path of keys leads to, to be asked for.
pub(super) fn lazy(path: &[Json]) -> Json {
    marked("lazy", Json::Array(path.to_vec()))
}

/// The text of one that came back.
pub(super) fn as_template(json: &Json) -> Option<&str> {
    json.get(MARK).filter(|what| *what == "template").and_then(|_| json["of"].as_str())
}

fn marked(what: &str, of: Json) -> Json {
    json!({MARK: what, "of": of})
}

pub(super) fn back(json: &Json) -> Value {
    match json {
        Json::Array(items) => Value::list(items.iter().map(back)),
        Json::Object(object) => match object.get(MARK).and_then(Json::as_str) {
            Some(what) => unmarked(what, object),
            None => Value::map(object.iter().map(|(key, value)| (Value::str(key), back(value)))),
        },
        plain => Value::from_json(plain),
    }
}

fn unmarked(what: &str, object: &Object<String, Json>) -> Value {
    let of = &object["of"];
    let text = of.as_str().unwrap_or_default();
    match what {
        "tuple" => Value::Tuple(Arc::new(of.as_array().into_iter().flatten().map(back).collect())),
        "dict" => {
            let pairs = of.as_array().into_iter().flatten().filter_map(|pair| Some((back(pair.get(0)?), back(pair.get(1)?))));
            Value::Map(Arc::new(pairs.collect::<Map>()))
        }
        "float" => match text {
            "inf" => Value::Float(f64::INFINITY),
            "-inf" => Value::Float(f64::NEG_INFINITY),
            _ => Value::Float(f64::NAN),
        },
        "int" => template::parse_big(text, 10).unwrap_or(Value::Null),
        "template" => Value::str(text),
        "undefined" => Value::Undefined(Arc::new(Undefined { hint: Some(text.to_owned()), ..Undefined::default() })),
        "omit" => Value::Omit,
        "datetime" => text.parse().map_or_else(|_| Value::str(text), template::moment),
        "object" => Value::Object(Arc::new(Remote::new(of))),
        _ => Value::Null,
    }
}

/// What Python answered to a call.
///
/// # Errors
/// The plugin failed: its words, and where it was.
pub(super) fn result(answer: &Json, failed: &dyn Fn(String) -> Diagnostic) -> Result<Value, Diagnostic> {
    let Some(why) = answer.get("failed") else { return Ok(back(&answer["ok"])) };
    let text = why.as_str().unwrap_or_default().to_owned();
    if answer["undefined"] == true {
        return Err(Diagnostic { undefined: true, ..Diagnostic::error(text) });
    }
    let problem = failed(text);
    Err(match answer["place"].as_str() {
        Some(place) => problem.help(place),
        None => problem,
    })
}
