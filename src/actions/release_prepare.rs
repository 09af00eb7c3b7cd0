//! `release_prepare`, the controller's half: the objects that the host lacks, packed and sent.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

use super::bundle::sentence;
use super::{Action, Context, Done, Supply};
use crate::modules::arguments::Rule;
use crate::plan::Failure;
use crate::release::{pack, revision};
use crate::{arguments, choices};

choices! {
    /// How the commit gets to the host.
    pub(crate) enum Transport { Push = "push", Fetch = "fetch" }
}

arguments! {
    /// Checks a commit out into a release of its own on the host, or finds the release of it that was live before.
    pub(crate) struct ReleasePrepare {
        /// The deploy folder on the host; `releases/`, `repo/` and the rest are made in it.
        path: PathBuf,
        /// Name of the release: the UTC time as YYYYMMDDHHMMSS, the same on every host.
        release: String,
        /// Full SHA of the commit.
        revision: String,
        /// The application's git repository on this machine. Without it, the one that holds the current folder.
        repository: Option<PathBuf>,
        /// `push` sends the missing objects through the connection that is open anyway, `fetch` lets the host fetch `remote`.
        transport: Transport = Transport::Push,
        /// Address that the host fetches from.
        remote: Option<String>,
        /// Who owns what is made. Without it, the owner of the deploy folder, else the user that the task runs as.
        owner: Option<String>,
        /// Who deploys; written down.
        by: Option<String>,
        /// The machine that deploys; written down.
        from: Option<String>,
    }
}

impl Action for ReleasePrepare {
    const NAME: &'static str = "release_prepare";
    const RULES: &'static [Rule] = &[Rule::If("transport", "fetch", &["remote"])];
    const LOCAL: bool = false;
    const EXAMPLES: &'static str = "\
- name: Check the commit out into a release of its own
  release_prepare:
    path: /srv/searchapp
    release: \"{{ deploy_release }}\"
    revision: \"{{ deploy_revision }}\"
    owner: searchapp
  register: release_prepared
";
    const RETURNS: &'static str = "\
release: name of the release, an older one where that is reused
release_path: its folder on the host
revision: the full SHA
reused: whether a release of this commit that was live before is still on the host, with nothing made again
current_revision: SHA that the host runs, proved; nothing where nothing runs
";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let arguments = self.arguments();
        let first = context.target.module(Self::NAME, arguments.clone(), Vec::new()).await?;
        let Some(tips) = wanted(&first.result).filter(|_| !first.failed && !first.unreachable) else {
            return Ok(Done::by_module(first));
        };
        if context.check {
            let result: Map<String, Json> = serde_json::from_slice(&first.result).unwrap_or_default();
            let result = result.into_iter().filter(|(name, _)| name != "wants").collect();
            return Ok(Done { changed: true, result, warnings: first.warnings, ..Done::default() });
        }
        context.target.progress("packing the commit", 0, 0);
        let (repository, sha) = (self.repository.clone(), self.revision.clone());
        let pack = tokio::task::spawn_blocking(move || {
            let path = revision::open(repository.as_deref())?.path().to_owned();
            pack::for_host(&path, &sha, tips)
        })
        .await
        .map_err(|error| Failure::new(format!("packing was broken off: {error}")))?
        .map_err(|why| Failure::argument("revision", sentence(&why)))?;

        let supply = Supply::File(pack.file.path().to_owned());
        let blob = supply.blob(0).map_err(|error| Failure::new(format!("cannot read the pack: {error}")))?;
        let mut arguments = arguments;
        arguments.insert("_pack".into(), json!(blob));
        context.target.progress("sending the commit", 0, 0);
        let answer = context.target.module(Self::NAME, arguments, vec![supply]).await?;
        drop(pack);
        Ok(Done::by_module(answer))
    }
}

impl ReleasePrepare {
    fn arguments(&self) -> Map<String, Json> {
        let all = json!({
            "path": self.path, "release": self.release, "revision": self.revision, "transport": self.transport.word(),
            "remote": self.remote, "owner": self.owner, "by": self.by, "from": self.from,
        });
        let Json::Object(all) = all else { return Map::new() };
        all.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }
}

/// The commits that the host has, where it lacks the one to deploy.
fn wanted(result: &[u8]) -> Option<Vec<String>> {
    let result: Json = serde_json::from_slice(result).ok()?;
    let tips = result.get("wants")?.get("tips")?.as_array()?;
    Some(tips.iter().filter_map(|tip| tip.as_str().map(str::to_owned)).collect())
}
