//! `deploy inventory`: what the sources say, as ansible-inventory shows it.

use std::path::{Path, PathBuf};

use serde::Serialize as _;

use super::ExitCode;
use super::secrets::VaultOptions;
use crate::diag::Diagnostic;
use crate::inventory::Inventory;
use crate::ui;

/// Show hosts, groups and variables as they are after all sources are read.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy inventory -i inventories/production --graph\n  deploy inventory -i inventories/production --host production-web1\n  deploy inventory -i inventories/production --hosts 'web:!production-web1'"
)]
pub(super) struct Args {
    /// Inventory: a file, a folder, an executable, or host names with commas. May be given several times.
    #[arg(short, long = "inventory", visible_alias = "inventory-file", value_name = "SOURCE")]
    inventory: Vec<String>,
    #[command(flatten)]
    what: What,
    /// With --graph: the variables too.
    #[arg(long)]
    vars: bool,
    /// Folder of the playbook, whose `group_vars` and `host_vars` count too.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    playbook_dir: PathBuf,
    /// Only hosts that match this pattern too (with --hosts).
    #[arg(short, long, value_name = "PATTERN")]
    limit: Option<String>,
    #[command(flatten)]
    vault: VaultOptions,
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
struct What {
    /// Everything, as JSON.
    #[arg(long)]
    list: bool,
    /// The variables of one host, as JSON.
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The tree of groups and hosts, from a group down.
    #[arg(long, value_name = "GROUP", num_args = 0..=1, default_missing_value = "all")]
    graph: Option<String>,
    /// The hosts that a pattern means, a line each.
    #[arg(long, value_name = "PATTERN")]
    hosts: Option<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let open = args.vault.opener()?;
    let (inventory, warnings) = Inventory::load(&super::options::sources(&args.inventory), Some(Path::new(&args.playbook_dir)), open)?;
    ui::report_all(&warnings);
    if let Some(host) = &args.what.host {
        if !inventory.has_host(host) {
            let hosts = inventory.hosts_of("all");
            return Err(Diagnostic::error(format!("no host is named `{host}`")).suggest(host, hosts.iter().map(|h| &**h)).into());
        }
        ui::line(&pretty(&inventory.host_json(host))?);
    } else if let Some(group) = &args.what.graph {
        if !inventory.has_group(group) {
            let groups = inventory.group_names();
            return Err(Diagnostic::error(format!("no group is named `{group}`"))
                .suggest(group, groups.iter().map(|g| &**g))
                .into());
        }
        ui::line(inventory.graph(group, args.vars).trim_end());
    } else if let Some(pattern) = &args.what.hosts {
        for host in inventory.matching_known(pattern, args.limit.as_deref())? {
            ui::line(&host);
        }
    } else {
        ui::line(&pretty(&inventory.to_json())?);
    }
    Ok(0)
}

/// Indented by four, as Python's json module does it for ansible-inventory.
fn pretty(json: &serde_json::Value) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    json.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))?;
    Ok(String::from_utf8(text)?)
}
