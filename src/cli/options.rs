//! Options that the commands share which run plays, and what they become.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::secrets::VaultOptions;
use crate::diag::{Diagnostic, Diagnostics, Source};
use crate::engine::{Ended, Options, Run, Sink};
use crate::inventory::Inventory;
use crate::playbook::{Loader, Play, Roots};
use crate::remote::Connections;
use crate::template::{Var, VarMap, var_map};
use crate::ui::{self, Verbosity};
use crate::vars::{Settings, World};
use crate::yaml::{self, Node};

/// Options of commands that run plays; the names are ansible-playbook's.
#[derive(clap::Args, Debug, Default, Clone)]
pub struct RunOptions {
    /// Inventory: a file, a folder, an executable, or host names with commas. May be given several times.
    #[arg(short, long = "inventory", value_name = "SOURCE", env = "ANSIBLE_INVENTORY", value_delimiter = None)]
    pub inventory: Vec<String>,
    /// Only hosts that match this pattern too.
    #[arg(short, long, value_name = "PATTERN")]
    pub limit: Option<String>,
    /// Variables that win over all others: `key=value`, YAML or JSON, or @file.
    #[arg(short, long = "extra-vars", value_name = "VARS")]
    pub extra_vars: Vec<String>,
    /// Change nothing; say what would change.
    #[arg(short = 'C', long)]
    pub check: bool,
    /// Show what changes in files.
    #[arg(short = 'D', long)]
    pub diff: bool,
    /// Show more: results, then places, then arguments.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Hosts worked on at once; all if not given.
    #[arg(short, long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub forks: usize,
    /// Become another user (root, unless --become-user says otherwise).
    #[arg(short = 'b', long = "become")]
    pub become_: bool,
    /// The user to become.
    #[arg(long, value_name = "USER")]
    pub become_user: Option<String>,
    /// How: sudo or su.
    #[arg(long, value_name = "METHOD")]
    pub become_method: Option<String>,
    /// File with the password for becoming another user.
    #[arg(long, value_name = "FILE", visible_alias = "become-pass-file")]
    pub become_password_file: Option<PathBuf>,
    /// Ask for the password for becoming another user.
    #[arg(short = 'K', long)]
    pub ask_become_pass: bool,
    /// Connect as this user.
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// Key to connect with.
    #[arg(long, value_name = "FILE", visible_alias = "key-file")]
    pub private_key: Option<PathBuf>,
    /// `ssh` or `local`.
    #[arg(short, long, value_name = "KIND")]
    pub connection: Option<String>,
    /// More options for ssh.
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub ssh_common_args: Option<String>,
    #[command(flatten)]
    pub vault: VaultOptions,
}

impl RunOptions {
    /// Reads inventory and variables, and makes all that a run needs.
    ///
    /// # Errors
    /// The inventory, the extra variables or a password file cannot be read.
    pub fn prepare(&self, playbook_folder: &Path, tags: &[String], skip_tags: &[String]) -> anyhow::Result<Prepared> {
        self.prepare_opened(playbook_folder, tags, skip_tags, self.vault.opener()?)
    }

    /// The same, where vault passwords were asked for before.
    ///
    /// # Errors
    /// The inventory or the extra variables cannot be read.
    pub fn prepare_opened(
        &self,
        playbook_folder: &Path,
        tags: &[String],
        skip_tags: &[String],
        decrypt: Option<Arc<crate::vault::Decrypt>>,
    ) -> anyhow::Result<Prepared> {
        let extra = extra_vars(&self.extra_vars)?;
        let (inventory, warnings) = Inventory::load(&self.inventory, Some(playbook_folder), decrypt.clone())?;
        if let Some(limit) = &self.limit {
            some_host_within(&inventory, limit)?;
        }
        let settings = Settings {
            check: self.check,
            diff: self.diff,
            verbosity: self.verbose,
            forks: self.forks,
            limit: self.limit.clone(),
            tags: tags.to_vec(),
            skip_tags: skip_tags.to_vec(),
            inventory_sources: self.inventory.iter().map(PathBuf::from).collect(),
            config_file: None,
        };
        let mut loader = Loader::new(roots());
        loader.decrypt.clone_from(&decrypt);
        let world = Arc::new(World::new(inventory, extra, settings, decrypt));
        loader.constants = Some(Arc::new(crate::vars::TaskScope::outside(&world)));
        Ok(Prepared { world, loader: Arc::new(loader), warnings })
    }

    /// What the engine reads of them.
    ///
    /// # Errors
    /// A password cannot be read.
    pub fn engine(&self) -> anyhow::Result<Options> {
        let become_password = match &self.become_password_file {
            Some(file) => Some(first_line(file)?),
            None if self.ask_become_pass => Some(ui::ask_secret("BECOME password: ")?),
            None => None,
        };
        Ok(Options {
            limit: self.limit.clone(),
            forks: self.forks,
            check: self.check,
            diff: self.diff,
            become_: self.become_,
            become_user: self.become_user.clone(),
            become_method: self.become_method.clone(),
            become_password,
            user: self.user.clone(),
            private_key: self.private_key.clone(),
            connection: self.connection.clone(),
            ssh_common_args: self.ssh_common_args.clone(),
            ..Options::default()
        })
    }

    pub fn verbosity(&self) -> Verbosity {
        Verbosity { level: self.verbose, diff: self.diff }
    }
}

/// A limit that leaves no host is a mistake, not a run of nothing; without an inventory there is nothing to limit.
fn some_host_within(inventory: &Inventory, limit: &str) -> Result<(), Diagnostic> {
    if inventory.hosts_of("all").is_empty() || !inventory.matching("all", Some(limit))?.is_empty() {
        return Ok(());
    }
    inventory.take_warnings();
    inventory.matching_known("all", Some(limit))?;
    Err(Diagnostic::error(format!("no host is within --limit {limit}")))
}

/// What a run is made of.
pub struct Prepared {
    pub world: Arc<World>,
    pub loader: Arc<Loader>,
    pub warnings: Vec<Diagnostic>,
}

impl Prepared {
    /// Runs plays, obeying SIGINT and SIGTERM.
    ///
    /// # Errors
    /// A play cannot start.
    pub async fn plays(&self, plays: &[Play], options: Options, sink: Arc<dyn Sink>) -> Result<Ended, Diagnostics> {
        let run = Run::new(self.world.clone(), self.loader.clone(), Arc::new(Connections::default()), sink, options);
        let stopper = tokio::spawn(stop_on_signal(run.clone()));
        let ended = run.plays(plays).await;
        stopper.abort();
        ended
    }

    /// Shows what reading the inventory and the playbooks warned of.
    pub fn show_warnings(&self) {
        let mut all = self.warnings.clone();
        all.append(&mut self.loader.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        ui::report_all(&all);
    }
}

/// The first signal ends the run in order, the second at once.
async fn stop_on_signal(run: Arc<Run>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else { return };
    let mut code = 130;
    let mut asked = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => code = 143,
        }
        if asked {
            end_at_once(code);
        }
        asked = true;
        ui::note("stopping: hosts are being put right; interrupt again to leave at once");
        run.stop();
    }
}

#[expect(clippy::exit, reason = "a second signal asks to leave at once; the agents end with their channels")]
pub(super) fn end_at_once(code: i32) -> ! {
    std::process::exit(code)
}

/// `-e`, in order: later ones win.
fn extra_vars(given: &[String]) -> anyhow::Result<VarMap> {
    let mut all = VarMap::new();
    for text in given {
        if let Some(file) = text.strip_prefix('@') {
            let content = std::fs::read_to_string(file).with_context(|| format!("cannot read the variables of -e @{file}"))?;
            all.extend(document_vars(Source { path: file.into(), text: content.into() })?);
        } else if text.trim_start().starts_with(['{', '[']) {
            all.extend(document_vars(Source { path: "<extra vars>".into(), text: text.as_str().into() })?);
        } else {
            let source = Arc::new(Source { path: "<extra vars>".into(), text: text.as_str().into() });
            let whole = crate::diag::Span::locate(&source, 0, text.len());
            for word in crate::playbook::split_words(text).map_err(|why| Diagnostic::error(why).at(&whole))? {
                let Some((name, value)) = word.text.split_once('=') else {
                    return Err(Diagnostic::error(format!("`{}` is no variable", word.text)).at(&whole).help("write `-e name=value`").into());
                };
                let value = value.trim_matches(['"', '\'']);
                all.insert(name.into(), Var::Node(Node::string(value, &whole)));
            }
        }
    }
    Ok(all)
}

fn document_vars(source: Source) -> Result<VarMap, Diagnostic> {
    let loaded = yaml::load(&Arc::new(source))?;
    loaded.documents.first().map_or(Ok(VarMap::new()), |node| var_map(node, "extra vars"))
}

/// Where roles and collections are looked for besides the playbook's folder.
fn roots() -> Roots {
    let split = |name: &str| -> Vec<PathBuf> {
        std::env::var(name).map(|paths| paths.split(':').filter(|p| !p.is_empty()).map(expand).collect()).unwrap_or_default()
    };
    let mut roles = split("ANSIBLE_ROLES_PATH");
    roles.extend([PathBuf::from("roles"), expand("~/.ansible/roles"), "/usr/share/ansible/roles".into(), "/etc/ansible/roles".into()]);
    let mut collections = split("ANSIBLE_COLLECTIONS_PATH");
    collections.extend([expand("~/.ansible/collections"), "/usr/share/ansible/collections".into()]);
    Roots { roles, collections }
}

fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

fn first_line(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the password file {}", file.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Tags as given: several options, commas.
pub fn split_tags(given: &[String]) -> Vec<String> {
    given.iter().flat_map(|t| t.split(',')).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
}
