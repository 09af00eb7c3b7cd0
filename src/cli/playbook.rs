//! `deploy playbook`: runs playbooks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::options::{Prepared, RunOptions, split_tags};
use super::{ExitCode, listing, output, persona, runtime};
use crate::config::Config;
use crate::diag::{Diagnostic, Diagnostics, Level, Span};
use crate::engine::Event;
use crate::playbook::{Play, Survey};
use crate::ui;

/// Run playbooks on the hosts of an inventory.
///
/// Everything that can be found wrong (unknown modules and arguments, missing roles, bad templates) is reported before the first
/// host is touched. Exit code: 0 done, 1 bad input, 2 a host failed, 4 a host was unreachable, 130 interrupted.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy playbook playbooks/site.yml -i inventories/production --check --diff\n  deploy playbook playbooks/site.yml -i inventories/production -l web --tags nginx"
)]
pub(super) struct Args {
    /// The playbooks, in order.
    #[arg(required = true, value_name = "PLAYBOOK")]
    playbooks: Vec<PathBuf>,
    #[command(flatten)]
    options: RunOptions,
    /// Only tasks with one of these tags.
    #[arg(short, long, value_name = "TAGS")]
    tags: Vec<String>,
    /// Not the tasks with one of these tags.
    #[arg(long, value_name = "TAGS")]
    skip_tags: Vec<String>,
    /// Begin at the task of this name.
    #[arg(long, value_name = "NAME")]
    start_at_task: Option<String>,
    /// Ask before each task whether to do it.
    #[arg(long)]
    step: bool,
    /// Run handlers of hosts that failed too.
    #[arg(long)]
    force_handlers: bool,
    /// Only read and check the playbooks.
    #[arg(long)]
    syntax_check: bool,
    /// Only show the tasks.
    #[arg(long)]
    list_tasks: bool,
    /// Only show the tags.
    #[arg(long)]
    list_tags: bool,
    /// Folder with modules of your own, before `library/` beside the playbook.
    #[arg(short = 'M', long, value_name = "FOLDER", hide = true)]
    module_path: Vec<String>,
}

pub(super) fn run(mut args: Args) -> anyhow::Result<ExitCode> {
    let (tags, skip_tags) = (split_tags(&args.tags, "TAGS_RUN"), split_tags(&args.skip_tags, "TAGS_SKIP"));
    let folder = args.playbooks[0].parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = |path: &PathBuf| path.exists() || path.to_str().is_some_and(|name| name.split('.').count() > 2 && !name.contains('/'));
    if let Some(path) = args.playbooks.iter().find(|path| !wanted(path)) {
        return Err(persona::coded(1, missing(path)));
    }
    let prepared = args.options.prepare(folder, &tags, &skip_tags)?;
    for path in args.playbooks.iter_mut().filter(|path| !path.exists()) {
        let found = path.to_str().and_then(|name| prepared.loader.playbook_of_collection(name, Path::new(".")));
        *path = found.ok_or_else(|| persona::coded(1, missing(path)))?;
    }
    let show = listing::What { hosts: args.options.list_hosts, tasks: args.list_tasks, tags: args.list_tags };
    // Under Ansible's name these end well where Ansible's do: what tasks would fail with is only told.
    let only_reading = persona::is_ansible() && (show.anything() || args.syntax_check);
    prepared.loader.only_reading.store(only_reading, Ordering::Relaxed);
    let mut books = Vec::new();
    let mut problems = Diagnostics::default();
    for path in &args.playbooks {
        match prepared.loader.playbook(path) {
            Ok(plays) => books.push((path.as_path(), plays)),
            Err(more) => problems.0.extend(more.0),
        }
    }
    prepared.show_warnings();
    if problems.has_errors() {
        return Err(persona::unreadable(problems));
    }
    if !only_reading {
        foresee(&prepared, &books, args.options.limit.as_deref()).map_err(persona::unreadable)?;
    }
    if show.anything() {
        for (path, plays) in &books {
            listing::show(path, plays, &prepared, &show, &tags, &skip_tags, args.options.limit.as_deref())
                .map_err(|problem| persona::coded(persona::code(1, 4), problem))?;
        }
        return Ok(0);
    }
    if args.syntax_check {
        args.playbooks.iter().for_each(|path| ui::line(&format!("\nplaybook: {}", path.display())));
        return Ok(0);
    }
    let mut options = args.options.engine()?;
    (options.tags, options.skip_tags) = (tags, skip_tags);
    options.start_at_task = args.start_at_task;
    options.force_handlers |= args.force_handlers;
    options.step = args.step;
    let view = output::of_playbooks(args.options.verbosity())?;
    let mut plays = Vec::new();
    for (path, more) in books {
        view.emit(Event::PlaybookStarted { path: path.display().to_string(), plays: more.len() });
        plays.extend(more);
    }
    let ended = runtime()?.block_on(prepared.plays(&plays, options, view)).map_err(persona::unreadable)?;
    if Config::current().flag("RETRY_FILES_ENABLED") {
        listing::write_retry_file(&args.playbooks[0], &ended)?;
    }
    Ok(if ended.interrupted { persona::code(130, 99) } else { ended.exit_code() })
}

/// Tells what will go wrong for certain, before a host is touched; under Ansible's name only what Ansible does not lack.
fn foresee(prepared: &Prepared, books: &[(&Path, Vec<Play>)], limit: Option<&str>) -> Result<(), Diagnostics> {
    let world = &prepared.world;
    let mut names: Vec<_> = world.extra.keys().cloned().collect();
    for host in world.read_inventory(|inventory| inventory.hosts_of("all")) {
        names.extend(world.inventory_vars(&host).keys().cloned());
    }
    let mut survey = Survey::new(&prepared.loader, names);
    for play in books.iter().flat_map(|(_, plays)| plays) {
        let hosts = listing::hosts_of(play, prepared, limit);
        survey.play(play, hosts.is_ok_and(|hosts| !hosts.is_empty()));
    }
    let (mut problems, skippable): (Vec<_>, Vec<_>) =
        survey.missing_modules().into_iter().partition(|problem| problem.level == Level::Error);
    problems.extend(in_short(&skippable));
    if !persona::is_ansible() {
        problems.extend(survey.undefined().into_iter().map(|problem| Diagnostic { level: Level::Warning, ..problem }));
        problems.extend(survey.missing_files());
    }
    let problems = Diagnostics(problems);
    if problems.has_errors() {
        return Err(problems);
    }
    ui::report_all(&problems.0);
    Ok(())
}

/// Tasks that may well be skipped are not shown one by one in every run.
fn in_short(skippable: &[Diagnostic]) -> Option<Diagnostic> {
    let names: BTreeSet<&str> = skippable.iter().filter_map(|problem| problem.span.as_ref()).map(Span::text).collect();
    let list = names.into_iter().collect::<Vec<_>>().join(", ");
    let what = format!("some tasks use modules that are not here and fail where they are not skipped: {list}");
    (!skippable.is_empty()).then(|| Diagnostic::warning(what).help("`deploy lint` shows where"))
}

fn missing(path: &Path) -> Diagnostic {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside: Vec<String> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Diagnostic::error(format!("the playbook: {} could not be found", path.display())).suggest(&name, beside.iter().map(String::as_str))
}
