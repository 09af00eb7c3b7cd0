//! `deploy status ENV GROUP`: what each host runs, and who is deploying.

use super::fleet::options::Which;
use super::releases::{Asked, ask};
use super::rollout::short;
use super::{ExitCode, runtime};
use crate::bucket::Bucket;
use crate::diag::Diagnostic;
use crate::release::lease::{self, Holder};
use crate::ui::{self, Colour, deploy as show};

/// Show what each host runs, whether it was proved, and whether a deploy is under way.
///
/// Exit code: 0 every host runs the same commit, proved; 1 bad input; 4 a host could not be asked; 5 they differ, or one is not proved.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let asked = ask(&args.which)?;
    show::table(&["HOST", "RUNS", "STATE", "RELEASE", "BY", "SINCE", ""], &rows(&asked));
    if let Some(holder) = holder(&asked, &args.which.environment)? {
        ui::line("");
        ui::line(&ui::paint(&format!("being deployed: `{}` by {} since {}", holder.what, holder.owner, holder.since), Colour::Yellow));
    }
    for (host, silent) in asked.answers.iter().filter_map(|(host, answer)| Some((host, answer.as_ref().err()?))) {
        ui::report(&Diagnostic::error(format!("{host}: {}", silent.why)));
    }
    if asked.exit_code() != 0 {
        return Ok(asked.exit_code());
    }
    let mut infos = asked.answers.values().flatten();
    let first = infos.next().and_then(|info| info.current_revision.clone());
    let same = asked.answers.values().flatten().all(|info| info.current_revision == first && (info.proved || info.current.is_none()));
    Ok(if same { 0 } else { 5 })
}

fn rows(asked: &Asked) -> Vec<Vec<(String, Option<Colour>)>> {
    let row = |host: &str, answer: Option<&Result<super::fleet::look::Info, super::fleet::look::Silent>>| {
        let plain = |text: &str| (text.to_owned(), None);
        let Some(Ok(info)) = answer else {
            return vec![
                plain(host),
                ("?".to_owned(), Some(Colour::Red)),
                ("cannot be asked".to_owned(), Some(Colour::Red)),
                plain(""),
                plain(""),
                plain(""),
                plain(""),
            ];
        };
        let Some(sha) = &info.current_revision else {
            return vec![plain(host), plain("-"), plain("nothing"), plain(""), plain(""), plain(""), plain("")];
        };
        let release = info.running();
        let (state, colour) = match (info.proved, release.is_some()) {
            (true, _) => ("live", Colour::Green),
            (false, true) => ("not proved", Colour::Red),
            (false, false) => ("of another tool", Colour::Yellow),
        };
        let since = release.map(|release| release.live_at.clone().unwrap_or_else(|| release.at.clone()));
        vec![
            plain(host),
            plain(short(sha)),
            (state.to_owned(), Some(colour)),
            plain(info.current.as_deref().unwrap_or_default()),
            plain(release.map(|release| release.by.as_str()).unwrap_or_default()),
            plain(&since.unwrap_or_default()),
            plain(&asked.subject(sha)),
        ]
    };
    asked.fleet.hosts.iter().map(|host| row(host, asked.answers.get(host))).collect()
}

/// Who holds the environment, where it can be told from here.
fn holder(asked: &Asked, environment: &str) -> anyhow::Result<Option<Holder>> {
    let name = asked.fleet.lease_name(environment);
    let Some(settings) = asked.fleet.bucket.clone() else {
        return Ok(lease::folder(&asked.fleet.app).and_then(|folder| lease::holder_on_this_machine(&folder, environment)));
    };
    let found = runtime()?.block_on(async {
        let bucket = Bucket::open(&settings).await?;
        lease::holder(&bucket, &name).await
    });
    Ok(found.unwrap_or_else(|error| {
        ui::report(&Diagnostic::warning(format!("whether a deploy is under way cannot be told: {error}")));
        None
    }))
}
