//! Playbook files to plays: reads files, follows imports, finds roles.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

use super::imports::Open;
use super::keywords::{SHARED, SINGLE, list_or_one};
use super::library::Listing;
use super::task::{folder_of, unknown};
use super::{Keywords, Play, Role, Step};
use indexmap::{IndexMap, IndexSet};

use crate::diag::{Diagnostic, Diagnostics, Source};
use crate::template::{Scope, VarMap};
use crate::vault::Decrypt;
use crate::yaml::{self, Kind, Node};

/// Keywords that only plays have.
const OWN: &[&str] = &[
    "name",
    "hosts",
    "gather_facts",
    "gather_subset",
    "gather_timeout",
    "serial",
    "strategy",
    "max_fail_percentage",
    "force_handlers",
    "order",
    "fact_path",
    "handlers",
    "pre_tasks",
    "post_tasks",
    "tasks",
    "roles",
    "vars_files",
    "vars_prompt",
    "validate_argspec",
];

/// Those of them that must be true or false where they are constants.
const PLAY_FLAGS: &[&str] = &["force_handlers", "gather_facts", "validate_argspec"];

/// Older names that still work.
const OLD: &[(&str, &str)] = &[("user", "remote_user"), ("sudo", "become"), ("sudo_user", "become_user")];

/// Where things are looked for.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// Folders that hold roles, after `roles/` beside the playbook.
    pub roles: Vec<PathBuf>,
    /// Folders that hold `ansible_collections/`.
    pub collections: Vec<PathBuf>,
    /// Folders that hold modules of the user's own, after `library/` beside the playbook.
    pub library: Vec<PathBuf>,
    /// Folders that hold action plugins, which are only told of.
    pub actions: Vec<PathBuf>,
    /// Folders that hold plugins of the user's own, after those beside the playbook.
    pub plugins: crate::plugins::Folders,
}

/// What a key that stands twice in a dictionary leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    #[default]
    Warn,
    Refuse,
    Ignore,
}

/// Reads playbooks, tasks files and roles; each role is read once.
pub struct Loader {
    pub roots: Roots,
    /// Whether modules and their arguments are checked while reading (always, but for tools that only list).
    pub check_actions: bool,
    /// What is wrong with tasks that may never be reached is told, and no reason not to begin: as under Ansible's names.
    pub lenient: bool,
    /// Nothing will run: what a task alone would fail with is only told.
    pub only_reading: AtomicBool,
    /// What names in static imports may use: extra variables.
    pub constants: Option<Arc<dyn Scope>>,
    pub decrypt: Option<Arc<Decrypt>>,
    pub duplicates: Duplicates,
    /// Whether variables of roles are for their own tasks only, where it is said at all.
    pub private_roles: Option<bool>,
    /// In the order in which they came.
    pub(super) roles: Mutex<IndexMap<String, Arc<Role>>>,
    pub(super) libraries: Mutex<HashMap<PathBuf, Listing>>,
    /// What the `meta/runtime.yml` of collections say of plugins that moved.
    pub(super) moved: Mutex<HashMap<PathBuf, Option<Node>>>,
    /// Modules that some `module_defaults` speaks of, by short names: what a task of theirs lacks may come from there.
    pub(super) defaulted: Mutex<HashSet<String>>,
    pub warnings: Mutex<Vec<Diagnostic>>,
    /// How many names of static imports were made from variables.
    pub(super) rendered: AtomicUsize,
}

/// Where a list of tasks stands.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    /// Folder of the file being read.
    pub folder: PathBuf,
    /// Folder of the playbook.
    pub playbook: PathBuf,
    /// Folder of the role, where it is one.
    pub role: Option<PathBuf>,
    /// Files being read, outermost first: an import of one of them is a circle.
    pub files: Vec<PathBuf>,
    /// Roles being read, outermost first.
    pub chain: Vec<String>,
    /// In `handlers/` names are looked for there, not in `tasks/`.
    pub handlers: bool,
    /// At the top of a file that was imported or included.
    pub taken_in: bool,
    /// A failure here is borne: by a `rescue`, by `ignore_errors`.
    pub borne: bool,
    /// Collections in which short names of roles and modules are looked for first.
    pub collections: Vec<String>,
    /// Variables that names in static imports may use, nearest first.
    pub vars: Vec<Arc<VarMap>>,
}

impl Inside {
    /// The same place with more variables, which win.
    #[must_use]
    pub fn with(&self, vars: &VarMap) -> Inside {
        let mut inside = self.clone();
        if !vars.is_empty() {
            inside.vars.insert(0, Arc::new(vars.clone()));
        }
        inside
    }
}

impl Loader {
    pub fn new(roots: Roots) -> Loader {
        crate::plugins::look_in(&roots.plugins, &roots.collections);
        Loader {
            roots,
            check_actions: true,
            lenient: false,
            only_reading: AtomicBool::new(false),
            constants: None,
            decrypt: None,
            duplicates: Duplicates::default(),
            private_roles: None,
            roles: Mutex::default(),
            libraries: Mutex::default(),
            moved: Mutex::default(),
            defaulted: Mutex::default(),
            warnings: Mutex::default(),
            rendered: AtomicUsize::new(0),
        }
    }

    /// Reads a playbook and all it imports. All problems that can be found are in the error.
    pub fn playbook(&self, path: &Path) -> Result<Vec<Play>, Diagnostics> {
        let mut problems = Diagnostics::default();
        let mut plays = Vec::new();
        self.playbook_file(path, &mut Open::default(), &mut plays, &mut problems);
        problems.0.extend(crate::plugins::warnings());
        if problems.has_errors() {
            return Err(problems);
        }
        self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(problems.0);
        Ok(plays)
    }

    /// Plays from a text that is no file (`deploy run`).
    pub fn playbook_text(&self, source: &Arc<Source>, folder: &Path) -> Result<Vec<Play>, Diagnostics> {
        let mut problems = Diagnostics::default();
        let mut plays = Vec::new();
        if let Some(node) = problems.collect(self.document(source)) {
            self.plays(&node, folder, &mut Open::default(), &mut plays, &mut problems);
        }
        if problems.has_errors() { Err(problems) } else { Ok(plays) }
    }

    /// The single document of a YAML file; `Null` for an empty one.
    ///
    /// # Errors
    /// It cannot be read, is no YAML, or is encrypted and cannot be opened.
    pub fn file(&self, path: &Path) -> Result<Node, Diagnostic> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Diagnostic::error(format!("cannot read {}: {}", shown(path).display(), reason(&e))))?;
        if !crate::vault::is_encrypted(&text) {
            return self.document(&Arc::new(Source { path: shown(path), text: text.into() }));
        }
        let Some(decrypt) = &self.decrypt else {
            return Err(crate::vault::locked(&shown(path).display().to_string()));
        };
        // What was encrypted is never shown in a report.
        let source = Arc::new(Source { path: shown(path), text: decrypt(&text)?.into() });
        self.first(yaml::load_secret(&source)?, &source)
    }

    fn document(&self, source: &Arc<Source>) -> Result<Node, Diagnostic> {
        self.first(yaml::load(source)?, source)
    }

    fn first(&self, loaded: yaml::Loaded, source: &Arc<Source>) -> Result<Node, Diagnostic> {
        match (self.duplicates, loaded.warnings.first()) {
            (Duplicates::Refuse, Some(duplicate)) => {
                let message = format!("YAML parsing failed: {}", duplicate.message);
                return Err(Diagnostic { level: crate::diag::Level::Error, message, ..duplicate.clone() });
            }
            (Duplicates::Warn, Some(_)) => self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(loaded.warnings),
            _ => {}
        }
        Ok(loaded.documents.into_iter().next().unwrap_or_else(|| Node::new(Kind::Null, crate::diag::Span::locate(source, 0, 0))))
    }

    pub(super) fn playbook_file(&self, path: &Path, open: &mut Open, plays: &mut Vec<Play>, problems: &mut Diagnostics) {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if open.files.contains(&real) {
            problems.push(Diagnostic::error(format!("playbook {} imports itself", path.display())));
            return;
        }
        open.files.push(real);
        if let Some(node) = problems.collect(self.file(path)) {
            self.plays(&node, folder_of(path), open, plays, problems);
        }
        open.files.pop();
    }

    fn plays(&self, node: &Node, folder: &Path, open: &mut Open, plays: &mut Vec<Play>, problems: &mut Diagnostics) {
        let Some(items) = node.as_list() else {
            problems.push(
                node.error("a playbook must be a list of plays")
                    .label(format!("this is {}", node.kind_name()))
                    .help("start each play with `- name: …` and give it `hosts:`"),
            );
            return;
        };
        if items.is_empty() {
            problems.push(node.error("A playbook must contain at least one play"));
        }
        self.notice_plugins(items, folder);
        for item in items {
            let Some(entries) = item.as_map() else {
                problems.push(item.error("a play must be a dictionary").label(format!("this is {}", item.kind_name())));
                continue;
            };
            let import = entries.iter().find(|(k, _)| {
                matches!(k.as_str(), Some("import_playbook" | "ansible.builtin.import_playbook" | "ansible.legacy.import_playbook"))
            });
            match import {
                Some((_, file)) => self.import_playbook(item, file, folder, open, plays, problems),
                None => plays.extend(self.play(item, entries, folder, &open.vars, problems)),
            }
        }
    }

    fn play(&self, node: &Node, entries: &[(Node, Node)], folder: &Path, imported: &VarMap, problems: &mut Diagnostics) -> Option<Play> {
        let mut keywords = Keywords::default();
        let mut own = indexmap::IndexMap::new();
        for (key, value) in entries {
            let written = key.as_str().unwrap_or_default();
            let name = OLD.iter().find(|(old, _)| *old == written).map_or(written, |(_, new)| new);
            if let Some(known) = OWN.iter().find(|k| **k == name) {
                own.insert(*known, value.clone());
            } else if !keywords.take(name, value, problems) {
                let tasks_in_play = super::check::known_action(name);
                problems.push(unknown(
                    key,
                    "play",
                    OWN.iter().chain(SHARED).chain(SINGLE).copied(),
                    tasks_in_play.then_some("this is a module: put it under `tasks:`"),
                ));
            }
        }
        self.note_defaults(&keywords);
        if node.get("user").is_some()
            && let Some(second) = node.get("remote_user")
        {
            problems
                .push(second.error("both 'user' and 'remote_user' are set for this play.").help("`user` is the older name: leave it out"));
        }
        let Some(hosts) = own.get("hosts").cloned() else {
            problems.push(node.error("this play has no `hosts`").help("say where it runs: `hosts: web`"));
            return None;
        };
        if hosts.as_map().is_some() {
            problems.push(hosts.error("`hosts` must be a pattern or a list of them").label(hosts.kind_name()));
        }
        super::keywords::check_name(node, problems);
        for (name, value) in PLAY_FLAGS.iter().filter_map(|name| Some((name, own.get(*name)?))) {
            super::keywords::check_flag(name, value, problems);
        }
        if hosts.is_null() || hosts.as_list().is_some_and(<[Node]>::is_empty) {
            problems.push(hosts.error("Hosts list cannot be empty. Please check your playbook").help("name a group, a host or a pattern"));
        }
        let collections = super::collections::searched_in(node.get("collections"), folder);
        let inside = Inside {
            folder: folder.to_owned(),
            playbook: folder.to_owned(),
            borne: self.bears(&keywords),
            collections,
            ..Inside::default()
        }
        .with(&keywords.vars);
        own.get("vars_prompt").map(list_or_one).unwrap_or_default().iter().for_each(|entry| super::check::check_prompt(entry, problems));
        let inside = own
            .get("vars_files")
            .map(list_or_one)
            .unwrap_or_default()
            .iter()
            .fold(inside, |inside, file| self.with_vars_file(inside, file));
        let inside = inside.with(imported);
        // First: modules of roles are there for all tasks.
        let roles = own.get("roles").map(|list| self.role_list(list, &inside, problems)).unwrap_or_default();
        let mut steps =
            |name: &str, inside: &Inside| own.get(name).map(|list| self.section(name, list, inside, problems)).unwrap_or_default();
        let (pre_tasks, tasks, post_tasks) = (steps("pre_tasks", &inside), steps("tasks", &inside), steps("post_tasks", &inside));
        let handlers = steps("handlers", &Inside { handlers: true, ..inside.clone() });
        Some(Play {
            name: own.get("name").cloned(),
            hosts,
            span: node.span().clone(),
            folder: folder.to_owned(),
            keywords: Arc::new(keywords),
            vars_files: own.get("vars_files").map(list_or_one).unwrap_or_default(),
            vars_prompt: own.get("vars_prompt").map(list_or_one).unwrap_or_default(),
            own,
            pre_tasks,
            roles,
            tasks,
            post_tasks,
            handlers,
        })
    }

    fn section(&self, name: &str, list: &Node, inside: &Inside, problems: &mut Diagnostics) -> Vec<Step> {
        if list.is_null() || list.as_list().is_some() {
            return self.steps(list, inside, problems);
        }
        let shown = list.scalar_text().unwrap_or_else(|| "this".into());
        let problem = list.error(format!("A malformed block was encountered while loading {name}: {shown} should be a list or None"));
        problems.push(problem.label(list.kind_name()).help("each task starts with `- name: …`"));
        Vec::new()
    }

    /// A tasks file's steps, and where they stand.
    pub fn tasks_file(&self, path: &Path, inside: &Inside, problems: &mut Diagnostics) -> (Vec<Step>, Inside) {
        let mut inner = inside.clone();
        inner.folder = folder_of(path).to_owned();
        inner.files.push(path.to_owned());
        let steps = match problems.collect(self.file(path)) {
            Some(node) if node.is_null() || node.as_list().is_some() => self.steps(&node, &inner, problems),
            Some(node) => {
                let problem = node.error("included task files must contain a list of tasks").label(format!("this is {}", node.kind_name()));
                problems.push(problem.help("each task starts with `- name: …`").of_hosts());
                Vec::new()
            }
            None => Vec::new(),
        };
        (steps, inner)
    }

    /// The file that `import_tasks: name` or `include_tasks: name` means there.
    ///
    /// # Errors
    /// No such file; the help lists where it was looked for.
    pub fn find_tasks(&self, name: &str, inside: &Inside) -> Result<PathBuf, Diagnostic> {
        let mut places = Vec::new();
        if let Some(role) = &inside.role {
            places.push(inside.folder.join(name));
            if inside.handlers {
                places.push(role.join("handlers").join(name));
            }
            places.push(role.join("tasks").join(name));
            places.push(role.join(name));
        } else {
            places.push(inside.folder.join(name));
            places.push(inside.folder.join("tasks").join(name));
        }
        places.push(inside.playbook.join(name));
        let found = places.iter().flat_map(|p| [p.clone(), p.with_extension("yml"), p.with_extension("yaml")]).find(|p| p.is_file());
        found.ok_or_else(|| {
            let listed: IndexSet<String> = places.iter().map(|p| shown(p).display().to_string()).collect();
            Diagnostic::error(format!("Could not find or access '{name}' on the controller: there is no such tasks file"))
                .help(format!("looked for {}", listed.into_iter().collect::<Vec<_>>().join(", ")))
                .of_hosts()
                .readable()
        })
    }
}

/// A path as messages show it: relative to the working folder where it is below it.
pub(super) fn shown(path: &Path) -> PathBuf {
    std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or_else(|| path.to_owned())
}

/// An I/O error as a user says it.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".into(),
        _ => error.to_string(),
    }
}
