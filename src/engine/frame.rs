//! Where a task stands: the chain of play, roles, blocks and includes above it, and what comes down it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::playbook::{self, Keywords, RoleUse, VarMap, Way};
use crate::template::{Scope, SearchPath, condition, render};
use crate::value::Value;
use crate::vars::{Chain, RoleVars};
use crate::yaml::Node;

/// One level; the outermost is the play.
#[derive(Debug)]
pub(super) struct Frame {
    pub keywords: Arc<Keywords>,
    pub parent: Option<Arc<Frame>>,
    /// The role whose tasks these are.
    pub role: Option<Arc<RoleVars>>,
    /// Hosts that fail here go to a `rescue`: their failure counts as rescued.
    pub rescuable: bool,
    /// In a `rescue` or `always`: it runs even while the run is being stopped.
    pub shielded: bool,
    /// Folder of the tasks file.
    pub folder: PathBuf,
    pub playbook: PathBuf,
    /// Variables: `vars` of this level, then of those above.
    vars: Vec<Arc<VarMap>>,
    include_params: Vec<Arc<VarMap>>,
    /// In a role's handlers.
    pub handlers: bool,
}

impl Frame {
    /// The play's own.
    pub(super) fn play(keywords: Arc<Keywords>, folder: PathBuf) -> Arc<Frame> {
        Arc::new(Frame {
            keywords,
            parent: None,
            role: None,
            rescuable: false,
            shielded: false,
            playbook: folder.clone(),
            folder,
            // The play's `vars` are a level of their own, below facts.
            vars: Vec::new(),
            include_params: Vec::new(),
            handlers: false,
        })
    }

    /// A block, or a task, in this frame.
    pub(super) fn inner(self: &Arc<Frame>, keywords: &Arc<Keywords>, folder: Option<&PathBuf>, rescuable: bool) -> Arc<Frame> {
        let mut vars = self.vars.clone();
        if !keywords.vars.is_empty() {
            vars.insert(0, Arc::new(keywords.vars.clone()));
        }
        Arc::new(Frame {
            keywords: keywords.clone(),
            parent: Some(self.clone()),
            role: self.role.clone(),
            rescuable: rescuable || self.rescuable,
            shielded: self.shielded,
            folder: folder.unwrap_or(&self.folder).clone(),
            playbook: self.playbook.clone(),
            vars,
            include_params: self.include_params.clone(),
            handlers: self.handlers,
        })
    }

    /// What a dynamic include, whose own frame this is, takes in: the include's variables come down, and what `apply` says; its other
    /// keywords are for the include alone.
    pub(super) fn included(self: &Arc<Frame>, apply: Arc<Keywords>, params: VarMap, folder: PathBuf, of_role: bool) -> Arc<Frame> {
        let around = self.parent.as_ref().unwrap_or(self);
        let mut frame = Frame { folder, ..around.inner(&apply, None, false).shallow() };
        // Level 21: above facts and parameters of roles; the nearest include counts.
        if !self.keywords.vars.is_empty() {
            frame.include_params.insert(0, Arc::new(self.keywords.vars.clone()));
        }
        if !params.is_empty() {
            frame.include_params.insert(0, Arc::new(params));
        }
        // Parameters of the role around are above those of an include_role in it.
        if let Some(role) = frame.role.as_ref().filter(|role| of_role && !role.params.is_empty()) {
            frame.include_params.insert(0, role.params.clone());
        }
        Arc::new(frame)
    }

    /// A role that the role of this frame depends on: it sees that role's variables, and is not inside it.
    pub(super) fn enter_dependency(self: &Arc<Frame>, used: &RoleUse) -> Arc<Frame> {
        let mut frame = self.enter(used).shallow();
        if let (Some(role), Some(parent)) = (&frame.role, &self.role) {
            let role = RoleVars { parents: parent.parents.clone(), parent_paths: parent.parent_paths.clone(), ..(**role).clone() };
            frame.role = Some(Arc::new(role));
        }
        Arc::new(frame)
    }

    /// A role used here.
    pub(super) fn enter(self: &Arc<Frame>, used: &RoleUse) -> Arc<Frame> {
        let parent = self.role.as_deref();
        let mut defaults = parent.map(|p| (*p.defaults).clone()).unwrap_or_default();
        let mut vars = parent.map(|p| (*p.vars).clone()).unwrap_or_default();
        let mut params = parent.map(|p| (*p.params).clone()).unwrap_or_default();
        for dependency in &used.role.dependencies {
            with_dependencies(dependency, &mut defaults, &mut vars);
        }
        defaults.extend(used.role.defaults.clone());
        vars.extend(used.role.vars.clone());
        if used.way != Way::Include {
            params.extend(used.params.clone());
        }
        let parents = parent.map(|p| std::iter::once(p.name.clone()).chain(p.parents.iter().cloned()).collect()).unwrap_or_default();
        let parent_paths =
            parent.map(|p| std::iter::once(p.path.clone()).chain(p.parent_paths.iter().cloned()).collect()).unwrap_or_default();
        let role = RoleVars {
            name: used.role.name.clone(),
            path: used.role.path.clone(),
            collections: used.role.collections.clone(),
            parents,
            parent_paths,
            defaults: Arc::new(defaults),
            vars: Arc::new(vars),
            params: Arc::new(params),
        };
        let mut frame = Frame {
            role: Some(Arc::new(role)),
            folder: used.role.path.join("tasks"),
            ..(*self.inner(&used.keywords, None, false)).shallow()
        };
        if used.way == Way::Entry && !used.keywords.vars.is_empty() {
            let own = frame.vars.remove(0);
            frame.vars.push(own);
        }
        Arc::new(frame)
    }

    fn shallow(&self) -> Frame {
        Frame {
            keywords: self.keywords.clone(),
            parent: self.parent.clone(),
            role: self.role.clone(),
            rescuable: self.rescuable,
            shielded: self.shielded,
            folder: self.folder.clone(),
            playbook: self.playbook.clone(),
            vars: self.vars.clone(),
            include_params: self.include_params.clone(),
            handlers: self.handlers,
        }
    }

    /// For a `rescue` or `always`.
    pub(super) fn shielded(self: &Arc<Frame>) -> Arc<Frame> {
        Arc::new(Frame { shielded: true, ..self.shallow() })
    }

    /// For the handlers of a role.
    pub(super) fn for_handlers(self: &Arc<Frame>) -> Arc<Frame> {
        let folder = self.role.as_ref().map_or_else(|| self.folder.clone(), |r| r.path.join("handlers"));
        Arc::new(Frame { handlers: true, rescuable: false, folder, ..self.shallow() })
    }

    /// The variables of this place.
    pub(super) fn chain(&self) -> Arc<Chain> {
        Arc::new(Chain {
            vars: self.vars.clone(),
            include_params: self.include_params.clone(),
            role: self.role.clone(),
            paths: Arc::new(SearchPath { folders: self.search_path() }),
        })
    }

    /// The role's folder, the tasks file's folder, the playbook's folder.
    fn search_path(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if let Some(role) = &self.role {
            folders.push(role.path.clone());
        }
        folders.push(self.folder.clone());
        folders.push(self.playbook.clone());
        folders.dedup();
        folders
    }

    fn levels(&self) -> impl Iterator<Item = &Frame> {
        std::iter::successors(Some(self), |frame| frame.parent.as_deref())
    }

    /// The nearest value of a keyword.
    pub(super) fn nearest(&self, name: &str) -> Option<&Node> {
        self.levels().find_map(|frame| frame.keywords.get(name))
    }

    /// The nearest value of a keyword as a boolean.
    ///
    /// # Errors
    /// Its template fails, or it is none.
    pub(super) fn flag(&self, name: &str, scope: &dyn Scope) -> Result<Option<bool>, Diagnostic> {
        let Some((node, value)) = self.rendered(name, scope)? else { return Ok(None) };
        Ok(match &value {
            Value::Null => node.is_null().then_some(false),
            Value::Str(text) => match playbook::word(text) {
                Some(flag) => Some(flag),
                None => {
                    return Err(node
                        .error(format!("The value '{text}' could not be converted to 'bool'"))
                        .label(format!("`{name}` must be true or false")));
                }
            },
            other => Some(other.is_true()),
        })
    }

    /// The nearest value of a keyword as text; none where it renders to nothing.
    ///
    /// # Errors
    /// Its template fails.
    pub(super) fn text(&self, name: &str, scope: &dyn Scope) -> Result<Option<String>, Diagnostic> {
        Ok(self.rendered(name, scope)?.and_then(|(_, value)| shown(value)))
    }

    /// The host that the task is delegated to; a task that leaves out its own delegation is not delegated.
    ///
    /// # Errors
    /// Its template fails.
    pub(super) fn delegate(&self, scope: &dyn Scope) -> Result<Option<String>, Diagnostic> {
        let name = "delegate_to";
        self.nearest(name).map_or(Ok(None), |node| keyword(name, node, scope).map(shown))
    }

    /// The nearest value of a keyword; one that is `omit` is as if it were not there.
    fn rendered(&self, name: &str, scope: &dyn Scope) -> Result<Option<(&Node, Value)>, Diagnostic> {
        for node in self.levels().filter_map(|frame| frame.keywords.get(name)) {
            let value = keyword(name, node, scope)?;
            if !matches!(value, Value::Omit) {
                return Ok(Some((node, value)));
            }
        }
        Ok(None)
    }

    /// Whether all conditions down to here hold, outermost first; the one that does not is in the answer.
    ///
    /// # Errors
    /// A condition cannot be evaluated.
    pub(super) fn when(&self, scope: &dyn Scope) -> Result<Option<Node>, Diagnostic> {
        let mut levels: Vec<&Frame> = self.levels().collect();
        levels.reverse();
        for node in levels.into_iter().flat_map(|frame| &frame.keywords.when) {
            if !condition(node, scope)? {
                return Ok(Some(node.clone()));
            }
        }
        Ok(None)
    }

    /// All tags down to here.
    pub(super) fn tags(&self) -> Vec<&str> {
        let mut tags: Vec<&str> = self.levels().flat_map(|frame| &frame.keywords.tags).map(String::as_str).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// `environment` of all levels, outermost first.
    pub(super) fn environment(&self) -> Vec<&Node> {
        let mut levels: Vec<&Frame> = self.levels().collect();
        levels.reverse();
        levels.into_iter().flat_map(|frame| &frame.keywords.environment).collect()
    }

    /// `module_defaults` of all levels, outermost first.
    pub(super) fn module_defaults(&self) -> Vec<&Node> {
        let mut levels: Vec<&Frame> = self.levels().collect();
        levels.reverse();
        let written = levels.into_iter().filter_map(|frame| frame.keywords.module_defaults.as_ref());
        written.flat_map(|node| node.as_list().map_or_else(|| vec![node], |items| items.iter().collect())).collect()
    }
}

fn with_dependencies(used: &RoleUse, defaults: &mut VarMap, vars: &mut VarMap) {
    for dependency in &used.role.dependencies {
        with_dependencies(dependency, defaults, vars);
    }
    defaults.extend(used.role.defaults.clone());
    vars.extend(used.role.vars.clone());
}

/// Whether a task with these tags runs under `--tags` and `--skip-tags` (docs.ansible.com, "Tags").
pub fn selected(tags: &[&str], only: &[String], skip: &[String]) -> bool {
    let (always, never) = (tags.contains(&"always"), tags.contains(&"never"));
    let has = |wanted: &String| match wanted.as_str() {
        "tagged" => !tags.is_empty() && !never,
        "untagged" => tags.is_empty(),
        "all" => !never,
        _ => false,
    };
    let named = |wanted: &String| tags.contains(&wanted.as_str());
    let wanted = always || (only.is_empty() && !never) || only.iter().any(|tag| named(tag) || has(tag));
    let skipped = skip.iter().any(|tag| match tag.as_str() {
        "all" => !always,
        "tagged" => !tags.is_empty(),
        "untagged" => tags.is_empty(),
        _ => false,
    });
    wanted && !skipped && !skip.iter().any(named)
}

fn keyword(name: &str, node: &Node, scope: &dyn Scope) -> Result<Value, Diagnostic> {
    render(node, scope).map_err(|problem| problem.during(&format!("Error processing keyword '{name}': ")))
}

/// The text of a keyword's value, where there is one.
fn shown(value: Value) -> Option<String> {
    Some(value).filter(|value| !matches!(value, Value::Null | Value::Omit)).map(|value| value.to_string()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_select() {
        let yes = |tags: &[&str], only: &[&str], skip: &[&str]| {
            let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
            selected(tags, &own(only), &own(skip))
        };
        assert!(yes(&[], &[], &[]) && yes(&["a"], &[], &[]) && !yes(&["never"], &[], &[]));
        assert!(yes(&["a"], &["a"], &[]) && !yes(&["b"], &["a"], &[]) && yes(&["always"], &["a"], &[]));
        assert!(!yes(&["always"], &["a"], &["always"]) && yes(&["never", "a"], &["a"], &[]));
        assert!(yes(&["a"], &["tagged"], &[]) && !yes(&[], &["tagged"], &[]) && yes(&[], &["untagged"], &[]));
    }
}
