//! Values that only templates see: containers shared by reference, namespaces, loops, functions.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Context, Fail, Frame, Result, Unit};
use crate::diag::Diagnostic;
use crate::template::syntax::{For, Operator};
use crate::template::{big, dates};
use crate::value::{Map, Object, Undefined, Value};

/// A list or dictionary that several names refer to, as in Python. Exists only while a template that changes containers runs.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<Value>);

/// `namespace()`
#[derive(Debug, Default)]
pub(crate) struct Namespace(pub(crate) Mutex<Map>);

/// The `loop` variable.
pub(crate) struct Loop {
    pub(crate) items: Vec<Value>,
    pub(crate) index: AtomicUsize,
    pub(crate) depth: usize,
    pub(crate) changed: Mutex<Option<Vec<Value>>>,
    /// For `loop(…)`: what runs again, where.
    pub(crate) recursion: Option<(Arc<For>, Unit, Option<Arc<Frame>>)>,
}

/// A built-in function as a value (`lookup is defined`).
#[derive(Debug)]
pub(crate) struct Function(pub(crate) Arc<str>);

/// `cycler(…)`
#[derive(Debug)]
pub(crate) struct Cycler {
    pub(crate) items: Vec<Value>,
    pub(crate) at: AtomicUsize,
}

/// `joiner(…)`
#[derive(Debug)]
pub(crate) struct Joiner {
    pub(crate) separator: Value,
    pub(crate) used: Mutex<bool>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn downcast<T: Any>(object: &Arc<dyn Object>) -> Option<&T> {
    let any: &dyn Any = &**object;
    any.downcast_ref()
}

/// Makes a plain list or dictionary one that is shared by reference.
pub(crate) fn shared(value: Value) -> Value {
    match value {
        Value::List(_) | Value::Map(_) => Value::Object(Arc::new(Shared(Mutex::new(value)))),
        other => other,
    }
}

/// The list or dictionary in a shared one; what it holds stays shared.
pub(crate) fn snapshot(value: &Value) -> Value {
    match value {
        Value::Object(object) => downcast::<Shared>(object).map_or_else(|| value.clone(), Shared::value),
        other => other.clone(),
    }
}

/// The value without shared containers, all the way down; other objects stay.
pub(crate) fn unshared(value: &Value) -> Result<Value> {
    convert(value, &|object| Ok(downcast::<Shared>(object).map(Shared::value)), 0)
}

/// The value without objects, all the way down, where they have plain values; large numbers stay.
pub(crate) fn plain(value: &Value) -> Result<Value> {
    convert(
        value,
        &|object| match downcast::<Shared>(object) {
            Some(shared) => Ok(Some(shared.value())),
            None if big::is(object) => Ok(None),
            None => match object.plain()? {
                Value::Object(_) => Ok(None),
                inner => Ok(Some(inner)),
            },
        },
        0,
    )
}

fn has_objects(value: &Value, depth: usize) -> bool {
    match value {
        Value::Object(_) => true,
        _ if depth > 200 => true,
        Value::List(items) | Value::Tuple(items) => items.iter().any(|item| has_objects(item, depth + 1)),
        Value::Map(map) => map.values().any(|item| has_objects(item, depth + 1)),
        _ => false,
    }
}

fn convert(value: &Value, open: &dyn Fn(&Arc<dyn Object>) -> Result<Option<Value>>, depth: usize) -> Result<Value> {
    if depth > 200 {
        return Err(Fail::error("a container holds itself"));
    }
    Ok(match value {
        Value::Object(object) => match open(object)? {
            Some(inner) => convert(&inner, open, depth + 1)?,
            None => value.clone(),
        },
        Value::List(_) | Value::Tuple(_) | Value::Map(_) if !has_objects(value, depth) => value.clone(),
        Value::List(items) => Value::list(items.iter().map(|item| convert(item, open, depth + 1)).collect::<Result<Vec<_>>>()?),
        Value::Tuple(items) => Value::Tuple(Arc::new(items.iter().map(|item| convert(item, open, depth + 1)).collect::<Result<_>>()?)),
        Value::Map(map) => {
            Value::map(map.iter().map(|(key, item)| Ok((key.clone(), convert(item, open, depth + 1)?))).collect::<Result<Vec<_>>>()?)
        }
        other => other.clone(),
    })
}

/// As Python's `type(x).__name__`.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Undefined(_) => "UndefinedMarker",
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Str(_) => "str",
        Value::List(_) => "list",
        Value::Tuple(_) => "tuple",
        Value::Map(_) => "dict",
        Value::Omit => "Omit",
        Value::Object(object) => match downcast::<Shared>(object) {
            Some(shared) => type_name(&shared.value()),
            None => object.type_name(),
        },
    }
}

/// Operators on objects that have some: dates, large numbers.
pub(crate) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Option<Value>> {
    match big::arithmetic(operator, left, right)? {
        None => dates::arithmetic(operator, left, right),
        found => Ok(found),
    }
}

/// The order of dates among themselves.
pub(crate) fn rank(value: &Value) -> Option<f64> {
    dates::rank(value)
}

/// All variables, as `vars`.
pub(crate) fn variables(context: &Context<'_>) -> Result<Value> {
    let mut map = Map::new();
    for name in context.scope.names() {
        if let Some(found) = context.variable(&name)? {
            map.insert(Value::Str(name), context.whole(found)?);
        }
    }
    Ok(Value::Map(Arc::new(map)))
}

impl Shared {
    pub(crate) fn new(value: Value) -> Shared {
        Shared(Mutex::new(value))
    }

    pub(crate) fn value(&self) -> Value {
        lock(&self.0).clone()
    }

    /// Changes the container in place; the others that refer to it see it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Value) -> T) -> T {
        change(&mut lock(&self.0))
    }

    /// An item, made shared in its place where it is a container.
    pub(crate) fn child(&self, key: &Value) -> Option<Value> {
        let mut value = lock(&self.0);
        let place = match (&mut *value, key) {
            (Value::List(items), Value::Int(index)) => {
                let index = super::access::place(*index, items.len())?;
                Arc::make_mut(items).get_mut(index)?
            }
            (Value::Map(map), key) => Arc::make_mut(map).get_mut(key)?,
            _ => return None,
        };
        *place = shared(place.clone());
        Some(place.clone())
    }

    /// The items of a list, made shared, or the keys of a dictionary.
    pub(crate) fn items(&self) -> Vec<Value> {
        match &mut *lock(&self.0) {
            Value::List(items) => {
                for item in Arc::make_mut(items) {
                    *item = shared(item.clone());
                }
                items.to_vec()
            }
            Value::Map(map) => map.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// The values of a dictionary, made shared.
    pub(crate) fn share_values(&self) {
        if let Value::Map(map) = &mut *lock(&self.0) {
            for item in Arc::make_mut(map).values_mut() {
                *item = shared(item.clone());
            }
        }
    }
}

impl Object for Shared {
    fn type_name(&self) -> &'static str {
        type_name(&self.value())
    }

    fn get(&self, key: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        Ok(self.child(key))
    }

    fn iter(&self) -> std::result::Result<Option<Vec<Value>>, Diagnostic> {
        Ok(Some(self.items()))
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        plain(&self.value()).map_err(Fail::into_diagnostic)
    }
}

impl Object for Namespace {
    fn type_name(&self) -> &'static str {
        "Namespace"
    }

    fn get(&self, key: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        Ok(lock(&self.0).get(key).cloned())
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        let map = lock(&self.0).clone();
        plain(&Value::Map(Arc::new(map))).map(|map| Value::from(format!("<Namespace {map:?}>"))).map_err(Fail::into_diagnostic)
    }
}

impl std::fmt::Debug for Loop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<LoopContext {}/{}>", self.index.load(Ordering::Relaxed) + 1, self.items.len())
    }
}

impl Object for Loop {
    fn type_name(&self) -> &'static str {
        "LoopContext"
    }

    fn get(&self, key: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        let (index, length) = (self.index.load(Ordering::Relaxed), self.items.len());
        let number = |number: usize| Some(Value::Int(number as i64));
        let beside = |found: Option<&Value>, what: &str| {
            Some(found.cloned().unwrap_or_else(|| {
                let hint = Some(format!("there is no {what} item of the loop"));
                Value::Undefined(Arc::new(Undefined { name: format!("loop.{what}item"), hint, ..Undefined::default() }))
            }))
        };
        Ok(match key.as_str().unwrap_or_default() {
            "index" => number(index + 1),
            "index0" => number(index),
            "revindex" => number(length - index),
            "revindex0" => number(length - index - 1),
            "first" => Some(Value::Bool(index == 0)),
            "last" => Some(Value::Bool(index + 1 == length)),
            "length" => number(length),
            "depth" => number(self.depth + 1),
            "depth0" => number(self.depth),
            "previtem" => beside(index.checked_sub(1).and_then(|index| self.items.get(index)), "previous"),
            "nextitem" => beside(self.items.get(index + 1), "next"),
            _ => None,
        })
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        Ok(Value::from(format!("{self:?}")))
    }
}

impl Object for Function {
    fn type_name(&self) -> &'static str {
        "function"
    }

    fn get(&self, _: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        Ok(None)
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        Ok(Value::from(format!("<function {}>", self.0)))
    }
}

impl Object for Cycler {
    fn type_name(&self) -> &'static str {
        "Cycler"
    }

    fn get(&self, key: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        Ok((key.as_str() == Some("current")).then(|| self.items[self.at.load(Ordering::Relaxed) % self.items.len()].clone()))
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        Ok(Value::from("<Cycler>"))
    }
}

impl Object for Joiner {
    fn type_name(&self) -> &'static str {
        "Joiner"
    }

    fn get(&self, _: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        Ok(None)
    }

    fn call(&self, _: &[Value], _: &[(Arc<str>, Value)]) -> std::result::Result<Value, Diagnostic> {
        let mut used = lock(&self.used);
        Ok(if std::mem::replace(&mut *used, true) { self.separator.clone() } else { Value::str("") })
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        Ok(Value::from("<Joiner>"))
    }
}
