//! `deploy releases ENV GROUP`: what is on each host.

use std::sync::Arc;

use super::fleet::look::{Answers, Info, look};
use super::fleet::options::{ChangeOptions, Which};
use super::fleet::project::Project;
use super::fleet::settings::Fleet;
use super::rollout::short;
use super::{ExitCode, runtime};
use crate::diag::Diagnostic;
use crate::release::revision;
use crate::remote::Connections;
use crate::ui::{self, Colour, deploy as show};

/// Show the releases on each host, newest first; the one that runs is marked.
///
/// Exit code: 0, 1 bad input, 4 a host could not be asked.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let asked = ask(&args.which)?;
    for host in &asked.fleet.hosts {
        match asked.answers.get(host) {
            Some(Ok(info)) => {
                ui::line(&format!("{}{}", ui::paint(host, Colour::Bright), if info.releases.is_empty() { ": no release" } else { "" }));
                if !info.releases.is_empty() {
                    show::table(&["  ", "RELEASE", "COMMIT", "STATE", "BY", "WHEN", ""], &rows(&asked, info));
                }
            }
            Some(Err(silent)) => ui::report(&Diagnostic::error(format!("{host}: {}", silent.why))),
            None => {}
        }
    }
    Ok(asked.exit_code())
}

/// The hosts, and what they said.
pub(super) struct Asked {
    pub(super) fleet: Fleet,
    pub(super) answers: Answers,
    repository: Option<git2::Repository>,
}

pub(super) fn ask(args: &Which) -> anyhow::Result<Asked> {
    let project = Project::find(args.options.project.as_deref())?;
    let inventory = project.inventory(&args.environment, &[])?;
    let prepared = args.options.prepare(&project, &inventory)?;
    let fleet = Fleet::of(&prepared.world, &project, &args.environment, &args.group, args.options.limit.as_deref())?;
    let engine = args.options.run_options(&inventory, &ChangeOptions::default(), serde_json::Map::new()).engine()?;
    let connections = Arc::new(Connections::default());
    let answers = runtime()?.block_on(look(&prepared, &connections, engine, &fleet.hosts))?;
    // Only for the commits' subjects.
    let repository = fleet.open_repository().ok();
    Ok(Asked { fleet, answers, repository })
}

impl Asked {
    /// First line of the commit's message, where this repository knows it.
    pub(super) fn subject(&self, sha: &str) -> String {
        let found = self.repository.as_ref().and_then(|repository| revision::resolve(repository, sha).ok());
        found.map(|found| found.subject).unwrap_or_default()
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        if self.answers.values().any(Result::is_err) { 4 } else { 0 }
    }
}

fn rows(asked: &Asked, info: &Info) -> Vec<Vec<(String, Option<Colour>)>> {
    info.releases
        .iter()
        .map(|release| {
            let current = info.current.as_ref() == Some(&release.release);
            let (state, colour) = match (current, info.proved, release.state.as_str()) {
                (true, true, _) => ("live now", Some(Colour::Green)),
                (true, false, _) => ("flipped, not proved", Some(Colour::Red)),
                (false, _, "live") => ("was live", None),
                (false, _, "failed") => ("failed", Some(Colour::Red)),
                (false, _, other) => (if other == "preparing" { "interrupted" } else { "never live" }, Some(Colour::Grey)),
            };
            vec![
                (if current { " *" } else { "" }.to_owned(), None),
                (release.release.clone(), None),
                (short(&release.revision).to_owned(), None),
                (state.to_owned(), colour),
                (release.by.clone(), None),
                (release.live_at.clone().unwrap_or_else(|| release.at.clone()), None),
                (asked.subject(&release.revision), None),
            ]
        })
        .collect()
}
