//! `deploy unlock ENV`: takes the lease away from a deploy that cannot give it back.

use super::fleet::options::FleetOptions;
use super::fleet::project::Project;
use super::fleet::settings::Fleet;
use super::{ExitCode, runtime};
use crate::bucket::Bucket;
use crate::release::lease;
use crate::ui;

/// Free an environment whose lease somebody holds.
///
/// Rarely needed: the lease of a deploy that died runs out within a minute. A deploy that still runs notices and stops.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The environment, a folder in inventories/.
    #[arg(value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    options: FleetOptions,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let project = Project::find(args.options.project.as_deref())?;
    let inventory = project.inventory(&args.environment, &[])?;
    let prepared = args.options.prepare(&project, &inventory)?;
    let fleet = Fleet::of(&prepared.world, &project, &args.environment, "all", None)?;
    let Some(settings) = &fleet.bucket else {
        ui::line("this environment has no bucket: its lease is a lock of this machine, free as soon as its deploy has ended");
        return Ok(0);
    };
    let name = fleet.lease_name(&args.environment);
    let freed = runtime()?.block_on(async { lease::break_open(&Bucket::open(settings).await?, &name).await })?;
    match freed {
        Some(holder) => ui::line(&format!("freed; it was held by {} since {}: `{}`", holder.owner, holder.since, holder.what)),
        None => ui::line(&format!("nobody holds {}", args.environment)),
    }
    Ok(0)
}
