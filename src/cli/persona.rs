//! The names of Ansible's programs: the binary called by one of them (a link) behaves as that program.
//!
//! Options, output and exit codes are then those of ansible-core: scripts, CI jobs and Molecule go on working.

use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use clap::Command;

use super::{ExitCode, config, doc, galaxy, inventory, locale, playbook, run, vault};
use crate::diag::{Diagnostics, Level};
use crate::ui;

/// Exit code for options that cannot be understood, as Python's argparse has it.
const USAGE: ExitCode = 2;

static CURRENT: OnceLock<Option<&'static str>> = OnceLock::new();

/// Runs one of Ansible's programs, if the first argument is the name of one.
pub(super) fn main(arguments: &[OsString]) -> Option<ExitCode> {
    let name = Path::new(arguments.first()?).file_name()?.to_str()?.to_owned();
    let ran = match name.as_str() {
        "ansible-playbook" => parsed("ansible-playbook", arguments, playbook::run),
        "ansible" => parsed("ansible", arguments, run::run),
        "ansible-inventory" => parsed("ansible-inventory", arguments, inventory::run),
        "ansible-vault" => parsed("ansible-vault", arguments, vault::run),
        "ansible-doc" => parsed("ansible-doc", arguments, doc::run),
        "ansible-config" => parsed("ansible-config", arguments, config::run),
        "ansible-galaxy" => parsed("ansible-galaxy", arguments, galaxy::run),
        _ => return None,
    };
    Some(ran)
}

/// Whether we go by one of Ansible's names.
pub(super) fn is_ansible() -> bool {
    CURRENT.get().copied().flatten().is_some()
}

/// `ours`, or `theirs` where we go by one of Ansible's names.
pub(super) fn code(ours: ExitCode, theirs: ExitCode) -> ExitCode {
    if is_ansible() { theirs } else { ours }
}

/// An error with the exit code that Ansible's programs have for it; 1 under our own name.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub(super) struct Coded {
    pub(super) code: ExitCode,
    pub(super) error: anyhow::Error,
}

pub(super) fn coded(code: ExitCode, error: impl Into<anyhow::Error>) -> anyhow::Error {
    let error = error.into();
    if error.is::<Coded>() { error } else { Coded { code, error }.into() }
}

/// Playbooks that cannot be read: 4. Those that can be, and not be run: 1, also where a vault password is wanting. The first error counts.
pub(super) fn unreadable(problems: Diagnostics) -> anyhow::Error {
    let readable = problems.0.iter().find(|problem| problem.level == Level::Error).is_some_and(|problem| problem.readable);
    let code = if readable || problems.0.iter().any(crate::vault::is_password_error) { 1 } else { 4 };
    coded(code, problems)
}

fn parsed<A: clap::Args>(name: &'static str, arguments: &[OsString], run: impl FnOnce(A) -> anyhow::Result<ExitCode>) -> ExitCode {
    CURRENT.get_or_init(|| Some(name));
    if let Err(problem) = locale::check() {
        ui::note(&format!("ERROR: {}", problem.message));
        problem.help.iter().for_each(|help| ui::note(help));
        return 1;
    }
    if arguments.iter().skip(1).any(|argument| argument == "--version") {
        ui::line(&version(name));
        return 0;
    }
    // argparse takes long options by their beginning.
    let command = A::augment_args(Command::new(name).infer_long_args(true).max_term_width(110));
    let matches = match command.try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return super::usage(&error, USAGE),
    };
    match A::from_arg_matches(&matches) {
        Ok(args) => super::ended(super::begin().and_then(|()| run(args))),
        Err(error) => super::usage(&error, USAGE),
    }
}

/// What `--version` says: scripts look for `core 2.19`.
fn version(name: &str) -> String {
    let (core, ours) = (crate::vars::ANSIBLE_VERSION, env!("CARGO_PKG_VERSION"));
    let config = crate::config::Config::load().ok().and_then(|config| config.file);
    let config = config.map_or_else(|| "None".to_owned(), |file| file.display().to_string());
    let own = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    format!("{name} [core {core}]\n  config file = {config}\n  executable location = {own}\n  deploy version = {ours}")
}
