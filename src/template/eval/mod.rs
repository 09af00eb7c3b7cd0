//! The evaluator: our tree over our values, with Jinja2's scoping and Python's arithmetic.

mod access;
mod call;
mod context;
mod expr;
mod inherit;
mod macros;
pub(crate) mod objects;
pub(crate) mod ops;
mod output;
mod place;
pub(crate) mod stmt;

use std::sync::Arc;

pub(crate) use call::Invocation;
pub(crate) use context::{Context, Frame, enter, file, is_template};
pub(crate) use expr::is_true;
pub(crate) use place::Origin;

use crate::diag::Diagnostic;
use crate::template::syntax::{At, Program, Sight};
use crate::value::{Undefined, Value};

/// Why a value could not be had.
#[derive(Clone, Debug)]
pub(crate) enum Fail {
    /// `default` and `is defined` catch this one.
    Undefined(Arc<Undefined>),
    Error(Box<Diagnostic>),
}

pub(crate) type Result<T> = std::result::Result<T, Fail>;

/// Arguments of a call, evaluated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) positional: Vec<Value>,
    pub(crate) keywords: Vec<(Arc<str>, Value)>,
}

/// One text being evaluated: its tree and where it was written.
#[derive(Clone)]
pub(crate) struct Unit {
    pub(crate) program: Arc<Program>,
    pub(crate) origin: Origin,
    /// Whether it sees variables: what is imported without context does not.
    pub(crate) sight: Sight,
}

/// Evaluates one unit in one context.
pub(crate) struct Eval<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) unit: Unit,
}

impl Fail {
    pub(crate) fn error(message: impl Into<String>) -> Fail {
        Fail::Error(Box::new(Diagnostic::error(message)))
    }

    pub(crate) fn into_diagnostic(self) -> Diagnostic {
        match self {
            Fail::Undefined(undefined) => undefined.error(),
            Fail::Error(diagnostic) => *diagnostic,
        }
    }
}

impl From<Diagnostic> for Fail {
    fn from(diagnostic: Diagnostic) -> Fail {
        Fail::Error(Box::new(diagnostic))
    }
}

impl Arguments {
    pub(crate) fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords.iter().find(|(found, _)| &**found == name).map(|(_, value)| value)
    }

    /// The argument at `index` by place, or by its name.
    pub(crate) fn get(&self, index: usize, name: &str) -> Option<&Value> {
        self.positional.get(index).or_else(|| self.keyword(name))
    }
}

impl Unit {
    pub(crate) fn new(program: Arc<Program>, origin: Origin) -> Unit {
        Unit { program, origin, sight: Sight::Context }
    }
}

impl<'a> Eval<'a> {
    pub(crate) fn new(context: &'a Context<'a>, unit: Unit) -> Eval<'a> {
        if unit.program.mutates {
            context.sharing.set(true);
        }
        Eval { context, unit }
    }

    /// Gives an error the place of the expression, unless it has one.
    pub(crate) fn placed(&self, fail: Fail, at: Option<At>) -> Fail {
        match fail {
            Fail::Error(diagnostic) if diagnostic.span.is_none() => Fail::Error(Box::new(diagnostic.or_at(self.unit.span(at).as_ref()))),
            Fail::Undefined(undefined) if undefined.span.is_none() => {
                Fail::Undefined(Arc::new(Undefined { span: self.unit.span(at), ..(*undefined).clone() }))
            }
            other => other,
        }
    }
}
