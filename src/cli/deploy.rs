//! `deploy ENV REVISION GROUP`: brings one commit to a group of hosts.

use git2::Repository;

use super::ExitCode;
use super::fleet::look::Answers;
use super::fleet::options::{ChangeOptions, FleetOptions};
use super::fleet::settings::Fleet;
use super::rollout::{self, Choose, Order, Wanted, check_revision};
use crate::diag::Diagnostic;

/// What `deploy --help` says below the options.
pub(super) const HELP: &str = "\
deploy ENV REVISION GROUP brings a commit to a group of hosts: all of them at the new commit, proved, or all on what they ran \
before. ENV is a folder in inventories/. REVISION is resolved once, here: HEAD, a branch, a tag, a short or full SHA, HEAD~2, \
origin/main. GROUP is a group, a host, or a pattern: `web`, `web,worker`, `all`. What happens is playbooks/deploy.yml, an ordinary \
playbook. In a terminal it asks before it changes an environment whose name begins with `prod` or `live`, or whose inventory sets \
deploy_confirm.

Exit code: 0 done; 1 bad input; 2 failed before anything went live, nothing has changed; 3 failed while going live, every host is \
back on what it ran; 5 the fleet is mixed; 6 another deploy is under way; 130 or 143 interrupted, nothing has changed or every host \
is back.

Examples:
  deploy production HEAD web
  deploy staging origin/main web,worker --check --diff
  deploy rollback production web";

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The environment, a folder in inventories/.
    #[arg(value_name = "ENV", required = true)]
    environment: Option<String>,
    /// The commit: HEAD, a branch, a tag, a SHA, HEAD~2.
    #[arg(value_name = "REVISION", required = true)]
    revision: Option<String>,
    /// Which hosts.
    #[arg(value_name = "GROUP", required = true)]
    group: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
    #[command(flatten)]
    options: FleetOptions,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    // Options only because a command takes their place; clap asks for them otherwise.
    let (Some(environment), Some(revision), Some(pattern)) = (args.environment, args.revision, args.group) else {
        anyhow::bail!("say what to do: `deploy ENV REVISION GROUP`, or a command; see deploy --help");
    };
    let what = format!("deploy {environment} {revision} {pattern}");
    let order = Order {
        environment,
        pattern,
        options: args.options,
        change: args.change,
        what,
        commands: &["playbook", "run", "lint", "doc", "inventory", "vault", "config", "galaxy", "rollback", "releases", "status", "unlock"],
    };
    rollout::run(&order, &Named::new(revision))
}

/// A revision by its name in the repository; resolved once.
struct Named {
    name: String,
    found: std::sync::OnceLock<Wanted>,
}

impl Named {
    fn new(name: String) -> Named {
        Named { name, found: std::sync::OnceLock::new() }
    }
}

impl Choose for Named {
    fn early(&self, repository: &Result<Repository, Diagnostic>, fleet: &Fleet) -> anyhow::Result<()> {
        let repository = repository.as_ref().map_err(Clone::clone)?;
        let wanted = check_revision(repository, fleet, &self.name)?;
        self.found.get_or_init(|| wanted);
        Ok(())
    }

    fn choose(&self, _: &Result<Repository, Diagnostic>, _: &Answers, _: &Fleet) -> anyhow::Result<Wanted> {
        self.found.get().cloned().ok_or_else(|| anyhow::anyhow!("the revision was not resolved"))
    }
}
