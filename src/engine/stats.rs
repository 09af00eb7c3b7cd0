//! Figures of `set_stats`, for the end of the run.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::value::{Map, Value};

/// By host; those of the whole run under no name.
#[derive(Default)]
pub(super) struct Stats(IndexMap<Option<Arc<str>>, Map>);

impl Stats {
    /// Keeps figures. `aggregate`: with what is there, where both are of one kind.
    pub(super) fn add(&mut self, of: Option<Arc<str>>, values: Vec<(Arc<str>, Value)>, aggregate: bool) {
        let known = self.0.entry(of).or_default();
        for (name, value) in values {
            let key = Value::Str(name);
            let value = match known.get(&key).filter(|_| aggregate) {
                Some(before) => together(before, value),
                None => value,
            };
            known.insert(key, value);
        }
    }

    /// Hosts in order of name, then the whole run, which is called RUN.
    pub(super) fn shown(&self) -> Vec<(String, Value)> {
        let value = |map: &Map| Value::Map(Arc::new(map.clone()));
        let mut hosts: Vec<(String, Value)> =
            self.0.iter().filter_map(|(host, map)| Some((host.as_ref()?.to_string(), value(map)))).collect();
        hosts.sort_by(|a, b| a.0.cmp(&b.0));
        hosts.extend(self.0.get(&None).map(|map| ("RUN".to_owned(), value(map))));
        hosts
    }
}

fn together(before: &Value, value: Value) -> Value {
    match (before, &value) {
        (Value::Int(a), Value::Int(b)) => Value::Int(a + b),
        (Value::Int(a), Value::Float(b)) => Value::Float(*a as f64 + b),
        (Value::Float(a), Value::Int(b)) => Value::Float(a + *b as f64),
        (Value::Float(a), Value::Float(b)) => Value::Float(a + b),
        (Value::Str(a), Value::Str(b)) => Value::str(format!("{a}{b}")),
        (Value::List(a), Value::List(b)) => Value::list(a.iter().chain(b.iter()).cloned()),
        (Value::Map(a), Value::Map(b)) => Value::map(a.iter().chain(b.iter()).map(|(key, value)| (key.clone(), value.clone()))),
        _ => value,
    }
}
