//! What a playbook uses, held against what there is: modules, files with constant names, and variables that nobody defines.
//!
//! Only what is certain is told: a task that may be skipped, rescued or ignored may do without, and where names are known only when
//! a play runs nothing is said of variables.

mod includes;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::{elsewhere, no_module};
use super::{Keywords, Loader, Play, RoleUse, Step, Task, VarMap, collections};
use crate::diag::{Diagnostic, Level, Span};
use crate::template::{self, Var};
use crate::yaml::{Kind, Node};

/// Actions that send a file of this machine, and the folder of a role where it is looked for.
const FILES: &[(&str, &str, &str)] =
    &[("copy", "src", "files"), ("template", "src", "templates"), ("unarchive", "src", "files"), ("script", "cmd", "files")];

/// Actions that bring variables whose names are known only then.
const OPEN: &[&str] = &["include_vars", "include_tasks", "include_role", "include", "add_host"];

/// Facts that are variables without `ansible_` before them.
const FACTS: &[(&str, &[&str])] = &[
    ("getent", &["getent_passwd", "getent_group", "getent_shadow", "getent_hosts", "getent_services"]),
    ("package_facts", &["packages"]),
    ("service_facts", &["services"]),
    ("mount_facts", &["mount_points", "aggregate_mounts"]),
];

/// Variables of Ansible's own that are no magic ones: they are there in loops, after failures, and for connections.
const ALWAYS: &[&str] =
    &["item", "hostvars", "groups", "omit", "inventory_hostname", "group_names", "playbook_dir", "role_path", "role_name", "environment"];

/// What was found.
pub struct Survey<'a> {
    loader: &'a Loader,
    known: HashSet<Arc<str>>,
    /// Some variables get their names only when the play runs.
    open: bool,
    /// All files that could be included are looked at too.
    whole: bool,
    used: Vec<(Arc<str>, Span)>,
    missing: Vec<Diagnostic>,
    /// Modules of Ansible's that are not here.
    modules: Vec<Diagnostic>,
    /// Files and roles that includes led to.
    included: HashSet<PathBuf>,
    /// Something was included that is not looked into: it may bring modules and plugins.
    unseen: bool,
    /// Tasks before have perhaps made files on this machine.
    makes_files: bool,
}

/// Where a task stands.
#[derive(Clone, Default)]
struct Place {
    /// It may be skipped, or its failure is borne.
    borne: bool,
    /// In a file that perhaps no include leads to.
    perhaps: bool,
    /// Innermost first.
    roles: Vec<PathBuf>,
    playbook: PathBuf,
    /// Where short names are looked for besides.
    collections: Vec<String>,
}

impl<'a> Survey<'a> {
    /// `known`: names that variables have from elsewhere (inventory, `-e`).
    pub fn new(loader: &'a Loader, known: impl IntoIterator<Item = Arc<str>>) -> Survey<'a> {
        let mut known: HashSet<Arc<str>> = known.into_iter().collect();
        known.extend(ALWAYS.iter().map(|name| Arc::from(*name)));
        Survey {
            loader,
            known,
            open: false,
            whole: false,
            used: Vec::new(),
            missing: Vec::new(),
            modules: Vec::new(),
            included: HashSet::new(),
            unseen: false,
            makes_files: false,
        }
    }

    /// Every file of the repository is looked at: an include brings nothing that is not known.
    #[must_use]
    pub fn of_whole_repository(self) -> Survey<'a> {
        Survey { whole: true, ..self }
    }

    /// A file of tasks by itself.
    pub fn tasks(&mut self, steps: &[Step], role: Option<&Path>) {
        self.steps(steps, &Place { perhaps: true, roles: role.into_iter().map(Path::to_owned).collect(), ..Place::default() });
    }

    /// `reached`: there are hosts that it runs on.
    pub fn play(&mut self, play: &Play, reached: bool) {
        self.define(&play.keywords.vars);
        for file in &play.vars_files {
            self.vars_file(file, &play.folder);
        }
        self.known.extend(play.vars_prompt.iter().filter_map(|prompt| prompt.get("name")?.scalar_text()).map(Arc::from));
        self.makes_files |= is_here(&play.hosts) || play.keywords.get("connection").is_some_and(|node| node.as_str() == Some("local"));
        let collections = collections::searched_in(play.keywords.get("collections"), &play.folder);
        let place = Place { playbook: play.folder.clone(), borne: !reached, collections, ..Place::default() };
        for steps in [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks] {
            self.steps(steps, &place);
        }
        self.steps(&play.handlers, &Place { borne: true, ..place });
    }

    /// A role by itself, as it would be used without parameters.
    pub fn role(&mut self, used: &RoleUse) {
        self.role_use(used, &Place::default());
    }

    /// Files that are not there, and what is wrong with those that includes lead to.
    pub fn missing_files(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.missing)
    }

    /// Modules of Ansible's that are not here: errors, but for those of tasks that may be skipped.
    pub fn missing_modules(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.modules)
    }

    /// Variables that nobody defines, by the places that cannot do without. None where names come up only in the run.
    pub fn undefined(&self) -> Vec<Diagnostic> {
        if self.open {
            return Vec::new();
        }
        let mut told: HashMap<&str, usize> = HashMap::new();
        let mut all = Vec::new();
        for (name, span) in &self.used {
            let magic = name.starts_with("ansible_") || self.known.contains(name);
            if magic || crate::template::is_global(name) {
                continue;
            }
            // One variable is one mistake: the first places do.
            let count = told.entry(name).or_default();
            *count += 1;
            if *count <= 3 {
                all.push(
                    Diagnostic::error(format!("`{name}` is defined nowhere")).at(span).suggest(name, self.known.iter().map(AsRef::as_ref)),
                );
            }
        }
        all
    }

    /// These variables are there.
    pub fn define(&mut self, vars: &VarMap) {
        self.known.extend(vars.keys().cloned());
        for var in vars.values() {
            if let Var::Node(node) = var {
                self.dynamic(node);
            }
        }
    }

    /// A lookup that answers with variables by name may make any name known.
    fn dynamic(&mut self, node: &Node) {
        if let Kind::Str(text) = node.kind() {
            self.open |= text.contains("lookup('vars'") || text.contains("hostvars[") && text.contains("| combine");
        }
    }

    fn vars_file(&mut self, node: &Node, folder: &Path) {
        for name in node.as_list().map_or_else(|| vec![node.clone()], <[Node]>::to_vec) {
            let path = if name.has_template() { None } else { name.scalar_text().map(|text| folder.join(text)) };
            match path.and_then(|path| self.loader.file(&path).ok()) {
                Some(read) => {
                    if let Ok(vars) = template::var_map(&read, "vars_files") {
                        self.define(&vars);
                    }
                }
                None => self.open |= !self.whole,
            }
        }
    }

    fn steps(&mut self, steps: &[Step], place: &Place) {
        for step in steps {
            match step {
                Step::Task(task) => self.task(task, place),
                Step::Block(block) => {
                    self.define(&block.keywords.vars);
                    let around = Place { borne: place.borne || bears(&block.keywords), ..place.clone() };
                    let inner = Place { borne: around.borne || !block.rescue.is_empty(), ..around.clone() };
                    self.steps(&block.steps, &inner);
                    self.steps(&block.rescue, &around);
                    self.steps(&block.always, &around);
                }
                Step::Role(used) => self.role_use(used, place),
            }
        }
    }

    fn role_use(&mut self, used: &RoleUse, place: &Place) {
        self.define(&used.params);
        self.define(&used.role.defaults);
        self.define(&used.role.vars);
        if let Some(options) = used.role.argument_spec.as_ref().and_then(|spec| spec.get("options")?.as_map()) {
            self.known.extend(options.iter().filter_map(|(name, _)| name.scalar_text()).map(Arc::from));
        }
        let roles = std::iter::once(used.role.path.clone()).chain(place.roles.iter().cloned()).collect();
        let collections = used.role.collections.clone();
        let inner = Place { borne: place.borne || bears(&used.keywords), roles, collections, ..place.clone() };
        for dependency in &used.role.dependencies {
            self.role_use(dependency, &inner);
        }
        self.steps(&used.role.tasks, &inner);
        // Perhaps nothing notifies them.
        self.steps(&used.role.handlers, &Place { borne: true, ..inner });
    }

    fn task(&mut self, task: &Task, place: &Place) {
        self.define(&task.keywords.vars);
        self.known.extend(task.register.iter().cloned());
        if let Some(control) = &task.loop_control {
            self.known.extend(["loop_var", "index_var"].iter().filter_map(|name| control.get(name)?.scalar_text()).map(Arc::from));
        }
        let short = task.action.short();
        if short == "set_fact" {
            self.open |= task.action.rendered_arguments.is_some() || task.action.arguments.iter().any(|(name, _)| name.contains("{{"));
            self.known.extend(task.action.arguments.iter().map(|(name, _)| Arc::from(name.as_str())));
        }
        if let Some((_, names)) = FACTS.iter().find(|(module, _)| *module == short) {
            self.known.extend(names.iter().map(|name| Arc::from(*name)));
        }
        self.open |= task.action.foreign.is_some() || (!self.whole && OPEN.contains(&short));
        let borne = place.borne || bears(&task.keywords);
        if task.action.foreign.is_none() && elsewhere(&task.action.name) {
            // A loop may have no items.
            let perhaps = place.perhaps || task.repeat.as_ref().is_some_and(|repeat| repeat.terms.has_template());
            let level = if borne || perhaps { Level::Warning } else { Level::Error };
            self.modules.push(Diagnostic { level, ..no_module(&task.action) });
        }
        self.makes_files |= short == "fetch" || task.keywords.get("delegate_to").is_some_and(is_here);
        if borne || !task.failed_when.is_empty() {
            self.unseen |= matches!(short, "include_tasks" | "include_role");
            return;
        }
        self.include(task, place);
        let plain = task.action.arguments.iter().map(|(_, node)| node).chain(&task.action.rendered_arguments);
        let nodes = plain.chain(task.repeat.iter().map(|repeat| &repeat.terms)).chain(&task.keywords.environment);
        // What is rendered for each item may be rendered for none.
        if task.repeat.is_none() {
            self.used.extend(nodes.flat_map(|node| template::needs(node, false)));
        }
        self.file_of(task, place);
    }

    /// A file with a constant name that a task sends.
    fn file_of(&mut self, task: &Task, place: &Place) {
        let Some((_, argument, folder)) = FILES.iter().find(|(name, ..)| *name == task.action.short()) else { return };
        let flag = |name: &str| task.action.get(name).is_some_and(|node| node.has_template() || super::word_flag(node) == Some(true));
        let Some(node) = task.action.get(argument).or_else(|| (*argument == "cmd").then(|| task.action.get("_raw_params")).flatten())
        else {
            return;
        };
        let Some(text) = node.scalar_text().filter(|_| !node.has_template() && !flag("remote_src")) else { return };
        let name = text.split_whitespace().next().unwrap_or_default();
        if name.is_empty() || name.contains("://") || name.starts_with('~') || task.repeat.is_some() {
            return;
        }
        let mut places = Vec::new();
        let bases = place.roles.iter().chain([&task.folder, &place.playbook]);
        for base in bases {
            places.extend([base.join(folder).join(name), base.join(name)]);
        }
        if !places.iter().any(|path| path.exists()) && !Path::new(name).exists() {
            let mut listed: Vec<String> = places.iter().map(|path| super::load::shown(path).display().to_string()).collect();
            let mut told = HashSet::new();
            listed.retain(|place| told.insert(place.clone()));
            let level = if self.makes_files { Level::Warning } else { Level::Error };
            let problem = node.error(format!("there is no file `{name}` to send")).help(format!("looked for {}", listed.join(", ")));
            self.missing.push(Diagnostic { level, ..problem });
        }
    }
}

/// Whether it runs on this machine.
fn is_here(host: &Node) -> bool {
    host.as_str().is_some_and(|name| name.contains("localhost") || name.starts_with("127."))
}

/// Whether what stands there may be skipped, or may fail.
fn bears(keywords: &Keywords) -> bool {
    !keywords.when.is_empty() || keywords.get("ignore_errors").is_some() || keywords.tags.iter().any(|tag| tag == "never")
}
