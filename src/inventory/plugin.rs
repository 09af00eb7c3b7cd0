//! What configurations of inventory plugins have in common: options with their types, and what their expressions see.

use std::collections::HashMap;
use std::sync::Arc;

use super::Settings;
use crate::diag::{Diagnostic, Diagnostics};
use crate::template::{Scope, SearchPath, Var, VarMap};
use crate::value::Value;
use crate::yaml::{Kind, Node};

/// Options that every plugin has; there is nothing to cache where hosts are read from files.
const ALL: [&str; 6] = ["plugin", "cache", "cache_plugin", "cache_timeout", "cache_connection", "cache_prefix"];

/// One dictionary of options.
pub(super) struct Options<'n> {
    node: &'n Node,
}

impl<'n> Options<'n> {
    /// What is no option is warned of.
    pub(super) fn new(node: &'n Node, known: &[&'static str], problems: &mut Diagnostics) -> Options<'n> {
        for (key, _) in node.as_map().unwrap_or_default() {
            let name = key.scalar_text().unwrap_or_default();
            if !known.contains(&name.as_str()) && !ALL.contains(&name.as_str()) {
                let warning = Diagnostic::warning(format!("`{name}` is no option here; it is passed over")).at(key.span());
                problems.push(warning.suggest(&name, known.iter().copied()));
            }
        }
        Options { node }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.node.get(name).filter(|node| !node.is_null())
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Diagnostic> {
        let Some(node) = self.get(name) else { return Ok(default) };
        let text = node.scalar_text().unwrap_or_default().to_lowercase();
        match text.as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(node.error(format!("`{name}` must be true or false, this is {}", node.kind_name()))),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Diagnostic> {
        let text =
            |node: &Node| node.scalar_text().ok_or_else(|| node.error(format!("`{name}` must be a string, this is {}", node.kind_name())));
        self.node.get(name).map(text).transpose()
    }

    pub(super) fn map(&self, name: &str) -> Result<&'n [(Node, Node)], Diagnostic> {
        let Some(node) = self.get(name) else { return Ok(&[]) };
        node.as_map().ok_or_else(|| node.error(format!("`{name}` must be a dictionary, this is {}", node.kind_name())))
    }

    pub(super) fn list(&self, name: &str) -> Result<&'n [Node], Diagnostic> {
        let Some(node) = self.get(name) else { return Ok(&[]) };
        node.as_list()
            .ok_or_else(|| node.error(format!("`{name}` must be a list, this is {}", node.kind_name())).help("begin each entry with `- `"))
    }
}

/// What expressions see: some variables, the first that has a name counts.
pub(super) struct Variables {
    levels: Vec<Arc<VarMap>>,
    own: HashMap<Arc<str>, Value>,
    paths: SearchPath,
    settings: Arc<Settings>,
}

impl Variables {
    /// `levels`: strongest first.
    pub(super) fn new(levels: Vec<Arc<VarMap>>, settings: &Arc<Settings>) -> Variables {
        Variables { levels, own: HashMap::new(), paths: SearchPath::default(), settings: settings.clone() }
    }

    /// A variable under all levels.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.own.insert(name.into(), value);
    }

    /// Variables over all that were there.
    pub(super) fn add(&mut self, level: VarMap) {
        self.levels.insert(0, Arc::new(level));
    }
}

impl Scope for Variables {
    fn get(&self, name: &str) -> Option<Var> {
        let level = self.levels.iter().find_map(|level| level.get(name)).cloned();
        level.or_else(|| self.own.get(name).cloned().map(Var::Value))
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.levels.iter().flat_map(|level| level.keys().cloned()).chain(self.own.keys().cloned()).collect()
    }

    fn paths(&self) -> &SearchPath {
        &self.paths
    }

    fn decrypt(&self, text: &str) -> Result<String, Diagnostic> {
        match &self.settings.decrypt {
            Some(decrypt) => decrypt(text),
            None => Err(crate::vault::locked("this value")),
        }
    }
}

/// The text of an expression; what is no string is none.
pub(super) fn expression(node: &Node) -> Result<&Node, Diagnostic> {
    match node.kind() {
        Kind::Str(_) => Ok(node),
        _ => Err(node.error(format!("this must be an expression, a string; it is {}", node.kind_name()))),
    }
}
