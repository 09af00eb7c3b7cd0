//! One play: its hosts, its batches, its sections.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use indexmap::IndexMap;

use tokio::sync::Semaphore;

use super::ahead::Ahead;
use super::event::Event;
use super::frame::Frame;
use super::handlers::{Handlers, collect_handlers};
use super::run::{Gathering, Run};
use crate::diag::{Diagnostic, Diagnostics};
use crate::playbook::{self, Loader, Play, Role, RoleUse, Step, Task, VarMap, role};
use crate::template::{Var, render, render_text};
use crate::value::Value;
use crate::vars::{Chain, HostState, PlayVars, TaskScope, World};
use crate::yaml::{Kind, Node};

/// A host in a play.
pub(super) type Host = Arc<HostState>;

/// A play while it runs.
pub(super) struct PlayRun {
    pub run: Arc<Run>,
    pub vars: Arc<PlayVars>,
    pub frame: Arc<Frame>,
    pub handlers: Handlers,
    pub strategy: Strategy,
    /// `max_fail_percentage`, of a batch.
    pub max_fail: Option<f64>,
    pub force_handlers: bool,
    /// As written; strategies that run hosts side by side need it as long as they do.
    pub play: Arc<Play>,
    /// Hosts that may work at once where each goes on by itself.
    pub gate: Arc<Semaphore>,
    /// `throttle` of tasks where each host goes on by itself, and the numbers of their banners; by task.
    pub apart: Mutex<HashMap<usize, Apart>>,
    /// Roles that a host has had: `role path + parameters`.
    pub had: Mutex<HashSet<(Arc<str>, String)>>,
    /// Roles in which a host did something: a role of which all was skipped does not count as had.
    pub busy: Mutex<HashSet<(Arc<str>, usize)>>,
    /// `meta: end_play` and `end_batch`.
    pub over: AtomicBool,
    pub batch_over: AtomicBool,
    /// How often `meta: clear_host_errors` was done.
    pub cleared: AtomicUsize,
    pub(super) ahead: Ahead,
    /// The play's hosts in the order in which they run.
    pub order: Vec<Arc<str>>,
    /// `max_fail_percentage` is passed.
    pub broken: AtomicBool,
}

/// A task that each host comes to in its own time.
pub(super) struct Apart {
    /// Held, so that no other task comes to lie at its address.
    pub _task: Arc<Task>,
    pub id: u64,
    pub throttle: Option<Arc<Semaphore>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    Linear,
    /// Every host goes on by itself, task by task as forks allow.
    Free,
    /// Every host goes on by itself, as many hosts as forks allow.
    HostPinned,
}

/// Runs the play; the answer is whether the run goes on.
pub(super) async fn run(run: &Arc<Run>, play: &Play) -> Result<bool, Diagnostics> {
    let (vars, hosts) = prepare(run, play)?;
    let name = vars.name.clone();
    if hosts.is_empty() {
        run.emit(Event::NoHosts { name });
        return Ok(true);
    }
    let alive: Vec<Arc<str>> = hosts.iter().filter(|h| !run.is_lost(h)).cloned().collect();
    if alive.is_empty() {
        run.emit(Event::PlayStarted { name, hosts: Vec::new(), check: run.options.check });
        return Ok(true);
    }
    let frame = Frame::play(play.keywords.clone(), play.folder.clone());
    let first = TaskScope::new(&run.world, &vars, &run.world.host(&alive[0]), &frame.chain());
    let strategy = strategy(run, play, &first)?;
    let number = |name: &str| -> Result<Option<f64>, Diagnostic> {
        let Some(node) = play.own.get(name) else { return Ok(None) };
        match render(node, &first)? {
            Value::Int(n) => Ok(Some(n as f64)),
            Value::Float(n) => Ok(Some(n)),
            Value::Null => Ok(None),
            other => other
                .to_string()
                .trim_end_matches('%')
                .trim()
                .parse()
                .map(Some)
                .map_err(|_| node.error(format!("`{name}` must be a number"))),
        }
    };
    let force_handlers = match play.own.get("force_handlers") {
        Some(node) => playbook::word_flag(node).unwrap_or(render(node, &first)?.is_true()),
        None => run.options.force_handlers,
    };
    let handlers = collect_handlers(play, &frame, &first)?;
    let running = Arc::new(PlayRun {
        run: run.clone(),
        handlers,
        frame,
        strategy,
        play: Arc::new(play.clone()),
        gate: Arc::new(Semaphore::new(if run.options.forks == 0 { Semaphore::MAX_PERMITS } else { run.options.forks })),
        apart: Mutex::default(),
        max_fail: number("max_fail_percentage")?,
        force_handlers,
        had: Mutex::default(),
        busy: Mutex::default(),
        over: AtomicBool::new(false),
        batch_over: AtomicBool::new(false),
        cleared: AtomicUsize::new(0),
        ahead: Ahead::default(),
        order: alive.clone(),
        broken: AtomicBool::new(false),
        vars,
    });
    let batches = batches(play, &first, &alive)?;
    let mut any_left = false;
    for batch in batches {
        if running.over.load(Ordering::SeqCst) || run.stopped() {
            break;
        }
        running.batch_over.store(false, Ordering::SeqCst);
        let size = batch.len();
        let left = running.batch(batch).await?;
        any_left |= left > 0 || running.over.load(Ordering::SeqCst);
        // A batch that is lost whole ends the play: the next hosts are spared.
        if left == 0 && size > 0 && !running.over.load(Ordering::SeqCst) && !running.batch_over.load(Ordering::SeqCst) {
            return Ok(false);
        }
    }
    Ok(any_left)
}

/// The play's `strategy`, or the configured one.
fn strategy(run: &Run, play: &Play, scope: &TaskScope) -> Result<Strategy, Diagnostic> {
    let node = play.own.get("strategy");
    let name = node.map(|n| render_text(n, scope)).transpose()?.or_else(|| run.options.strategy.clone()).unwrap_or_else(|| "linear".into());
    Ok(match name.strip_prefix("ansible.builtin.").unwrap_or(&name) {
        "linear" | "debug" => Strategy::Linear,
        "free" => Strategy::Free,
        "host_pinned" => Strategy::HostPinned,
        other => {
            let problem =
                Diagnostic::error(format!("there is no strategy `{other}`")).readable().suggest(other, ["linear", "free", "host_pinned"]);
            return Err(problem.or_at(node.map(Node::span)));
        }
    })
}

/// The hosts of a play, part by part.
///
/// # Errors
/// A template that cannot be rendered.
pub fn pattern(hosts: &Node, scope: &TaskScope) -> Result<Vec<String>, Diagnostic> {
    match hosts.kind() {
        Kind::List(items) => items.iter().map(|item| render_text(item, scope)).collect(),
        _ => Ok(match render(hosts, scope)? {
            Value::List(items) => items.iter().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        }),
    }
}

/// What an unnamed play is called by: its hosts as they are written, or come out of a template.
pub fn name_of_hosts(hosts: &Node, scope: &TaskScope) -> Result<String, Diagnostic> {
    match hosts.kind() {
        Kind::List(_) => Ok(pattern(hosts, scope)?.join(",")),
        _ => render_text(hosts, scope),
    }
}

/// What a play's own keywords may use: extra variables, those of the play, of its files and of its roles.
pub fn scope_of_play(world: &Arc<World>, loader: &Loader, play: &Play) -> TaskScope {
    let (defaults, role_vars) = public_vars(&roles_of(play));
    let mut over = loader.vars_of_files(play);
    over.extend(role_vars);
    let early = PlayVars {
        vars: Arc::new(play.keywords.vars.clone()),
        role_defaults: RwLock::new(Arc::new(defaults)),
        role_vars: RwLock::new(Arc::new(over)),
        folder: play.folder.clone(),
        ..PlayVars::default()
    };
    TaskScope::new(world, &Arc::new(early), &Arc::new(HostState::new("localhost".into())), &Arc::new(Chain::default()))
}

type Roles<'a> = IndexMap<*const RoleUse, &'a Arc<RoleUse>>;

fn roles_of(play: &Play) -> Roles<'_> {
    let mut roles = IndexMap::new();
    for steps in [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks, &play.handlers] {
        role::roles_in(steps, &mut roles);
    }
    roles
}

/// Defaults and variables of roles that are there for the whole play.
fn public_vars(roles: &Roles<'_>) -> (VarMap, VarMap) {
    let (mut defaults, mut vars) = (VarMap::new(), VarMap::new());
    for used in roles.values().filter(|used| used.public) {
        defaults.extend(used.role.defaults.clone());
        vars.extend(used.role.vars.clone());
    }
    (defaults, vars)
}

/// Renders what the play needs before it has tasks: its hosts, its variables.
fn prepare(run: &Arc<Run>, play: &Play) -> Result<(Arc<PlayVars>, Vec<Arc<str>>), Diagnostics> {
    let world = &run.world;
    let scope = scope_of_play(world, &run.loader, play);
    let pattern = pattern(&play.hosts, &scope)?.join(",");
    let name = match &play.name {
        Some(node) => render_text(node, &scope).unwrap_or_else(|_| node.scalar_text().unwrap_or_default()),
        None => name_of_hosts(&play.hosts, &scope)?,
    };
    let limit = run.options.limit.as_deref();
    let all_hosts = world.read_inventory(|inventory| inventory.matching(&pattern, limit)).map_err(|d| d.or_at(Some(play.hosts.span())))?;
    let mut hosts = all_hosts.clone();
    world.read_inventory(|inventory| inventory.readable(&hosts))?;
    order(play, &scope, &mut hosts)?;
    let mut play_vars = play.keywords.vars.clone();
    play_vars.extend(super::ask::vars_prompt(run, play, &scope)?);
    let roles = roles_of(play);
    let (defaults, role_vars) = public_vars(&roles);
    let mut role_names: Vec<String> =
        play.roles.iter().filter_map(|s| if let Step::Role(r) = s { Some(r.role.name.clone()) } else { None }).collect();
    let mut dependent = Vec::new();
    roles.values().for_each(|used| dependencies(&used.role, &mut dependent));
    for used in roles.values().filter(|used| !dependent.contains(&used.role.name)) {
        if !role_names.contains(&used.role.name) {
            role_names.push(used.role.name.clone());
        }
    }
    let vars = PlayVars {
        name,
        folder: play.folder.clone(),
        vars: Arc::new(play_vars),
        files: RwLock::default(),
        role_defaults: RwLock::new(Arc::new(defaults)),
        role_vars: RwLock::new(Arc::new(role_vars)),
        role_names: RwLock::new(role_names),
        dependent_role_names: RwLock::new(dependent),
        batch: RwLock::new(all_hosts.clone()),
        gone: RwLock::new(all_hosts.iter().filter(|host| run.is_lost(host)).cloned().collect()),
        all_hosts,
    };
    Ok((Arc::new(vars), hosts))
}

/// Names of the roles that a role depends on, each once.
pub(super) fn dependencies(role: &Role, names: &mut Vec<String>) {
    for dependency in &role.dependencies {
        if !names.contains(&dependency.role.name) {
            names.push(dependency.role.name.clone());
        }
        dependencies(&dependency.role, names);
    }
}

fn order(play: &Play, scope: &TaskScope, hosts: &mut [Arc<str>]) -> Result<(), Diagnostic> {
    let Some(node) = play.own.get("order") else { return Ok(()) };
    match render_text(node, scope)?.as_str() {
        "inventory" | "" => {}
        "reverse_inventory" => hosts.reverse(),
        "sorted" => hosts.sort(),
        "reverse_sorted" => hosts.sort_by(|a, b| b.cmp(a)),
        "shuffle" => {
            use std::hash::{BuildHasher as _, RandomState};
            let seed = RandomState::new();
            hosts.sort_by_key(|host| seed.hash_one(host));
        }
        other => {
            let known = ["inventory", "reverse_inventory", "sorted", "reverse_sorted", "shuffle"];
            return Err(node.error(format!("there is no order `{other}`")).suggest(other, known));
        }
    }
    Ok(())
}

/// `serial`: numbers, per cent, or a list of both; the last one repeats.
fn batches(play: &Play, scope: &TaskScope, hosts: &[Arc<str>]) -> Result<Vec<Vec<Arc<str>>>, Diagnostic> {
    let Some(node) = play.own.get("serial") else { return Ok(vec![hosts.to_vec()]) };
    let value = render(node, scope)?;
    if matches!(value, Value::Omit | Value::Null) {
        return Ok(vec![hosts.to_vec()]);
    }
    let sizes: Vec<Value> = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
    let mut numbers = Vec::new();
    for size in &sizes {
        let text = size.to_string();
        let wrong = || node.error("`serial` must be a number of hosts or per cent").label(text.clone());
        let number = match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
                ((percent / 100.0 * hosts.len() as f64) as usize).max(1)
            }
            None => text.trim().parse::<usize>().map_err(|_| wrong())?,
        };
        numbers.push(if number == 0 { hosts.len() } else { number });
    }
    let (mut rest, mut batches, mut turn) = (hosts, Vec::new(), 0);
    while !rest.is_empty() {
        let Some(size) = numbers.get(turn).or(numbers.last()) else { return Ok(vec![hosts.to_vec()]) };
        let (batch, after) = rest.split_at((*size).min(rest.len()));
        batches.push(batch.to_vec());
        rest = after;
        turn += 1;
    }
    Ok(batches)
}

impl PlayRun {
    /// Hosts are out of the play, as its variables tell it.
    pub(super) fn gone<'h>(&self, hosts: impl IntoIterator<Item = &'h Host>) {
        self.vars.gone.write().unwrap_or_else(PoisonError::into_inner).extend(hosts.into_iter().map(|host| host.name.clone()));
    }

    /// `ansible_play_batch` tells hosts in this order, whatever `order` and the pattern say.
    pub(super) fn as_in_inventory(&self, mut names: Vec<Arc<str>>) -> Vec<Arc<str>> {
        let all = self.run.world.read_inventory(|inventory| inventory.hosts_of("all"));
        names.sort_by_cached_key(|name| all.iter().position(|host| host == name));
        names
    }

    pub(super) fn scope(&self, host: &Host, frame: &Frame) -> TaskScope {
        TaskScope::new(&self.run.world, &self.vars, host, &frame.chain())
    }

    /// Of these hosts those whose facts are gathered first, and the others.
    pub(super) fn gathers(&self, play: &Play, hosts: Vec<Host>) -> Result<(Vec<Host>, Vec<Host>), Diagnostic> {
        let Some(first) = hosts.first() else { return Ok((hosts, Vec::new())) };
        let wanted = match play.own.get("gather_facts") {
            None => self.run.options.gathering != Gathering::Explicit,
            Some(node) => match playbook::word_flag(node) {
                Some(flag) => flag,
                None => render(node, &self.scope(first, &self.frame))?.is_true(),
            },
        };
        let smart = self.run.options.gathering == Gathering::Smart;
        Ok(hosts.into_iter().partition(|host| wanted && !(smart && host.has_facts())))
    }

    /// `vars_files`: an entry is a file, or a list of which the first that exists is taken; names may use variables of the host.
    pub(super) fn load_vars_files(&self, play: &Play, hosts: &[Host]) -> Result<(), Diagnostics> {
        if play.vars_files.is_empty() {
            return Ok(());
        }
        for host in hosts {
            let mut all = VarMap::new();
            for entry in &play.vars_files {
                let scope = self.scope(host, &self.frame);
                let candidates: Vec<&Node> = entry.as_list().map_or_else(|| vec![entry], |items| items.iter().collect());
                let mut found = None;
                let mut tried = Vec::new();
                for candidate in candidates {
                    // A name with a variable that comes only with facts is tried again after they are gathered.
                    let Ok(name) = render_text(candidate, &scope) else { continue };
                    let path = self.vars.folder.join(&name);
                    let at: Option<PathBuf> = [path.clone(), self.vars.folder.join("vars").join(&name)].into_iter().find(|p| p.is_file());
                    if let Some(at) = at {
                        found = Some(at);
                        break;
                    }
                    tried.push(path.display().to_string());
                }
                match found {
                    Some(path) => {
                        let node = self.run.loader.file(&path)?;
                        all.extend(crate::template::var_map(&node, "vars_files")?);
                    }
                    None if entry.as_list().is_none() && !tried.is_empty() => {
                        // ansible-core 2.19 passes over it without a word.
                        let warning = Diagnostic::warning("this vars file does not exist").at(entry.span());
                        self.run.world.warn(warning.help(format!("looked for {}", tried.join(", "))));
                    }
                    None => {}
                }
            }
            self.vars.files.write().unwrap_or_else(PoisonError::into_inner).insert(host.name.clone(), Arc::new(all));
        }
        Ok(())
    }
}

/// A variable as a final value, from a name and text.
pub(super) fn var(name: &str, value: Value) -> (Arc<str>, Var) {
    (name.into(), Var::Value(value))
}
