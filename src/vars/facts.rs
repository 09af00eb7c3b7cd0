//! What a run learns of a host: facts, set_fact, registered results, include_vars.

use std::sync::{Arc, Mutex, PoisonError};

use super::VarMap;
use crate::template::Var;
use crate::value::{Map, Value};

/// The variables of one host that come up while plays run. Readers get snapshots; writers copy on write.
#[derive(Debug)]
pub struct HostState {
    pub name: Arc<str>,
    inner: Mutex<Levels>,
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
        HostState { name, inner: Mutex::default() }
    }

    pub fn levels(&self) -> Levels {
        self.lock().clone()
    }

    pub fn set(&self, name: Arc<str>, value: Value) {
        Arc::make_mut(&mut self.lock().set).insert(name, Var::Value(value));
    }

    pub fn include(&self, vars: impl IntoIterator<Item = (Arc<str>, Var)>) {
        Arc::make_mut(&mut self.lock().included).extend(vars);
    }

    /// Adds facts; a dictionary replaces the one before.
    pub fn add_facts(&self, facts: impl IntoIterator<Item = (Arc<str>, Value)>) {
        let mut levels = self.lock();
        for (name, value) in facts {
            let short = name.strip_prefix("ansible_").filter(|s| *s != "local" || name.as_ref() == "ansible_local").unwrap_or(&name);
            Arc::make_mut(&mut levels.stripped).insert(Value::str(short), value.clone());
            Arc::make_mut(&mut levels.facts).insert(name, Var::Value(value));
        }
    }

    /// `meta: clear_facts`.
    pub fn clear_facts(&self) {
        let mut levels = self.lock();
        levels.facts = Arc::default();
        levels.stripped = Arc::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Levels> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
