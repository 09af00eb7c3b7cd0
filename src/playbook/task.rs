//! Tasks, handlers and blocks from nodes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::check::known_action;
use super::keywords::{SHARED, SINGLE, list_or_one, word_flag};
use super::load::{Inside, Loader};
use super::{Action, Block, Keywords, Loop, Step, Task};
use crate::actions::valid_name;
use crate::diag::{Diagnostic, Diagnostics, Level};
use crate::template;
use crate::value::Value;
use crate::yaml::{Kind, Node};

/// Keywords that only tasks and handlers have.
const OWN: &[&str] = &[
    "name",
    "action",
    "local_action",
    "args",
    "loop",
    "loop_control",
    "register",
    "until",
    "retries",
    "delay",
    "changed_when",
    "failed_when",
    "listen",
    "async",
    "poll",
    "first_available_file",
    "static",
];

const BLOCK_OWN: &[&str] = &["name", "block", "rescue", "always"];

impl Loader {
    /// Whether a failure here is borne, or may not come about.
    pub(super) fn bears(&self, keywords: &Keywords) -> bool {
        let skipped = || !keywords.when.is_empty() || keywords.tags.iter().any(|tag| tag == "never");
        keywords.get("ignore_errors").is_some_and(|node| word_flag(node) != Some(false)) || self.lenient && skipped()
    }

    /// What is said of a plugin is said once.
    fn first_of(&self, problem: &Diagnostic) -> bool {
        let told = self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        !told.iter().any(|before| before.message == problem.message)
    }

    /// A list of tasks, as in `tasks:` or a tasks file. All problems are collected; what can be read is read.
    pub(super) fn steps(&self, list: &Node, inside: &Inside, problems: &mut Diagnostics) -> Vec<Step> {
        match list.kind() {
            Kind::Null => Vec::new(),
            Kind::List(items) => items.iter().filter_map(|item| self.step(item, inside, problems)).flatten().collect(),
            _ => {
                problems.push(
                    list.error("a list of tasks is expected")
                        .label(format!("this is {}", list.kind_name()))
                        .help("each task starts with `- name: …`"),
                );
                Vec::new()
            }
        }
    }

    /// One entry of such a list; imports become what they import.
    fn step(&self, node: &Node, inside: &Inside, problems: &mut Diagnostics) -> Option<Vec<Step>> {
        let Some(entries) = node.as_map() else {
            if !node.is_null() {
                problems.push(node.error("a task must be a dictionary").label(format!("this is {}", node.kind_name())));
            }
            return None;
        };
        let inside = &*inside.searching(node);
        if ["block", "rescue", "always"].iter().any(|k| node.get(k).is_some()) {
            if inside.handlers && !inside.taken_in {
                problems.push(
                    node.error("Using a block as a handler is not supported.").help("make handlers of its tasks that listen to one topic"),
                );
                return None;
            }
            return Some(vec![Step::Block(Arc::new(self.block(node, entries, inside, problems)))]);
        }
        let task = self.task(node, entries, inside, problems)?;
        if inside.handlers
            && task.action.short() == "meta"
            && task.action.get("_raw_params").and_then(Node::as_str) == Some("flush_handlers")
        {
            problems.push(Diagnostic::error("flush_handlers cannot be used as a handler").at(&task.action.name_span));
            return None;
        }
        if inside.handlers && matches!(task.action.short(), "include_role" | "import_role") {
            problems.push(
                Diagnostic::error(format!("Using '{}' as a handler is not supported.", task.action.short()))
                    .at(&task.action.name_span)
                    .help("use include_tasks, or notify the role's own handlers"),
            );
            return None;
        }
        if let Some(repeat) = task.repeat.as_ref().filter(|_| matches!(task.action.short(), "import_tasks" | "import_role")) {
            let (name, dynamic) = (task.action.short(), task.action.short().replace("import", "include"));
            problems.push(repeat.terms.error(format!("You cannot use loops on '{name}' statements. You should use '{dynamic}' instead.")));
            return None;
        }
        match task.action.short() {
            "import_tasks" => self.import_tasks(&task, inside, problems),
            "import_role" => self.import_role(&task, inside, problems),
            _ => Some(vec![Step::Task(Arc::new(task))]),
        }
    }

    fn block(&self, node: &Node, entries: &[(Node, Node)], inside: &Inside, problems: &mut Diagnostics) -> Block {
        let mut keywords = Keywords::default();
        for (key, value) in entries {
            let name = key.as_str().unwrap_or_default();
            if BLOCK_OWN.contains(&name) || keywords.take(name, value, problems) {
                continue;
            }
            problems.push(unknown(key, "block", BLOCK_OWN.iter().chain(SHARED).chain(SINGLE).copied(), None));
        }
        self.note_defaults(&keywords);
        super::keywords::check_name(node, problems);
        if node.get("block").is_none() {
            problems.push(node.error("`rescue` and `always` need a `block` beside them"));
        }
        if let Some(list) = node.get("block")
            && (list.is_null() || list.as_list().is_some_and(<[Node]>::is_empty))
            && ["rescue", "always"].iter().any(|part| node.get(part).is_some())
        {
            problems.push(list.error("this block is empty").help("`rescue` and `always` need tasks to stand beside"));
        }
        let inside = Inside {
            taken_in: false,
            borne: inside.borne || node.get("rescue").is_some() || self.bears(&keywords),
            ..inside.with(&keywords.vars)
        };
        let mut part = |name: &str| node.get(name).map(|list| self.steps(list, &inside, problems)).unwrap_or_default();
        let (steps, rescue, always) = (part("block"), part("rescue"), part("always"));
        Block {
            name: node.get("name").cloned(),
            span: node.span().clone(),
            keywords: Arc::new(keywords),
            steps,
            rescue,
            always,
            folder: None,
        }
    }

    fn task(&self, node: &Node, entries: &[(Node, Node)], inside: &Inside, problems: &mut Diagnostics) -> Option<Task> {
        // What fails this task alone, when its turn comes.
        let mut own = Diagnostics::default();
        let mut keywords = Keywords::default();
        let mut found: Option<Action> = None;
        let mut repeat = None;
        let mut local = None;
        for (key, value) in entries {
            let Some(name) = key.as_str() else {
                problems.push(key.error("a keyword must be a string"));
                continue;
            };
            if repeat.is_some() && (name == "loop" || name.starts_with("with_")) {
                problems.push(key.error("a task has two loops").readable().help("keep one of them"));
            } else if let Some(lookup) = name.strip_prefix("with_") {
                repeat = Some(Loop { lookup: Some(lookup.to_owned()), terms: value.clone() });
            } else if name == "loop" {
                repeat = Some(Loop { lookup: None, terms: value.clone() });
            } else if name == "action" || name == "local_action" {
                found = problems.collect(long_action(key, value)).or(found);
                if name == "local_action" {
                    local = Some(Node::string("localhost", key.span()));
                }
            } else if OWN.contains(&name) || (!is_action_like(name) && keywords.take(name, value, &mut own)) {
            } else if let Some(first) = &found {
                let second = unknown(key, "task", task_words(), None);
                if known_action(name) {
                    problems.push(
                        key.error(format!("a task has two actions: `{}` and `{name}`", first.name))
                            .related(&first.name_span, "the first is here")
                            .help("make two tasks of them"),
                    );
                } else {
                    problems.push(second);
                }
            } else if known_action(name) || name.contains('.') || !near_keyword(name) {
                found = problems.collect(Action::decode(name, key.span(), value));
            } else {
                problems.push(unknown(key, "task", task_words(), None));
            }
        }
        if let Some(host) = local {
            keywords.set("delegate_to", host);
        }
        let Some(mut action) = found else {
            if !problems.has_errors()
                || !problems.0.iter().any(|p| p.span.as_ref().is_some_and(|s| s.start >= node.span().start && s.end <= node.span().end))
            {
                problems.push(node.error("this task has no action").help("name a module: `ansible.builtin.command: …`, `apt: …`, …"));
            }
            return None;
        };
        if let Some(args) = node.get("args") {
            problems.collect(action.add_args(args));
        }
        action.foreign = self.foreign(&action.name, inside);
        self.note_defaults(&keywords);
        let plugin = self.action_plugin(&action, inside);
        let instead = plugin.as_ref().is_some_and(|problem| problem.level == Level::Error);
        own.0.extend(plugin.filter(|problem| problem.level == Level::Error || self.first_of(problem)));
        if self.check_actions && action.foreign.is_none() && !instead {
            super::check::check_action(&action, self.has_defaults(action.short()), problems, &mut own);
        }
        if action.short() == "meta" {
            super::check::check_meta(&action, inside.role.is_some(), inside.handlers, problems);
        }
        super::check::check_taking_in(&action, node.span(), problems);
        super::check::check_loop(node, repeat.as_ref(), problems);
        super::keywords::check_name(node, problems);
        let list = |name: &str| node.get(name).map(list_or_one).unwrap_or_default();
        let task = Task {
            name: node.get("name").cloned(),
            span: node.span().clone(),
            repeat,
            loop_control: node.get("loop_control").cloned(),
            register: node.get("register").and_then(|name| problems.collect(registered(name))).flatten(),
            until: list("until"),
            retries: node.get("retries").cloned(),
            delay: node.get("delay").cloned(),
            changed_when: list("changed_when"),
            failed_when: list("failed_when"),
            listen: list("listen"),
            asynchronous: node.get("async").cloned(),
            poll: node.get("poll").cloned(),
            folder: inside.folder.clone(),
            keywords: Arc::new(keywords),
            action,
        };
        super::check::check_templates(&task, &mut own);
        // A loop may have no items, a handler no notification.
        let perhaps = self.lenient && (inside.handlers || task.repeat.is_some());
        if inside.borne || self.bears(&task.keywords) || perhaps || self.only_reading.load(Ordering::Relaxed) {
            // Whoever wrote it may count on the failure: it is told, and comes in the task's turn.
            let told = own.0.into_iter().map(|problem| Diagnostic { level: Level::Warning, ..problem });
            self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(told);
        } else {
            let (told, wrong) = own.0.into_iter().partition(|problem| problem.level == Level::Warning);
            self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend::<Vec<_>>(told);
            problems.0.extend::<Vec<_>>(wrong);
        }
        Some(task)
    }

    /// `import_tasks: file`: a block of the file's tasks, with the import's keywords on all of them.
    fn import_tasks(&self, task: &Task, inside: &Inside, problems: &mut Diagnostics) -> Option<Vec<Step>> {
        let inside = &inside.with(&task.keywords.vars);
        let Some(node) = task.action.get("file").or_else(|| task.action.get("_raw_params")) else {
            problems.push(Diagnostic::error("`import_tasks` needs a file").at(&task.action.name_span));
            return None;
        };
        let Some(file) = self.constant(node, inside) else {
            problems.push(
                node.error("the file of `import_tasks` cannot be known before the play runs")
                    .help("use `include_tasks`, which is resolved while it runs, or only variables that need no host"),
            );
            return None;
        };
        let path = problems.collect(self.find_tasks(&file, inside).map_err(|d| d.or_at(Some(node.span()))))?;
        if inside.files.contains(&path) {
            problems.push(
                node.error(format!("`{file}` imports itself"))
                    .help("an import is taken in before the play runs: break the circle with include_tasks and a condition"),
            );
            return None;
        }
        let inside = Inside { taken_in: true, borne: inside.borne || self.bears(&task.keywords), ..inside.clone() };
        let (steps, inner) = self.tasks_file(&path, &inside, problems);
        Some(vec![Step::Block(Arc::new(Block {
            name: None,
            span: task.span.clone(),
            keywords: task.keywords.clone(),
            steps,
            rescue: Vec::new(),
            always: Vec::new(),
            folder: Some(inner.folder),
        }))])
    }

    fn import_role(&self, task: &Task, inside: &Inside, problems: &mut Diagnostics) -> Option<Vec<Step>> {
        let role = self.role_of_action(task, inside, problems)?;
        Some(vec![Step::Role(Arc::new(role))])
    }
}

/// `action: module k=v`, or a dictionary with `module`.
fn long_action(key: &Node, value: &Node) -> Result<Action, Diagnostic> {
    match value.kind() {
        Kind::Str(text) => {
            let (name, rest) = first_word(text.trim());
            let rest = if rest.is_empty() { Node::new(Kind::Null, value.span().clone()) } else { Node::string(rest.trim(), value.span()) };
            Action::decode(name, value.span(), &rest)
        }
        Kind::Map(entries) => {
            let module = value.get("module").ok_or_else(|| value.error("`action` needs `module`"))?;
            let text = module.as_str().ok_or_else(|| module.error("`module` must be a string"))?;
            let (name, rest) = first_word(text.trim());
            let rest = if rest.is_empty() { Node::new(Kind::Null, value.span().clone()) } else { Node::string(rest.trim(), module.span()) };
            let mut action = Action::decode(name, module.span(), &rest)?;
            for (k, v) in entries {
                match k.as_str() {
                    Some("module") => {}
                    Some("args") => action.add_args(v)?,
                    Some(k) => action.arguments.push((k.to_owned(), v.clone())),
                    None => return Err(k.error("an argument's name must be a string")),
                }
            }
            Ok(action)
        }
        _ => Err(key.error("`action` must be text or a dictionary")),
    }
}

/// A module's name, which may be a template, and what is behind it.
fn first_word(text: &str) -> (&str, &str) {
    let from = if text.starts_with("{{") { text.find("}}").map_or(0, |end| end + 2) } else { 0 };
    match text[from..].find(char::is_whitespace) {
        Some(end) => text.split_at(from + end),
        None => (text, ""),
    }
}

/// The variable that gets the result.
fn registered(name: &Node) -> Result<Option<Arc<str>>, Diagnostic> {
    let wrong = |what: String| name.error(format!("Invalid 'register' specified: Invalid variable name {what}."));
    match (name.kind(), name.scalar_text()) {
        (Kind::Null, _) => Ok(None),
        (Kind::Str(text), _) if valid_name(text) => Ok(Some(text.clone())),
        (Kind::Str(text), _) => Err(wrong(format!("'{text}'"))),
        (_, text) => {
            let shown = text.map(|text| format!("'{text}' ")).unwrap_or_default();
            Err(wrong(format!("{shown}of type '{}'", template::type_name(&Value::from_node(name)))))
        }
    }
}

/// A module may have the name of a keyword only with its collection before it.
fn is_action_like(name: &str) -> bool {
    name.contains('.')
}

fn task_words() -> impl Iterator<Item = &'static str> {
    OWN.iter().chain(SHARED).chain(SINGLE).copied()
}

fn near_keyword(name: &str) -> bool {
    let module = super::check::action_names().filter(|n| crate::diag::nearest(name, [*n]).is_some()).count();
    module == 0 && crate::diag::nearest(name, task_words()).is_some()
}

/// "unknown keyword", with the nearest right one.
pub(super) fn unknown<'a>(key: &Node, of: &str, known: impl IntoIterator<Item = &'a str>, help: Option<&str>) -> Diagnostic {
    let name = key.scalar_text().unwrap_or_default();
    let mut of = of.to_owned();
    of[..1].make_ascii_uppercase();
    let diagnostic = key.error(format!("'{name}' is not a valid attribute for a {of}")).suggest(&name, known);
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// The folder of a file; `.` for a bare name.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
