//! Plays, blocks, tasks, handlers and roles, decoded from YAML nodes; nothing is rendered here.

mod action;
mod check;
pub(crate) mod collections;
mod constant;
mod elsewhere;
mod escapes;
mod imports;
mod keywords;
mod library;
mod load;
mod names;
pub mod role;
mod survey;
mod task;

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diag::Span;
use crate::yaml::Node;

pub use crate::template::VarMap;
pub use action::{Action, split_words};
pub use check::{META, check_action, no_module};
pub use escapes::decoded;
pub use keywords::{Keywords, list_or_one, word, word_flag};
pub use library::Foreign;
pub use load::{Duplicates, Inside, Loader, Roots};
pub use names::reserved;
pub use role::{From, Role, RoleUse, Way};
pub use survey::Survey;

/// A play as written.
#[derive(Clone, Debug)]
pub struct Play {
    pub name: Option<Node>,
    pub hosts: Node,
    pub span: Span,
    /// Folder of the playbook's file: `playbook_dir`.
    pub folder: PathBuf,
    pub keywords: Arc<Keywords>,
    /// Keywords that only plays have (`serial`, `strategy`, `gather_facts`, …).
    pub own: IndexMap<&'static str, Node>,
    pub vars_files: Vec<Node>,
    pub vars_prompt: Vec<Node>,
    pub pre_tasks: Vec<Step>,
    /// The roles of `roles:`.
    pub roles: Vec<Step>,
    pub tasks: Vec<Step>,
    pub post_tasks: Vec<Step>,
    /// Of the play itself; those of roles stay with the roles.
    pub handlers: Vec<Step>,
}

/// What a list of tasks holds.
#[derive(Clone, Debug)]
pub enum Step {
    Task(Arc<Task>),
    Block(Arc<Block>),
    /// A role used statically: `roles:`, import_role, dependencies.
    Role(Arc<RoleUse>),
}

/// A block; also an imported file of tasks (which is a block without rescue).
#[derive(Debug)]
pub struct Block {
    pub name: Option<Node>,
    pub span: Span,
    pub keywords: Arc<Keywords>,
    pub steps: Vec<Step>,
    pub rescue: Vec<Step>,
    pub always: Vec<Step>,
    /// Folder of the file, where an import changed it: relative names are looked for there first.
    pub folder: Option<PathBuf>,
}

/// A task or a handler.
#[derive(Clone, Debug)]
pub struct Task {
    pub name: Option<Node>,
    pub span: Span,
    pub keywords: Arc<Keywords>,
    pub action: Action,
    pub repeat: Option<Loop>,
    pub loop_control: Option<Node>,
    pub register: Option<Arc<str>>,
    pub until: Vec<Node>,
    pub retries: Option<Node>,
    pub delay: Option<Node>,
    pub changed_when: Vec<Node>,
    pub failed_when: Vec<Node>,
    /// Of a handler: other names it answers to.
    pub listen: Vec<Node>,
    pub asynchronous: Option<Node>,
    pub poll: Option<Node>,
    /// Folder of the tasks file it was read from.
    pub folder: PathBuf,
}

/// `loop` or a `with_…`.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The lookup's name for `with_…`; none for `loop`.
    pub lookup: Option<String>,
    pub terms: Node,
}
