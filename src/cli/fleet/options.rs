//! Options of the commands that look at, or change, what a fleet runs.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use super::project::Project;
use crate::cli::options::{BecomeOptions, ConnectOptions, Prepared, RunOptions};
use crate::cli::secrets::VaultOptions;
use crate::ui::Verbosity;

/// How the hosts are found and reached; the names are ansible-playbook's.
#[derive(clap::Args, Clone, Debug, Default)]
pub(in crate::cli) struct FleetOptions {
    /// Only hosts that match this pattern too.
    #[arg(short, long, value_name = "PATTERN")]
    pub(in crate::cli) limit: Option<String>,
    /// Variables that win over the inventory's: `key=value`, YAML or JSON, or @file.
    #[arg(short, long = "extra-vars", value_name = "VARS")]
    pub(in crate::cli) extra_vars: Vec<String>,
    /// Show the tasks, then results, then places.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(in crate::cli) verbose: u8,
    /// Folder with inventories/ and playbooks/; without it the nearest one from here upwards.
    #[arg(long, value_name = "DIR", env = "DEPLOY_PROJECT")]
    pub(in crate::cli) project: Option<PathBuf>,
    /// Hosts worked on at once; all if not given.
    #[arg(short, long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    forks: usize,
    #[command(flatten)]
    become_: BecomeOptions,
    #[command(flatten)]
    connect: ConnectOptions,
    #[command(flatten)]
    vault: VaultOptions,
}

/// The hosts to ask.
#[derive(clap::Args, Clone, Debug)]
pub(in crate::cli) struct Which {
    /// The environment, a folder in inventories/.
    #[arg(value_name = "ENV")]
    pub(in crate::cli) environment: String,
    /// Which hosts.
    #[arg(value_name = "GROUP", default_value = "all")]
    pub(in crate::cli) group: String,
    #[command(flatten)]
    pub(in crate::cli) options: FleetOptions,
}

/// What only a deploy or rollback takes.
#[derive(clap::Args, Clone, Debug, Default)]
pub(in crate::cli) struct ChangeOptions {
    /// Change nothing; say what would change.
    #[arg(short = 'C', long)]
    pub(in crate::cli) check: bool,
    /// Show what changes in files.
    #[arg(short = 'D', long)]
    pub(in crate::cli) diff: bool,
    /// Do not ask.
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Deploy what runs already once more: restart and verify.
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

impl FleetOptions {
    /// As the options of a run on one environment.
    pub(in crate::cli) fn run_options(&self, inventory: &Path, change: &ChangeOptions, extra: Map<String, Json>) -> RunOptions {
        let mut extra_vars = self.extra_vars.clone();
        if !extra.is_empty() {
            extra_vars.push(Json::Object(extra).to_string());
        }
        RunOptions {
            inventory: vec![inventory.to_string_lossy().into_owned()],
            limit: self.limit.clone(),
            extra_vars,
            check: change.check,
            diff: change.diff,
            verbose: self.verbose,
            forks: self.forks,
            become_: self.become_.clone(),
            connect: self.connect.clone(),
            vault: self.vault.clone(),
            ..RunOptions::default()
        }
    }

    /// Inventory and variables, as far as they are known before a revision is chosen.
    ///
    /// # Errors
    /// The inventory cannot be read.
    pub(in crate::cli) fn prepare(&self, project: &Project, inventory: &Path) -> anyhow::Result<Prepared> {
        let prepared = self.run_options(inventory, &ChangeOptions::default(), Map::new()).prepare(&project.playbooks(), &[], &[])?;
        prepared.show_warnings();
        Ok(prepared)
    }

    pub(in crate::cli) fn verbosity(&self, change: &ChangeOptions) -> Verbosity {
        Verbosity { level: self.verbose, diff: change.diff, check: false }
    }
}
