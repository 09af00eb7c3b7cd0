//! Asks the hosts what they run: the module release_info, by the same engine as any task.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::json;

use crate::cli::options::Prepared;
use crate::diag::{Diagnostics, Source};
use crate::engine::{Event, Nobody, Options, Outcome, Run, Sink, Status};
use crate::remote::Connections;

/// What a host says of itself; a sentence where it cannot be asked.
pub(in crate::cli) type Answers = BTreeMap<Arc<str>, Result<Info, Silent>>;

/// The result of release_info.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::cli) struct Info {
    pub(in crate::cli) releases: Vec<Release>,
    pub(in crate::cli) current: Option<String>,
    pub(in crate::cli) current_revision: Option<String>,
    pub(in crate::cli) proved: bool,
    pub(in crate::cli) previous: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(in crate::cli) struct Release {
    pub(in crate::cli) release: String,
    pub(in crate::cli) revision: String,
    pub(in crate::cli) state: String,
    pub(in crate::cli) by: String,
    pub(in crate::cli) at: String,
    pub(in crate::cli) live_at: Option<String>,
}

/// Why a host says nothing.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Silent {
    pub(in crate::cli) why: String,
    pub(in crate::cli) unreachable: bool,
}

impl Info {
    /// The release that `current` points at.
    pub(in crate::cli) fn running(&self) -> Option<&Release> {
        self.releases.iter().find(|release| Some(&release.release) == self.current.as_ref())
    }

    /// Whether it runs this commit, proved.
    pub(in crate::cli) fn runs(&self, sha: &str) -> bool {
        self.proved && self.current_revision.as_deref() == Some(sha)
    }
}

/// # Errors
/// The hosts' variables are wrong.
pub(in crate::cli) async fn look(
    prepared: &Prepared,
    connections: &Arc<Connections>,
    options: Options,
    hosts: &[Arc<str>],
) -> Result<Answers, Diagnostics> {
    let text = json!([{
        "hosts": hosts, "gather_facts": false, "become": true,
        "tasks": [{"name": "Read what is deployed", "release_info": {"path": "{{ deploy_to }}"}}],
    }]);
    let source = Arc::new(Source { path: "<what is deployed>".into(), text: text.to_string().into() });
    let plays = prepared.loader.playbook_text(&source, Path::new("."))?;
    let sink = Arc::new(Collect::default());
    let options = Options { limit: None, check: false, diff: false, ..options };
    let run = Run::new(prepared.world.clone(), prepared.loader.clone(), connections.clone(), sink.clone(), Arc::new(Nobody), options);
    run.plays(&plays).await?;
    let mut answers = std::mem::take(&mut *sink.answers.lock().unwrap_or_else(PoisonError::into_inner));
    for host in hosts {
        let silent = || Err(Silent { why: "the host was not asked".into(), unreachable: true });
        answers.entry(host.clone()).or_insert_with(silent);
    }
    Ok(answers)
}

#[derive(Default)]
struct Collect {
    answers: Mutex<Answers>,
}

impl Sink for Collect {
    fn emit(&self, event: Event) {
        if let Event::Finished { host, outcome, .. } = event {
            self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(host, read(&outcome));
        }
    }
}

fn read(outcome: &Outcome) -> Result<Info, Silent> {
    let result = outcome.result.to_json().unwrap_or_default();
    let unreachable = matches!(outcome.status, Status::Unreachable | Status::UnreachableIgnored);
    if unreachable || matches!(outcome.status, Status::Failed | Status::Ignored) {
        let why = result.get("msg").and_then(|msg| msg.as_str()).unwrap_or("it does not say why").to_owned();
        return Err(Silent { why, unreachable });
    }
    serde_json::from_value(result).map_err(|error| Silent { why: format!("its answer cannot be read: {error}"), unreachable: false })
}
