//! All tests (`is …`), one file a family; each file's `TABLE` names its own.

mod network;
mod results;
mod texts;
mod types;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::eval::{Fail, Invocation, Result};
use super::filters::{COLLECTIONS, Part, sorted};
use super::plugins::{self, Kind};
use crate::diag::Diagnostic;

/// One test.
pub(crate) struct Predicate {
    pub(crate) name: &'static str,
    /// Names of the arguments in their order; `*` for any.
    pub(crate) parameters: &'static [&'static str],
    pub(crate) run: fn(&Invocation<'_, '_>) -> Result<bool>,
    /// Takes undefined values as they are.
    pub(crate) undefined: bool,
    /// Takes containers as they are, shared or not.
    pub(crate) shallow: bool,
}

impl Predicate {
    const fn new(name: &'static str, parameters: &'static [&'static str], run: fn(&Invocation<'_, '_>) -> Result<bool>) -> Predicate {
        Predicate { name, parameters, run, undefined: false, shallow: false }
    }

    const fn takes_undefined(mut self) -> Predicate {
        self.undefined = true;
        self
    }

    const fn takes_shared(mut self) -> Predicate {
        self.shallow = true;
        self
    }
}

const FAMILIES: &[&[Predicate]] = &[network::TABLE, results::TABLE, texts::TABLE, types::TABLE];

static INDEX: LazyLock<HashMap<&'static str, &'static Predicate>> =
    LazyLock::new(|| FAMILIES.iter().flat_map(|family| family.iter()).map(|test| (test.name, test)).collect());

/// All tests, by name.
pub fn tests() -> Vec<Part> {
    sorted(INDEX.values().map(|test| Part { name: test.name, parameters: test.parameters }))
}

/// The test of a name: the user's own, else ours.
pub(crate) fn find(name: &str) -> Option<&'static Predicate> {
    static OWN: LazyLock<Mutex<HashMap<&'static str, &'static Predicate>>> = LazyLock::new(Mutex::default);
    let ours = builtin(name);
    let Some(name) = plugins::own(Kind::Test, name, ours.is_some()) else { return ours };
    let mut known = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    Some(known.entry(name).or_insert_with(|| Box::leak(Box::new(Predicate::new(name, &["*"], foreign)))))
}

/// One of the user's own: its answer counts by its truth.
fn foreign(call: &Invocation<'_, '_>) -> Result<bool> {
    let arguments = [call.input.clone()].into_iter().chain(call.arguments.positional.iter().cloned()).collect();
    plugins::run(Kind::Test, call.name, arguments, call.arguments.keywords.clone(), call.eval.context.scope).map(|value| value.is_true())
}

/// Ours, with or without its collection.
pub(crate) fn builtin(name: &str) -> Option<&'static Predicate> {
    let short = COLLECTIONS.iter().find_map(|collection| name.strip_prefix(collection)).unwrap_or(name);
    INDEX.get(short).copied()
}

pub(crate) fn unknown(name: &str) -> Fail {
    diagnostic(name).into()
}

/// What to say about a test that is none.
pub(crate) fn diagnostic(name: &str) -> Diagnostic {
    plugins::missing(Kind::Test, "test", name, INDEX.keys().copied())
}
