//! Requests from the target.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::stop::Stop;
use crate::plan::{Request, Response};

pub(crate) fn request(
    request: &Request,
    _into: File,
    _path: PathBuf,
    stop: &Stop,
) -> io::Result<Response> {
    stop.check()?;
    Err(io::Error::other(format!(
        "cannot ask {}: not built yet",
        request.url
    )))
}
