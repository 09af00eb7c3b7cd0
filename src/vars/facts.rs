//! What a run learns of a host: facts, set_fact, registered results, include_vars.

use std::sync::{Arc, Mutex, PoisonError};

use super::{FactCache, VarMap};
use crate::template::Var;
use crate::value::{Map, Value};
use crate::yaml::Node;

/// The variables of one host that come up while plays run. Readers get snapshots; writers copy on write.
#[derive(Debug)]
pub struct HostState {
    pub name: Arc<str>,
    inner: Mutex<Levels>,
    /// Where its facts are kept between runs.
    cache: Option<Arc<FactCache>>,
}

#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// As modules return them, `ansible_` prefixes included.
    pub facts: Arc<VarMap>,
    /// `ansible_facts`: the same without the prefix.
    pub stripped: Arc<Map>,
    pub included: Arc<VarMap>,
    /// set_fact and register.
    pub set: Arc<VarMap>,
}

impl HostState {
    pub fn new(name: Arc<str>) -> HostState {
        HostState { name, inner: Mutex::default(), cache: None }
    }

    /// With the facts that were kept of it.
    pub(super) fn remembered(name: Arc<str>, cache: Option<Arc<FactCache>>) -> HostState {
        let known = cache.as_ref().map(|cache| cache.load(&name)).unwrap_or_default();
        let host = HostState::new(name);
        host.add_facts(known.into_iter().map(|(name, value)| (Arc::from(name.to_string()), value)));
        HostState { cache, ..host }
    }

    pub fn levels(&self) -> Levels {
        self.lock().clone()
    }

    pub fn set(&self, name: Arc<str>, value: Value) {
        Arc::make_mut(&mut self.lock().set).insert(name, Var::Value(value));
    }

    /// A value that stays as it was written until it is used.
    pub fn set_written(&self, name: Arc<str>, node: Node) {
        Arc::make_mut(&mut self.lock().set).insert(name, Var::Node(node));
    }

    pub fn include(&self, vars: impl IntoIterator<Item = (Arc<str>, Var)>) {
        Arc::make_mut(&mut self.lock().included).extend(vars);
    }

    /// Adds facts; a dictionary replaces the one before.
    pub fn add_facts(&self, facts: impl IntoIterator<Item = (Arc<str>, Value)>) {
        let mut levels = self.lock();
        for (name, value) in facts {
            // `ansible_local` is called so here too.
            let short = name.strip_prefix("ansible_").filter(|short| *short != "local").unwrap_or(&name);
            Arc::make_mut(&mut levels.stripped).insert(Value::str(short), value.clone());
            Arc::make_mut(&mut levels.facts).insert(name, Var::Value(value));
        }
        if let Some(cache) = &self.cache {
            cache.store(&self.name, &levels.facts);
        }
    }

    /// Whether facts were gathered of it.
    pub fn has_facts(&self) -> bool {
        self.lock().facts.contains_key("ansible_system")
    }

    /// `meta: clear_facts`.
    pub fn clear_facts(&self) {
        let mut levels = self.lock();
        levels.facts = Arc::default();
        levels.stripped = Arc::default();
        if let Some(cache) = &self.cache {
            cache.forget(&self.name);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Levels> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
