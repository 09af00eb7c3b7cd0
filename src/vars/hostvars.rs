//! `hostvars` and `vars`: lazy dictionaries of variables.

use std::fmt;
use std::sync::Arc;

use super::TaskScope;
use crate::diag::Diagnostic;
use crate::template::{Scope, Var, render};
use crate::value::{Map, Object, Value};

/// `hostvars`: by host name.
pub(super) struct HostVars {
    pub(super) scope: TaskScope,
}

/// All variables of a scope: `vars`, `hostvars[host]`.
pub(super) struct AllVars {
    pub(super) scope: TaskScope,
}

impl HostVars {
    fn of(&self, host: &str) -> Option<Value> {
        let known = self.scope.world.read_inventory(|inventory| inventory.has_host(host));
        if !known && host != "localhost" {
            return None;
        }
        Some(Value::Object(Arc::new(AllVars { scope: self.scope.apart(host) })))
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.scope.world.read_inventory(|inventory| inventory.hosts_of("all"))
    }
}

impl Object for HostVars {
    fn type_name(&self) -> &'static str {
        "HostVars"
    }

    fn get(&self, key: &Value) -> Result<Option<Value>, Diagnostic> {
        let Some(host) = key.as_str() else { return Ok(None) };
        let readable = self.scope.world.read_inventory(|inventory| inventory.readable([&Arc::from(host)]));
        match readable {
            Ok(()) => Ok(self.of(host)),
            Err(mut problems) => Err(problems.0.swap_remove(0)),
        }
    }

    fn iter(&self) -> Result<Option<Vec<Value>>, Diagnostic> {
        Ok(Some(self.names().into_iter().map(Value::Str).collect()))
    }

    fn plain(&self) -> Result<Value, Diagnostic> {
        let mut map = Map::new();
        for host in self.names() {
            if let Some(Value::Object(vars)) = self.of(&host) {
                map.insert(Value::Str(host), vars.plain()?);
            }
        }
        Ok(Value::Map(Arc::new(map)))
    }
}

impl Object for AllVars {
    fn type_name(&self) -> &'static str {
        "dict"
    }

    fn get(&self, key: &Value) -> Result<Option<Value>, Diagnostic> {
        match key.as_str().and_then(|name| self.scope.get(name)) {
            None => Ok(None),
            Some(Var::Value(value)) => Ok(Some(value)),
            Some(Var::Node(node)) => render(&node, &self.scope).map(Some),
        }
    }

    fn iter(&self) -> Result<Option<Vec<Value>>, Diagnostic> {
        Ok(Some(self.scope.names().into_iter().map(Value::Str).collect()))
    }

    /// Variables that cannot be rendered now are left out.
    fn plain(&self) -> Result<Value, Diagnostic> {
        let mut map = Map::new();
        for name in self.scope.names() {
            if matches!(name.as_ref(), "hostvars" | "vars" | "omit") {
                continue;
            }
            if let Ok(Some(value)) = self.get(&Value::Str(name.clone())) {
                map.insert(Value::Str(name), value);
            }
        }
        Ok(Value::Map(Arc::new(map)))
    }
}

impl fmt::Debug for HostVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hostvars")
    }
}

impl fmt::Debug for AllVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vars of {}", self.scope.host.name)
    }
}
