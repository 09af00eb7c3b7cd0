//! Tasks that run in the controller, one file each; this is their table.
//!
//! An action may compute only (`set_fact`), or prepare what a module on the target then does (`copy` finds the file here and
//! sends it there). It prints nothing and reaches the host only through [`Target`].

mod as_given;
mod assert;
mod async_status;
mod bundle;
mod copy;
mod debug;
mod fail;
mod fetch;
mod foreign;
mod hosts;
mod include_vars;
mod pause;
mod raw;
mod release_prepare;
mod script;
mod set_fact;
mod set_stats;
mod template;
mod unarchive;
mod validate_argument_spec;
mod wait_for_connection;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

pub(crate) use self::set_fact::valid_name;
use crate::modules::arguments::{self, Argument, Arguments, Rule, refuse_unknown};
use crate::plan::Failure;
use crate::playbook::Foreign;
pub use crate::remote::{Answer, Supply, Unreachable};
use crate::template::{Scope, Var};
use crate::value::Value;
use crate::wire::TaskResult;
use crate::yaml::Node;

/// An action: documented arguments, and what it does.
pub trait Action: Arguments + Send {
    const NAME: &'static str;
    const ALIASES: &'static [&'static str] = &[];
    const RULES: &'static [Rule] = &[];
    const FREE_FORM: Option<&'static str> = None;
    const EXAMPLES: &'static str = "";
    const RETURNS: &'static str = "";
    /// Takes any other argument too (`set_fact`, `add_host`): they come in [`Context::others`].
    const OPEN: bool = false;
    /// Of arguments that it does not have it says only their names, as ansible-core does.
    const TERSE: bool = false;
    /// Arguments that the engine must not render: the action evaluates them itself (`assert`'s `that`, `debug`'s `var`).
    const RAW: &'static [&'static str] = &[];
    /// Whether it needs no connection to the host at all.
    const LOCAL: bool = true;

    fn run(self, context: Context<'_>) -> impl Future<Output = Result<Done, Failure>> + Send;
}

/// What an action may use.
pub struct Context<'a> {
    pub scope: &'a dyn Scope,
    /// Inventory name of the host that the task is for.
    pub host: &'a str,
    pub target: &'a dyn Target,
    pub check: bool,
    pub diff: bool,
    pub verbosity: u8,
    /// All arguments, rendered (those of an [`Action::OPEN`] action that are not declared are found here).
    pub others: Map<String, Json>,
    /// Arguments as they were written, with their places.
    pub written: &'a [(String, crate::yaml::Node)],
    /// The user's own module that is to run.
    pub foreign: Option<&'a Foreign>,
    pub ask: &'a Arc<dyn Ask>,
}

/// The person at the terminal; `ui` is one.
pub trait Ask: Send + Sync {
    /// Whether there is a person.
    fn is_there(&self) -> bool;
    /// Asks, and waits for a line; `None` at the end of what can be read.
    ///
    /// # Errors
    /// The terminal cannot be read.
    fn line(&self, question: &str, hidden: bool) -> std::io::Result<Option<String>>;
    /// Says something that is no result.
    fn tell(&self, text: &str);
}

/// Nobody is there.
pub struct Nobody;

impl Ask for Nobody {
    fn is_there(&self) -> bool {
        false
    }

    fn line(&self, _: &str, _: bool) -> std::io::Result<Option<String>> {
        Ok(None)
    }

    fn tell(&self, _: &str) {}
}

/// The host that a task is for, as actions see it.
pub trait Target: Send + Sync {
    /// Runs a module there, under the task's become, environment, check mode and diff.
    fn module<'a>(&'a self, name: &'a str, arguments: Map<String, Json>, supplies: Vec<Supply>) -> Answer<'a, TaskResult>;
    /// Runs a command there by the bare connection: no agent, no become unless `become_`.
    fn raw<'a>(&'a self, command: &'a str, executable: Option<&'a str>) -> Answer<'a, crate::plan::Output>;
    /// Makes the connection anew, in so many seconds at most.
    fn renew<'a>(&'a self, timeout: u32) -> Answer<'a, ()>;
    /// Says where a long action stands; shown beside the host.
    fn progress(&self, message: &str, step: u64, of: u64);
}

/// What an action came to.
#[derive(Debug, Default)]
pub struct Done {
    pub changed: bool,
    pub skipped: bool,
    /// What is registered, without `changed`, `failed`, `skipped`.
    pub result: Map<String, Json>,
    pub diff: Vec<crate::plan::Diff>,
    pub warnings: Vec<String>,
    /// What the engine then does.
    pub effects: Vec<Effect>,
    /// What is in the result must not be shown, whatever the task says.
    pub hidden: bool,
    /// The module's own answer, where the action ended by running one; the fields above are then added to it.
    pub module: Option<TaskResult>,
}

impl Done {
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Done {
        self.result.insert(key.to_owned(), value.into());
        self
    }

    pub fn by_module(result: TaskResult) -> Done {
        Done { module: Some(result), ..Done::default() }
    }
}

impl From<Unreachable> for Failure {
    fn from(unreachable: Unreachable) -> Failure {
        Failure::new(unreachable.0).with("unreachable", true)
    }
}

/// What only the engine can do with the state of the run.
#[derive(Debug)]
pub enum Effect {
    /// Variables of the host at the level of `set_fact`, or facts where `facts`; kept in the fact cache where `cacheable`.
    SetFacts {
        /// Of `values`, those that stay as they were written.
        written: Vec<(Arc<str>, Node)>,
        values: Vec<(Arc<str>, Value)>,
        cacheable: bool,
        facts: bool,
    },
    /// At the level of `include_vars`.
    IncludeVars(Vec<(Arc<str>, Var)>),
    AddHost {
        name: String,
        groups: Vec<String>,
        vars: Vec<(Arc<str>, Value)>,
    },
    AddToGroup {
        group: String,
        parents: Vec<String>,
    },
    /// Figures for the end of the run; of the host alone where `per_host`, added to those before where `aggregate`.
    Stats {
        values: Vec<(Arc<str>, Value)>,
        per_host: bool,
        aggregate: bool,
    },
}

/// A line of the table.
#[derive(Clone, Copy)]
pub struct Entry {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub summary: &'static str,
    pub arguments: &'static [Argument],
    pub rules: &'static [Rule],
    pub free_form: Option<&'static str>,
    pub examples: &'static str,
    pub returns: &'static str,
    pub open: bool,
    pub raw: &'static [&'static str],
    pub local: bool,
    pub run: for<'a> fn(Map<String, Json>, Context<'a>) -> Running<'a>,
}

/// An action under way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Done, Failure>> + Send + 'a>>;

const fn entry<A: Action>() -> Entry {
    Entry {
        name: A::NAME,
        aliases: A::ALIASES,
        summary: A::SUMMARY,
        arguments: A::ARGUMENTS,
        rules: A::RULES,
        free_form: A::FREE_FORM,
        examples: A::EXAMPLES,
        returns: A::RETURNS,
        open: A::OPEN,
        raw: A::RAW,
        local: A::LOCAL,
        run: |arguments, context| {
            Box::pin(async move {
                let known =
                    if A::OPEN { arguments.into_iter().filter(|(k, _)| A::ARGUMENTS.iter().any(|a| a.is(k))).collect() } else { arguments };
                if A::TERSE {
                    let short = A::NAME.rsplit('.').next().unwrap_or_default();
                    refuse_unknown(&known, A::ARGUMENTS, |names| format!("Invalid options for {short}: {}", names.join(",")))?;
                }
                arguments::check(A::NAME, A::ARGUMENTS, A::RULES, &known)?;
                A::decode(&known)?.run(context).await
            })
        },
    }
}

/// Every action, by name. A name that is here and in `modules::MODULES` runs here first.
pub static ACTIONS: &[Entry] = &[
    entry::<assert::Assert>(),
    entry::<async_status::AsyncStatus>(),
    entry::<bundle::Bundle>(),
    entry::<copy::Copy>(),
    entry::<debug::Debug>(),
    entry::<fail::Fail>(),
    entry::<fetch::Fetch>(),
    entry::<hosts::AddHost>(),
    entry::<hosts::GroupBy>(),
    entry::<include_vars::IncludeVars>(),
    entry::<pause::Pause>(),
    entry::<raw::Raw>(),
    entry::<release_prepare::ReleasePrepare>(),
    entry::<script::Script>(),
    entry::<set_fact::SetFact>(),
    entry::<set_stats::SetStats>(),
    entry::<template::Template>(),
    entry::<unarchive::Unarchive>(),
    entry::<validate_argument_spec::ValidateArgumentSpec>(),
    entry::<wait_for_connection::WaitForConnection>(),
];

/// The action that runs modules of the user's own; it has no name that a playbook could use.
pub static FOREIGN: Entry = entry::<foreign::Foreign>();

/// The action of a full name, an alias or a short name.
pub fn find(name: &str) -> Option<&'static Entry> {
    let legacy = name.strip_prefix("ansible.legacy.").map(|n| format!("ansible.builtin.{n}"));
    let name = legacy.as_deref().unwrap_or(name);
    let short = |full: &&str| full.rsplit('.').next() == Some(name);
    ACTIONS
        .iter()
        .find(|a| a.name == name || a.aliases.contains(&name))
        .or_else(|| ACTIONS.iter().find(|a| !name.contains('.') && (short(&a.name) || a.aliases.iter().any(short))))
}

/// `~/` at the start of a path on the controller.
fn home(path: &str) -> String {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => path.to_owned(),
    }
}
