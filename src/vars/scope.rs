//! The variables that a task sees on a host.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use indexmap::IndexSet;

use super::hostvars::AllVars;
use super::{HostState, Untrusted, VarMap, World, magic};
use crate::diag::Diagnostic;
use crate::template::{Scope, SearchPath, Var, is_dictionary, merged};
use crate::yaml::Node;

/// What the variables of one play are made of.
#[derive(Debug, Default)]
pub struct PlayVars {
    pub name: String,
    /// `playbook_dir`.
    pub folder: PathBuf,
    /// `vars`, `vars_prompt`: levels 12 and 13.
    pub vars: Arc<VarMap>,
    /// `vars_files` per host, where names depend on the host: level 14.
    pub files: RwLock<std::collections::HashMap<Arc<str>, Arc<VarMap>>>,
    /// Defaults (level 2) and variables (level 15) of all roles of the play that are public.
    pub role_defaults: RwLock<Arc<VarMap>>,
    pub role_vars: RwLock<Arc<VarMap>>,
    pub role_names: RwLock<Vec<String>>,
    /// Roles that others of the play depend on.
    pub dependent_role_names: RwLock<Vec<String>>,
    /// `ansible_play_hosts_all`.
    pub all_hosts: Vec<Arc<str>>,
    /// The batch, with those that are gone.
    pub batch: RwLock<Vec<Arc<str>>>,
    /// Hosts that failed for good or left: neither `ansible_play_hosts` nor `ansible_play_batch` has them.
    pub gone: RwLock<HashSet<Arc<str>>>,
}

impl PlayVars {
    /// A role came in while the play runs.
    pub fn took_in(&self, name: &str, dependent: Vec<String>) {
        for (list, names) in [(&self.role_names, vec![name.to_owned()]), (&self.dependent_role_names, dependent)] {
            let mut list = list.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            names.into_iter().for_each(|name| {
                if !list.contains(&name) {
                    list.push(name);
                }
            });
        }
    }
}

/// What a role adds for its tasks, those of the roles above it and its dependencies included.
#[derive(Clone, Debug, Default)]
pub struct RoleVars {
    pub name: String,
    pub path: PathBuf,
    /// Collections in which its short names are looked for first.
    pub collections: Vec<String>,
    /// `ansible_parent_role_names`, nearest first.
    pub parents: Vec<String>,
    /// `ansible_parent_role_paths`: their folders.
    pub parent_paths: Vec<PathBuf>,
    pub defaults: Arc<VarMap>,
    pub vars: Arc<VarMap>,
    pub params: Arc<VarMap>,
}

/// What the place of a task adds: blocks, the task, its role, includes.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// `vars` of the task and the blocks around it, nearest first: levels 16 and 17.
    pub vars: Vec<Arc<VarMap>>,
    /// Of dynamic includes: level 21, nearest first.
    pub include_params: Vec<Arc<VarMap>>,
    pub role: Option<Arc<RoleVars>>,
    pub paths: Arc<SearchPath>,
}

/// A list of levels, highest first, over the magic variables. Cheap to clone.
#[derive(Clone)]
pub struct TaskScope {
    pub world: Arc<World>,
    pub play: Arc<PlayVars>,
    pub host: Arc<HostState>,
    pub chain: Arc<Chain>,
    /// The loop's variables, the result just registered.
    pub locals: Arc<VarMap>,
    levels: Arc<Vec<Arc<VarMap>>>,
    facts: Arc<crate::value::Map>,
    guess: Option<Arc<Guess>>,
    /// As `hostvars` shows the host: nothing of the play.
    pub(super) apart: bool,
}

/// Renders what comes later, before it is known what comes of what is under way.
#[derive(Debug, Default)]
pub struct Guess {
    /// Variables that tasks under way will set.
    unknown: Vec<Arc<str>>,
    /// One of them was asked for, or the world was: what was rendered may not be what it will be.
    failed: AtomicBool,
}

impl Guess {
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

/// Lookups that only read what stays: any number of them is as good as one.
const QUIET_LOOKUPS: &[&str] = &["dict", "env", "file", "fileglob", "first_found", "items", "list", "template", "vars"];

impl TaskScope {
    /// Takes a snapshot of what is known of the host now.
    pub fn new(world: &Arc<World>, play: &Arc<PlayVars>, host: &Arc<HostState>, chain: &Arc<Chain>) -> TaskScope {
        let known = host.levels();
        let get = |lock: &RwLock<Arc<VarMap>>| lock.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut levels: Vec<Arc<VarMap>> = Vec::with_capacity(16);
        levels.push(world.extra.clone());
        levels.extend(chain.include_params.iter().cloned());
        if let Some(role) = &chain.role {
            levels.push(role.params.clone());
        }
        levels.push(known.set);
        levels.push(known.included);
        levels.extend(chain.vars.iter().cloned());
        if let Some(role) = &chain.role {
            levels.push(role.vars.clone());
        }
        levels.push(get(&play.role_vars));
        if let Some(files) = play.files.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&host.name) {
            levels.push(files.clone());
        }
        levels.push(play.vars.clone());
        if !world.settings.facts_apart {
            levels.push(known.facts);
        }
        levels.push(world.inventory_vars(&host.name));
        if let Some(role) = &chain.role {
            levels.push(role.defaults.clone());
        }
        levels.push(get(&play.role_defaults));
        levels.retain(|level| !level.is_empty());
        TaskScope {
            world: world.clone(),
            play: play.clone(),
            host: host.clone(),
            chain: chain.clone(),
            locals: Arc::default(),
            levels: Arc::new(levels),
            facts: known.stripped,
            guess: None,
            apart: false,
        }
    }

    /// What holds for a host everywhere: no play, no role, no task.
    pub(super) fn apart(&self, host: &str) -> TaskScope {
        let host = self.world.host(host);
        let known = host.levels();
        let facts = if self.world.settings.facts_apart { Arc::default() } else { known.facts };
        let mut levels = vec![self.world.extra.clone(), known.set, known.included, facts, self.world.inventory_vars(&host.name)];
        levels.retain(|level| !level.is_empty());
        TaskScope {
            host,
            chain: Arc::new(Chain { paths: self.chain.paths.clone(), ..Chain::default() }),
            locals: Arc::default(),
            levels: Arc::new(levels),
            facts: known.stripped,
            apart: true,
            ..self.clone()
        }
    }

    /// The same while a task works on another host: `ansible_host` is that host's, all its variables are in `ansible_delegated_vars`.
    #[must_use]
    pub fn delegated(&self, to: &str) -> TaskScope {
        let name = |scope: &TaskScope| Var::Value(crate::value::Value::Str(scope.host.name.clone()));
        let other = TaskScope::new(&self.world, &self.play, &self.world.host(to), &self.chain).with_guess(self.guess());
        let address = other.get("ansible_host").unwrap_or_else(|| name(&other));
        let other = other.with([("inventory_hostname".into(), name(self))]);
        let all =
            crate::value::Value::map([(crate::value::Value::str(to), crate::value::Value::Object(Arc::new(AllVars { scope: other })))]);
        self.with([("ansible_host".into(), address), ("ansible_delegated_vars".into(), Var::Value(all))])
    }

    /// Only extra variables and what is the same everywhere: for names that must be known before anything runs.
    pub fn outside(world: &Arc<World>) -> TaskScope {
        let nobody = Arc::new(HostState::new("localhost".into()));
        TaskScope::new(world, &Arc::default(), &nobody, &Arc::default())
    }

    /// The same with loop variables or a result on top of all but extra variables.
    #[must_use]
    pub fn with(&self, locals: impl IntoIterator<Item = (Arc<str>, Var)>) -> TaskScope {
        let mut all = (*self.locals).clone();
        all.extend(locals);
        TaskScope { locals: Arc::new(all), ..self.clone() }
    }

    /// The same while the values of some variables are not known yet.
    #[must_use]
    pub fn guessing(&self, unknown: Vec<Arc<str>>) -> (TaskScope, Arc<Guess>) {
        let guess = Arc::new(Guess { unknown, failed: AtomicBool::new(false) });
        (self.with_guess(Some(guess.clone())), guess)
    }

    pub(super) fn with_guess(&self, guess: Option<Arc<Guess>>) -> TaskScope {
        TaskScope { guess, ..self.clone() }
    }

    pub(super) fn guess(&self) -> Option<Arc<Guess>> {
        self.guess.clone()
    }

    fn ask(&self, name: &str) {
        if let Some(guess) = &self.guess
            && guess.unknown.iter().any(|unknown| **unknown == *name)
        {
            guess.failed.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn facts(&self) -> Arc<crate::value::Map> {
        self.facts.clone()
    }

    /// See [`Inventory::is_implicit`](crate::inventory::Inventory::is_implicit).
    pub fn is_implicit_localhost(&self) -> bool {
        self.world.read_inventory(|inventory| inventory.is_implicit(&self.host.name))
    }

    /// Without magic variables.
    pub fn plain(&self, name: &str) -> Option<Var> {
        self.ask(name);
        let mut found = self.levels.iter().filter_map(|level| level.get(name));
        let mut var = found.next()?.clone();
        if self.world.settings.merge_hashes {
            for under in found.take_while(|under| is_dictionary(under)) {
                if !is_dictionary(&var) {
                    break;
                }
                var = merged(under, var);
            }
        }
        Some(var)
    }
}

impl Scope for TaskScope {
    fn get(&self, name: &str) -> Option<Var> {
        self.locals
            .get(name)
            .cloned()
            .or_else(|| magic::get(self, name).map(Var::Value))
            .or_else(|| self.plain(name))
            .or_else(|| magic::fallback(self, name))
    }

    fn names(&self) -> Vec<Arc<str>> {
        let mut names: IndexSet<Arc<str>> = self.locals.keys().cloned().collect();
        for level in self.levels.iter() {
            names.extend(level.keys().cloned());
        }
        names.extend(magic::NAMES.iter().filter(|name| !self.apart || !magic::of_play(name)).map(|n| Arc::from(*n)));
        names.into_iter().collect()
    }

    fn paths(&self) -> &SearchPath {
        &self.chain.paths
    }

    fn decrypt(&self, text: &str) -> Result<String, Diagnostic> {
        match &self.world.decrypt {
            Some(decrypt) => decrypt(text),
            None => Err(crate::vault::locked("this value")),
        }
    }

    fn may_look_up(&self, lookup: &str) -> bool {
        let Some(guess) = &self.guess else { return true };
        let quiet = QUIET_LOOKUPS.contains(&lookup);
        guess.failed.fetch_or(!quiet, Ordering::Relaxed);
        quiet
    }

    fn met_untrusted(&self, node: &Node) -> Result<(), Diagnostic> {
        let told = |level: fn(String) -> Diagnostic| {
            level("Encountered untrusted template or expression.".into())
                .at(node.span())
                .help("what is marked as unsafe is no template: it stays as it is")
        };
        match self.world.settings.untrusted {
            Untrusted::Ignore => Ok(()),
            Untrusted::Warn => {
                self.warn(told(Diagnostic::warning));
                Ok(())
            }
            Untrusted::Refuse => Err(told(Diagnostic::error)),
        }
    }

    fn takes_any_condition(&self) -> bool {
        !self.world.settings.strict_conditions
    }

    fn warn(&self, warning: Diagnostic) {
        if self.guess.is_none() {
            self.world.warn(warning);
        }
    }
}
