//! Calls: filters, tests, functions, methods, macros.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::context::Found;
use super::objects::{self, Cycler, Function, Loop, Shared};
use super::{Arguments, Eval, Fail, Frame, Result, macros};
use crate::diag::Diagnostic;
use crate::template::filters::{self, Filter};
use crate::template::predicates::{self, Predicate};
use crate::template::syntax::tree::{Call, FilterCall, TestCall};
use crate::template::syntax::{At, Expr};
use crate::template::{Encrypted, condition, functions, methods, plugins};
use crate::value::{Object, Value};

/// One call of a filter, a test or a lookup, as its function sees it.
pub(crate) struct Invocation<'c, 'a> {
    pub(crate) eval: &'c Eval<'a>,
    /// As it was written in the template.
    pub(crate) name: &'c str,
    pub(crate) input: Value,
    pub(crate) arguments: Arguments,
    pub(crate) parameters: &'static [&'static str],
}

impl Invocation<'_, '_> {
    /// The argument at `index`, given by place or by name; nothing where it was left out.
    pub(crate) fn argument(&self, index: usize) -> Option<&Value> {
        let name = self.parameters.get(index).copied().unwrap_or_default();
        self.arguments.get(index, name)
    }

    pub(crate) fn required(&self, index: usize) -> Result<&Value> {
        self.argument(index).ok_or_else(|| {
            let name = self.parameters.get(index).copied().unwrap_or("?");
            self.error(format!("the argument `{name}` is missing"))
        })
    }

    /// An argument as text, whatever its type.
    pub(crate) fn text(&self, index: usize) -> Result<Option<Arc<str>>> {
        match self.argument(index) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => text(value).map(Some),
        }
    }

    /// The input as text, whatever its type.
    pub(crate) fn input_text(&self) -> Result<Arc<str>> {
        text(&self.input)
    }

    pub(crate) fn int(&self, index: usize) -> Result<Option<i64>> {
        match self.argument(index) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Bool(flag)) => Ok(Some(i64::from(*flag))),
            Some(Value::Float(number)) => Ok(Some(*number as i64)),
            Some(Value::Str(text)) => text
                .trim()
                .parse()
                .map(Some)
                .map_err(|_| self.error(format!("the argument `{}` is no whole number: {text:?}", self.parameters[index]))),
            Some(other) => Err(self.error(format!("the argument `{}` is no whole number: {other:?}", self.parameters[index]))),
        }
    }

    /// An argument by its truth.
    pub(crate) fn flag(&self, index: usize, default: bool) -> bool {
        self.argument(index).map_or(default, Value::is_true)
    }

    /// The items of the input: of a list, or the keys of a dictionary, or characters.
    pub(crate) fn items(&self) -> Result<Vec<Value>> {
        self.eval.iterate(&self.input).map_err(|fail| self.named(fail))
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Fail {
        Fail::error(format!("`{}`: {}", self.name, message.into()))
    }

    fn named(&self, fail: Fail) -> Fail {
        match fail {
            Fail::Error(mut error) if !error.message.starts_with('`') => {
                error.message = format!("`{}`: {}", self.name, error.message);
                Fail::Error(error)
            }
            other => other,
        }
    }
}

fn text(value: &Value) -> Result<Arc<str>> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        Value::Undefined(undefined) => Err(Fail::Undefined(undefined.clone())),
        other => Ok(objects::plain(other)?.to_string().into()),
    }
}

impl Eval<'_> {
    pub(crate) fn filter_call(&self, call: &FilterCall, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let found = call.filter.filter(|_| !plugins::any()).or_else(|| filters::find(&call.name));
        let filter = found.ok_or_else(|| self.placed(filters::unknown(&call.name), Some(call.at)))?;
        let applied = self.input(filter.name, filter.undefined, &call.base, frame).and_then(|input| {
            let arguments = self.arguments(&call.arguments, frame)?;
            self.apply_filter(filter, &call.name, input, arguments).map(|value| self.literal(value))
        });
        match applied.map_err(|fail| self.placed(fail, Some(call.at))) {
            // Undefined until it is used: a `default` behind it still helps.
            Err(Fail::Undefined(undefined)) => Ok(Value::Undefined(undefined)),
            applied => applied,
        }
    }

    /// What a filter or a test of this name is asked about; `undefined`: it may be.
    fn input(&self, name: &str, undefined: bool, base: &Expr, frame: Option<&Arc<Frame>>) -> Result<Value> {
        match self.sealed(name, base, frame) {
            Some(sealed) => Ok(sealed),
            None if undefined => self.expr(base, frame),
            None => self.defined(base, frame),
        }
    }

    /// What asks about vault texts gets them as they were written, not opened.
    fn sealed(&self, name: &str, base: &Expr, frame: Option<&Arc<Frame>>) -> Option<Value> {
        let asks = matches!(name, "unvault" | "vault_encrypted" | "tagged_with") && frame.is_none();
        let text = asks.then(|| condition::encrypted(base, self.context.scope)).flatten()?;
        Some(Value::Object(Arc::new(Encrypted(text))))
    }

    pub(crate) fn apply_filter(&self, filter: &'static Filter, name: &str, input: Value, arguments: Arguments) -> Result<Value> {
        let (input, arguments) = self.prepare(input, arguments, filter.undefined, filter.shallow)?;
        check_arguments(name, filter.parameters, &arguments)?;
        let invocation = Invocation { eval: self, name, input, arguments, parameters: filter.parameters };
        (filter.run)(&invocation).map_err(|fail| invocation.named(fail))
    }

    /// Arguments as filters and tests get them: defined, and without containers shared by reference.
    fn prepare(&self, input: Value, mut arguments: Arguments, undefined: bool, shallow: bool) -> Result<(Value, Arguments)> {
        if !undefined {
            for value in [&input].into_iter().chain(&arguments.positional).chain(arguments.keywords.iter().map(|(_, value)| value)) {
                if let Value::Undefined(undefined) = value {
                    return Err(Fail::Undefined(undefined.clone()));
                }
            }
        }
        if !self.context.sharing.get() {
            return Ok((input, arguments));
        }
        let input = if shallow { input } else { objects::unshared(&input)? };
        if !shallow {
            for value in arguments.positional.iter_mut().chain(arguments.keywords.iter_mut().map(|(_, value)| value)) {
                *value = objects::unshared(value)?;
            }
        }
        Ok((input, arguments))
    }

    pub(crate) fn test_call(&self, call: &TestCall, frame: Option<&Arc<Frame>>) -> Result<bool> {
        let found = call.test.filter(|_| !plugins::any()).or_else(|| predicates::find(&call.name));
        let test = found.ok_or_else(|| self.placed(predicates::unknown(&call.name), Some(call.at)))?;
        let input = self.input(test.name, test.undefined, &call.base, frame)?;
        let arguments = self.arguments(&call.arguments, frame)?;
        self.apply_test(test, &call.name, input, arguments).map_err(|fail| self.placed(fail, Some(call.at)))
    }

    pub(crate) fn apply_test(&self, test: &'static Predicate, name: &str, input: Value, arguments: Arguments) -> Result<bool> {
        let (input, arguments) = self.prepare(input, arguments, test.undefined, test.shallow)?;
        check_arguments(name, test.parameters, &arguments)?;
        let invocation = Invocation { eval: self, name, input, arguments, parameters: test.parameters };
        (test.run)(&invocation).map_err(|fail| invocation.named(fail))
    }

    pub(crate) fn call(&self, call: &Call, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let placed = |fail| self.placed(fail, Some(call.at));
        match &call.callee {
            Expr::Var(name, at) => {
                if let Some(value) = frame.and_then(|frame| frame.get(name)) {
                    return self.call_value(&value, name, self.arguments(&call.arguments, frame)?, call.at);
                }
                if &**name == "super" {
                    return self.super_block(frame).map_err(placed);
                }
                if let Some(function) = functions::find(name) {
                    let arguments = self.arguments(&call.arguments, frame)?;
                    let value = (function.run)(self, arguments, frame).map_err(placed)?;
                    return Ok(self.literal(value));
                }
                match self.context.variable(name)? {
                    Some(found) => self.call_value(&self.context.whole(found)?, name, self.arguments(&call.arguments, frame)?, call.at),
                    None => {
                        let error = Diagnostic::error(format!("`{name}` is not a function")).or_at(self.unit.span(Some(*at)).as_ref());
                        Err(error.suggest(name, functions::names()).into())
                    }
                }
            }
            Expr::Attr(base, method, at) => {
                if let Expr::Var(owner, _) = &**base
                    && &**owner == "self"
                    && frame.is_none_or(|frame| frame.get(owner).is_none())
                {
                    return self.own_block(method, frame).map_err(placed);
                }
                let base = match self.path(base, frame)? {
                    // `.get` of a container as written: only that entry is rendered.
                    Found::Node(node) if &**method == "get" && node.as_map().is_some() => {
                        let arguments = self.arguments(&call.arguments, frame)?;
                        if let Some(child) = arguments.positional.first().and_then(Value::as_str).and_then(|key| node.get(key)) {
                            return self.context.node(child);
                        }
                        let base = self.context.node(&node)?;
                        return methods::call(self, &base, method, arguments).map_err(placed);
                    }
                    found => match self.context.whole(found)? {
                        Value::Undefined(undefined) => return Err(self.raise(&undefined, base, frame)),
                        value => value,
                    },
                };
                let arguments = self.arguments(&call.arguments, frame)?;
                if let Value::Object(object) = &base {
                    if let Some(found) = self.object_method(object, method, &arguments).map_err(placed)? {
                        return Ok(found);
                    }
                    if objects::downcast::<Shared>(object).is_none()
                        && let Some(found @ Value::Object(_)) = object.get(&Value::Str(method.clone()))?
                    {
                        return self.call_value(&found, method, arguments, *at);
                    }
                }
                if let Value::Map(map) = &base
                    && let Some(found @ Value::Object(_)) = map.get(&**method)
                {
                    return self.call_value(found, method, arguments, *at);
                }
                let value = methods::call(self, &base, method, arguments).map_err(placed)?;
                Ok(if matches!(value, Value::Object(_)) { value } else { self.literal(value) })
            }
            callee => {
                let value = self.defined(callee, frame)?;
                self.call_value(&value, "this", self.arguments(&call.arguments, frame)?, call.at)
            }
        }
    }

    /// Methods of objects that need the evaluator or their own state.
    fn object_method(&self, object: &Arc<dyn Object>, method: &str, arguments: &Arguments) -> Result<Option<Value>> {
        if let Some(state) = objects::downcast::<Loop>(object) {
            return match method {
                "cycle" if arguments.positional.is_empty() => Err(Fail::error("`loop.cycle` takes the values to cycle through")),
                "cycle" => Ok(Some(arguments.positional[state.index.load(Ordering::Relaxed) % arguments.positional.len()].clone())),
                "changed" => {
                    let mut last = objects::lock(&state.changed);
                    let same = last.as_ref() == Some(&arguments.positional);
                    *last = Some(arguments.positional.clone());
                    Ok(Some(Value::Bool(!same)))
                }
                _ => Ok(None),
            };
        }
        if let Some(cycler) = objects::downcast::<Cycler>(object) {
            return Ok(match method {
                "next" => Some(cycler.items[cycler.at.fetch_add(1, Ordering::Relaxed) % cycler.items.len()].clone()),
                "reset" => {
                    cycler.at.store(0, Ordering::Relaxed);
                    Some(Value::Null)
                }
                _ => None,
            });
        }
        Ok(None)
    }

    pub(crate) fn call_value(&self, value: &Value, name: &str, arguments: Arguments, at: At) -> Result<Value> {
        let Value::Object(object) = value else {
            if let Value::Undefined(undefined) = value {
                return Err(self.placed(Fail::Undefined(undefined.clone()), Some(at)));
            }
            return Err(
                self.placed(Fail::error(format!("`{name}` is of type '{}' and cannot be called", objects::type_name(value))), Some(at))
            );
        };
        if let Some(found) = objects::downcast::<macros::MacroValue>(object) {
            return self.call_macro(found, arguments).map_err(|fail| self.placed(fail, Some(at)));
        }
        if let Some(state) = objects::downcast::<Loop>(object) {
            return self.recurse(state, arguments).map_err(|fail| self.placed(fail, Some(at)));
        }
        if let Some(function) = objects::downcast::<Function>(object)
            && let Some(function) = functions::find(&function.0)
        {
            return (function.run)(self, arguments, None).map_err(|fail| self.placed(fail, Some(at)));
        }
        object.call(&arguments.positional, &arguments.keywords).map_err(|error| self.placed(error.into(), Some(at)))
    }
}

/// Too many arguments, and names that are none; a parameter `*` takes any.
fn check_arguments(name: &str, parameters: &[&str], arguments: &Arguments) -> Result<()> {
    if parameters.contains(&"*") {
        return Ok(());
    }
    if arguments.positional.len() > parameters.len() {
        return Err(Fail::error(format!(
            "`{name}` takes at most {} arguments, {} were given",
            parameters.len(),
            arguments.positional.len()
        )));
    }
    if let Some((unknown, _)) = arguments.keywords.iter().find(|(keyword, _)| !parameters.contains(&&**keyword)) {
        let error = Diagnostic::error(format!("`{name}` has no argument `{unknown}`"));
        return Err(error.suggest(unknown, parameters.iter().copied()).into());
    }
    Ok(())
}
