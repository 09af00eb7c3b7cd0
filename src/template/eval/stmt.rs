//! Statements.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::expr::CAPTURED;
use super::objects::{self, Loop, Namespace};
use super::output::Output;
use super::{Arguments, Eval, Fail, Frame, Result, inherit::Inheritance, macros};
use crate::diag::Diagnostic;
use crate::template::syntax::{Expr, For, Stmt, Target};
use crate::value::{Object, Value};

impl Eval<'_> {
    /// Runs the whole unit. Undefined is an error here.
    pub(crate) fn run(&self) -> Result<Value> {
        let program = self.unit.program.clone();
        if let [Stmt::Emit(expr)] = program.body.as_slice() {
            let value = match self.expr(expr, None)? {
                // `{{ x if false }}`: the missing else gives nothing.
                Value::Undefined(undefined) if undefined.name.is_empty() && undefined.hint.is_none() => Value::str(""),
                Value::Undefined(undefined) => return Err(self.raise(&undefined, expr, None)),
                value => value,
            };
            return if self.context.sharing.get() { objects::unshared(&value) } else { Ok(value) };
        }
        let frame = program.binds.then(|| Frame::inside(None));
        self.run_inside(frame.as_ref())
    }

    /// Runs the unit's statements with a frame of their own, and its parents where it extends some.
    pub(crate) fn run_inside(&self, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let mut output = Output::default();
        let program = self.unit.program.clone();
        if program.blocks.is_empty() && !program.body.iter().any(|stmt| matches!(stmt, Stmt::Extends(_))) {
            self.body(&program.body, &mut output, frame)?;
            return Ok(output.finish());
        }
        let mut inheritance = Inheritance::default();
        self.inherit(&mut inheritance, &mut output, frame)?;
        Ok(output.finish())
    }

    pub(crate) fn body(&self, stmts: &[Stmt], output: &mut Output, frame: Option<&Arc<Frame>>) -> Result<()> {
        for stmt in stmts {
            self.stmt(stmt, output, frame)?;
        }
        Ok(())
    }

    fn stmt(&self, stmt: &Stmt, output: &mut Output, frame: Option<&Arc<Frame>>) -> Result<()> {
        match stmt {
            Stmt::Text(text) => output.text(text),
            Stmt::Emit(expr) => {
                let value = self.expr(expr, frame)?;
                self.emit(value, expr, output, frame)?;
            }
            Stmt::If(test, then, otherwise) => {
                let chosen = if self.truth(test, frame)? { then } else { otherwise };
                return self.body(chosen, output, frame);
            }
            Stmt::For(node) => self.for_loop(node, output, frame)?,
            Stmt::Set(target, expr) => {
                let value = self.expr(expr, frame)?;
                self.assign(target, value, frame)?;
            }
            Stmt::Do(expr) => {
                self.expr(expr, frame)?;
            }
            Stmt::With(bindings, body) => {
                let inner = Frame::inside(frame);
                for (target, expr) in bindings {
                    let value = self.expr(expr, frame)?;
                    self.assign(target, value, Some(&inner))?;
                }
                return self.body(body, output, Some(&inner));
            }
            Stmt::Capture(target, filter, body) => {
                let captured = self.capture(body, frame)?;
                let value = match filter {
                    Some(filter) => self.filtered(filter, captured, frame)?,
                    None => captured,
                };
                self.assign(target, value, frame)?;
            }
            Stmt::FilterBlock(filter, body) => {
                let captured = self.capture(body, frame)?;
                let value = self.filtered(filter, captured, frame)?;
                self.emit(value, filter, output, frame)?;
            }
            Stmt::Body(body) => return self.body(body, output, frame),
            Stmt::Macro(node) => {
                if let Some(frame) = frame {
                    frame.set(&node.name, macros::value(self, node, frame));
                }
            }
            Stmt::CallBlock(call, caller) => {
                let value = self.call_with_caller(call, caller, frame)?;
                self.emit(value, call, output, frame)?;
            }
            Stmt::Block(block) => {
                let value = self.block(&block.name, 0, block.scoped, frame)?;
                output.value(value);
            }
            Stmt::Include(name, ignore_missing, sight) => {
                let value = self.include(name, *ignore_missing, *sight, frame)?;
                output.value(value);
            }
            Stmt::Import(name, alias, sight) => {
                let module = self.import(name, *sight, frame)?;
                self.assign(&Target::Name(alias.clone()), module, frame)?;
            }
            Stmt::FromImport(name, names, sight) => self.import_names(name, names, *sight, frame)?,
            // Handled by `inherit` at the top; elsewhere it has no meaning.
            Stmt::Extends(_) => {}
        }
        Ok(())
    }

    /// Puts a value out: defined all the way down, tuples as lists, `omit` left out (ansible-core 2.19).
    pub(crate) fn emit(&self, value: Value, expr: &Expr, output: &mut Output, frame: Option<&Arc<Frame>>) -> Result<()> {
        match value {
            Value::Undefined(undefined) if undefined.name.is_empty() && undefined.hint.is_none() => {}
            Value::Undefined(undefined) => return Err(self.raise(&undefined, expr, frame)),
            value @ (Value::List(_) | Value::Tuple(_) | Value::Map(_) | Value::Object(_)) => {
                output.value(settle(&value).map_err(|fail| self.placed(fail, expr.at()))?);
            }
            value => output.value(value),
        }
        Ok(())
    }

    /// What the statements emit.
    pub(crate) fn capture(&self, body: &[Stmt], frame: Option<&Arc<Frame>>) -> Result<Value> {
        let inner = Frame::inside(frame);
        let mut output = Output::default();
        self.body(body, &mut output, Some(&inner))?;
        Ok(match output.finish() {
            Value::Null => Value::str(""),
            value => value,
        })
    }

    fn filtered(&self, filter: &Expr, captured: Value, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let inner = Frame::inside(frame);
        inner.set(&CAPTURED.into(), captured);
        self.defined(filter, Some(&inner))
    }

    pub(crate) fn assign(&self, target: &Target, value: Value, frame: Option<&Arc<Frame>>) -> Result<()> {
        let Some(frame) = frame else { return Ok(()) };
        match target {
            Target::Name(name) => {
                frame.set(name, self.literal(value));
                Ok(())
            }
            Target::Attribute(owner, attribute, at) => match frame.get(owner) {
                Some(Value::Object(object)) if objects::downcast::<Namespace>(&object).is_some() => {
                    if let Some(namespace) = objects::downcast::<Namespace>(&object) {
                        objects::lock(&namespace.0).insert(Value::Str(attribute.clone()), self.literal(value));
                    }
                    Ok(())
                }
                _ => Err(self.placed(
                    Fail::Error(Box::new(
                        Diagnostic::error(format!("`{owner}` is no namespace, its attributes cannot be set"))
                            .help(format!("begin with {{% set {owner} = namespace() %}}")),
                    )),
                    Some(*at),
                )),
            },
            Target::Unpack(targets, at) => {
                let items = self.iterate(&value).map_err(|fail| self.placed(fail, Some(*at)))?;
                if items.len() != targets.len() {
                    let message = format!("{} names are to be set, and there are {} values", targets.len(), items.len());
                    return Err(self.placed(Fail::error(message), Some(*at)));
                }
                for (target, item) in targets.iter().zip(items) {
                    self.assign(target, item, Some(frame))?;
                }
                Ok(())
            }
        }
    }

    fn for_loop(&self, node: &Arc<For>, output: &mut Output, frame: Option<&Arc<Frame>>) -> Result<()> {
        let iterated = self.defined(&node.iter, frame)?;
        let at = node.iter.at();
        let items = self.iterate(&iterated).map_err(|fail| self.placed(fail, at))?;
        self.run_loop(node, items, 0, output, frame)
    }

    fn run_loop(
        &self,
        node: &Arc<For>,
        mut items: Vec<Value>,
        depth: usize,
        output: &mut Output,
        frame: Option<&Arc<Frame>>,
    ) -> Result<()> {
        if let Some(filter) = &node.filter {
            let mut kept = Vec::with_capacity(items.len());
            for item in items {
                let inner = Frame::inside(frame);
                self.assign(&node.target, item.clone(), Some(&inner))?;
                if self.truth(filter, Some(&inner))? {
                    kept.push(item);
                }
            }
            items = kept;
        }
        if items.is_empty() {
            self.body(&node.otherwise, output, frame)?;
            return Ok(());
        }
        let recursion = node.recursive.then(|| (node.clone(), self.unit.clone(), frame.cloned()));
        let state = Arc::new(Loop { items, index: AtomicUsize::new(0), depth, changed: Mutex::new(None), recursion });
        let name: Arc<str> = "loop".into();
        let mut inner = Frame::inside(frame);
        for index in 0..state.items.len() {
            state.index.store(index, Ordering::Relaxed);
            if Arc::strong_count(&inner) > 1 {
                inner = Frame::inside(frame);
            } else {
                inner.clear();
            }
            self.assign(&node.target, state.items[index].clone(), Some(&inner))?;
            inner.set(&name, Value::Object(state.clone() as Arc<dyn Object>));
            self.body(&node.body, output, Some(&inner))?;
        }
        Ok(())
    }

    /// `loop(items)` in a recursive loop.
    pub(crate) fn recurse(&self, state: &Loop, arguments: Arguments) -> Result<Value> {
        let Some((node, unit, frame)) = &state.recursion else {
            return Err(Fail::error("this loop is not marked `recursive`, so `loop(…)` cannot be called"));
        };
        let Some(items) = arguments.positional.first() else { return Err(Fail::error("`loop(…)` takes what to run over")) };
        let _entered = super::enter(0, 0)?;
        let eval = Eval { context: self.context, unit: unit.clone() };
        let mut output = Output::default();
        eval.run_loop(node, eval.iterate(items)?, state.depth + 1, &mut output, frame.as_ref())?;
        Ok(output.finish())
    }
}

/// The value as data: nothing undefined, no objects, tuples as lists, without what is omitted.
pub(crate) fn settle(value: &Value) -> Result<Value> {
    Ok(match value {
        Value::Undefined(undefined) => return Err(Fail::Undefined(undefined.clone())),
        Value::Object(_) => match objects::plain(value)? {
            Value::Object(object) => Value::Object(object),
            inner => settle(&inner)?,
        },
        Value::List(items) if items.iter().all(settled) => value.clone(),
        Value::Map(map) if map.values().all(settled) => value.clone(),
        Value::List(items) | Value::Tuple(items) => {
            Value::list(items.iter().filter(|item| !matches!(item, Value::Omit)).map(settle).collect::<Result<Vec<_>>>()?)
        }
        Value::Map(map) => {
            let entries = map.iter().filter(|(_, item)| !matches!(item, Value::Omit));
            Value::map(entries.map(|(key, item)| Ok((key.clone(), settle(item)?))).collect::<Result<Vec<_>>>()?)
        }
        other => other.clone(),
    })
}

fn settled(value: &Value) -> bool {
    match value {
        Value::Undefined(_) | Value::Omit | Value::Object(_) | Value::Tuple(_) => false,
        Value::List(items) => items.iter().all(settled),
        Value::Map(map) => map.values().all(settled),
        _ => true,
    }
}
