//! Macros, call blocks, and modules of them.

use std::fmt;
use std::sync::Arc;

use super::objects::{self};
use super::{Arguments, Eval, Fail, Frame, Result, Unit};
use crate::diag::Diagnostic;
use crate::template::syntax::{Expr, Macro};
use crate::value::{Object, Undefined, Value};

/// A macro where it was defined: it sees the names there.
pub(crate) struct MacroValue {
    node: Arc<Macro>,
    unit: Unit,
    frame: Arc<Frame>,
}

/// An imported template: its names.
pub(crate) struct Module(pub(crate) Arc<Frame>);

/// The macro as a value, bound to its frame.
pub(crate) fn value(eval: &Eval<'_>, node: &Arc<Macro>, frame: &Arc<Frame>) -> Value {
    eval.context.keep(frame);
    Value::Object(Arc::new(MacroValue { node: node.clone(), unit: eval.unit.clone(), frame: frame.clone() }))
}

impl Eval<'_> {
    pub(crate) fn call_macro(&self, found: &MacroValue, arguments: Arguments) -> Result<Value> {
        let _entered = super::enter(0, 0)?;
        let node = &found.node;
        let eval = Eval { context: self.context, unit: found.unit.clone() };
        let frame = Frame::inside(Some(&found.frame));
        let Arguments { positional, keywords } = arguments;
        let mut positional = positional.into_iter();
        let mut keywords: Vec<(Arc<str>, Value)> = keywords;
        let without_default = node.parameters.len() - node.defaults.len();
        for (index, parameter) in node.parameters.iter().enumerate() {
            let keyword = keywords.iter().position(|(name, _)| name == parameter);
            let value = match (positional.next(), keyword) {
                (Some(_), Some(_)) => return Err(Fail::error(format!("`{}` got two values for `{parameter}`", node.name))),
                (Some(value), None) => value,
                (None, Some(place)) => keywords.remove(place).1,
                (None, None) => match index.checked_sub(without_default) {
                    Some(index) => eval.expr(&node.defaults[index], Some(&frame))?,
                    None => Value::Undefined(Arc::new(Undefined {
                        name: parameter.to_string(),
                        hint: Some(format!("the parameter `{parameter}` of the macro `{}` was not given", node.name)),
                        ..Undefined::default()
                    })),
                },
            };
            frame.set(parameter, eval.literal(value));
        }
        if let Some(place) = keywords.iter().position(|(name, _)| &**name == "caller") {
            frame.set(&"caller".into(), keywords.remove(place).1);
        }
        let varargs: Vec<Value> = positional.collect();
        if !node.takes.varargs && !varargs.is_empty() {
            return Err(Fail::error(format!(
                "`{}` takes {} arguments, {} were given",
                node.name,
                node.parameters.len(),
                node.parameters.len() + varargs.len()
            )));
        }
        if let Some((unknown, _)) = keywords.first().filter(|_| !node.takes.kwargs) {
            let error = Diagnostic::error(format!("the macro `{}` has no parameter `{unknown}`", node.name));
            return Err(error.suggest(unknown, node.parameters.iter().map(AsRef::as_ref)).into());
        }
        frame.set(&"varargs".into(), Value::Tuple(Arc::new(varargs)));
        frame.set(&"kwargs".into(), Value::map(keywords.into_iter().map(|(name, value)| (Value::Str(name), value))));
        eval.capture(&node.body, Some(&frame))
    }

    /// `{% call(…) macro(…) %}…{% endcall %}`
    pub(crate) fn call_with_caller(&self, call: &Expr, caller: &Arc<Macro>, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let Expr::Call(call) = call else { return Err(Fail::error("`call` takes the call of a macro")) };
        let around = Frame::inside(frame);
        let caller = value(self, caller, &around);
        let callee = self.defined(&call.callee, frame)?;
        let mut arguments = self.arguments(&call.arguments, frame)?;
        arguments.keywords.push(("caller".into(), caller));
        self.call_value(&callee, "call", arguments, call.at)
    }
}

impl fmt::Debug for MacroValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Macro {:?}>", self.node.name)
    }
}

impl Object for MacroValue {
    fn type_name(&self) -> &'static str {
        "Macro"
    }

    fn get(&self, key: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        Ok(match key.as_str() {
            Some("name") => Some(Value::Str(self.node.name.clone())),
            Some("arguments") => Some(Value::Tuple(Arc::new(self.node.parameters.iter().cloned().map(Value::Str).collect()))),
            Some("catch_varargs") => Some(Value::Bool(self.node.takes.varargs)),
            Some("catch_kwargs") => Some(Value::Bool(self.node.takes.kwargs)),
            Some("caller") => Some(Value::Bool(self.node.takes.caller)),
            _ => None,
        })
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        Ok(Value::from(format!("{self:?}")))
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<TemplateModule>")
    }
}

impl Object for Module {
    fn type_name(&self) -> &'static str {
        "TemplateModule"
    }

    fn get(&self, key: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        Ok(key.as_str().filter(|name| !name.starts_with('_')).and_then(|name| self.0.own(name)))
    }

    fn iter(&self) -> std::result::Result<Option<Vec<Value>>, Diagnostic> {
        let names = objects::lock(&self.0.names);
        Ok(Some(names.iter().map(|(name, _)| Value::Str(name.clone())).collect()))
    }

    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        Ok(Value::from("<TemplateModule>"))
    }
}
