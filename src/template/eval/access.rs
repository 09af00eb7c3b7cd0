//! Names, attributes, items and slices.

use std::sync::Arc;

use super::context::Found;
use super::objects::{self, Shared};
use super::{Eval, Fail, Frame, Result};
use crate::diag::nearest;
use crate::template::functions;
use crate::template::syntax::{At, Expr, Sight};
use crate::value::{Undefined, Value};
use crate::yaml::Kind;

impl Eval<'_> {
    /// Follows a path without rendering what lies beside it.
    pub(crate) fn path(&self, expr: &Expr, frame: Option<&Arc<Frame>>) -> Result<Found> {
        match expr {
            Expr::Var(name, at) => self.name(name, *at, frame),
            Expr::Attr(base, name, at) => match self.path(base, frame)? {
                Found::Node(node) => match node.get(name) {
                    Some(child) => self.context.found(child.clone()),
                    None => Ok(Found::Value(self.missing(&self.context.node(&node)?, &Value::Str(name.clone()), Some(expr)))),
                },
                Found::Value(base) => {
                    Ok(Found::Value(self.attribute(&base, name, Some(expr)).map_err(|fail| self.placed(fail, Some(*at)))?))
                }
            },
            Expr::Item(base, key, at) => {
                let found = self.path(base, frame)?;
                let key = self.defined(key, frame)?;
                if let Found::Node(node) = &found {
                    let child = match (node.kind(), &key) {
                        (Kind::Map(_), Value::Str(name)) => node.get(name),
                        (Kind::List(items), Value::Int(index)) => place(*index, items.len()).map(|index| &items[index]),
                        _ => None,
                    };
                    if let Some(child) = child {
                        return self.context.found(child.clone());
                    }
                }
                let base = self.context.whole(found)?;
                self.item(&base, &key, Some(expr)).map(Found::Value).map_err(|fail| self.placed(fail, Some(*at)))
            }
            other => self.expr(other, frame).map(Found::Value),
        }
    }

    /// A name: of a statement, of the scope, or one that is always there.
    fn name(&self, name: &Arc<str>, at: At, frame: Option<&Arc<Frame>>) -> Result<Found> {
        if let Some(value) = frame.and_then(|frame| frame.get(name)) {
            return Ok(Found::Value(value));
        }
        if self.unit.sight == Sight::Context
            && let Some(found) = self.context.variable(name).map_err(|fail| self.placed(fail, Some(at)))?
        {
            return Ok(found);
        }
        Ok(Found::Value(match &**name {
            "omit" => Value::Omit,
            "vars" => objects::variables(self.context)?,
            _ if functions::find(name).is_some() => Value::Object(Arc::new(objects::Function(name.clone()))),
            _ => Value::Undefined(Arc::new(Undefined { name: name.to_string(), ..Undefined::default() })),
        }))
    }

    /// `base.name`
    pub(crate) fn attribute(&self, base: &Value, name: &Arc<str>, expr: Option<&Expr>) -> Result<Value> {
        let found = match base {
            Value::Map(map) => map.get(&**name).cloned(),
            Value::Object(object) => match objects::downcast::<Shared>(object) {
                Some(shared) => shared.child(&Value::Str(name.clone())),
                None => object.get(&Value::Str(name.clone()))?,
            },
            Value::Undefined(_) => Some(base.clone()),
            // The pairs of `groupby` have names.
            Value::Tuple(pair) if pair.len() == 2 => match &**name {
                "grouper" => Some(pair[0].clone()),
                "list" => Some(pair[1].clone()),
                _ => None,
            },
            _ => None,
        };
        Ok(found.unwrap_or_else(|| self.missing(base, &Value::Str(name.clone()), expr)))
    }

    /// `base[key]`
    pub(crate) fn item(&self, base: &Value, key: &Value, expr: Option<&Expr>) -> Result<Value> {
        let found = match (base, key) {
            (Value::Map(map), key) => map.get(key).cloned(),
            (Value::List(items) | Value::Tuple(items), Value::Int(index)) => place(*index, items.len()).map(|index| items[index].clone()),
            (Value::List(items) | Value::Tuple(items), Value::Bool(index)) => items.get(usize::from(*index)).cloned(),
            (Value::Str(text), Value::Int(index)) => {
                if text.is_ascii() {
                    place(*index, text.len()).map(|index| Value::str(&text[index..=index]))
                } else {
                    place(*index, text.chars().count()).and_then(|index| text.chars().nth(index)).map(|c| Value::from(c.to_string()))
                }
            }
            (Value::Object(object), key) => match objects::downcast::<Shared>(object) {
                Some(shared) => shared.child(key),
                None => object.get(key)?,
            },
            (Value::Undefined(_), _) => Some(base.clone()),
            _ => None,
        };
        Ok(found.unwrap_or_else(|| self.missing(base, key, expr)))
    }

    /// The undefined value for what `base` does not have.
    fn missing(&self, base: &Value, key: &Value, expr: Option<&Expr>) -> Value {
        let name = expr.and_then(Expr::path).unwrap_or_else(|| key.to_string());
        let hint = format!("`{name}` is undefined: object of type '{}' has no attribute {key:?}", objects::type_name(base));
        Value::Undefined(Arc::new(Undefined { name, hint: Some(hint), ..Undefined::default() }))
    }

    /// The failure for using an undefined value: placed, with a near name where there is one.
    pub(crate) fn raise(&self, undefined: &Arc<Undefined>, expr: &Expr, frame: Option<&Arc<Frame>>) -> Fail {
        if undefined.span.is_some() {
            return Fail::Undefined(undefined.clone());
        }
        let mut better = (**undefined).clone();
        // The innermost undefined part of the path is what the message is about.
        let mut expr = expr;
        while let Expr::Attr(base, ..) | Expr::Item(base, ..) = expr {
            match self.path(base, frame) {
                Ok(Found::Value(Value::Undefined(_))) => expr = base,
                _ => break,
            }
        }
        better.span = self.unit.span(expr.at());
        better.similar = match expr {
            Expr::Var(name, _) => nearest(name, self.context.scope.names().iter().map(AsRef::as_ref)).map(str::to_string),
            Expr::Attr(base, name, _) => {
                let keys = self.path(base, frame).ok().map(|found| self.keys(found)).unwrap_or_default();
                nearest(name, keys.iter().map(String::as_str)).map(str::to_string)
            }
            Expr::Item(base, key, _) => match &**key {
                Expr::Const(Value::Str(name)) => {
                    let keys = self.path(base, frame).ok().map(|found| self.keys(found)).unwrap_or_default();
                    nearest(name, keys.iter().map(String::as_str)).map(str::to_string)
                }
                _ => None,
            },
            _ => None,
        };
        Fail::Undefined(Arc::new(better))
    }

    fn keys(&self, found: Found) -> Vec<String> {
        match found {
            Found::Node(node) => {
                node.as_map().map(|entries| entries.iter().filter_map(|(key, _)| key.scalar_text()).collect()).unwrap_or_default()
            }
            Found::Value(value) => match objects::plain(&value) {
                Ok(Value::Map(map)) => map.keys().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
        }
    }

    pub(crate) fn slice(&self, base: &Value, start: Option<Value>, stop: Option<Value>, step: Option<Value>) -> Result<Value> {
        let base = objects::snapshot(base);
        let number = |value: Option<Value>| match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Int(number)) => Ok(Some(number)),
            Some(Value::Bool(flag)) => Ok(Some(i64::from(flag))),
            Some(other) => Err(Fail::error(format!("a slice takes whole numbers, not {} {other:?}", objects::type_name(&other)))),
        };
        let (start, stop, step) = (number(start)?, number(stop)?, number(step)?.unwrap_or(1));
        if step == 0 {
            return Err(Fail::error("the step of a slice cannot be 0"));
        }
        match &base {
            Value::Str(text) => {
                let chars: Vec<char> = text.chars().collect();
                Ok(Value::from(indices(start, stop, step, chars.len()).map(|i| chars[i]).collect::<String>()))
            }
            Value::List(items) => Ok(Value::list(indices(start, stop, step, items.len()).map(|i| items[i].clone()))),
            Value::Tuple(items) => Ok(Value::Tuple(Arc::new(indices(start, stop, step, items.len()).map(|i| items[i].clone()).collect()))),
            Value::Undefined(_) => Ok(base),
            other => Err(Fail::error(format!("an object of type '{}' cannot be sliced", objects::type_name(other)))),
        }
    }
}

/// Python's index: negative counts from the end.
pub(crate) fn place(index: i64, length: usize) -> Option<usize> {
    let length = length as i64;
    let index = if index < 0 { index + length } else { index };
    (0..length).contains(&index).then_some(index as usize)
}

/// Python's `range(*slice.indices(length))`.
fn indices(start: Option<i64>, stop: Option<i64>, step: i64, length: usize) -> impl Iterator<Item = usize> {
    let length = length as i64;
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clip = |index: Option<i64>, default: i64| match index {
        None => default,
        Some(index) if index < 0 => (index + length).clamp(low, high),
        Some(index) => index.clamp(low, high),
    };
    let (start, stop) = if step > 0 { (clip(start, 0), clip(stop, length)) } else { (clip(start, length - 1), clip(stop, -1)) };
    let mut at = start;
    std::iter::from_fn(move || {
        let go = if step > 0 { at < stop } else { at > stop };
        go.then(|| {
            let index = at as usize;
            at = at.saturating_add(step);
            index
        })
    })
}
