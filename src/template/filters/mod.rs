//! All filters, one file a family; each file's `TABLE` names its own.

mod choose;
mod collect;
mod dates;
pub(crate) mod dicts;
pub(crate) mod encode;
mod json;
pub(crate) mod lists;
mod markup;
mod nested;
pub(crate) mod network;
mod numbers;
mod paths;
pub(crate) mod regex;
mod secrets;
mod select;
mod text;
mod yaml;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::eval::{Fail, Result};
use super::plugins::{self, Kind};
use crate::diag::Diagnostic;
use crate::value::Value;

pub(crate) use super::eval::Invocation;
pub(crate) use paths::normal;

/// One filter.
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    /// Names of the arguments in their order; `*` for any.
    pub(crate) parameters: &'static [&'static str],
    pub(crate) run: fn(&Invocation<'_, '_>) -> Result<Value>,
    /// Takes undefined values as they are.
    pub(crate) undefined: bool,
    /// Passes on the very items of its input, so that a change to one is seen in both.
    pub(crate) shallow: bool,
}

impl Filter {
    const fn new(name: &'static str, parameters: &'static [&'static str], run: fn(&Invocation<'_, '_>) -> Result<Value>) -> Filter {
        Filter { name, parameters, run, undefined: false, shallow: false }
    }

    const fn takes_undefined(mut self) -> Filter {
        self.undefined = true;
        self
    }

    const fn keeps_items(mut self) -> Filter {
        self.shallow = true;
        self
    }
}

const FAMILIES: &[&[Filter]] = &[
    choose::TABLE,
    collect::TABLE,
    dates::TABLE,
    dicts::TABLE,
    encode::TABLE,
    json::TABLE,
    lists::TABLE,
    markup::TABLE,
    nested::TABLE,
    network::TABLE,
    numbers::TABLE,
    paths::TABLE,
    regex::TABLE,
    secrets::TABLE,
    select::TABLE,
    text::TABLE,
    yaml::TABLE,
];

/// Collections whose filters and tests are built in, under their full and their short names.
pub(super) const COLLECTIONS: &[&str] = &[
    "ansible.builtin.",
    "ansible.legacy.",
    "ansible._protomatter.",
    "ansible.utils.",
    "ansible.netcommon.",
    "ansible.posix.",
    "community.general.",
    "community.crypto.",
];

static INDEX: LazyLock<HashMap<&'static str, &'static Filter>> =
    LazyLock::new(|| FAMILIES.iter().flat_map(|family| family.iter()).map(|filter| (filter.name, filter)).collect());

/// A filter, a test or a lookup, as documentation lists it.
pub struct Part {
    pub name: &'static str,
    /// In their order; of lookups they are not listed.
    pub parameters: &'static [&'static str],
}

pub(super) fn sorted(parts: impl Iterator<Item = Part>) -> Vec<Part> {
    let mut all: Vec<Part> = parts.collect();
    all.sort_by_key(|part| part.name);
    all
}

/// All filters, by name.
pub fn filters() -> Vec<Part> {
    sorted(INDEX.values().map(|filter| Part { name: filter.name, parameters: filter.parameters }))
}

/// The filter of a name: the user's own, else ours.
pub(crate) fn find(name: &str) -> Option<&'static Filter> {
    static OWN: LazyLock<Mutex<HashMap<&'static str, &'static Filter>>> = LazyLock::new(Mutex::default);
    let ours = builtin(name);
    let Some(name) = plugins::own(Kind::Filter, name, ours.is_some()) else { return ours };
    let mut known = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    Some(known.entry(name).or_insert_with(|| Box::leak(Box::new(Filter::new(name, &["*"], foreign)))))
}

/// One of the user's own.
fn foreign(call: &Invocation<'_, '_>) -> Result<Value> {
    let arguments = [call.input.clone()].into_iter().chain(call.arguments.positional.iter().cloned()).collect();
    plugins::run(Kind::Filter, call.name, arguments, call.arguments.keywords.clone(), call.eval.context.scope)
}

/// Ours, with or without its collection.
pub(crate) fn builtin(name: &str) -> Option<&'static Filter> {
    let short = COLLECTIONS.iter().find_map(|collection| name.strip_prefix(collection)).unwrap_or(name);
    INDEX.get(short).copied()
}

pub(crate) fn unknown(name: &str) -> Fail {
    diagnostic(name).into()
}

/// What to say about a filter that is none.
pub(crate) fn diagnostic(name: &str) -> Diagnostic {
    plugins::missing(Kind::Filter, "filter", name, INDEX.keys().copied())
}
