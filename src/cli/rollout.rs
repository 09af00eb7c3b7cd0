//! What `deploy` and `deploy rollback` share: lease, plan, question, the playbook, and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use git2::Repository;
use serde_json::{Map, Value as Json, json};

use super::fleet::ending::{Ending, Stands, judge};
use super::fleet::look::{Answers, look};
use super::fleet::options::{ChangeOptions, FleetOptions};
use super::fleet::project::Project;
use super::fleet::seen::Watch;
use super::fleet::settings::Fleet;
use super::interrupt::Interrupt;
use super::options::Prepared;
use super::output;
use super::{ExitCode, runtime};
use crate::bucket::Bucket;
use crate::diag::Diagnostic;
use crate::engine::{Nobody, Run, Several, Sink};
use crate::release::lease::{self, Holder, Lease, Refused, Times};
use crate::release::{files, remote, revision};
use crate::remote::Connections;
use crate::ui::deploy::{self as show, Progress};
use crate::ui::{self, Colour};

/// Another deploy of the environment is under way.
const HELD: ExitCode = 6;

/// One deploy or rollback, as asked for.
pub(super) struct Order {
    pub(super) environment: String,
    pub(super) pattern: String,
    pub(super) options: FleetOptions,
    pub(super) change: ChangeOptions,
    /// For the lease: what others are told.
    pub(super) what: String,
    /// Words that the environment may have been mistaken for.
    pub(super) commands: &'static [&'static str],
}

/// The commit to bring about.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) sha: String,
    pub(super) name: String,
    /// Empty where this repository does not know the commit.
    pub(super) subject: String,
}

/// Chooses the commit; the hosts' answers are there already.
pub(super) trait Choose {
    fn choose(&self, repository: &Result<Repository, Diagnostic>, answers: &Answers, fleet: &Fleet) -> anyhow::Result<Wanted>;
    /// Before the hosts are asked, what can be found wrong without them.
    fn early(&self, repository: &Result<Repository, Diagnostic>, fleet: &Fleet) -> anyhow::Result<()>;
}

/// Carries an order out; the answer is the exit code.
pub(super) fn run(order: &Order, choose: &dyn Choose) -> anyhow::Result<ExitCode> {
    let project = Project::find(order.options.project.as_deref())?;
    let inventory = project.inventory(&order.environment, order.commands)?;
    let playbook = project.playbook()?;
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let interrupt = Interrupt::listen();
        let prepared = order.options.prepare(&project, &inventory)?;
        let fleet = Fleet::of(&prepared.world, &project, &order.environment, &order.pattern, order.options.limit.as_deref())?;
        let repository = fleet.open_repository();
        choose.early(&repository, &fleet)?;
        let lease = if order.change.check { None } else { Some(take_lease(order, &fleet).await?) };
        let lease = match lease {
            Some(Err(held)) => return Ok(held),
            Some(Ok(lease)) => Some(lease),
            None => None,
        };
        let rollout =
            Rollout { order, project: &project, inventory: &inventory, playbook: &playbook, fleet: &fleet, interrupt: &interrupt };
        let code = tokio::select! {
            code = rollout.go(&prepared, repository, choose, lease.as_ref()) => code,
            // Until the playbook runs there is nothing to put right; while it runs, `go` itself hears of it and ends in order.
            code = interrupt.before_run() => Ok(code),
        };
        if let Some(lease) = lease {
            lease.release().await;
        }
        code
    });
    // A question in the terminal may still wait for its answer.
    runtime.shutdown_background();
    result
}

struct Rollout<'a> {
    order: &'a Order,
    project: &'a Project,
    inventory: &'a PathBuf,
    playbook: &'a PathBuf,
    fleet: &'a Fleet,
    interrupt: &'a Interrupt,
}

impl Rollout<'_> {
    async fn go(
        &self,
        prepared: &Prepared,
        repository: Result<Repository, Diagnostic>,
        choose: &dyn Choose,
        lease: Option<&Lease>,
    ) -> anyhow::Result<ExitCode> {
        let (order, hosts) = (self.order, &self.fleet.hosts);
        let connections = Arc::new(Connections::default());
        let run_options = order.options.run_options(self.inventory, &order.change, Map::new());
        let engine = run_options.engine()?;
        let before = look(prepared, &connections, engine.clone(), hosts).await?;
        if let Some(code) = refuse_silent(&before) {
            return Ok(code);
        }
        let wanted = choose.choose(&repository, &before, self.fleet)?;
        if !order.change.force && before.values().flatten().all(|info| info.runs(&wanted.sha)) {
            let what = named(&wanted);
            show::closing(
                &format!(
                    "{}: {} already run{} {what}; nothing to do (--force restarts and verifies)",
                    order.environment,
                    hosts_text(hosts.len()),
                    if hosts.len() == 1 { "s" } else { "" }
                ),
                true,
            );
            return Ok(0);
        }
        self.show_plan(&wanted, &before, repository.as_ref().ok());
        drop(repository);
        if !self.agreed().await? {
            ui::note("nothing was done");
            return Ok(1);
        }

        let with_extra = order.options.run_options(self.inventory, &order.change, self.extra(&wanted, &before));
        let playing = with_extra.prepare_opened(&self.project.playbooks(), &[], &[], prepared.world.decrypt.clone())?;
        let plays = playing.loader.playbook(self.playbook);
        playing.show_warnings();
        let plays = plays?;
        let watch = Arc::new(Watch::default());
        let progress = Arc::new(Progress::new(if self.is_shown_as_plays() { &[] } else { hosts }));
        let view: Arc<dyn Sink> =
            if self.is_shown_as_plays() { output::of_playbooks(order.options.verbosity(&order.change))? } else { progress.clone() };
        let sink = Arc::new(Several(vec![watch.clone(), view]));
        let run = Run::new(playing.world.clone(), playing.loader.clone(), connections.clone(), sink, Arc::new(Nobody), engine.clone());
        let ended = {
            let stopping = run.clone();
            let running = run.plays(&plays);
            tokio::pin!(running);
            self.interrupt.run_begins();
            tokio::select! {
                ended = &mut running => ended,
                why = async { tokio::select! { () = self.interrupt.came() => None, why = lost(lease) => Some(why) } } => {
                    let why = why.map_or_else(|| "stopping".to_owned(), |why| format!("stopping: {why}"));
                    ui::note(&format!("{why}; the hosts are being put right, interrupt again to leave at once"));
                    stopping.stop();
                    running.await
                }
            }
        };
        progress.clear();
        let ended = ended?;
        if order.change.check {
            show::closing("check mode: nothing was changed", !ended.failed && !ended.unreachable);
            return Ok(if ended.failed || ended.unreachable { 2 } else { 0 });
        }
        let after = look(prepared, &connections, engine, hosts).await?;
        let (ending, stands) = judge(hosts, &wanted.sha, &before, &after, &watch);
        self.show_ending(ending, &wanted, &stands, ended.failed || ended.unreachable, &watch);
        let code = self.interrupt.code().filter(|_| matches!(ending, Ending::Untouched | Ending::Back));
        Ok(code.unwrap_or(ending.code()))
    }

    /// Check runs and diffs are about tasks, and -v asks for them.
    fn is_shown_as_plays(&self) -> bool {
        self.order.options.verbose > 0 || self.order.change.check || self.order.change.diff
    }

    fn extra(&self, wanted: &Wanted, before: &Answers) -> Map<String, Json> {
        let release = release_name(before);
        let mut all = Map::new();
        for (name, value) in [
            ("deploy_env", json!(self.order.environment)),
            ("deploy_group", json!(self.order.pattern)),
            ("deploy_revision", json!(wanted.sha)),
            ("deploy_revision_name", json!(wanted.name)),
            ("deploy_release", json!(release)),
            ("deploy_by", json!(who())),
            ("deploy_force", json!(self.order.change.force)),
        ] {
            all.insert(name.into(), value);
        }
        if let Some(repository) = &self.fleet.repository {
            all.insert("deploy_repository".into(), json!(repository));
        }
        all
    }

    /// From which commit to which, and what lies between, for each group of hosts that run the same.
    fn show_plan(&self, wanted: &Wanted, before: &Answers, repository: Option<&Repository>) {
        let order = self.order;
        ui::line(&format!("{} of {}: {}", ui::paint(&order.environment, Colour::Bright), self.fleet.app, named(wanted)));
        if order.options.verbose > 0 && !self.fleet.left_out.is_empty() {
            ui::line(&format!("  without {}: deploy_to is not set there", self.fleet.left_out.join(", ")));
        }
        let mut groups: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        for (host, answer) in before {
            let runs = answer.as_ref().ok().and_then(|info| info.current_revision.as_deref());
            groups.entry(runs).or_default().push(host);
        }
        for (old, hosts) in groups {
            let old_text = old.map_or_else(|| "nothing".to_owned(), |sha| short(sha).to_owned());
            ui::line(&format!("  {}: {} → {}", hosts.join(", "), old_text, ui::paint(short(&wanted.sha), Colour::Green)));
            if let (Some(old), Some(repository)) = (old, repository) {
                show_commits(&revision::between(repository, old, &wanted.sha, 51));
            }
        }
    }

    /// Asks where it is worth it: in a terminal, and where `deploy_confirm` says so; without that variable, where the environment's
    /// name begins with `prod` or `live`.
    async fn agreed(&self) -> anyhow::Result<bool> {
        let order = self.order;
        let matters = self.fleet.confirm.unwrap_or_else(|| ["prod", "live"].iter().any(|begin| order.environment.starts_with(begin)));
        if order.change.yes || order.change.check || !matters || !show::can_ask() {
            return Ok(true);
        }
        let question = format!("Go ahead on {}?", hosts_text(self.fleet.hosts.len()));
        Ok(tokio::task::spawn_blocking(move || show::confirm(&question)).await??)
    }

    fn show_ending(&self, ending: Ending, wanted: &Wanted, stands: &[Stands], failed: bool, watch: &Watch) {
        let rows: Vec<Vec<(String, Option<Colour>)>> = stands
            .iter()
            .map(|stand| {
                let colour = if stand.good { Colour::Green } else { Colour::Red };
                let sha = stand.revision.as_deref().map_or("-", short);
                vec![(stand.host.to_string(), None), (sha.to_owned(), Some(colour)), (stand.remark.clone(), None)]
            })
            .collect();
        ui::line("");
        show::table(&["HOST", "RUNS", ""], &rows);
        let (env, what, count) = (&self.order.environment, named(wanted), hosts_text(stands.len()));
        let culprits: Vec<String> =
            stands.iter().filter_map(|s| watch.of(&s.host).failure.map(|why| format!("  {}: {why}", s.host))).collect();
        let (text, good) = match ending {
            Ending::Done if failed => (format!("{env}: {count} run {what}, but not everything after that went well"), true),
            Ending::Done => (format!("{env}: {what} is live on {count}"), true),
            Ending::Untouched => (format!("{env}: {} did not go live; nothing has changed", short(&wanted.sha)), false),
            Ending::Back => (format!("{env}: {} did not go live; every host is back on what it ran before", short(&wanted.sha)), false),
            Ending::Mixed if stands.iter().all(|stand| stand.revision == stands[0].revision) => {
                (format!("{env}: {} did not go live, AND NOT EVERY HOST IS WELL; see above", short(&wanted.sha)), false)
            }
            Ending::Mixed => (format!("{env}: THE FLEET IS MIXED; see above which host runs what, and deploy again"), false),
        };
        ui::line("");
        show::closing(&text, good);
        if ending != Ending::Done || failed {
            culprits.iter().take(5).for_each(|line| ui::line(line));
        }
    }
}

/// The time in UTC, one for the fleet; a second later where a host has a release of that name already.
fn release_name(before: &Answers) -> String {
    let taken = |name: &str| before.values().flatten().any(|info| info.releases.iter().any(|release| release.release == name));
    let mut at = jiff::Timestamp::now();
    loop {
        let name = at.strftime("%Y%m%d%H%M%S").to_string();
        if !taken(&name) {
            return name;
        }
        // Cannot overflow: that is in the year 9999.
        at = at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
    }
}

/// Finds what can be found wrong with a revision of the repository, and warns of what is not deployed.
pub(super) fn check_revision(repository: &Repository, fleet: &Fleet, name: &str) -> Result<Wanted, Diagnostic> {
    let found = revision::resolve(repository, name)?;
    let entries = files::of(repository, &found.sha)?;
    files::refuse_what_lies_elsewhere(repository, &found.sha, &entries)?;
    if let Some(remote) = &fleet.remote
        && let Some(warning) = remote::check(repository, remote, &found.sha)?
    {
        ui::report(&warning);
    }
    if let Some(behind) = &found.behind {
        ui::report(&Diagnostic::warning(behind.clone()));
    }
    let dirty = revision::uncommitted(repository)?;
    if let Some(first) = dirty.first() {
        let others = if dirty.len() > 1 { format!(" and {} more", dirty.len() - 1) } else { String::new() };
        ui::report(&Diagnostic::warning(format!("not committed, so not deployed: {first}{others}")));
    }
    Ok(Wanted { sha: found.sha, name: name.to_owned(), subject: found.subject })
}

async fn take_lease(order: &Order, fleet: &Fleet) -> anyhow::Result<Result<Lease, ExitCode>> {
    let name = fleet.lease_name(&order.environment);
    let holder = Holder::new(&who(), &order.what);
    let result = match &fleet.bucket {
        Some(settings) => {
            let bucket = Bucket::open(settings).await.map_err(|error| Diagnostic::error(error.to_string()))?;
            lease::in_bucket(&bucket, &name, holder, Times::default()).await
        }
        None => {
            let folder = lease::folder(&fleet.app)
                .ok_or_else(|| Diagnostic::error("there is no place for the lease: neither XDG_STATE_HOME nor HOME is set"))?;
            lease::on_this_machine(&folder, &order.environment, holder)
        }
    };
    match result {
        Ok(lease) => {
            if let Some(dead) = &lease.taken_over {
                ui::report(&Diagnostic::warning(format!(
                    "took the lease over from {}, whose deploy ended without giving it back (last heard of {})",
                    dead.owner, dead.renewed
                )));
            }
            Ok(Ok(lease))
        }
        Err(Refused::Held(other)) => {
            ui::report(
                &Diagnostic::error(format!(
                    "{} is being deployed: `{}` by {} since {}",
                    order.environment, other.what, other.owner, other.since
                ))
                .help("wait for it; a deploy that died frees the environment within a minute"),
            );
            Ok(Err(HELD))
        }
        Err(Refused::Failed(error)) => {
            let mut diagnostic = Diagnostic::error(format!("the lease of {} cannot be taken: {}", order.environment, error.message));
            diagnostic.help.extend(error.help);
            ui::report(&diagnostic);
            Ok(Err(Ending::Untouched.code()))
        }
    }
}

/// All hosts must be there before anything begins.
fn refuse_silent(answers: &Answers) -> Option<ExitCode> {
    let silent: Vec<_> = answers.iter().filter_map(|(host, answer)| Some((host, answer.as_ref().err()?))).collect();
    for (host, silent) in &silent {
        ui::report(&Diagnostic::error(format!("{host}: {}", silent.why)));
    }
    if silent.is_empty() {
        return None;
    }
    show::closing(
        &format!(
            "{} cannot be asked what {}; nothing was done",
            hosts_text(silent.len()),
            if silent.len() == 1 { "it runs" } else { "they run" }
        ),
        false,
    );
    Some(Ending::Untouched.code())
}

fn show_commits(between: &revision::Between) {
    let list = |mark: &str, commits: &[revision::Commit]| {
        for commit in commits.iter().take(10) {
            ui::line(&format!("    {mark} {} {} ({})", short(&commit.sha), commit.subject, commit.author));
        }
        if commits.len() > 10 {
            let more = if commits.len() > 50 { "more than 40".to_owned() } else { (commits.len() - 10).to_string() };
            ui::line(&format!("    {mark} … and {more} others"));
        }
    };
    match between {
        revision::Between::Same => {}
        revision::Between::Ahead(commits) => list("+", commits),
        revision::Between::Back(commits) => list("-", commits),
        revision::Between::Aside(come, go) => {
            list("+", come);
            list("-", go);
        }
        revision::Between::Unknown => ui::line("    (this repository does not know what ran before)"),
    }
}

async fn lost(lease: Option<&Lease>) -> String {
    match lease {
        Some(lease) => lease.lost().await,
        None => std::future::pending().await,
    }
}

fn named(wanted: &Wanted) -> String {
    let name = if wanted.sha.starts_with(&wanted.name) { String::new() } else { format!(" ({})", wanted.name) };
    let subject = if wanted.subject.is_empty() { String::new() } else { format!(" “{}”", wanted.subject) };
    format!("{}{name}{subject}", short(&wanted.sha))
}

pub(super) fn short(sha: &str) -> &str {
    sha.get(..10).unwrap_or(sha)
}

fn hosts_text(count: usize) -> String {
    if count == 1 { "1 host".into() } else { format!("{count} hosts") }
}

/// user@host of this machine.
fn who() -> String {
    let named = || ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    let uid = rustix::process::getuid().as_raw().to_string();
    let listed = || {
        let users = std::fs::read_to_string("/etc/passwd").ok()?;
        let line = users.lines().find(|line| line.split(':').nth(2) == Some(uid.as_str()))?;
        line.split(':').next().map(str::to_owned)
    };
    let user = named().or_else(listed).unwrap_or_else(|| format!("uid-{uid}"));
    format!("{user}@{}", rustix::system::uname().nodename().to_string_lossy())
}
