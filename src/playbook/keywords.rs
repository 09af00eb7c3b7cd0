//! Keywords that plays, roles, blocks and tasks share, and how they come down from one to the next.
//!
//! docs.ansible.com, "Playbook Keywords".

use indexmap::IndexMap;

use crate::diag::Diagnostics;
use crate::template::{VarMap, var_map};
use crate::yaml::{Kind, Node};

/// The keywords of one play, role, block or task, as written there.
#[derive(Clone, Debug, Default)]
pub struct Keywords {
    /// All must hold, after those of the parents.
    pub when: Vec<Node>,
    pub vars: VarMap,
    pub tags: Vec<String>,
    /// Merged over those of the parents.
    pub environment: Vec<Node>,
    pub module_defaults: Option<Node>,
    /// Those where the nearest one counts.
    single: IndexMap<&'static str, Node>,
}

/// Those where the nearest one counts.
pub(super) const SINGLE: &[&str] = &[
    "any_errors_fatal",
    "become",
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "check_mode",
    "collections",
    "connection",
    "debugger",
    "delegate_facts",
    "delegate_to",
    "diff",
    "ignore_errors",
    "ignore_unreachable",
    "no_log",
    "notify",
    "port",
    "remote_user",
    "run_once",
    "throttle",
    "timeout",
];

/// All names of this file, for suggestions.
pub(super) const SHARED: &[&str] = &["when", "vars", "tags", "environment", "module_defaults"];

/// Those that must be true or false where they are constants.
const FLAGS: &[&str] =
    &["any_errors_fatal", "become", "check_mode", "delegate_facts", "diff", "ignore_errors", "ignore_unreachable", "no_log", "run_once"];

/// Those that are text.
const TEXTS: &[&str] =
    &["become_exe", "become_flags", "become_method", "become_user", "connection", "debugger", "delegate_to", "remote_user"];

impl Keywords {
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.single.get(name)
    }

    pub fn set(&mut self, name: &'static str, value: Node) {
        self.single.insert(name, value);
    }

    /// Takes the keyword `name: value` if it is one of these; tells whether it was.
    pub fn take(&mut self, name: &str, value: &Node, problems: &mut Diagnostics) -> bool {
        match name {
            "when" => self.when.extend(list_or_one(value)),
            "vars" => match value.kind() {
                Kind::Null => {}
                _ => {
                    super::names::check_vars(value, problems);
                    if let Some(vars) = problems.collect(var_map(value, "vars")) {
                        self.vars.extend(vars);
                    }
                }
            },
            "tags" => {
                for tag in list_or_one(value) {
                    match tag.scalar_text() {
                        Some(text) => self.tags.extend(text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())),
                        None => problems.push(tag.error("a tag must be a string").label(tag.kind_name())),
                    }
                }
            }
            "environment" => self.environment.extend(list_or_one(value)),
            "module_defaults" => {
                if let Some(wrong) = list_or_one(value).iter().find(|one| one.as_map().is_none()) {
                    let help = "names of modules or groups, and for each its arguments: `ansible.builtin.file: {mode: '0644'}`";
                    problems.push(wrong.error("`module_defaults` must be a dictionary").label(wrong.kind_name()).help(help));
                }
                self.module_defaults = Some(value.clone());
            }
            _ => {
                let Some(known) = SINGLE.iter().find(|k| **k == name) else { return false };
                if FLAGS.contains(known) {
                    check_flag(name, value, problems);
                } else if TEXTS.contains(known) {
                    check_text(name, value, problems);
                }
                self.single.insert(known, value.clone());
            }
        }
        true
    }
}

/// A constant that must be true or false.
pub(super) fn check_flag(name: &str, value: &Node, problems: &mut Diagnostics) {
    if !value.has_template() && word_flag(value).is_none() {
        problems.push(value.error(format!("`{name}` must be true or false")).label(value.kind_name()));
    }
}

/// The `name` of a play, a block or a task.
pub(super) fn check_name(node: &Node, problems: &mut Diagnostics) {
    if let Some(name) = node.get("name") {
        check_text("name", name, problems);
    }
}

fn check_text(name: &str, value: &Node, problems: &mut Diagnostics) {
    if value.as_map().is_some() || value.as_list().is_some() {
        problems.push(value.error(format!("`{name}` must be a string")).label(value.kind_name()));
    }
}

/// A constant boolean as Ansible's keywords accept it.
pub fn word_flag(node: &Node) -> Option<bool> {
    match node.kind() {
        Kind::Bool(flag) => Some(*flag),
        Kind::Int(1) => Some(true),
        Kind::Int(0) | Kind::Null => Some(false),
        Kind::Str(text) => word(text),
        _ => None,
    }
}

/// The words for true and false.
pub fn word(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "y" | "t" => Some(true),
        "no" | "false" | "off" | "0" | "n" | "f" | "" => Some(false),
        _ => None,
    }
}

/// A list's items; anything else is a list of itself; nothing is an empty one.
pub fn list_or_one(node: &Node) -> Vec<Node> {
    match node.kind() {
        Kind::List(items) => items.clone(),
        Kind::Null => Vec::new(),
        _ => vec![node.clone()],
    }
}
