//! What is remembered of a published bundle: `revisions/<sha>.json`, beside the assets.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::assets::Asset;
use crate::bucket::{Body, Bucket, Error, Headers, Put, When};

/// The bundle of one commit, as published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub revision: String,
    /// Of the recipe that made it: another recipe makes another bundle.
    pub recipe: String,
    /// UTC, RFC 3339.
    pub at: String,
    /// The bundler's, as it wrote it; null where it writes none.
    pub manifest: Json,
    pub files: Vec<Asset>,
}

impl Record {
    pub fn name(sha: &str) -> String {
        format!("revisions/{sha}.json")
    }

    /// Where the content of a file is kept whose own name does not say which content it is.
    pub fn copy_name(&self, asset: &Asset) -> String {
        format!("revisions/{}/{}", self.revision, asset.name)
    }

    /// # Errors
    /// The bucket cannot be read. A record that cannot be understood counts as none.
    pub async fn read(bucket: &Bucket, sha: &str) -> Result<Option<Record>, Error> {
        let object = bucket.get(&Record::name(sha)).await?;
        Ok(object.and_then(|object| serde_json::from_slice(&object.bytes).ok()))
    }

    /// # Errors
    /// The bucket cannot be written.
    pub async fn write(&self, bucket: &Bucket) -> Result<(), Error> {
        // Plain data: this cannot fail.
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        let headers =
            Headers { content_type: "application/json; charset=utf-8".into(), cache_control: "no-cache".into(), sha256: String::new() };
        match bucket.put(&Record::name(&self.revision), &Body::Bytes(bytes), &headers, &When::Always).await? {
            Put::Done(_) | Put::Refused => Ok(()),
        }
    }
}
