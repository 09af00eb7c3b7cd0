//! All lookups, for `lookup()`, `query()` and the `with_` loops; one file a family, each with its `TABLE`.

mod files;
mod lists;
mod passwords;
mod programs;
mod settings;
mod tables;
mod terms;
mod variables;
mod web;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::Scope;
use super::eval::objects::{plain, type_name};
use super::eval::stmt::settle;
use super::eval::{Arguments, Context, Eval, Fail, Result};
use super::filters::{COLLECTIONS, Part, sorted};
use super::plugins::{self, Kind};
use crate::diag::Diagnostic;
use crate::value::Value;

pub(crate) use files::glob;
pub use programs::stop_lookups;
pub(crate) use programs::waiting;

/// One lookup.
pub(crate) struct Lookup {
    pub(crate) name: &'static str,
    run: fn(&Query<'_, '_>) -> Result<Vec<Value>>,
    /// Handles undefined terms itself.
    undefined: bool,
}

impl Lookup {
    const fn new(name: &'static str, run: fn(&Query<'_, '_>) -> Result<Vec<Value>>) -> Lookup {
        Lookup { name, run, undefined: false }
    }
}

/// One call of a lookup.
pub(crate) struct Query<'q, 'a> {
    pub(crate) context: &'q Context<'a>,
    pub(crate) name: &'q str,
    pub(crate) terms: Vec<Value>,
    pub(crate) options: Vec<(Arc<str>, Value)>,
}

impl Query<'_, '_> {
    pub(crate) fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(found, _)| &**found == name).map(|(_, value)| value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.option(name).filter(|value| !matches!(value, Value::Null)).map(ToString::to_string)
    }

    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        match self.option(name) {
            None => default,
            Some(Value::Str(text)) => matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1"),
            Some(value) => value.is_true(),
        }
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Fail {
        Fail::error(format!("lookup `{}`: {}", self.name, message.into()))
    }
}

const FAMILIES: &[&[Lookup]] =
    &[files::TABLE, lists::TABLE, passwords::TABLE, settings::TABLE, tables::TABLE, variables::TABLE, web::TABLE];

static INDEX: LazyLock<HashMap<&'static str, &'static Lookup>> =
    LazyLock::new(|| FAMILIES.iter().flat_map(|family| family.iter()).map(|lookup| (lookup.name, lookup)).collect());

/// All lookups, by name.
pub fn lookups() -> Vec<Part> {
    sorted(INDEX.values().map(|lookup| Part { name: lookup.name, parameters: &[] }))
}

/// The lookup of a name: the user's own, else ours.
pub(crate) fn find(name: &str) -> Option<&'static Lookup> {
    static OWN: LazyLock<Mutex<HashMap<&'static str, &'static Lookup>>> = LazyLock::new(Mutex::default);
    let ours = builtin(name);
    let Some(name) = plugins::own(Kind::Lookup, name, ours.is_some()) else { return ours };
    let mut known = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    Some(known.entry(name).or_insert_with(|| Box::leak(Box::new(Lookup::new(name, foreign)))))
}

/// One of the user's own.
fn foreign(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let found = plugins::run(Kind::Lookup, query.name, query.terms.clone(), query.options.clone(), query.context.scope)?;
    match found {
        Value::List(items) | Value::Tuple(items) => Ok(items.to_vec()),
        other => Err(query.error(format!("the plugin gave a {}, which is no list", type_name(&other)))),
    }
}

/// Ours, with or without its collection.
fn builtin(name: &str) -> Option<&'static Lookup> {
    let short = COLLECTIONS.iter().find_map(|collection| name.strip_prefix(collection)).unwrap_or(name);
    INDEX.get(short).copied()
}

/// What to say about a lookup that is none; nothing of one that is.
pub fn missing_lookup(name: &str) -> Option<Diagnostic> {
    find(name).is_none().then(|| diagnostic(name))
}

fn diagnostic(name: &str) -> Diagnostic {
    plugins::missing(Kind::Lookup, "lookup", name, INDEX.keys().copied())
}

/// `lookup(name, *terms, **options)`; `list`: the items as a list, as `query` gives them.
pub(crate) fn call(eval: &Eval<'_>, function: &str, arguments: Arguments, list: bool) -> Result<Value> {
    let mut terms = arguments.positional.into_iter();
    let name = match terms.next() {
        Some(Value::Undefined(undefined)) => return Err(Fail::Undefined(undefined)),
        Some(name) => name.to_string(),
        None => return Err(Fail::error(format!("`{function}` takes the name of a lookup"))),
    };
    let mut options = arguments.keywords;
    let mut take = |wanted: &str| options.iter().position(|(name, _)| &**name == wanted).map(|index| options.remove(index).1);
    let wanted = take("wantlist");
    let list = list || wanted.is_some_and(|value| value.is_true());
    let errors = take("errors").map(|value| value.to_string());
    let items = match run(eval.context, &name, terms.collect(), options) {
        Ok(items) => items,
        Err(Fail::Error(error)) if find(&name).is_some() && matches!(errors.as_deref(), Some("ignore" | "warn")) => {
            if errors.as_deref() == Some("warn") {
                eval.context.scope.warn(Diagnostic::warning(error.message.clone()).or_at(error.span.as_ref()));
            }
            return Ok(if list { Value::list([]) } else { Value::Null });
        }
        // Undefined until it is used: `| default` still helps.
        Err(Fail::Undefined(undefined)) => return Ok(Value::Undefined(undefined)),
        Err(fail) => return Err(fail),
    };
    if list {
        return Ok(Value::list(items));
    }
    Ok(match items.as_slice() {
        [one] => one.clone(),
        items if !items.is_empty() && items.iter().all(|item| matches!(item, Value::Str(_))) => {
            Value::from(items.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
        _ => Value::list(items),
    })
}

fn run(context: &Context<'_>, name: &str, terms: Vec<Value>, options: Vec<(Arc<str>, Value)>) -> Result<Vec<Value>> {
    let lookup = find(name).ok_or_else(|| diagnostic(name))?;
    if !context.scope.may_look_up(lookup.name) {
        return Err(Fail::error(format!("lookup `{name}` cannot be made yet")));
    }
    let mut plain_terms = Vec::with_capacity(terms.len());
    for term in terms {
        match term {
            Value::Undefined(undefined) if !lookup.undefined => return Err(Fail::Undefined(undefined)),
            term => plain_terms.push(plain(&term)?),
        }
    }
    // A default may be what is not defined: the lookup says so if it comes to that.
    let option = |(name, value): (Arc<str>, Value)| match value {
        value @ Value::Undefined(_) if &*name == "default" => Ok((name, value)),
        value => Ok((name, settle(&value)?)),
    };
    let options = options.into_iter().map(option).collect::<Result<_>>()?;
    (lookup.run)(&Query { context, name, terms: plain_terms, options })
}

/// A lookup by name, for `with_` loops: the terms are the items of what stands under `with_…`.
///
/// # Errors
/// There is no such lookup, or it fails.
pub fn lookup(name: &str, terms: Vec<Value>, options: &[(&str, Value)], scope: &dyn Scope) -> std::result::Result<Vec<Value>, Diagnostic> {
    let context = Context::new(scope);
    let options = options.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect();
    run(&context, name, terms, options).and_then(|items| items.iter().map(settle).collect()).map_err(Fail::into_diagnostic)
}
