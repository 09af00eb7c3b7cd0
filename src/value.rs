//! What templates compute with and tasks return. Strings here are final: nothing in a value is rendered again.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};
use serde_json::Value as Json;

use crate::diag::{Diagnostic, Span};
use crate::yaml::{Kind, Node};

/// Insertion-ordered, as Python's are.
pub type Map = IndexMap<Value, Value>;

/// Cheap to clone; containers are shared and copied on write.
#[derive(Clone)]
pub enum Value {
    /// Remembers its name, so that the error for using it can say which.
    Undefined(Arc<Undefined>),
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    List(Arc<Vec<Value>>),
    Tuple(Arc<Vec<Value>>),
    Map(Arc<Map>),
    /// The magic `omit`: the argument is left out.
    Omit,
    /// Something lazy or callable that only templates see: hostvars, loop, namespace, macros.
    Object(Arc<dyn Object>),
}

#[derive(Clone, Debug, Default)]
pub struct Undefined {
    /// As in `foo.bar`.
    pub name: String,
    /// Where the name is used.
    pub span: Option<Span>,
    /// What to say instead of "is undefined".
    pub hint: Option<String>,
    /// A name that exists and is near to it.
    pub similar: Option<String>,
}

/// Behaviour of [`Value::Object`].
pub trait Object: fmt::Debug + Send + Sync + Any {
    /// As Python's type() would name it.
    fn type_name(&self) -> &'static str;
    /// Attribute or item.
    fn get(&self, key: &Value) -> Result<Option<Value>, Diagnostic>;
    /// Keys or items, for iteration; `None` where it is not iterable.
    fn iter(&self) -> Result<Option<Vec<Value>>, Diagnostic> {
        Ok(None)
    }
    fn call(&self, arguments: &[Value], keywords: &[(Arc<str>, Value)]) -> Result<Value, Diagnostic> {
        let _ = (arguments, keywords);
        Err(Diagnostic::error(format!("{} is not callable", self.type_name())))
    }
    /// The plain value, where there is one (hostvars → a dictionary of all).
    fn plain(&self) -> Result<Value, Diagnostic>;
}

impl Value {
    pub fn str(text: impl AsRef<str>) -> Value {
        Value::Str(text.as_ref().into())
    }

    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::List(Arc::new(items.into_iter().collect()))
    }

    pub fn map(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
        Value::Map(Arc::new(entries.into_iter().collect()))
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Lists and tuples.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value under a string key of a dictionary.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// Python's truth.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Undefined(_) | Value::Null => false,
            Value::Bool(flag) => *flag,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::List(items) | Value::Tuple(items) => !items.is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Omit | Value::Object(_) => true,
        }
    }

    /// Without rendering: templates in the node stay as they are written.
    pub fn from_node(node: &Node) -> Value {
        match node.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Int(number) => Value::Int(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::Str(text) => Value::Str(text.clone()),
            Kind::List(items) => Value::list(items.iter().map(Value::from_node)),
            Kind::Map(entries) => Value::map(entries.iter().map(|(k, v)| (Value::from_node(k), Value::from_node(v)))),
        }
    }

    pub fn from_json(json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::str(text),
            Json::Array(items) => Value::list(items.iter().map(Value::from_json)),
            Json::Object(map) => Value::map(map.iter().map(|(k, v)| (Value::str(k), Value::from_json(v)))),
        }
    }

    /// For module arguments and output. Keys become strings; omitted entries are left out; objects become plain.
    pub fn to_json(&self) -> Result<Json, Diagnostic> {
        Ok(match self {
            Value::Undefined(undefined) => return Err(undefined.error()),
            Value::Null | Value::Omit => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
            Value::Str(text) => Json::String(text.to_string()),
            Value::List(items) | Value::Tuple(items) => {
                Json::Array(items.iter().filter(|v| !matches!(v, Value::Omit)).map(Value::to_json).collect::<Result<_, _>>()?)
            }
            Value::Map(map) => {
                let mut object = serde_json::Map::new();
                for (key, value) in map.iter().filter(|(_, v)| !matches!(v, Value::Omit)) {
                    let name = match key {
                        Value::Bool(flag) => flag.to_string(),
                        other => other.to_string(),
                    };
                    object.insert(name, value.to_json()?);
                }
                Json::Object(object)
            }
            Value::Object(object) => object.plain()?.to_json()?,
        })
    }
}

impl Undefined {
    pub fn error(&self) -> Diagnostic {
        let message = match &self.hint {
            Some(hint) => hint.clone(),
            None => format!("`{}` is undefined", self.name),
        };
        let error = Diagnostic { undefined: true, ..Diagnostic::error(message) }.or_at(self.span.as_ref());
        match &self.similar {
            Some(similar) => error.help(format!("did you mean `{similar}`?")),
            None => error,
        }
    }
}

/// As Python's `repr(float)` writes it: the shortest digits that give the number back, with an exponent below 1e-4 and from 1e16.
pub fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        // Rust writes `1e-7`, Python `1e-07`.
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    if number.fract() == 0.0 { format!("{number:.1}") } else { format!("{number}") }
}

/// As Python's `str()` writes it: the text itself for strings, a repr for containers.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Str(text) => f.write_str(text),
            Value::Object(object) => match object.plain() {
                Ok(Value::Object(_)) | Err(_) => write!(f, "<{}>", object.type_name()),
                Ok(plain) => fmt::Display::fmt(&plain, f),
            },
            other => fmt::Debug::fmt(other, f),
        }
    }
}

/// As Python's `repr()` writes it.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = |f: &mut fmt::Formatter<'_>, items: &[Value]| {
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                write!(f, "{item:?}")?;
            }
            Ok(())
        };
        match self {
            Value::Undefined(_) => f.write_str("Undefined"),
            Value::Null => f.write_str("None"),
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Float(number) => f.write_str(&float_text(*number)),
            Value::Str(text) => {
                let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
                write!(f, "{quote}")?;
                for c in text.chars() {
                    match c {
                        '\n' => f.write_str("\\n")?,
                        '\t' => f.write_str("\\t")?,
                        '\r' => f.write_str("\\r")?,
                        '\\' => f.write_str("\\\\")?,
                        c if c == quote => write!(f, "\\{c}")?,
                        c if c.is_control() || c == '\u{a0}' || c == '\u{ad}' => write!(f, "\\x{:02x}", c as u32)?,
                        c => write!(f, "{c}")?,
                    }
                }
                write!(f, "{quote}")
            }
            Value::List(list) => {
                f.write_str("[")?;
                items(f, list)?;
                f.write_str("]")
            }
            Value::Tuple(list) => {
                f.write_str("(")?;
                items(f, list)?;
                f.write_str(if list.len() == 1 { ",)" } else { ")" })
            }
            Value::Map(map) => {
                f.write_str("{")?;
                for (i, (key, value)) in map.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key:?}: {value:?}")?;
                }
                f.write_str("}")
            }
            Value::Omit => f.write_str("<<Omit>>"),
            Value::Object(object) => match object.plain() {
                Ok(Value::Object(_)) | Err(_) => write!(f, "<{}>", object.type_name()),
                // What stands for an object, not a text.
                Ok(Value::Str(text)) => f.write_str(&text),
                Ok(plain) => fmt::Debug::fmt(&plain, f),
            },
        }
    }
}

impl PartialEq for Value {
    /// Python's `==`: `1 == 1.0 == True`.
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Undefined(_), Value::Undefined(_)) | (Value::Null, Value::Null) | (Value::Omit, Value::Omit) => true,
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

impl Eq for Value {}

impl Value {
    /// Numbers and booleans as a float; whole numbers beyond 2^53 lose digits only here.
    fn number(&self) -> Option<f64> {
        match self {
            Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }
}

impl Hash for Value {
    /// A string hashes as `str` does, so that maps answer to `&str`.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Value::Str(text) => text.as_ref().hash(state),
            Value::List(items) | Value::Tuple(items) => items.iter().for_each(|item| item.hash(state)),
            other => match other.number() {
                Some(number) => (number + 0.0).to_bits().hash(state),
                None => std::mem::discriminant(other).hash(state),
            },
        }
    }
}

impl Equivalent<Value> for str {
    fn equivalent(&self, key: &Value) -> bool {
        key.as_str() == Some(self)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::str(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Str(text.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}
