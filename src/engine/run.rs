//! A run: playbooks, one play after the other, on the hosts that are left.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;

use super::event::{Counts, Event, Sink};
use super::play;
use super::stats::Stats;
use crate::actions::Ask;
use crate::diag::{Diagnostic, Diagnostics};
use crate::inventory::Inventory;
use crate::playbook::{Loader, Play};
use crate::remote::Connections;
use crate::value::Value;
use crate::vars::World;

/// When facts are gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gathering {
    /// Unless the play says no.
    #[default]
    Implicit,
    /// Only where the play says so.
    Explicit,
    /// Unless the play says no, and of hosts only that are not known yet.
    Smart,
}

/// Settings that only the engine reads.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub tags: Vec<String>,
    pub skip_tags: Vec<String>,
    /// `--limit`.
    pub limit: Option<String>,
    /// Hosts worked on at once; 0: all.
    pub forks: usize,
    pub check: bool,
    pub diff: bool,
    /// `-b`, `--become-user`, `-u` and the like: what holds where no keyword and no variable says otherwise.
    pub become_: bool,
    pub become_user: Option<String>,
    pub become_method: Option<String>,
    pub become_flags: Option<String>,
    pub become_exe: Option<String>,
    pub become_password: Option<String>,
    pub user: Option<String>,
    pub port: Option<u16>,
    pub private_key: Option<PathBuf>,
    pub connection: Option<String>,
    pub connection_password: Option<String>,
    /// Seconds to connect.
    pub timeout: Option<u32>,
    pub host_key_checking: Option<bool>,
    pub ssh_args: Option<String>,
    pub ssh_common_args: Option<String>,
    pub ssh_extra_args: Option<String>,
    pub force_handlers: bool,
    /// Defaults of the keywords of these names.
    pub any_errors_fatal: bool,
    pub no_log: bool,
    pub strategy: Option<String>,
    /// When a play gathers facts that does not say.
    pub gathering: Gathering,
    /// Of the keyword `timeout`, in seconds.
    pub task_timeout: Option<f64>,
    /// Of the keyword `poll`, in seconds.
    pub poll_interval: f64,
    pub start_at_task: Option<String>,
    /// Events tell the arguments of tasks.
    pub show_arguments: bool,
    /// A notification that no handler answers to is only warned of.
    pub lenient_handlers: bool,
    /// `--step`: ask before each task.
    pub step: bool,
}

pub struct Run {
    pub world: Arc<World>,
    pub loader: Arc<Loader>,
    pub connections: Arc<Connections>,
    pub sink: Arc<dyn Sink>,
    pub ask: Arc<dyn Ask>,
    pub options: Options,
    pub(super) counts: Mutex<IndexMap<Arc<str>, Counts>>,
    /// Hosts that failed or are unreachable: no later play has them.
    pub(super) lost: Mutex<HashMap<Arc<str>, Lost>>,
    next_id: AtomicU64,
    stop: tokio::sync::watch::Sender<bool>,
    /// `--start-at-task` has been reached.
    pub(super) started: AtomicBool,
    given_up: AtomicBool,
    /// Nothing more is to be done: what was taken in cannot be read.
    aborted: Mutex<Option<Diagnostics>>,
    /// With --step: the rest is done without asking.
    pub(super) stepped_out: AtomicBool,
    pub(super) stats: Mutex<Stats>,
    /// What plays added to the inventory: it outlives a refresh.
    added: Mutex<Vec<Added>>,
}

/// A change that a play makes to the inventory.
#[derive(Clone)]
pub(super) enum Added {
    Host { name: String, groups: Vec<String>, vars: Vec<(Arc<str>, Value)> },
    ToGroup { group: String, parents: Vec<String>, host: Arc<str> },
}

impl Added {
    /// Whether it changed anything.
    fn apply(&self, inventory: &mut Inventory) -> Result<bool, Diagnostic> {
        match self {
            Added::Host { name, groups, vars } => inventory.add_host(name, groups, vars.clone()),
            Added::ToGroup { group, parents, host } => inventory.add_to_group(group, parents, host),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    Failed,
    Unreachable,
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    pub recap: Vec<(Arc<str>, Counts)>,
    pub failed: bool,
    pub unreachable: bool,
    pub interrupted: bool,
    /// Something is wrong with what was to be run, and came out only on the way.
    pub given_up: bool,
}

impl Ended {
    /// As ansible-playbook: 1 the run was given up, 2 a host failed, 4 a host was unreachable, 0.
    pub fn exit_code(&self) -> u8 {
        if self.given_up {
            return 1;
        }
        match (self.failed, self.unreachable) {
            (true, _) => 2,
            (false, true) => 4,
            (false, false) => 0,
        }
    }
}

impl Run {
    pub fn new(
        world: Arc<World>,
        loader: Arc<Loader>,
        connections: Arc<Connections>,
        sink: Arc<dyn Sink>,
        ask: Arc<dyn Ask>,
        options: Options,
    ) -> Arc<Run> {
        let started = AtomicBool::new(options.start_at_task.is_none());
        Arc::new(Run {
            world,
            loader,
            connections,
            sink,
            ask,
            options,
            counts: Mutex::default(),
            lost: Mutex::default(),
            next_id: AtomicU64::new(1),
            stop: tokio::sync::watch::Sender::new(false),
            started,
            given_up: AtomicBool::new(false),
            aborted: Mutex::default(),
            stepped_out: AtomicBool::new(false),
            stats: Mutex::default(),
            added: Mutex::default(),
        })
    }

    /// Whether the variables of all hosts that are known to be worked on could be read.
    fn check_variables(&self, plays: &[Play]) -> Result<(), Diagnostics> {
        let written = |play: &Play| match play.hosts.as_list() {
            Some(items) => items.iter().map(crate::yaml::Node::scalar_text).collect::<Option<Vec<_>>>().map(|all| all.join(",")),
            None => play.hosts.scalar_text(),
        };
        for pattern in plays.iter().filter(|play| !play.hosts.has_template()).filter_map(written) {
            self.world.read_inventory(|inventory| inventory.readable(&inventory.meant(&pattern, self.options.limit.as_deref())?))?;
        }
        Ok(())
    }

    /// Runs plays in order. All their problems were found when they were read.
    ///
    /// # Errors
    /// A play cannot start: its hosts, variables or files are wrong.
    pub async fn plays(self: &Arc<Run>, plays: &[Play]) -> Result<Ended, Diagnostics> {
        self.check_variables(plays)?;
        for play in plays {
            if self.stopped() {
                break;
            }
            let more = play::run(self, play).await;
            self.flush_warnings();
            if let Some(problems) = self.aborted.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Err(problems);
            }
            if !more? || self.given_up.load(Ordering::Relaxed) {
                break;
            }
        }
        let ended = self.ended();
        self.sink
            .emit(Event::Ended { recap: ended.recap.clone(), stats: self.stats.lock().unwrap_or_else(PoisonError::into_inner).shown() });
        Ok(ended)
    }

    fn ended(&self) -> Ended {
        let recap: Vec<_> = self.counts.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(k, v)| (k.clone(), *v)).collect();
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        Ended {
            failed: lost.values().any(|l| *l == Lost::Failed),
            unreachable: lost.values().any(|l| *l == Lost::Unreachable),
            interrupted: self.stopped(),
            given_up: self.given_up.load(Ordering::Relaxed),
            recap,
        }
    }

    /// Asks the run to end: tasks under way are given up and count as failed, so that `rescue` and `always` sections still run and
    /// put things right; nothing else starts.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        crate::template::stop_lookups();
    }

    /// The hosts at work end what they began, with its rescue; then the run ends.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// Nothing more starts, and nothing is put right: something is wrong with what was to be run.
    pub(super) fn abort(&self, problems: Diagnostics) {
        *self.aborted.lock().unwrap_or_else(PoisonError::into_inner) = Some(problems);
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// `add_host` and `group_by`; whether they changed anything.
    ///
    /// # Errors
    /// The inventory cannot have it so.
    pub(super) fn add(&self, added: Added) -> Result<bool, Diagnostic> {
        let changed = self.world.change_inventory(|inventory| added.apply(inventory))?;
        self.added.lock().unwrap_or_else(PoisonError::into_inner).push(added);
        Ok(changed)
    }

    /// `meta: refresh_inventory`: the sources are read again, what plays added stays.
    ///
    /// # Errors
    /// A source cannot be read any more; the inventory is then the one before.
    pub(super) fn refresh_inventory(&self) -> Result<(), Diagnostics> {
        let added = self.added.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.world.change_inventory(|inventory| {
            let mut fresh = inventory.again()?;
            for one in &added {
                one.apply(&mut fresh)?;
            }
            *inventory = fresh;
            Ok(())
        })
    }

    /// Resolves when the run is asked to end.
    pub(super) async fn stopping(&self) {
        let mut receiver = self.stop.subscribe();
        let _ = receiver.wait_for(|stop| *stop).await;
    }

    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn count(&self, host: &Arc<str>, change: impl FnOnce(&mut Counts)) {
        change(self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(host.clone()).or_default());
    }

    pub(super) fn lose(&self, host: &Arc<str>, how: Lost) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), how);
    }

    pub(super) fn keep(&self, host: &Arc<str>) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
    }

    pub(super) fn is_lost(&self, host: &str) -> bool {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).contains_key(host)
    }

    pub(super) fn has_failed(&self, host: &str) -> bool {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).get(host) == Some(&Lost::Failed)
    }

    pub(super) fn emit(&self, event: Event) {
        self.sink.emit(event);
    }

    pub(super) fn flush_warnings(&self) {
        for warning in self.world.take_warnings() {
            self.emit(Event::Warning(warning));
        }
    }
}
