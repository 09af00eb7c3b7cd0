//! `deploy playbook`: runs playbooks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::options::{RunOptions, split_tags};
use super::{ExitCode, runtime};
use crate::diag::Diagnostics;
use crate::engine::{Event, Sink as _};
use crate::ui::{self, PlayView};

/// Run playbooks on the hosts of an inventory.
///
/// Everything that can be found wrong (unknown modules and arguments, missing roles, bad templates) is reported before the first
/// host is touched. Exit code: 0 done, 1 bad input, 2 a host failed, 4 a host was unreachable, 130 interrupted.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  deploy playbook playbooks/site.yml -i inventories/production --check --diff\n  deploy playbook playbooks/site.yml -i inventories/production -l web --tags nginx")]
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
    /// Run handlers of hosts that failed too.
    #[arg(long)]
    force_handlers: bool,
    /// Only read and check the playbooks.
    #[arg(long)]
    syntax_check: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (tags, skip_tags) = (split_tags(&args.tags), split_tags(&args.skip_tags));
    let folder = args.playbooks[0].parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prepared = args.options.prepare(folder, &tags, &skip_tags)?;
    let mut plays = Vec::new();
    let mut problems = Diagnostics::default();
    for path in &args.playbooks {
        match prepared.loader.playbook(path) {
            Ok(more) => plays.extend(more),
            Err(more) => problems.0.extend(more.0),
        }
    }
    prepared.show_warnings();
    if problems.has_errors() {
        return Err(problems.into());
    }
    if args.syntax_check {
        args.playbooks.iter().for_each(|path| ui::line(&format!("\nplaybook: {}", path.display())));
        return Ok(0);
    }
    let mut options = args.options.engine()?;
    (options.tags, options.skip_tags) = (tags, skip_tags);
    options.start_at_task = args.start_at_task;
    options.force_handlers = args.force_handlers;
    let view = Arc::new(PlayView::new(args.options.verbosity()));
    for path in &args.playbooks {
        view.emit(Event::PlaybookStarted { path: path.display().to_string() });
    }
    let ended = runtime()?.block_on(prepared.plays(&plays, options, view))?;
    Ok(if ended.interrupted { 130 } else { ended.exit_code() })
}
