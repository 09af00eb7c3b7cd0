//! Publishing a bundle: hashed assets first, then a check that all are there, then what names them.
//!
//! Nobody may meet a page whose assets are not there yet, so the order is the point. Hashed assets are written once
//! (`If-None-Match: *`); what is there already is compared and left.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::assets::Asset;
use super::record::Record;
use crate::bucket::{Body, Bucket, Error, Headers, Put, When};

/// Requests under way at the same time.
const AT_ONCE: usize = 16;

/// How many objects were written, and how many were there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Published {
    pub uploaded: usize,
    pub skipped: usize,
}

/// Uploads the files of a bundle from its output folder, and its record last.
///
/// # Errors
/// The bucket refuses; a name that should be write-once holds something else; an object is missing afterwards.
pub async fn publish(bucket: &Bucket, output: &Path, record: &Record, told: impl Fn(usize, usize)) -> Result<Published, Error> {
    let there = listing(bucket).await?;
    let (hashed, entries): (Vec<&Asset>, Vec<&Asset>) = record.files.iter().partition(|asset| asset.hashed);
    let total = record.files.len();
    let mut published = Published::default();

    let missing: Vec<Step> = hashed.iter().map(|asset| Step::once(asset, output, there.get(&asset.name).copied())).collect();
    each(bucket, missing, |done, wrote| {
        published.count(wrote);
        told(done, total);
    })
    .await?;
    check(&listing(bucket).await?, &hashed, bucket)?;

    let steps: Vec<Step> = entries.iter().flat_map(|asset| Step::entry(asset, output, record)).collect();
    each(bucket, steps, |done, wrote| {
        published.count(wrote);
        told((hashed.len() + done).min(total), total);
    })
    .await?;
    record.write(bucket).await?;
    Ok(published)
}

/// Makes a bundle that was published before the one that is served: its hashed assets must all still be there; files with
/// plain names get the content of that commit back. `None` where something is gone and it must be built again.
///
/// # Errors
/// The bucket refuses.
pub async fn restore(bucket: &Bucket, record: &Record) -> Result<Option<Published>, Error> {
    let there = listing(bucket).await?;
    let whole = |asset: &&Asset| there.get(&asset.name) == Some(&asset.size);
    if !record.files.iter().filter(|asset| asset.hashed).all(|asset| whole(&asset)) {
        return Ok(None);
    }
    let mut published = Published { uploaded: 0, skipped: record.files.iter().filter(|asset| asset.hashed).count() };
    for asset in record.files.iter().filter(|asset| !asset.hashed) {
        if bucket.headers(&asset.name).await?.is_some_and(|headers| headers.sha256 == asset.sha256) {
            published.skipped += 1;
            continue;
        }
        let Some(copy) = bucket.get(&record.copy_name(asset)).await? else { return Ok(None) };
        bucket.put(&asset.name, &Body::Bytes(copy.bytes), &asset.headers(), &When::Always).await?;
        published.uploaded += 1;
    }
    Ok(Some(published))
}

impl Published {
    fn count(&mut self, wrote: bool) {
        if wrote { self.uploaded += 1 } else { self.skipped += 1 }
    }
}

/// One object to bring about.
struct Step {
    name: String,
    asset: Asset,
    body: Body,
    /// Write-once, and already listed with this size.
    once: Option<Option<u64>>,
}

impl Step {
    fn once(asset: &Asset, output: &Path, there: Option<u64>) -> Step {
        Step { name: asset.name.clone(), body: Body::File(output.join(&asset.name)), asset: asset.clone(), once: Some(there) }
    }

    /// The file under its own name, and a copy that a rollback can put back.
    fn entry(asset: &Asset, output: &Path, record: &Record) -> [Step; 2] {
        let step = |name: String| Step { name, body: Body::File(output.join(&asset.name)), asset: asset.clone(), once: None };
        [step(record.copy_name(asset)), step(asset.name.clone())]
    }

    /// Whether it wrote.
    async fn run(self, bucket: &Bucket) -> Result<bool, Error> {
        let headers = self.asset.headers();
        let Some(there) = self.once else {
            bucket.put(&self.name, &self.body, &headers, &When::Always).await?;
            return Ok(true);
        };
        if there.is_none() && matches!(bucket.put(&self.name, &self.body, &headers, &When::Absent).await?, Put::Done(_)) {
            return Ok(true);
        }
        self.compare(bucket, &headers).await
    }

    /// What is there must be the same content; other headers are corrected.
    async fn compare(&self, bucket: &Bucket, headers: &Headers) -> Result<bool, Error> {
        let Some(old) = bucket.headers(&self.name).await? else {
            return Err(Error {
                message: format!("{} was there in {} and is gone: something removes objects", self.name, bucket.label()),
                help: None,
            });
        };
        let sized = self.once.flatten().is_none_or(|size| size == self.asset.size);
        let same = if old.sha256.is_empty() { sized } else { old.sha256 == self.asset.sha256 };
        // Maps and licences may hold what the hash in their name does not cover; nothing runs because of them.
        let harmless = self.name.ends_with(".map") || self.name.ends_with(".txt");
        if !same && !harmless {
            return Err(Error {
                message: format!("{} is in {} already with other content", self.name, bucket.label()),
                help: Some(
                    "its name must carry the hash of its content: browsers keep it for a year; change the bundler's file names".into(),
                ),
            });
        }
        let as_wanted = old.content_type == headers.content_type && old.cache_control == headers.cache_control;
        if as_wanted || !same || matches!(bucket, Bucket::Folder(_)) {
            return Ok(false);
        }
        bucket.put(&self.name, &self.body, headers, &When::Always).await?;
        Ok(true)
    }
}

/// Runs the steps, several at once; the first error stops what has not begun.
async fn each(bucket: &Bucket, steps: Vec<Step>, mut told: impl FnMut(usize, bool)) -> Result<(), Error> {
    let bucket = Arc::new(bucket.clone());
    let mut waiting: VecDeque<Step> = steps.into();
    let mut running = JoinSet::new();
    let mut done = 0;
    loop {
        while running.len() < AT_ONCE
            && let Some(step) = waiting.pop_front()
        {
            let bucket = Arc::clone(&bucket);
            running.spawn(async move { step.run(&bucket).await });
        }
        match running.join_next().await {
            None => return Ok(()),
            Some(Ok(wrote)) => {
                done += 1;
                told(done, wrote?);
            }
            Some(Err(error)) => return Err(Error { message: format!("an upload was broken off: {error}"), help: None }),
        }
    }
}

async fn listing(bucket: &Bucket) -> Result<BTreeMap<String, u64>, Error> {
    Ok(bucket.list("").await?.into_iter().map(|listed| (listed.name, listed.size)).collect())
}

fn check(there: &BTreeMap<String, u64>, wanted: &[&Asset], bucket: &Bucket) -> Result<(), Error> {
    match wanted.iter().find(|asset| !there.contains_key(&asset.name)) {
        None => Ok(()),
        Some(asset) => Err(Error { message: format!("{} was uploaded to {} and is not there", asset.name, bucket.label()), help: None }),
    }
}
