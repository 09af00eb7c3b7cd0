//! What a template can see.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::dates;
use crate::diag::Diagnostic;
use crate::value::Value;
use crate::yaml::{Kind, Node};

/// A variable: final, or as written and rendered when it is used, in the scope of its use.
#[derive(Clone, Debug)]
pub enum Var {
    Value(Value),
    Node(Node),
}

impl From<Value> for Var {
    fn from(value: Value) -> Var {
        Var::Value(value)
    }
}

impl From<Node> for Var {
    fn from(node: Node) -> Var {
        Var::Node(node)
    }
}

/// Variables of one level, in the order written.
pub type VarMap = IndexMap<Arc<str>, Var>;

/// A dictionary of variables (or a list of such, as older content has it).
///
/// # Errors
/// The node has another shape, or a name is no valid variable name.
pub fn var_map(node: &Node, what: &str) -> Result<VarMap, Diagnostic> {
    let mut map = VarMap::new();
    match node.kind() {
        Kind::Null => {}
        Kind::Map(entries) => {
            for (key, value) in entries {
                let name = key.scalar_text().ok_or_else(|| key.error("a variable's name must be a string"))?;
                map.insert(name.as_str().into(), Var::Node(value.clone()));
            }
        }
        Kind::List(items) if items.iter().all(|i| i.as_map().is_some()) => {
            for item in items {
                map.extend(var_map(item, what)?);
            }
        }
        _ => {
            return Err(node
                .error(format!("`{what}` must be a dictionary of variables"))
                .label(format!("this is {}", node.kind_name()))
                .help("write `name: value` lines below it, indented"));
        }
    }
    Ok(map)
}

/// Where lookups and includes search, first to last.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    /// The role's folder, the folder of the tasks file, the playbook's folder: in each, `files/` or `templates/` first, then itself.
    pub folders: Vec<PathBuf>,
}

impl SearchPath {
    /// The first that exists of `folder/sub/name`, `folder/name`; absolute names are taken as they are.
    pub fn find(&self, sub: &str, name: &str) -> Option<PathBuf> {
        self.candidates(sub, name).into_iter().find(|path| path.exists())
    }

    /// All places that [`SearchPath::find`] tries, for the message when none is there.
    pub fn candidates(&self, sub: &str, name: &str) -> Vec<PathBuf> {
        let path = PathBuf::from(name);
        if path.is_absolute() {
            return vec![path];
        }
        self.folders.iter().flat_map(|folder| [folder.join(sub).join(name), folder.join(name)]).collect()
    }
}

pub trait Scope: Send + Sync {
    fn get(&self, name: &str) -> Option<Var>;
    /// All names, for `vars`, `varnames` and suggestions.
    fn names(&self) -> Vec<Arc<str>>;
    fn paths(&self) -> &SearchPath;
    /// Opens a vault text.
    fn decrypt(&self, text: &str) -> Result<String, Diagnostic> {
        let _ = text;
        Err(crate::vault::locked("this value"))
    }
    /// Whether this lookup may be made now: some ask the world, and must be made once.
    fn may_look_up(&self, lookup: &str) -> bool {
        let _ = lookup;
        true
    }
    /// Whether a condition may be any value, taken by its truth, as in older versions.
    fn takes_any_condition(&self) -> bool {
        true
    }
    /// A text that looks like a template is used, and is marked as none.
    ///
    /// # Errors
    /// Such texts are refused.
    fn met_untrusted(&self, node: &Node) -> Result<(), Diagnostic> {
        let _ = node;
        Ok(())
    }
    /// Takes a warning that came up while rendering.
    fn warn(&self, warning: Diagnostic) {
        let _ = warning;
    }
}

/// A scope with some names on top.
pub struct Overlay<'a> {
    pub inner: &'a dyn Scope,
    pub extra: VarMap,
}

impl Scope for Overlay<'_> {
    fn get(&self, name: &str) -> Option<Var> {
        self.extra.get(name).cloned().or_else(|| self.inner.get(name))
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.extra.keys().cloned().chain(self.inner.names()).collect()
    }

    fn paths(&self) -> &SearchPath {
        self.inner.paths()
    }

    fn decrypt(&self, text: &str) -> Result<String, Diagnostic> {
        self.inner.decrypt(text)
    }

    fn warn(&self, warning: Diagnostic) {
        self.inner.warn(warning);
    }

    fn may_look_up(&self, lookup: &str) -> bool {
        self.inner.may_look_up(lookup)
    }

    fn met_untrusted(&self, node: &Node) -> Result<(), Diagnostic> {
        self.inner.met_untrusted(node)
    }

    fn takes_any_condition(&self) -> bool {
        self.inner.takes_any_condition()
    }
}

/// What a template file can say of itself (docs.ansible.com, ansible.builtin.template); `dest`: where it goes, if it goes anywhere.
pub fn about(path: &Path, dest: Option<&str>) -> VarMap {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let text = |text: String| Var::Value(Value::from(text));
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let meta = std::fs::metadata(path).ok();
    let owner = meta.as_ref().map_or(0, std::os::unix::fs::MetadataExt::uid);
    let owners = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = owners.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == owner.to_string()).then(|| name.to_owned())
    });
    let changed = meta.and_then(|meta| meta.modified().ok()).and_then(dates::local);
    [
        ("template_path", text(path.display().to_string())),
        ("template_fullpath", text(full.display().to_string())),
        ("template_destpath", dest.map_or(Var::Value(Value::Null), |dest| text(dest.to_owned()))),
        ("template_host", text(host)),
        ("template_uid", text(named.unwrap_or_else(|| owner.to_string()))),
        ("template_mtime", Var::Value(changed.unwrap_or(Value::Null))),
        ("template_run_date", Var::Value(dates::local(std::time::SystemTime::now()).unwrap_or(Value::Null))),
    ]
    .into_iter()
    .map(|(name, var)| (name.into(), var))
    .collect()
}
