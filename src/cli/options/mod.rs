//! Options that the commands share which run plays, and what they become.
//!
//! What is not given comes from ansible.cfg and the environment (`config`).

mod extra;
mod facts;
mod inventory;
mod prepare;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::persona;
use super::secrets::{self, VaultOptions};
use crate::config::Config;
use crate::diag::Diagnostic;
use crate::engine::{Gathering, Options};
use crate::inventory::Inventory;
use crate::playbook::{Duplicates, Loader, Roots};
use crate::plugins::Folders;
use crate::ui::Verbosity;
use crate::vars::{Settings, Untrusted, World};

pub(super) use extra::read as extra_vars;
pub(super) use inventory::settings as inventory_settings;
pub(super) use prepare::Prepared;
pub(super) use prepare::end_at_once;

/// Options of commands that run plays; the names are ansible-playbook's.
#[derive(clap::Args, Debug, Default, Clone)]
pub(super) struct RunOptions {
    /// Inventory: a file, a folder, an executable, or host names with commas. May be given several times.
    #[arg(short, long = "inventory", visible_alias = "inventory-file", value_name = "SOURCE")]
    pub inventory: Vec<String>,
    /// Only hosts that match this pattern too.
    #[arg(short, long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub limit: Option<String>,
    /// Variables that win over all others: `key=value`, YAML or JSON, or @file.
    #[arg(short, long = "extra-vars", value_name = "VARS", allow_hyphen_values = true)]
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
    /// Only say which hosts are meant.
    #[arg(long)]
    pub list_hosts: bool,
    /// Forget the facts that were kept of the hosts.
    #[arg(long)]
    pub flush_cache: bool,
    #[command(flatten)]
    pub become_: BecomeOptions,
    #[command(flatten)]
    pub connect: ConnectOptions,
    #[command(flatten)]
    pub vault: VaultOptions,
}

/// How to become another user.
#[derive(clap::Args, Debug, Default, Clone)]
pub(super) struct BecomeOptions {
    /// Become another user (root, unless --become-user says otherwise).
    #[arg(short = 'b', long = "become")]
    pub become_: bool,
    /// The user to become.
    #[arg(long, value_name = "USER")]
    pub become_user: Option<String>,
    /// How: sudo or su.
    #[arg(long, value_name = "METHOD")]
    pub become_method: Option<String>,
    /// File or program with the password for becoming another user.
    #[arg(long, value_name = "FILE", visible_alias = "become-pass-file")]
    pub become_password_file: Option<PathBuf>,
    /// Ask for the password for becoming another user.
    #[arg(short = 'K', long)]
    pub ask_become_pass: bool,
}

/// How to connect.
#[derive(clap::Args, Debug, Default, Clone)]
pub(super) struct ConnectOptions {
    /// Connect as this user.
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// Key to connect with.
    #[arg(long, value_name = "FILE", visible_alias = "key-file")]
    pub private_key: Option<PathBuf>,
    /// `ssh` or `local`.
    #[arg(short, long, value_name = "KIND")]
    pub connection: Option<String>,
    /// Ask for the password for connecting.
    #[arg(short = 'k', long)]
    pub ask_pass: bool,
    /// File or program with the password for connecting.
    #[arg(long, value_name = "FILE", visible_alias = "conn-pass-file")]
    pub connection_password_file: Option<PathBuf>,
    /// Seconds to wait for a connection.
    #[arg(short = 'T', long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// More options for ssh.
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub ssh_common_args: Option<String>,
    /// Still more options for ssh.
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub ssh_extra_args: Option<String>,
    /// Files go through the connection of ssh: this changes nothing.
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true, hide = true)]
    pub sftp_extra_args: Option<String>,
    /// Files go through the connection of ssh: this changes nothing.
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true, hide = true)]
    pub scp_extra_args: Option<String>,
}

impl RunOptions {
    /// Reads inventory and variables, and makes all that a run needs.
    ///
    /// # Errors
    /// The inventory, the extra variables or a password file cannot be read.
    pub(super) fn prepare(&self, playbook_folder: &Path, tags: &[String], skip_tags: &[String]) -> anyhow::Result<Prepared> {
        self.prepare_opened(playbook_folder, tags, skip_tags, self.vault.opener()?)
    }

    /// The same, where vault passwords were asked for before.
    ///
    /// # Errors
    /// The inventory or the extra variables cannot be read.
    pub(super) fn prepare_opened(
        &self,
        playbook_folder: &Path,
        tags: &[String],
        skip_tags: &[String],
        decrypt: Option<Arc<crate::vault::Decrypt>>,
    ) -> anyhow::Result<Prepared> {
        let config = Config::current();
        let extra = extra::read(&self.extra_vars, decrypt.as_ref())?;
        let sources = self.sources();
        let (inventory, mut warnings) = Inventory::load(&sources, inventory_settings(playbook_folder, decrypt.clone(), &extra)?)?;
        if let Some(limit) = &self.limit {
            some_host_within(&inventory, limit)?;
        }
        if self.verbosity().level > 0 {
            warnings.extend(config.unknown.iter().cloned());
        }
        let settings = Settings {
            check: self.check,
            diff: self.diff(),
            verbosity: self.verbosity().level,
            forks: self.forks(),
            limit: self.limit.clone(),
            tags: tags.to_vec(),
            skip_tags: skip_tags.to_vec(),
            inventory_sources: sources.iter().map(PathBuf::from).collect(),
            config_file: config.file.clone(),
            strict_conditions: persona::is_ansible() && !config.flag("ALLOW_BROKEN_CONDITIONALS"),
            merge_hashes: merges_hashes(config),
            facts_apart: !config.flag("INJECT_FACTS_AS_VARS"),
            managed: config.text("DEFAULT_MANAGED_STR"),
            untrusted: match config.text("_TEMPLAR_UNTRUSTED_TEMPLATE_BEHAVIOR").as_deref() {
                Some("warning") => Untrusted::Warn,
                Some("error") => Untrusted::Refuse,
                _ => Untrusted::Ignore,
            },
        };
        let mut loader = Loader::new(roots(config));
        loader.lenient = persona::is_ansible();
        loader.decrypt.clone_from(&decrypt);
        loader.duplicates = match config.text("DUPLICATE_YAML_DICT_KEY").as_deref() {
            Some("error") => Duplicates::Refuse,
            Some("ignore") => Duplicates::Ignore,
            _ => Duplicates::Warn,
        };
        loader.private_roles = config.given("DEFAULT_PRIVATE_ROLE_VARS").map(crate::config::is_true);
        let mut world = World::new(inventory, extra, settings, decrypt);
        match facts::cache(config) {
            Ok(Some(cache)) => world = world.keeping_facts(cache, self.flush_cache),
            Ok(None) => {}
            Err(warning) => warnings.push(warning),
        }
        let world = Arc::new(world);
        loader.constants = Some(Arc::new(crate::vars::TaskScope::outside(&world)));
        Ok(Prepared { world, loader: Arc::new(loader), warnings })
    }

    /// What the engine reads of them.
    ///
    /// # Errors
    /// A password cannot be read.
    pub(super) fn engine(&self) -> anyhow::Result<Options> {
        let config = Config::current();
        let (become_, connect) = (&self.become_, &self.connect);
        let ask = |asked: bool, setting: &str| asked || config.flag(setting);
        let connection_password = secrets::password(
            connect.connection_password_file.clone().or_else(|| config.path("CONNECTION_PASSWORD_FILE")).as_deref(),
            ask(connect.ask_pass, "DEFAULT_ASK_PASS"),
            "SSH password: ",
        )?;
        let become_password = secrets::password(
            become_.become_password_file.clone().or_else(|| config.path("BECOME_PASSWORD_FILE")).as_deref(),
            ask(become_.ask_become_pass, "DEFAULT_BECOME_ASK_PASS"),
            if connection_password.is_some() { "BECOME password[defaults to SSH password]: " } else { "BECOME password: " },
        )?;
        let given = |name: &str| config.given(name).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Options {
            limit: self.limit.clone(),
            forks: self.forks(),
            check: self.check,
            diff: self.diff(),
            become_: become_.become_ || config.flag("DEFAULT_BECOME"),
            become_user: become_.become_user.clone().or_else(|| given("DEFAULT_BECOME_USER")),
            become_method: become_.become_method.clone().or_else(|| given("DEFAULT_BECOME_METHOD")),
            become_flags: given("DEFAULT_BECOME_FLAGS"),
            become_exe: given("DEFAULT_BECOME_EXE"),
            // An empty answer means the same password again.
            become_password: become_password
                .filter(|text| !text.is_empty())
                .or_else(|| ask(become_.ask_become_pass, "DEFAULT_BECOME_ASK_PASS").then(|| connection_password.clone()).flatten()),
            user: connect.user.clone().or_else(|| given("DEFAULT_REMOTE_USER")),
            port: config.number("DEFAULT_REMOTE_PORT").map(|port| port as u16),
            private_key: connect.private_key.clone().or_else(|| config.path("DEFAULT_PRIVATE_KEY_FILE")),
            connection: connect.connection.clone().or_else(|| given("DEFAULT_TRANSPORT")),
            connection_password,
            timeout: connect
                .timeout
                .or_else(|| given("SSH_TIMEOUT").or_else(|| given("DEFAULT_TIMEOUT")).and_then(|text| text.trim().parse().ok())),
            host_key_checking: [given("SSH_HOST_KEY_CHECKING"), given("HOST_KEY_CHECKING")]
                .into_iter()
                .flatten()
                .next()
                .map(|text| crate::config::is_true(&text)),
            ssh_args: given("SSH_ARGS"),
            ssh_common_args: connect.ssh_common_args.clone().or_else(|| given("SSH_COMMON_ARGS")),
            ssh_extra_args: connect.ssh_extra_args.clone().or_else(|| given("SSH_EXTRA_ARGS")),
            force_handlers: config.flag("DEFAULT_FORCE_HANDLERS"),
            any_errors_fatal: config.flag("ANY_ERRORS_FATAL"),
            strategy: given("DEFAULT_STRATEGY"),
            gathering: match config.text("DEFAULT_GATHERING").as_deref() {
                Some("explicit") => Gathering::Explicit,
                Some("smart") => Gathering::Smart,
                _ => Gathering::Implicit,
            },
            task_timeout: config.number("TASK_TIMEOUT").filter(|seconds| *seconds > 0.0),
            poll_interval: config.number("DEFAULT_POLL_INTERVAL").unwrap_or(15.0),
            lenient_handlers: !config.flag("ERROR_ON_MISSING_HANDLER"),
            no_log: config.flag("DEFAULT_NO_LOG"),
            show_arguments: config.flag("DISPLAY_ARGS_TO_STDOUT"),
            ..Options::default()
        })
    }

    pub(super) fn verbosity(&self) -> Verbosity {
        let always = Config::current().number("DEFAULT_VERBOSITY").unwrap_or(0.0) as u8;
        Verbosity { level: self.verbose.saturating_add(always), diff: self.diff(), check: self.check }
    }

    /// Where hosts come from; /etc/ansible/hosts only where it is there.
    pub(super) fn sources(&self) -> Vec<String> {
        sources(&self.inventory)
    }

    fn diff(&self) -> bool {
        self.diff || Config::current().flag("DIFF_ALWAYS")
    }

    /// 0: all at once.
    fn forks(&self) -> usize {
        let settled = || Config::current().given("DEFAULT_FORKS").and_then(|text| text.trim().parse().ok());
        Some(self.forks).filter(|forks| *forks > 0).or_else(settled).unwrap_or(0)
    }
}

/// Where hosts come from: `-i`, else ansible.cfg and ANSIBLE_INVENTORY; /etc/ansible/hosts only where it is there.
pub(super) fn sources(given: &[String]) -> Vec<String> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let (text, origin) = Config::current().raw("DEFAULT_HOST_LIST");
    let text = text.unwrap_or_default();
    if origin == crate::config::Origin::Default && !Path::new(&text).exists() {
        return Vec::new();
    }
    // `web1,` is a list of hosts, `a,b` are two sources.
    if text.trim_end().ends_with(',') {
        return vec![text];
    }
    text.split(',').map(|source| crate::config::expanded(source.trim()).display().to_string()).filter(|source| !source.is_empty()).collect()
}

/// A limit that leaves no host is a mistake, not a run of nothing; without an inventory there is nothing to limit.
fn some_host_within(inventory: &Inventory, limit: &str) -> anyhow::Result<()> {
    if inventory.hosts_of("all").is_empty() || !inventory.matching("all", Some(limit))?.is_empty() {
        return Ok(());
    }
    inventory.take_warnings();
    inventory.matching_known("all", Some(limit))?;
    Err(persona::coded(
        1,
        Diagnostic::error(format!(
            "no host is within --limit {limit}: Specified inventory, host pattern and/or --limit leaves us with no hosts to target."
        )),
    ))
}

/// Whether dictionaries of several levels are merged.
fn merges_hashes(config: &Config) -> bool {
    config.text("DEFAULT_HASH_BEHAVIOUR").as_deref() == Some("merge")
}

/// Where roles and collections are looked for besides the playbook's folder.
pub(in crate::cli) fn roots(config: &Config) -> Roots {
    let mut roles = config.paths("DEFAULT_ROLES_PATH");
    roles.insert(0, PathBuf::from("roles"));
    let plugins = Folders {
        filters: config.paths("DEFAULT_FILTER_PLUGIN_PATH"),
        tests: config.paths("DEFAULT_TEST_PLUGIN_PATH"),
        lookups: config.paths("DEFAULT_LOOKUP_PLUGIN_PATH"),
    };
    // Some name the folder of collections itself.
    let above = |path: PathBuf| if path.ends_with("ansible_collections") { path.parent().map(Into::into).unwrap_or(path) } else { path };
    let collections = config.paths("COLLECTIONS_PATHS").into_iter().map(above).collect();
    Roots { roles, collections, library: config.paths("DEFAULT_MODULE_PATH"), actions: config.paths("DEFAULT_ACTION_PLUGIN_PATH"), plugins }
}

/// Tags as given: several options, commas; those of the configuration where none are.
pub(super) fn split_tags(given: &[String], setting: &str) -> Vec<String> {
    let split: Vec<String> = given.iter().flat_map(|t| t.split(',')).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect();
    if split.is_empty() { Config::current().list(setting) } else { split }
}
