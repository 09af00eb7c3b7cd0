//! Named objects with conditional writes: in S3, or in a folder of this machine where nobody has a bucket.

mod folder;
mod s3;
mod settings;

use std::path::PathBuf;

pub use settings::Settings;

/// Where bundles, their records and the lease of an environment are kept.
#[derive(Clone)]
pub enum Bucket {
    S3(s3::S3),
    Folder(folder::Folder),
}

/// What is known of an object without its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Without the bucket's prefix.
    pub name: String,
    pub size: u64,
}

/// An object's content, and the mark that a conditional write can be tied to.
#[derive(Clone, Debug)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub tag: String,
}

/// The headers of an object as they are served.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers {
    pub content_type: String,
    pub cache_control: String,
    /// SHA-256 of the content, lower-case hex, in the object's metadata: an ETag is no hash where uploads have parts or KMS is on.
    pub sha256: String,
}

/// What is written.
#[derive(Clone, Debug)]
pub enum Body {
    Bytes(Vec<u8>),
    /// Streamed.
    File(PathBuf),
}

/// On which condition something is written.
#[derive(Clone, Debug)]
pub enum When {
    Always,
    /// Nothing is there by that name (`If-None-Match: *`).
    Absent,
    /// What is there is still what was read (`If-Match`).
    Unchanged(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Put {
    /// Written; the object's new tag.
    Done(String),
    /// The condition did not hold.
    Refused,
}

/// Why the bucket did not do it: a sentence, without credentials, and what to do.
#[derive(Clone, Debug)]
pub struct Error {
    pub message: String,
    pub help: Option<String>,
}

impl Error {
    fn new(message: impl Into<String>) -> Error {
        Error { message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Error {
        Error { help: Some(help.into()), ..self }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))
    }
}

impl std::error::Error for Error {}

impl Bucket {
    /// # Errors
    /// The settings cannot be used; nothing is asked of the service yet.
    pub async fn open(settings: &Settings) -> Result<Bucket, Error> {
        Ok(Bucket::S3(s3::S3::open(settings).await?))
    }

    /// A folder of this machine; made when something is written.
    pub fn folder(path: impl Into<PathBuf>) -> Bucket {
        Bucket::Folder(folder::Folder::new(path.into()))
    }

    /// `None` where nothing has that name.
    pub async fn get(&self, name: &str) -> Result<Option<Object>, Error> {
        match self {
            Bucket::S3(s3) => s3.get(name).await,
            Bucket::Folder(folder) => folder.get(name),
        }
    }

    /// `None` where nothing has that name.
    pub async fn headers(&self, name: &str) -> Result<Option<Headers>, Error> {
        match self {
            Bucket::S3(s3) => s3.headers(name).await,
            Bucket::Folder(folder) => folder.headers(name),
        }
    }

    pub async fn put(&self, name: &str, body: &Body, headers: &Headers, when: &When) -> Result<Put, Error> {
        match self {
            Bucket::S3(s3) => s3.put(name, body, headers, when).await,
            Bucket::Folder(folder) => folder.put(name, body, when),
        }
    }

    /// All objects whose names begin so, by name.
    pub async fn list(&self, begin: &str) -> Result<Vec<Listed>, Error> {
        match self {
            Bucket::S3(s3) => s3.list(begin).await,
            Bucket::Folder(folder) => folder.list(begin),
        }
    }

    /// How messages name it.
    pub fn label(&self) -> String {
        match self {
            Bucket::S3(s3) => s3.label(),
            Bucket::Folder(folder) => folder.label(),
        }
    }
}
