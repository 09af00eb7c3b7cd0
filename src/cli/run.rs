//! `deploy run`: one module on some hosts.

use std::path::Path;
use std::sync::Arc;

use super::options::RunOptions;
use super::{ExitCode, runtime};
use crate::diag::Source;
use crate::ui::OneLine;

/// Run one module on the hosts of a pattern.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  deploy run -i inventories/production web -m command -a 'uptime'\n  deploy run -i inventories/production all -b -m apt -a 'name=curl state=present'")]
pub(super) struct Args {
    /// Which hosts: a group, a host, or a pattern like `web:!web-3`.
    #[arg(value_name = "HOSTS")]
    pattern: String,
    /// The module; `deploy doc --list` shows all.
    #[arg(short, long = "module-name", value_name = "MODULE", default_value = "command")]
    module: String,
    /// Its arguments: `key=value …`, free text, or a YAML dictionary.
    #[arg(short, long = "args", value_name = "ARGS", default_value = "", hide_default_value = true)]
    arguments: String,
    #[command(flatten)]
    options: RunOptions,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let prepared = args.options.prepare(Path::new("."), &[], &[])?;
    // JSON is YAML: quoting needs no thought.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let arguments = if args.arguments.trim_start().starts_with('{') { args.arguments.clone() } else { quoted(&args.arguments) };
    let arguments = if args.arguments.trim().is_empty() { "{}".to_owned() } else { arguments };
    let text = format!("- hosts: {}\n  gather_facts: false\n  tasks:\n    - {}: {arguments}\n", quoted(&args.pattern), quoted(&args.module));
    let source = Arc::new(Source { path: "<command line>".into(), text: text.into() });
    let plays = prepared.loader.playbook_text(&source, Path::new("."))?;
    prepared.show_warnings();
    let view = Arc::new(OneLine::new(args.options.verbosity()));
    let ended = runtime()?.block_on(prepared.plays(&plays, args.options.engine()?, view))?;
    Ok(if ended.interrupted { 130 } else { ended.exit_code() })
}
