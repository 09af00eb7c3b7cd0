//! Objects that a plugin gave and that are no data: they stay in Python, and another plugin can have them back.

use std::any::Any;
use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::{Value as Json, json};

use super::{carry, process};
use crate::diag::Diagnostic;
use crate::value::{Object, Value};

#[derive(Debug)]
pub(super) struct Remote {
    number: u64,
    kind: &'static str,
    /// As `str()` writes it.
    text: String,
}

impl Remote {
    pub(super) fn new(json: &Json) -> Remote {
        Remote {
            number: json["number"].as_u64().unwrap_or(u64::MAX),
            kind: kept(json["type"].as_str().unwrap_or("object")),
            text: json["text"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Of an object that is in Python.
    pub(super) fn number(object: &Arc<dyn Object>) -> Option<u64> {
        let any: &dyn Any = &**object;
        any.downcast_ref::<Remote>().map(|remote| remote.number)
    }

    fn ask(&self, message: &Json) -> Result<Json, Diagnostic> {
        process::with(|python| python.ask(message, &mut |_, _| json!({"failed": "no variables are to be had here"})))
            .map_err(|why| Diagnostic::error(format!("`{}`: {why}", self.kind)))
    }
}

impl Object for Remote {
    fn type_name(&self) -> &'static str {
        self.kind
    }

    fn get(&self, key: &Value) -> Result<Option<Value>, Diagnostic> {
        let answer = self.ask(&json!({"do": "attribute", "number": self.number, "key": carry::out(key)?}))?;
        if answer.get("nothing").is_some() {
            return Ok(None);
        }
        carry::result(&answer, &|text| Diagnostic::error(text)).map(Some)
    }

    fn call(&self, arguments: &[Value], keywords: &[(Arc<str>, Value)]) -> Result<Value, Diagnostic> {
        let arguments = arguments.iter().map(carry::out).collect::<Result<Vec<_>, _>>()?;
        let keywords = keywords.iter().map(|(name, value)| Ok((name.to_string(), carry::out(value)?)));
        let keywords = keywords.collect::<Result<serde_json::Map<_, _>, Diagnostic>>()?;
        let message = json!({"do": "call", "number": self.number, "name": self.kind, "arguments": arguments, "keywords": keywords});
        carry::result(&self.ask(&message)?, &|text| Diagnostic::error(format!("`{}`: {text}", self.kind)))
    }

    fn plain(&self) -> Result<Value, Diagnostic> {
        Ok(Value::str(&self.text))
    }
}

/// Names of types are few.
fn kept(name: &str) -> &'static str {
    static NAMES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    match names.get(name) {
        Some(known) => known,
        None => {
            let text: &'static str = Box::leak(name.into());
            names.insert(text);
            text
        }
    }
}
