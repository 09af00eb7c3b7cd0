//! Filters, tests and lookups of the user's own. Who has them and runs them is told here once; by name they are found beside ours.
//!
//! As in Ansible they are known in the whole process, and win over ours of the same short name; `ansible.builtin.NAME` is always ours.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use super::Scope;
use super::eval::{Fail, Result};
use crate::diag::Diagnostic;
use crate::value::{Undefined, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Filter,
    Test,
    Lookup,
}

/// One call. Of a filter or a test the first argument is its input; of a lookup the arguments are its terms.
pub struct Call<'c> {
    pub kind: Kind,
    pub name: &'c str,
    pub arguments: Vec<Value>,
    pub keywords: Vec<(Arc<str>, Value)>,
    pub scope: &'c dyn Scope,
}

/// Who has plugins of the user's own.
pub trait Plugins: Send + Sync {
    /// Whether there are any that can win over ours.
    fn any(&self) -> bool;
    /// Whether this name is given; `ours`: there is one of ours, and the question is whether the user's wins.
    fn has(&self, kind: Kind, name: &str, ours: bool) -> bool;
    /// All short names that are given, for suggestions.
    fn names(&self, kind: Kind) -> Vec<String>;
    /// Why a name that was not found may be missing.
    fn excuse(&self, kind: Kind, name: &str) -> Option<String>;
    /// # Errors
    /// The plugin fails.
    fn run(&self, call: &Call<'_>) -> std::result::Result<Value, Diagnostic>;
    /// Gives up what is under way.
    fn stop(&self);
}

static PLUGINS: OnceLock<&'static dyn Plugins> = OnceLock::new();

/// From now on these are asked.
pub fn use_plugins(plugins: &'static dyn Plugins) {
    // A second time it is the same.
    let _ = PLUGINS.set(plugins);
}

/// Whether the user has any that can win over ours.
pub(crate) fn any() -> bool {
    PLUGINS.get().is_some_and(|plugins| plugins.any())
}

/// What the user has of a name, for good: its text is kept, as those of ours are.
pub(crate) fn own(kind: Kind, name: &str, ours: bool) -> Option<&'static str> {
    static NAMES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    if !PLUGINS.get()?.has(kind, name, ours) {
        return None;
    }
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Some(known);
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    Some(kept)
}

pub(crate) fn run(kind: Kind, name: &str, arguments: Vec<Value>, keywords: Vec<(Arc<str>, Value)>, scope: &dyn Scope) -> Result<Value> {
    let Some(plugins) = PLUGINS.get() else { return Err(Fail::error(format!("there is no plugin `{name}`"))) };
    plugins.run(&Call { kind, name, arguments, keywords, scope }).map_err(|problem| match problem.undefined {
        true => Fail::Undefined(Arc::new(Undefined { name: name.into(), span: problem.span, hint: Some(problem.message), similar: None })),
        false => problem.into(),
    })
}

/// Says that there is no plugin of a name: with what is near to it among ours and the user's, and what may be the reason.
pub(crate) fn missing(kind: Kind, word: &str, name: &str, ours: impl Iterator<Item = &'static str>) -> Diagnostic {
    let error = Diagnostic::error(format!("there is no {word} `{name}`"));
    let Some(plugins) = PLUGINS.get() else { return error.suggest(name, ours) };
    match plugins.excuse(kind, name) {
        Some(excuse) => error.help(excuse),
        None => {
            let own = plugins.names(kind);
            let ours: Vec<&str> = ours.collect();
            error.suggest(name, own.iter().map(String::as_str).chain(ours.iter().copied()))
        }
    }
}

pub(crate) fn stop() {
    if let Some(plugins) = PLUGINS.get() {
        plugins.stop();
    }
}
