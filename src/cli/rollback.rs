//! `deploy rollback ENV GROUP [SHA | RELEASE | -N]`: back to what the hosts ran before.

use std::collections::BTreeSet;

use git2::Repository;

use super::ExitCode;
use super::fleet::look::{Answers, Info};
use super::fleet::options::{ChangeOptions, FleetOptions};
use super::fleet::settings::Fleet;
use super::rollout::{self, Choose, Order, Wanted, check_revision, short};
use crate::diag::Diagnostic;
use crate::release::revision;

/// Bring back what the hosts ran before.
///
/// Each host has recorded what it ran with success. -1 is what it ran before what it runs now (so a second rollback undoes the
/// first), -2 the one before that. All hosts must mean the same commit, else nothing is done and the SHA is to be named. Where the release is still on the host it is
/// flipped to with nothing built again; where it was removed, the commit is deployed anew. Exit codes: see `deploy --help`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy rollback production web\n  deploy rollback production web -2\n  deploy rollback production web 4f1c2d9\n  deploy rollback production web 20261121101500"
)]
pub(super) struct Args {
    /// The environment, a folder in inventories/.
    #[arg(value_name = "ENV")]
    environment: String,
    /// Which hosts.
    #[arg(value_name = "GROUP")]
    group: String,
    /// How many successes back, a release's name, or a commit.
    #[arg(value_name = "-N | RELEASE | SHA", default_value = "-1", allow_negative_numbers = true)]
    to: String,
    #[command(flatten)]
    change: ChangeOptions,
    #[command(flatten)]
    options: FleetOptions,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let what = format!("deploy rollback {} {} {}", args.environment, args.group, args.to);
    let order =
        Order { environment: args.environment, pattern: args.group, options: args.options, change: args.change, what, commands: &[] };
    rollout::run(&order, &Back::parse(&args.to)?)
}

/// What to go back to.
#[derive(Debug, PartialEq)]
enum Back {
    Steps(usize),
    Release(String),
    Named(String),
}

impl Back {
    fn parse(text: &str) -> Result<Back, Diagnostic> {
        if let Some(number) = text.strip_prefix('-') {
            return match number.parse() {
                Ok(steps) if steps > 0 => Ok(Back::Steps(steps)),
                _ => Err(Diagnostic::error(format!("`{text}` is no number of steps")).help("write -1, -2, …")),
            };
        }
        if text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Back::Release(text.to_owned()));
        }
        Ok(Back::Named(text.to_owned()))
    }
}

impl Choose for Back {
    fn early(&self, _: &Result<Repository, Diagnostic>, _: &Fleet) -> anyhow::Result<()> {
        Ok(())
    }

    fn choose(&self, repository: &Result<Repository, Diagnostic>, answers: &Answers, fleet: &Fleet) -> anyhow::Result<Wanted> {
        let (sha, name) = match self {
            Back::Steps(steps) => (agreed(answers, |info| stepped(info, *steps), &format!("-{steps}"))?, format!("-{steps}")),
            Back::Release(release) => (of_release(answers, release)?, release.clone()),
            Back::Named(name) => match on_hosts(answers, name)? {
                Some(sha) => (sha, name.clone()),
                None => return Ok(check_revision(repository.as_ref().map_err(Clone::clone)?, fleet, name)?),
            },
        };
        let subject = repository.as_ref().ok().and_then(|repository| revision::resolve(repository, &sha).ok()).map(|found| found.subject);
        let here = |info: &Info| info.releases.iter().any(|release| release.revision == sha && release.state == "live");
        let lacks: Vec<&str> =
            answers.iter().filter(|(_, answer)| !answer.as_ref().is_ok_and(here)).map(|(host, _)| host.as_ref()).collect();
        if subject.is_none() && !lacks.is_empty() {
            let repository = repository.as_ref().map_err(Clone::clone)?;
            return Err(Diagnostic::error(format!(
                "{} no longer ha{} commit {}, and this repository does not know it",
                lacks.join(", "),
                if lacks.len() == 1 { "s" } else { "ve" },
                short(&sha)
            ))
            .help(format!("git fetch in {}, then again", revision::place(repository)))
            .into());
        }
        Ok(Wanted { sha, name, subject: subject.unwrap_or_default() })
    }
}

/// The commit of the success before the current one, so many steps back. A host whose `current` was never proved counts from
/// what it ran last.
fn stepped(info: &Info, steps: usize) -> Option<&str> {
    let name = info.previous.get(steps - 1)?;
    info.releases.iter().find(|release| release.release == *name).map(|release| release.revision.as_str())
}

/// What every host means, if it is one commit.
fn agreed<'a>(answers: &'a Answers, means: impl Fn(&'a Info) -> Option<&'a str>, asked: &str) -> Result<String, Diagnostic> {
    let each: Vec<(&str, Option<&str>)> =
        answers.iter().filter_map(|(host, answer)| Some((host.as_ref(), means(answer.as_ref().ok()?)))).collect();
    let all: BTreeSet<Option<&str>> = each.iter().map(|(_, sha)| *sha).collect();
    match (all.len(), all.first()) {
        (1, Some(Some(sha))) => Ok((*sha).to_owned()),
        (1, _) => {
            Err(Diagnostic::error(format!("no host has anything to go back to by {asked}")).help("`deploy releases` shows what is there"))
        }
        _ => {
            let mut diagnostic = Diagnostic::error(format!("{asked} is not the same commit on every host, and a fleet must not be mixed"));
            for (host, sha) in each {
                diagnostic = diagnostic.help(format!("{host}: {}", sha.map_or("nothing", short)));
            }
            Err(diagnostic.help("name the commit to go back to"))
        }
    }
}

fn of_release(answers: &Answers, release: &str) -> Result<String, Diagnostic> {
    let found: BTreeSet<&str> = releases(answers).filter(|known| known.release == release).map(|known| known.revision.as_str()).collect();
    match (found.len(), found.first()) {
        (1, Some(sha)) => Ok((*sha).to_owned()),
        (0, _) => Err(Diagnostic::error(format!("no host has a release {release}"))
            .suggest(release, releases(answers).map(|known| known.release.as_str()))
            .help("`deploy releases` shows what is there")),
        _ => Err(Diagnostic::error(format!("release {release} is not the same commit on every host")).help("name the commit")),
    }
}

/// The commit that begins so among those on the hosts.
fn on_hosts(answers: &Answers, name: &str) -> Result<Option<String>, Diagnostic> {
    if name.len() < 4 || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let wanted = name.to_lowercase();
    let found: BTreeSet<&str> = releases(answers).map(|known| known.revision.as_str()).filter(|sha| sha.starts_with(&wanted)).collect();
    match (found.len(), found.first()) {
        (0, _) => Ok(None),
        (1, Some(sha)) => Ok(Some((*sha).to_owned())),
        _ => Err(Diagnostic::error(format!("`{name}` is the beginning of several commits on the hosts")).help("write more of the SHA")),
    }
}

fn releases(answers: &Answers) -> impl Iterator<Item = &super::fleet::look::Release> {
    answers.values().flatten().flat_map(|info| &info.releases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_go_back_to() {
        assert_eq!(Back::parse("-2").unwrap(), Back::Steps(2));
        assert_eq!(Back::parse("20261121101500").unwrap(), Back::Release("20261121101500".into()));
        assert_eq!(Back::parse("v1.2").unwrap(), Back::Named("v1.2".into()));
        assert!(Back::parse("-0").is_err() && Back::parse("-x").is_err());
    }
}
