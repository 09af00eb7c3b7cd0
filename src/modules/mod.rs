//! One file per module; this is the table.
//!
//! Adding one: its file, its line in [`MODULES`], its folder in `tests/modules/`. `tests/tidy.rs` names what is missing.

mod apt;
mod apt_key;
mod apt_repository;
pub mod arguments;
pub(crate) mod async_status;
pub(crate) mod attributes;
mod blockinfile;
mod clock;
mod command;
pub(crate) mod copy;
mod cron;
mod deb822_repository;
mod debconf;
mod editing;
pub(crate) mod fetch;
mod file;
mod find;
pub(crate) mod foreign;
mod get_url;
mod getent;
mod git;
pub(crate) mod glob;
mod group;
mod hostname;
mod json_text;
mod lineinfile;
mod mode;
mod package;
mod package_facts;
mod ping;
mod pip;
mod raw;
mod realpath;
mod release;
mod replace;
mod running;
pub(crate) mod script;
mod service;
mod service_facts;
mod setup;
mod shell;
mod slurp;
mod stat;
mod supervisorctl;
mod systemd;
mod tempfile;
pub(crate) mod unarchive;
pub(crate) mod uri;
mod user;
mod wait_for;
mod web;

use serde_json::{Map, Value as Json};

use crate::plan::{Failure, Look, Plan};
use arguments::{Argument, Arguments, Rule};

/// A module: typed arguments, and a plan made by reading.
pub(crate) trait Module: Arguments {
    /// Full name, as in `ansible.builtin.stat`.
    const NAME: &'static str;
    /// Other full names under which playbooks know it.
    const ALIASES: &'static [&'static str] = &[];
    /// Rules between arguments.
    const RULES: &'static [Rule] = &[];
    /// The argument that takes free text (`command: echo hi`).
    const FREE_FORM: Option<&'static str> = None;
    /// Its looks reach beyond the host (the network), or take long: it is never planned before its turn.
    const OUTWARD: bool = false;
    /// Playbook tasks, YAML; each is run as a test against an empty folder standing in for `/` where it can be.
    const EXAMPLES: &'static str = "";
    /// What the result holds, one `name: meaning` a line.
    const RETURNS: &'static str = "";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure>;
}

/// A line of the table.
#[derive(Clone, Copy)]
pub struct Entry {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// One sentence: the doc comment of the arguments' struct.
    pub summary: &'static str,
    pub arguments: &'static [Argument],
    pub rules: &'static [Rule],
    pub free_form: Option<&'static str>,
    pub outward: bool,
    pub examples: &'static str,
    pub returns: &'static str,
    pub plan: fn(&Map<String, Json>, &dyn Look) -> Result<Plan, Failure>,
}

const fn entry<M: Module>() -> Entry {
    Entry {
        name: M::NAME,
        aliases: M::ALIASES,
        summary: M::SUMMARY,
        arguments: M::ARGUMENTS,
        rules: M::RULES,
        free_form: M::FREE_FORM,
        outward: M::OUTWARD,
        examples: M::EXAMPLES,
        returns: M::RETURNS,
        plan: |arguments, target| {
            let arguments = expanded(M::ARGUMENTS, arguments, target);
            arguments::check(M::NAME, M::ARGUMENTS, M::RULES, &arguments)?;
            M::decode(&arguments)?.plan(target)
        },
    }
}

/// The arguments with `~` and `$VARIABLES` replaced in those that are paths: only the target knows their values.
fn expanded(known: &[Argument], given: &Map<String, Json>, target: &dyn Look) -> Map<String, Json> {
    let is_path = |name: &str| known.iter().any(|a| a.kind == "path" && !a.internal() && a.is(name));
    let expand = |(name, value): (&String, &Json)| match value {
        Json::String(path) if path.contains(['~', '$']) && is_path(name) => (name.clone(), Json::String(target.expand(path))),
        other => (name.clone(), other.clone()),
    };
    given.iter().map(expand).collect()
}

/// Every module that runs on a target, by name.
pub static MODULES: &[Entry] = &[
    entry::<apt::Apt>(),
    entry::<apt_key::AptKey>(),
    entry::<apt_repository::AptRepository>(),
    entry::<async_status::AsyncStatus>(),
    entry::<blockinfile::Blockinfile>(),
    entry::<command::Command>(),
    entry::<copy::Copy>(),
    entry::<cron::Cron>(),
    entry::<deb822_repository::Deb822Repository>(),
    entry::<debconf::Debconf>(),
    entry::<fetch::Fetch>(),
    entry::<file::File>(),
    entry::<find::Find>(),
    entry::<foreign::Foreign>(),
    entry::<get_url::GetUrl>(),
    entry::<getent::Getent>(),
    entry::<git::Git>(),
    entry::<group::Group>(),
    entry::<hostname::Hostname>(),
    entry::<lineinfile::Lineinfile>(),
    entry::<package::Package>(),
    entry::<package_facts::PackageFacts>(),
    entry::<ping::Ping>(),
    entry::<pip::Pip>(),
    entry::<raw::Raw>(),
    entry::<release::finish::ReleaseFinish>(),
    entry::<release::flip::ReleaseFlip>(),
    entry::<release::info::ReleaseInfo>(),
    entry::<release::link::ReleaseLink>(),
    entry::<release::prepare::ReleasePrepare>(),
    entry::<release::prune::ReleasePrune>(),
    entry::<release::restore::ReleaseRestore>(),
    entry::<release::verify::ReleaseVerify>(),
    entry::<release::virtualenv::ReleaseVirtualenv>(),
    entry::<replace::Replace>(),
    entry::<script::Script>(),
    entry::<service::Service>(),
    entry::<service_facts::ServiceFacts>(),
    entry::<setup::Setup>(),
    entry::<shell::Shell>(),
    entry::<slurp::Slurp>(),
    entry::<stat::Stat>(),
    entry::<supervisorctl::Supervisorctl>(),
    entry::<systemd::Systemd>(),
    entry::<tempfile::Tempfile>(),
    entry::<unarchive::Unarchive>(),
    entry::<uri::Uri>(),
    entry::<user::User>(),
    entry::<wait_for::WaitFor>(),
];

/// The module of a full name, an alias, or a short name (`stat`, `supervisorctl`).
pub fn find(name: &str) -> Option<&'static Entry> {
    let short = |full: &str| full.rsplit('.').next() == Some(name);
    let legacy = name.strip_prefix("ansible.legacy.").map(|n| format!("ansible.builtin.{n}"));
    let name_or = legacy.as_deref().unwrap_or(name);
    MODULES
        .iter()
        .find(|m| m.name == name_or || m.aliases.contains(&name_or))
        .or_else(|| MODULES.iter().find(|m| !name.contains('.') && (short(m.name) || m.aliases.iter().any(|a| short(a)))))
}
