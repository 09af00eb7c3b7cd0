//! The command line: one file per command; this is their table.

mod config;
mod deploy;
mod doc;
mod fleet;
mod galaxy;
mod interrupt;
mod inventory;
mod lint;
mod listing;
mod locale;
mod options;
mod output;
mod persona;
mod playbook;
mod releases;
mod rollback;
mod rollout;
mod run;
mod secrets;
mod status;
mod unlock;
mod vault;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ui;

/// Provisions servers from Ansible's own YAML and deploys code by commit: `deploy production HEAD web`.
#[derive(Parser, Debug)]
#[command(name = "deploy", version, max_term_width = 110, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = deploy::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    deploy: deploy::Args,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run playbooks on the hosts of an inventory.
    Playbook(playbook::Args),
    /// Run one module on some hosts.
    Run(run::Args),
    /// Check a repository of playbooks, roles and inventories.
    Lint(lint::Args),
    /// Show what a module does and which arguments it takes.
    Doc(doc::Args),
    /// Show hosts, groups and variables of an inventory.
    Inventory(inventory::Args),
    /// Encrypt and open files and values (Ansible's vault).
    Vault(vault::Args),
    /// Show the settings of ansible.cfg and of the environment.
    Config(config::Args),
    /// Bring roles and collections from where requirements.yml says.
    Galaxy(galaxy::Args),
    /// Bring back what the hosts ran before.
    Rollback(rollback::Args),
    /// Show the releases on each host.
    Releases(releases::Args),
    /// Show what each host runs, and whether a deploy is under way.
    Status(status::Args),
    /// Free an environment whose lease somebody holds.
    Unlock(unlock::Args),
}

/// What is not 0 when something went wrong: 1 bad input, 2 a host failed, 4 a host was unreachable, 130 interrupted.
pub type ExitCode = u8;

/// Runs the command line; the answer is the exit code.
pub fn main(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = arguments.into_iter().collect();
    if let Some(code) = persona::main(&arguments) {
        return code;
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, 1),
    };
    ended(begin().and_then(|()| match (cli.command, cli.deploy) {
        (Some(Command::Playbook(args)), _) => playbook::run(args),
        (Some(Command::Run(args)), _) => run::run(args),
        (Some(Command::Lint(args)), _) => lint::run(args),
        (Some(Command::Doc(args)), _) => doc::run(args),
        (Some(Command::Inventory(args)), _) => inventory::run(args),
        (Some(Command::Vault(args)), _) => vault::run(args),
        (Some(Command::Config(args)), _) => config::run(args),
        (Some(Command::Galaxy(args)), _) => galaxy::run(args),
        (Some(Command::Rollback(args)), _) => rollback::run(args),
        (Some(Command::Releases(args)), _) => releases::run(args),
        (Some(Command::Status(args)), _) => status::run(args),
        (Some(Command::Unlock(args)), _) => unlock::run(args),
        (None, args) => deploy::run(args),
    }))
}

/// Shows what clap says: help on standard output, mistakes on standard error with this exit code.
fn usage(error: &clap::Error, code: ExitCode) -> ExitCode {
    let shown = error.render();
    if error.use_stderr() {
        let text = if ui::colours_on_stderr() { shown.ansi().to_string() } else { shown.to_string() };
        ui::note(text.trim_end());
        return code;
    }
    ui::line(shown.to_string().trim_end());
    0
}

/// Reads the settings, which every command builds on.
fn begin() -> anyhow::Result<()> {
    let config = Config::load().map_err(|error| persona::coded(5, error))?;
    if let Some(path) = config.path("DEFAULT_LOG_PATH") {
        ui::log_to(&path, config.number("LOG_VERBOSITY").map(|level| level as u8))
            .map_err(|error| Diagnostic::error(format!("cannot write the log {}: {error}", path.display())))?;
    }
    ui::head_reports(ui::Reports { bracketed: persona::is_ansible(), no_deprecations: !config.flag("DEPRECATION_WARNINGS") });
    config.make_current();
    Ok(())
}

/// The exit code of what a command came to; errors are shown.
fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| match error.downcast::<persona::Coded>() {
        Ok(coded) => {
            show(&coded.error);
            persona::code(1, coded.code)
        }
        Err(error) => {
            show(&error);
            1
        }
    })
}

/// An error of a command, as people see it.
fn show(error: &anyhow::Error) {
    if let Some(all) = error.downcast_ref::<Diagnostics>() {
        ui::report_all(&all.0);
    } else if let Some(one) = error.downcast_ref::<Diagnostic>() {
        ui::report(one);
    } else {
        ui::report(&Diagnostic::error(format!("{error:#}")));
    }
}

/// The runtime that commands run in.
///
/// # Errors
/// The system gives no threads.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
