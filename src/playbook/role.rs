//! Roles: where they are, what they hold, how they are used.
//!
//! docs.ansible.com, "Roles".

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use indexmap::{IndexMap, IndexSet};

use super::collections::{self, names};
use super::keywords::list_or_one;
use super::load::{Inside, Loader};
use super::{Action, Keywords, Step, Task, VarMap};
use crate::diag::{Diagnostic, Diagnostics};
use crate::template::{Var, normal, var_map};
use crate::yaml::{Kind, Node};

/// A role's content, read once per set of `…_from` names.
#[derive(Debug)]
pub struct Role {
    /// As used: `nginx`, `company.web.nginx`.
    pub name: String,
    pub path: PathBuf,
    /// Collections in which its short names are looked for first.
    pub collections: Vec<String>,
    pub defaults: VarMap,
    pub vars: VarMap,
    pub tasks: Vec<Step>,
    pub handlers: Vec<Step>,
    /// Run before it.
    pub dependencies: Vec<Arc<RoleUse>>,
    pub allow_duplicates: bool,
    /// The specification of the entry point used, from `meta/argument_specs.yml`.
    pub argument_spec: Option<Node>,
    /// The name of that entry point: `main`.
    pub entry: String,
}

/// A role in `roles:`, a dependency, an import_role or include_role.
#[derive(Debug)]
pub struct RoleUse {
    pub role: Arc<Role>,
    /// Given with the role: they win over play variables.
    pub params: VarMap,
    pub keywords: Arc<Keywords>,
    /// Its defaults and variables are for the whole play.
    pub public: bool,
    pub allow_duplicates: bool,
    /// Its variables are held against its specification.
    pub validate: bool,
    pub way: Way,
}

/// How a role comes to be used: it decides over what its `vars` win.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// An entry of `roles:` or of dependencies: `vars` are the outermost block's.
    Entry,
    /// import_role: as those of a block.
    Import,
    /// include_role: as those of an include.
    Include,
}

/// Which files of a role are taken instead of `main`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct From {
    pub tasks: Option<String>,
    pub vars: Option<String>,
    pub defaults: Option<String>,
    pub handlers: Option<String>,
}

impl Loader {
    /// `roles:`.
    pub(super) fn role_list(&self, list: &Node, inside: &Inside, problems: &mut Diagnostics) -> Vec<Step> {
        match list.kind() {
            Kind::Null => Vec::new(),
            Kind::List(items) => {
                items.iter().filter_map(|item| self.role_entry(item, inside, problems)).map(|u| Step::Role(Arc::new(u))).collect()
            }
            _ => {
                problems.push(list.error("A malformed role declaration was encountered.").label(format!("this is {}", list.kind_name())));
                Vec::new()
            }
        }
    }

    /// `- nginx`, or `- role: nginx` with parameters and keywords.
    fn role_entry(&self, item: &Node, inside: &Inside, problems: &mut Diagnostics) -> Option<RoleUse> {
        let (name_node, entries): (&Node, &[(Node, Node)]) = match item.kind() {
            Kind::Str(name) if name.contains(',') => {
                problems.push(
                    item.error(format!("Invalid old style role requirement: {name}"))
                        .help("write `- role: name` with its parameters below"),
                );
                return None;
            }
            Kind::Str(_) => (item, &[]),
            Kind::Map(entries) => match item.get("role").or_else(|| item.get("name")) {
                Some(name) => (name, entries),
                None => {
                    problems.push(item.error("this entry of `roles` names no role").readable().help("write `- role: name`"));
                    return None;
                }
            },
            _ => {
                problems
                    .push(item.error("a role must be a name or a dictionary with `role`").label(format!("this is {}", item.kind_name())));
                return None;
            }
        };
        let mut keywords = Keywords::default();
        let mut params = VarMap::new();
        for (key, value) in entries {
            let name = key.as_str().unwrap_or_default();
            // `tasks_from` and the like are options of include_role: here they are parameters as any other.
            if !matches!(name, "role" | "name") && !keywords.take(name, value, problems) {
                params.insert(name.into(), Var::Node(value.clone()));
            }
        }
        self.note_defaults(&keywords);
        let name = self.role_name(name_node, inside, problems)?;
        // `vars` are as those of a block; only what is written beside them is a parameter.
        let known: VarMap = params.iter().chain(&keywords.vars).map(|(name, var)| (name.clone(), var.clone())).collect();
        let inside = Inside { borne: inside.borne || self.bears(&keywords), ..inside.with(&known) };
        let role = problems.collect_all(self.role(&name, &From::default(), &inside), name_node.span())?;
        let (allow_duplicates, public) = (role.allow_duplicates, !self.private_roles.unwrap_or(false));
        Some(RoleUse { role, params, keywords: Arc::new(keywords), public, allow_duplicates, validate: true, way: Way::Entry })
    }

    /// import_role, and include_role once its name is known.
    pub(super) fn role_of_action(&self, task: &Task, inside: &Inside, problems: &mut Diagnostics) -> Option<RoleUse> {
        let Some(name_node) = task.action.get("name").or_else(|| task.action.get("role")) else {
            problems.push(Diagnostic::error(format!("`{}` needs `name`", task.action.name)).at(&task.action.name_span));
            return None;
        };
        let name = self.role_name(name_node, inside, problems)?;
        let inside = Inside { borne: inside.borne || self.bears(&task.keywords), ..inside.with(&task.keywords.vars) };
        let from = self.from(&task.action, &inside, problems)?;
        let role = problems.collect_all(self.role(&name, &from, &inside), name_node.span())?;
        let flag = |key: &str| {
            let node = task.action.get(key)?;
            super::keywords::word_flag(node).or_else(|| super::keywords::word(&self.constant(node, &inside)?))
        };
        let public = flag("public").unwrap_or(!self.private_roles.unwrap_or(false));
        let (allow_duplicates, validate) = (flag("allow_duplicates").unwrap_or(true), flag("rolespec_validate").unwrap_or(true));
        Some(RoleUse { role, params: VarMap::new(), keywords: task.keywords.clone(), public, allow_duplicates, validate, way: Way::Import })
    }

    /// The `…_from` names of a role that is used statically.
    fn from(&self, action: &Action, inside: &Inside, problems: &mut Diagnostics) -> Option<From> {
        let mut text = |key: &str| match action.get(key) {
            None => Some(None),
            Some(node) => match self.constant(node, inside) {
                Some(name) => Some(Some(name).filter(|name| !name.is_empty())),
                None => {
                    problems.push(node.error(format!("`{key}` must be known before the play runs")).help("use include_role"));
                    None
                }
            },
        };
        Some(From {
            tasks: text("tasks_from")?,
            vars: text("vars_from")?,
            defaults: text("defaults_from")?,
            handlers: text("handlers_from")?,
        })
    }

    fn role_name(&self, node: &Node, inside: &Inside, problems: &mut Diagnostics) -> Option<String> {
        match self.constant(node, inside) {
            Some(name) if !name.is_empty() => Some(name),
            _ => {
                problems.push(
                    node.error("the role's name must be known before the play runs")
                        .help("use include_role, which is resolved while it runs"),
                );
                None
            }
        }
    }

    /// Finds and reads a role.
    ///
    /// # Errors
    /// It is nowhere, or what it holds has problems: all of them.
    pub fn role(&self, name: &str, from: &From, inside: &Inside) -> Result<Arc<Role>, Diagnostics> {
        let path = self.find_role(name, inside)?;
        let key = format!("{}\0{from:?}", path.display());
        if let Some(known) = self.roles.lock().ok().and_then(|roles| roles.get(&key).cloned()) {
            return Ok(known);
        }
        if inside.chain.contains(&key) {
            return Err(Diagnostic::error(format!("role `{name}` depends on itself")).into());
        }
        let mut problems = Diagnostics::default();
        let before = self.rendered.load(Ordering::Relaxed);
        let role = Arc::new(self.read_role(&collections::full_name(name, &path), &path, from, &key, inside, &mut problems));
        if problems.has_errors() {
            return Err(problems);
        }
        // With other variables it could import other files.
        if before == self.rendered.load(Ordering::Relaxed)
            && let Ok(mut roles) = self.roles.lock()
        {
            roles.insert(key, role.clone());
        }
        Ok(role)
    }

    fn read_role(&self, name: &str, path: &Path, from: &From, key: &str, inside: &Inside, problems: &mut Diagnostics) -> Role {
        crate::plugins::of_role(path);
        let mut inner = Inside {
            playbook: inside.playbook.clone(),
            role: Some(path.to_owned()),
            chain: inside.chain.clone(),
            vars: inside.vars.clone(),
            borne: inside.borne,
            ..Inside::default()
        };
        inner.chain.push(key.to_owned());
        let meta = self.part(path, "meta", None, problems).map(|(node, _)| node);
        let own = collections::around(path).map(|(_, name)| name);
        inner.collections =
            own.into_iter().chain(meta.as_ref().and_then(|m| m.get("collections")).map(names).unwrap_or_default()).collect();
        let dependencies = meta.as_ref().and_then(|m| m.get("dependencies")).map(list_or_one).unwrap_or_default();
        let dependencies = dependencies.iter().filter_map(|d| self.role_entry(d, &inner, problems)).map(Arc::new).collect();
        let mut vars = |part: &str, from: &Option<String>| -> VarMap {
            let files = self.part_files(path, part, from.as_deref(), problems);
            let maps = files.iter().filter_map(|file| problems.collect(self.file(file).and_then(|node| var_map(&node, part))));
            maps.flatten().collect()
        };
        let (defaults, variables) = (vars("defaults", &from.defaults), vars("vars", &from.vars));
        // Parameters are over the role's variables, those over the rest, and its defaults below all.
        inner.vars.insert(inner.vars.len().min(1), Arc::new(variables.clone()));
        inner.vars.push(Arc::new(defaults.clone()));
        let mut steps = |part: &str, from: &Option<String>| -> Vec<Step> {
            let Some((node, file)) = self.part(path, part, from.as_deref(), problems) else { return Vec::new() };
            let mut inner = inner.clone();
            inner.folder = super::task::folder_of(&file).to_owned();
            inner.files.push(file);
            inner.handlers = part == "handlers";
            self.steps(&node, &inner, problems)
        };
        let (tasks, handlers) = (steps("tasks", &from.tasks), steps("handlers", &from.handlers));
        let entry = from.tasks.as_deref().unwrap_or("main").trim_end_matches(".yml").trim_end_matches(".yaml");
        Role {
            name: name.to_owned(),
            path: path.to_owned(),
            collections: inner.collections,
            defaults,
            vars: variables,
            tasks,
            handlers,
            dependencies,
            allow_duplicates: meta.as_ref().and_then(|m| m.get("allow_duplicates")).and_then(super::keywords::word_flag).unwrap_or(false),
            entry: entry.to_owned(),
            argument_spec: self.argument_spec(path, entry, meta.as_ref(), problems),
        }
    }

    fn argument_spec(&self, path: &Path, entry: &str, meta: Option<&Node>, problems: &mut Diagnostics) -> Option<Node> {
        let file = ["meta/argument_specs.yml", "meta/argument_specs.yaml"].iter().map(|f| path.join(f)).find(|f| f.is_file());
        let node = match file {
            Some(file) => problems.collect(self.file(&file))?,
            None => meta?.clone(),
        };
        node.get("argument_specs")?.get(entry).cloned()
    }

    /// The file of a part of a role: `tasks/main.yml`; with a `…_from` name it must exist.
    fn part(&self, role: &Path, part: &str, from: Option<&str>, problems: &mut Diagnostics) -> Option<(Node, PathBuf)> {
        let file = self.part_files(role, part, from, problems).into_iter().next()?;
        problems.collect(self.file(&file)).map(|node| (node, file))
    }

    /// As [`Loader::part`]; `defaults/main/` and `vars/main/` may be folders of files, taken in order of name.
    fn part_files(&self, role: &Path, part: &str, from: Option<&str>, problems: &mut Diagnostics) -> Vec<PathBuf> {
        let base = role.join(part).join(from.unwrap_or("main"));
        let within = role.join(part);
        if !normal(&base).starts_with(normal(&within)) {
            problems.push(Diagnostic::error(format!(
                "Failed loading '{}' for role ({}) as it is not inside the expected role path: '{}'",
                base.display(),
                role.file_name().unwrap_or_default().to_string_lossy(),
                within.display()
            )));
            return Vec::new();
        }
        let endings = ["", ".yml", ".yaml", ".json"].map(|e| PathBuf::from(format!("{}{e}", base.display())));
        if let Some(file) = endings.iter().find(|f| f.is_file()) {
            return vec![file.clone()];
        }
        if matches!(part, "vars" | "defaults") && base.is_dir() {
            let mut files: Vec<PathBuf> = walk(&base);
            files.sort();
            return files;
        }
        if let Some(from) = from {
            problems.push(Diagnostic::error(format!("`{part}/{from}` does not exist in role {}", role.display())));
        }
        Vec::new()
    }

    /// A role's folder.
    ///
    /// # Errors
    /// It is nowhere; the help lists where it was looked for.
    pub fn find_role(&self, name: &str, inside: &Inside) -> Result<PathBuf, Diagnostic> {
        let mut places: Vec<PathBuf> = Vec::new();
        if name.contains('/') {
            places.extend([inside.folder.join(name), inside.playbook.join(name), PathBuf::from(name)]);
        }
        if let [namespace, collection, folders @ .., role] = &name.split('.').collect::<Vec<_>>()[..] {
            let below = folders.iter().collect::<PathBuf>().join(role);
            places.extend(self.collection(namespace, collection, inside).iter().map(|folder| folder.join("roles").join(&below)));
        } else {
            places.extend(self.searched(inside).iter().map(|folder| folder.join("roles").join(name)));
        }
        places.push(inside.playbook.join("roles").join(name));
        places.extend(self.roots.roles.iter().map(|root| root.join(name)));
        if let Some(beside) = inside.role.as_deref().and_then(Path::parent) {
            places.push(beside.join(name));
        }
        places.push(inside.playbook.join(name));
        if let Some(found) = places.iter().find(|p| p.is_dir()) {
            return Ok(found.clone());
        }
        let mut near: Vec<String> = Vec::new();
        for folder in places.iter().filter_map(|p| p.parent()) {
            near.extend(
                std::fs::read_dir(folder)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .filter(|e| e.path().is_dir())
                    .map(|e| e.file_name().to_string_lossy().into_owned()),
            );
        }
        let folder = |place: &PathBuf| {
            let above = place.to_string_lossy().strip_suffix(name).map(|above| PathBuf::from(if above.is_empty() { "." } else { above }));
            above.and_then(|above| std::path::absolute(above).ok()).map(|above| normal(&above).display().to_string())
        };
        let listed: IndexSet<String> = places.iter().filter_map(folder).collect();
        let listed: Vec<String> = listed.into_iter().collect();
        Err(Diagnostic::error(format!("the role '{name}' was not found in {}", listed.join(":")))
            .of_hosts()
            .readable()
            .suggest(name, near.iter().map(String::as_str)))
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.extension().is_none_or(|e| matches!(e.to_str(), Some("yml" | "yaml" | "json"))) {
            files.push(path);
        }
    }
    files
}

/// All roles of a list of steps, dependencies first, each once: what a play's variables come from.
pub fn roles_in<'a>(steps: &'a [Step], all: &mut IndexMap<*const RoleUse, &'a Arc<RoleUse>>) {
    for step in steps {
        match step {
            Step::Role(role) => role_and_dependencies(role, all),
            Step::Block(block) => {
                for part in [&block.steps, &block.rescue, &block.always] {
                    roles_in(part, all);
                }
            }
            Step::Task(_) => {}
        }
    }
}

fn role_and_dependencies<'a>(role: &'a Arc<RoleUse>, all: &mut IndexMap<*const RoleUse, &'a Arc<RoleUse>>) {
    if all.contains_key(&Arc::as_ptr(role)) {
        return;
    }
    for dependency in &role.role.dependencies {
        role_and_dependencies(dependency, all);
    }
    roles_in(&role.role.tasks, all);
    all.insert(Arc::as_ptr(role), role);
}
