//! `bundle`: the static files of a commit, built here and published where pages will ask for them.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::{Action, Context, Done};
use crate::arguments;
use crate::bucket::{Bucket, Settings};
use crate::diag::Diagnostic;
use crate::modules::arguments::Value;
use crate::plan::Failure;
use crate::release::build::{self, Recipe};
use crate::release::cache::Cache;
use crate::release::record::Record;
use crate::release::upload::{self, Published};
use crate::release::{assets, revision};

/// The bucket, whose keys nothing may show.
#[derive(Clone)]
pub(crate) struct Secretive(Settings);

impl std::fmt::Debug for Secretive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Value for Secretive {
    const KIND: &'static str = "dictionary";
    const SECRET: bool = true;
    fn parse(value: &Json) -> Result<Self, String> {
        Settings::decode(value).map(Secretive).map_err(|why| format!("cannot be used: {why}"))
    }
}

arguments! {
    /// Builds the static files of a commit on this machine and publishes them, unless that is done already.
    pub(crate) struct Bundle {
        /// The application's git repository. Without it, the one that holds the current folder.
        repository: Option<PathBuf>,
        /// The commit.
        revision: String,
        /// Command that builds, for sh, in a clean checkout of the commit.
        build: String,
        /// Where in the repository it runs.
        dir: String = ".".to_owned(),
        /// The folder in the repository that it fills.
        output: String = "dist".to_owned(),
        /// The manifest within the output; empty for none.
        manifest: String = ".vite/manifest.json".to_owned(),
        /// Added to the command's environment, which holds little of the caller's.
        environment: Map<String, Json> = Map::new(),
        /// Where to publish: name, endpoint, region, path_style, prefix, access_key, secret_key. Without it the result's `path` is to be copied.
        bucket: Option<Secretive>,
        /// Build and publish again what is there.
        force: bool = false,
        /// How many builds are kept on this machine.
        keep: u32 = 5,
    }
}

impl Action for Bundle {
    const NAME: &'static str = "bundle";
    const EXAMPLES: &'static str = "\
- name: Build the commit's bundle, unless it is published already
  bundle:
    revision: \"{{ deploy_revision }}\"
    build: npm ci && npm run build
    dir: frontend
    output: frontend/dist
  delegate_to: localhost
  run_once: true
  register: release_bundle
";
    const RETURNS: &'static str = "\
revision: the full SHA
path: folder on this machine with the output; nothing where it was published before and not built here
manifest: what the bundler wrote, as a dictionary
url: address of the bucket, where there is one
uploaded: how many objects were written
skipped: how many were there
files: names of the files
";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let repository = self.repository()?;
        let recipe = self.recipe();
        let cache = Cache::of(&repository).map_err(failure)?;
        let bucket = match &self.bucket {
            Some(Secretive(settings)) => Some(Bucket::open(settings).await.map_err(refused)?),
            None => None,
        };
        let sha = self.revision.clone();
        if let Some(bucket) = &bucket
            && !self.force
            && let Some(done) = self.published_before(bucket, &recipe, context.check).await?
        {
            return Ok(done);
        }
        let there = cache.output(&sha, &recipe.fingerprint()).is_dir();
        if context.check {
            let done = Done { changed: self.force || bucket.is_some() || !there, ..Done::default() };
            return Ok(done.with("revision", sha));
        }
        context.target.progress("building the bundle", 0, 0);
        let said = |line: &str| context.target.progress(&short(line), 0, 0);
        let output = build::output(&repository, &sha, &recipe, &cache, self.force, said).await.map_err(failure)?;
        let record = self.record(&output, &recipe).await?;
        let mut published = Published::default();
        if let Some(bucket) = &bucket {
            let told = |done: usize, of: usize| context.target.progress("uploading", done as u64, of as u64);
            published = upload::publish(bucket, &output, &record, told).await.map_err(refused)?;
        }
        cache.thin_out("builds", self.keep as usize);
        cache.thin_out("logs", 20);
        let changed = !there || self.force || published.uploaded > 0;
        Ok(self.result(&record, Some(&output), published, changed))
    }
}

impl Bundle {
    fn repository(&self) -> Result<PathBuf, Failure> {
        let repository = revision::open(self.repository.as_deref()).map_err(|why| argument("repository", why))?;
        Ok(PathBuf::from(repository.path()))
    }

    fn recipe(&self) -> Recipe {
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Recipe {
            command: self.build.clone(),
            dir: self.dir.clone(),
            output: self.output.clone(),
            manifest: self.manifest.clone(),
            environment: self.environment.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        }
    }

    /// The result, where this commit's bundle was published and all of it still is.
    async fn published_before(&self, bucket: &Bucket, recipe: &Recipe, check: bool) -> Result<Option<Done>, Failure> {
        let record = Record::read(bucket, &self.revision).await.map_err(refused)?;
        let Some(record) = record.filter(|record| record.recipe == recipe.fingerprint()) else { return Ok(None) };
        if check {
            return Ok(Some(self.result(&record, None, Published::default(), false)));
        }
        let restored = upload::restore(bucket, &record).await.map_err(refused)?;
        Ok(restored.map(|published| self.result(&record, None, published, published.uploaded > 0)))
    }

    async fn record(&self, output: &Path, recipe: &Recipe) -> Result<Record, Failure> {
        let manifest = if self.manifest.is_empty() {
            Json::Null
        } else {
            let path = output.join(&self.manifest);
            let text =
                std::fs::read(&path).map_err(|error| Failure::argument("manifest", format!("cannot read {}: {error}", path.display())))?;
            serde_json::from_slice(&text)
                .map_err(|error| Failure::argument("manifest", format!("{} is no JSON: {error}", self.manifest)))?
        };
        let (folder, listed) = (output.to_owned(), manifest.clone());
        let files = tokio::task::spawn_blocking(move || assets::of(&folder, Some(&listed).filter(|listed| !listed.is_null())))
            .await
            .map_err(|error| Failure::new(format!("reading the bundle was broken off: {error}")))?
            .map_err(failure)?;
        let at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Ok(Record { revision: self.revision.clone(), recipe: recipe.fingerprint(), at, manifest, files })
    }

    fn result(&self, record: &Record, path: Option<&Path>, published: Published, changed: bool) -> Done {
        let files: Vec<&str> = record.files.iter().map(|asset| asset.name.as_str()).collect();
        let url = self.bucket.as_ref().map(|Secretive(settings)| settings.url());
        Done { changed, ..Done::default() }
            .with("revision", record.revision.clone())
            .with("path", json!(path))
            .with("manifest", record.manifest.clone())
            .with("url", json!(url))
            .with("uploaded", published.uploaded)
            .with("skipped", published.skipped)
            .with("files", files)
    }
}

fn failure(why: Diagnostic) -> Failure {
    Failure::new(sentence(&why))
}

fn argument(name: &str, why: Diagnostic) -> Failure {
    Failure::argument(name, sentence(&why))
}

fn refused(why: crate::bucket::Error) -> Failure {
    Failure::argument("bucket", why.to_string())
}

/// A message with what to do, in one text.
pub(super) fn sentence(why: &Diagnostic) -> String {
    std::iter::once(&why.message).chain(&why.help).map(String::as_str).collect::<Vec<_>>().join("; ")
}

fn short(line: &str) -> String {
    line.chars().take(80).collect()
}
