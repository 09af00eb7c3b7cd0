//! Expressions.

use std::sync::Arc;

use super::{Arguments, Eval, Fail, Frame, Result, Unit, objects, ops};
use crate::template::syntax::{Argument, At, Expr, Operator};
use crate::value::{Map, Undefined, Value};

impl Eval<'_> {
    /// The value of an expression; it may be undefined, which only using it makes an error.
    pub(crate) fn expr(&self, expr: &Expr, frame: Option<&Arc<Frame>>) -> Result<Value> {
        match expr {
            Expr::Const(value) => Ok(value.clone()),
            Expr::Embedded(program) => {
                let _entered = super::enter(0, 0)?;
                // What it lacks is lacking in whatever it stands in.
                match Eval::new(self.context, Unit { program: program.clone(), ..self.unit.clone() }).run() {
                    Err(Fail::Undefined(undefined)) => Ok(Value::Undefined(undefined)),
                    other => other,
                }
            }
            Expr::Var(..) | Expr::Attr(..) | Expr::Item(..) => {
                let found = self.path(expr, frame)?;
                self.context.whole(found)
            }
            Expr::Slice(parts, at) => {
                let (base, start, stop, step) = &**parts;
                let base = self.defined(base, frame)?;
                let part = |part: &Option<Expr>| part.as_ref().map(|expr| self.defined(expr, frame)).transpose();
                self.slice(&base, part(start)?, part(stop)?, part(step)?).map_err(|fail| self.placed(fail, Some(*at)))
            }
            Expr::Not(inner) => self.truth(inner, frame).map(|truth| Value::Bool(!truth)),
            Expr::Negative(inner, at) => ops::negative(&self.plain(inner, frame)?).map_err(|fail| self.placed(fail, Some(*at))),
            Expr::And(pair) => {
                let left = self.defined(&pair.0, frame)?;
                if is_true(&left)? { self.expr(&pair.1, frame) } else { Ok(left) }
            }
            Expr::Or(pair) => {
                let left = self.defined(&pair.0, frame)?;
                if is_true(&left)? { Ok(left) } else { self.expr(&pair.1, frame) }
            }
            Expr::Binary(operator, pair, at) => self.binary(*operator, pair, *at, frame),
            Expr::Compare(first, rest, at) => {
                let mut left = self.plain(first, frame)?;
                for (comparison, right) in rest {
                    let right = self.plain(right, frame)?;
                    if !ops::compare(*comparison, &left, &right).map_err(|fail| self.placed(fail, Some(*at)))? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Ok(Value::Bool(true))
            }
            Expr::If(parts, otherwise) => match (self.truth(&parts.0, frame)?, otherwise) {
                (true, _) => self.expr(&parts.1, frame),
                (false, Some(otherwise)) => self.expr(otherwise, frame),
                (false, None) => Ok(Value::Undefined(Arc::new(Undefined::default()))),
            },
            Expr::Filter(call) => self.filter_call(call, frame),
            Expr::Test(call) => self.test_call(call, frame).map(Value::Bool),
            Expr::Call(call) => self.call(call, frame),
            Expr::List(items) => Ok(self.literal(Value::list(self.all(items, frame)?))),
            Expr::Tuple(items) => Ok(Value::Tuple(Arc::new(self.all(items, frame)?))),
            Expr::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.plain(key, frame)?;
                    hashable(&key)?;
                    map.insert(key, self.expr(value, frame)?);
                }
                Ok(self.literal(Value::Map(Arc::new(map))))
            }
            Expr::Captured => Ok(frame.and_then(|frame| frame.get(CAPTURED)).unwrap_or(Value::Null)),
        }
    }

    fn all(&self, items: &[Expr], frame: Option<&Arc<Frame>>) -> Result<Vec<Value>> {
        items.iter().map(|item| self.expr(item, frame)).collect()
    }

    /// A new container, shared by reference where templates change containers.
    pub(crate) fn literal(&self, value: Value) -> Value {
        if self.context.sharing.get() { objects::shared(value) } else { value }
    }

    /// The value, and an error where it is undefined.
    pub(crate) fn defined(&self, expr: &Expr, frame: Option<&Arc<Frame>>) -> Result<Value> {
        match self.expr(expr, frame)? {
            Value::Undefined(undefined) => Err(self.raise(&undefined, expr, frame)),
            value => Ok(value),
        }
    }

    /// The value, defined, without objects that stand for containers.
    pub(crate) fn plain(&self, expr: &Expr, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let value = self.defined(expr, frame)?;
        if self.context.sharing.get() { objects::unshared(&value) } else { Ok(value) }
    }

    pub(crate) fn truth(&self, expr: &Expr, frame: Option<&Arc<Frame>>) -> Result<bool> {
        is_true(&self.defined(expr, frame)?)
    }

    fn binary(&self, operator: Operator, pair: &(Expr, Expr), at: At, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let (left, right) = (self.plain(&pair.0, frame)?, self.plain(&pair.1, frame)?);
        let value = ops::binary(operator, &left, &right).map_err(|fail| self.placed(fail, Some(at)))?;
        Ok(self.literal(value))
    }

    pub(crate) fn arguments(&self, arguments: &[Argument], frame: Option<&Arc<Frame>>) -> Result<Arguments> {
        let mut out = Arguments { positional: Vec::with_capacity(arguments.len()), keywords: Vec::new() };
        for argument in arguments {
            match argument {
                Argument::Positional(expr) => out.positional.push(self.marked(expr, frame)?),
                Argument::Keyword(name, expr) => out.keywords.push((name.clone(), self.marked(expr, frame)?)),
                Argument::Splat(expr) => out.positional.extend(self.iterate(&self.defined(expr, frame)?)?),
                Argument::KeywordSplat(expr) => match objects::plain(&self.defined(expr, frame)?)? {
                    Value::Map(map) => out.keywords.extend(map.iter().map(|(key, value)| (key.to_string().into(), value.clone()))),
                    other => {
                        return Err(Fail::error(format!(
                            "`**` takes a dictionary, not an object of type '{}'",
                            objects::type_name(&other)
                        )));
                    }
                },
            }
        }
        Ok(out)
    }

    /// An argument: where it is undefined it knows its place, for the callee may use it.
    fn marked(&self, expr: &Expr, frame: Option<&Arc<Frame>>) -> Result<Value> {
        match self.expr(expr, frame)? {
            Value::Undefined(undefined) if undefined.span.is_none() => {
                Ok(Value::Undefined(Arc::new(Undefined { span: self.unit.span(expr.at()), ..(*undefined).clone() })))
            }
            value => Ok(value),
        }
    }

    /// What a `for` runs over: items, keys, characters.
    pub(crate) fn iterate(&self, value: &Value) -> Result<Vec<Value>> {
        match value {
            Value::List(items) | Value::Tuple(items) => Ok(items.to_vec()),
            Value::Map(map) => Ok(map.keys().cloned().collect()),
            Value::Str(text) => Ok(text.chars().map(|c| Value::from(c.to_string())).collect()),
            Value::Undefined(undefined) => Err(Fail::Undefined(undefined.clone())),
            Value::Object(object) => match objects::downcast::<objects::Shared>(object) {
                Some(shared) => Ok(shared.items()),
                None => object.iter()?.ok_or_else(|| not_iterable(object.type_name())),
            },
            other => Err(not_iterable(objects::type_name(other))),
        }
    }
}

/// In Python's words, which scripts look for.
fn not_iterable(kind: &str) -> Fail {
    Fail::error(format!("'{kind}' object is not iterable"))
}

/// The name under which a filter block finds its text; no template can write it.
pub(crate) const CAPTURED: &str = "captured text";

/// Python's truth, through objects.
pub(crate) fn is_true(value: &Value) -> Result<bool> {
    match value {
        Value::Undefined(undefined) => Err(Fail::Undefined(undefined.clone())),
        Value::Object(object) => match objects::downcast::<objects::Shared>(object) {
            Some(shared) => Ok(shared.value().is_true()),
            None => Ok(!matches!(object.iter()?, Some(items) if items.is_empty())),
        },
        other => Ok(other.is_true()),
    }
}

/// Dictionaries take no containers that can change as keys.
pub(crate) fn hashable(key: &Value) -> Result<()> {
    match key {
        Value::List(_) | Value::Map(_) => Err(Fail::error(format!("a {} cannot be the key of a dictionary", objects::type_name(key)))),
        _ => Ok(()),
    }
}
