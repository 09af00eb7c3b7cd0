//! Facts kept between runs: a file of JSON for each host, as the cache plugin `jsonfile` keeps them.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::VarMap;
use crate::diag::Diagnostic;
use crate::template::Var;
use crate::value::{Map, Value};

/// A folder of facts.
#[derive(Debug, Default)]
pub struct FactCache {
    pub folder: PathBuf,
    /// What the names of its files begin with; the host's name follows.
    pub prefix: String,
    /// Older facts count for nothing.
    pub lifetime: Option<Duration>,
    problems: Mutex<Vec<Diagnostic>>,
}

impl FactCache {
    pub fn new(folder: PathBuf, prefix: String, lifetime: Option<Duration>) -> FactCache {
        FactCache { folder, prefix, lifetime, problems: Mutex::default() }
    }

    /// What is kept of a host.
    pub(super) fn load(&self, host: &str) -> Map {
        let path = self.path(host);
        let Ok(meta) = fs::metadata(&path) else { return Map::new() };
        let age = meta.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok()).unwrap_or_default();
        if self.lifetime.is_some_and(|lifetime| age > lifetime) {
            return Map::new();
        }
        let read = fs::read(&path).map_err(|error| error.to_string());
        match read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string())) {
            // What ansible-core 2.19 kept itself has a form that only it reads.
            Ok(json @ serde_json::Value::Object(_)) if json.get("__payload__").is_none() => match Value::from_json(&json) {
                Value::Map(map) => (*map).clone(),
                _ => Map::new(),
            },
            Ok(_) => Map::new(),
            Err(why) => {
                self.problem(format!("{} cannot be read: {why}; the facts of {host} are gathered anew", path.display()));
                Map::new()
            }
        }
    }

    /// Keeps the facts of a host; a reader sees the old ones or the new ones, never a part.
    pub(super) fn store(&self, host: &str, facts: &VarMap) {
        let map = facts.iter().filter_map(|(name, var)| match var {
            Var::Value(value) => Some((Value::Str(name.clone()), value.clone())),
            Var::Node(_) => None,
        });
        let path = self.path(host);
        let written = Value::map(map).to_json().map_err(|problem| problem.message).and_then(|json| {
            let part = path.with_file_name(format!(".{}{}.{}", self.prefix, file_name(host), std::process::id()));
            fs::create_dir_all(&self.folder)
                .and_then(|()| fs::write(&part, json.to_string()))
                .and_then(|()| fs::rename(&part, &path))
                .map_err(|error| error.to_string())
        });
        if let Err(why) = written {
            self.problem(format!("the facts of {host} cannot be kept in {}: {why}", path.display()));
        }
    }

    pub(super) fn forget(&self, host: &str) {
        let path = self.path(host);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                self.problem(format!("{} cannot be removed: {error}", path.display()))
            }
            _ => {}
        }
    }

    pub(super) fn take_problems(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.problems.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn problem(&self, message: String) {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(Diagnostic::warning(message));
    }

    fn path(&self, host: &str) -> PathBuf {
        self.folder.join(format!("{}{}", self.prefix, file_name(host)))
    }
}

/// Names of hosts may be paths of sockets.
fn file_name(host: &str) -> String {
    host.replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_facts_for_their_time() {
        let folder = std::env::temp_dir().join(format!("facts-{}", std::process::id()));
        let cache = FactCache::new(folder.clone(), "p_".into(), None);
        let facts = VarMap::from_iter([("ansible_x".into(), Var::Value(Value::list([Value::Int(1)])))]);
        cache.store("web/1", &facts);
        assert!(folder.join("p_web_1").is_file());
        assert_eq!(cache.load("web/1").get("ansible_x"), Some(&Value::list([Value::Int(1)])));
        let old = FactCache::new(folder.clone(), "p_".into(), Some(Duration::ZERO));
        std::thread::sleep(Duration::from_millis(5));
        assert!(old.load("web/1").is_empty());
        cache.forget("web/1");
        assert!(cache.load("web/1").is_empty() && cache.take_problems().is_empty());
        let _ = fs::remove_dir_all(folder);
    }
}
