//! `deploy inventory`: what the sources say, as ansible-inventory shows it.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize as _;

use super::secrets::VaultOptions;
use super::{ExitCode, options, persona};
use crate::config::Config;
use crate::diag::Diagnostic;
use crate::inventory::{Inventory, Shown};
use crate::ui;

/// Show hosts, groups and variables as they are after all sources are read.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy inventory -i inventories/production --graph\n  deploy inventory -i inventories/production --host production-web1\n  deploy inventory -i inventories/production --hosts 'web:!production-web1'"
)]
pub(super) struct Args {
    /// With --graph: the group to begin at; `all` if not given.
    #[arg(value_name = "GROUP")]
    group: Option<String>,
    /// Inventory: a file, a folder, an executable, or host names with commas. May be given several times.
    #[arg(short, long = "inventory", visible_alias = "inventory-file", value_name = "SOURCE")]
    inventory: Vec<String>,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    form: Form,
    /// With --list: variables where they are set, on groups too, not what comes to hold for each host.
    #[arg(long)]
    export: bool,
    /// With --graph: the variables too.
    #[arg(long)]
    vars: bool,
    /// With --list: write to this file.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Folder of the playbook, whose `group_vars` and `host_vars` count too.
    #[arg(long, visible_alias = "playbook-directory", value_name = "FOLDER")]
    playbook_dir: Option<PathBuf>,
    /// Only hosts that match this pattern too (with --list and --hosts).
    #[arg(short, long, value_name = "PATTERN", allow_hyphen_values = true)]
    limit: Option<String>,
    /// Variables that win over all others: `key=value`, YAML or JSON, or @file.
    #[arg(short, long = "extra-vars", value_name = "VARS", allow_hyphen_values = true)]
    extra_vars: Vec<String>,
    /// Show more.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Nothing is kept of inventories: this changes nothing.
    #[arg(long, hide = true)]
    flush_cache: bool,
    #[command(flatten)]
    vault: VaultOptions,
}

#[derive(clap::Args, Debug)]
struct What {
    /// Everything.
    #[arg(long)]
    list: bool,
    /// The variables of one host.
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The tree of groups and hosts.
    #[arg(long)]
    graph: bool,
    /// The hosts that a pattern means, a line each.
    #[arg(long, value_name = "PATTERN")]
    hosts: Option<String>,
}

/// JSON where none is named.
#[derive(clap::Args, Debug)]
#[group(multiple = false)]
struct Form {
    /// As YAML.
    #[arg(short, long)]
    yaml: bool,
    /// As TOML.
    #[arg(long)]
    toml: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let asked = [args.what.list, args.what.host.is_some(), args.what.graph, args.what.hosts.is_some()];
    match asked.iter().filter(|asked| **asked).count() {
        1 => {}
        0 => return Err(usage("No action selected, at least one of --host, --graph or --list needs to be specified.")),
        _ => return Err(usage("Conflicting options used, only one of --host, --graph or --list can be used at the same time.")),
    }
    let open = args.vault.opener()?;
    let config = Config::current();
    let extra = options::extra_vars(&args.extra_vars, open.as_ref())?;
    let folder = args.playbook_dir.clone().or_else(|| config.path("PLAYBOOK_DIR")).unwrap_or_else(|| PathBuf::from("."));
    let settings = options::inventory_settings(&folder, open, &extra)?;
    let (inventory, warnings) = Inventory::load(&options::sources(&args.inventory), settings)?;
    ui::report_all(&warnings);
    let made = make(&args, &inventory);
    ui::report_all(&inventory.take_warnings());
    let text = made?;
    let text = text.trim_end();
    match args.output.filter(|_| args.what.list) {
        Some(file) => std::fs::write(&file, text).with_context(|| format!("Unable to write to destination file {}", file.display()))?,
        None => ui::line(text),
    }
    Ok(0)
}

fn make(args: &Args, inventory: &Inventory) -> anyhow::Result<String> {
    let limit = args.limit.as_deref();
    let mut shown = Shown { export: args.export || Config::current().flag("INVENTORY_EXPORT"), only: None };
    if let Some(name) = &args.what.host {
        let host = the_host(inventory, name)?;
        return Ok(match &args.form {
            Form { yaml: true, .. } => inventory.host_yaml(&host, &shown),
            Form { toml: true, .. } => inventory.host_toml(&host, &shown)?,
            _ => pretty(&inventory.host_json(&host, &shown))?,
        });
    }
    if args.what.graph {
        let group = args.group.as_deref().unwrap_or("all");
        if !inventory.has_group(group) {
            let groups = inventory.group_names();
            let error = Diagnostic::error(format!("no group is named `{group}`: Pattern must be valid group name when using --graph"));
            return Err(persona::coded(5, error.suggest(group, groups.iter().map(|g| &**g))));
        }
        return Ok(inventory.graph(group, args.vars));
    }
    if let Some(pattern) = &args.what.hosts {
        return Ok(inventory.matching_known(pattern, limit)?.iter().map(|host| format!("{host}\n")).collect());
    }
    if limit.is_some() {
        shown.only = Some(inventory.matching("all", limit)?.into_iter().collect());
    }
    Ok(match &args.form {
        Form { yaml: true, .. } => inventory.to_yaml(&shown),
        Form { toml: true, .. } => inventory.to_toml(&shown)?,
        _ => pretty(&inventory.to_json(&shown))?,
    })
}

/// The one host that a pattern means.
fn the_host(inventory: &Inventory, name: &str) -> anyhow::Result<String> {
    let found = inventory.matching(name, None)?;
    if let [host] = &*found {
        return Ok(host.to_string());
    }
    let hosts = inventory.hosts_of("all");
    let error = match found.len() {
        0 => Diagnostic::error(format!("no host is named `{name}`")).suggest(name, hosts.iter().map(|h| &**h)),
        several => Diagnostic::error(format!("`{name}` means {several} hosts")),
    };
    Err(persona::coded(5, error.help("You must pass a single valid host to --host")))
}

fn usage(message: &str) -> anyhow::Error {
    persona::coded(5, Diagnostic::error(message))
}

/// Indented by four, as Python's json module does it for ansible-inventory.
fn pretty(json: &serde_json::Value) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    json.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))?;
    Ok(String::from_utf8(text)?)
}
