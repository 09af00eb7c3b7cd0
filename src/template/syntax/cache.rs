//! Each distinct text parses once in a process.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::tree::Program;
use super::{SyntaxError, lower};
use crate::template::Syntax;

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    /// A string of a playbook: backslashes in string literals stay as they are.
    Text,
    /// A bare expression.
    Expression,
    /// One that is a condition, as in `when`: its string literals may be templates.
    Condition,
}

type Parsed = Result<Arc<Program>, Arc<SyntaxError>>;

/// More distinct texts than a large site has; beyond it the cache starts anew.
const LIMIT: usize = 50_000;

static TEXTS: LazyLock<RwLock<HashMap<Arc<str>, Parsed>>> = LazyLock::new(RwLock::default);
static EXPRESSIONS: LazyLock<RwLock<HashMap<Arc<str>, Parsed>>> = LazyLock::new(RwLock::default);
static CONDITIONS: LazyLock<RwLock<HashMap<Arc<str>, Parsed>>> = LazyLock::new(RwLock::default);
static FILES: LazyLock<RwLock<HashMap<(Arc<str>, Syntax), Parsed>>> = LazyLock::new(RwLock::default);

/// The tree of a playbook's string or expression.
pub(crate) fn program(text: &Arc<str>, mode: Mode) -> Parsed {
    let cache = match mode {
        Mode::Text => &TEXTS,
        Mode::Expression => &EXPRESSIONS,
        Mode::Condition => &CONDITIONS,
    };
    if let Some(found) = cache.read().unwrap_or_else(PoisonError::into_inner).get(text) {
        return found.clone();
    }
    let parsed = match mode {
        Mode::Text => lower::template(text, None),
        Mode::Expression => lower::expression(text, false),
        Mode::Condition => lower::expression(text, true),
    };
    let parsed = parsed.map(Arc::new).map_err(Arc::new);
    let mut cache = cache.write().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= LIMIT {
        cache.clear();
    }
    cache.insert(text.clone(), parsed.clone());
    parsed
}

/// The tree of a template file.
pub(crate) fn file(text: &Arc<str>, syntax: &Syntax) -> Parsed {
    let key = (text.clone(), syntax.clone());
    if let Some(found) = FILES.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return found.clone();
    }
    let parsed = lower::template(text, Some(syntax)).map(Arc::new).map_err(Arc::new);
    let mut cache = FILES.write().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= LIMIT / 50 {
        cache.clear();
    }
    cache.insert(key, parsed.clone());
    parsed
}
