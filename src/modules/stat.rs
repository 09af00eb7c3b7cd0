//! `stat`: facts about a file.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Module;
use crate::arguments;
use crate::plan::{Algorithm, Failure, Kind, Look, Plan};

arguments! {
    /// Reads what is known of a file: existence, kind, owner, permissions, times, checksum.
    pub(crate) struct Stat {
        /// Full path of the file.
        path: PathBuf ["dest", "name"],
        /// Follow a link to what it points at.
        follow: bool = false,
        /// Compute the checksum of a regular file.
        get_checksum: bool = true,
        /// With which algorithm.
        checksum_algorithm: Algorithm ["checksum", "checksum_algo"] = Algorithm::Sha1,
        /// Find out the MIME type by `file`.
        get_mime: bool ["mime", "mime_type", "mime-type"] = true,
        /// Read the attributes of the file system by `lsattr`.
        get_attributes: bool ["attr", "attributes"] = true,
    }
}

impl Module for Stat {
    const NAME: &'static str = "ansible.builtin.stat";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let Some(meta) = target.stat(&self.path, self.follow)? else {
            return Ok(Plan::unchanged().with("stat", json!({ "exists": false })));
        };
        let mut stat = json!({
            "exists": true,
            "path": self.path,
            "mode": format!("{:04o}", meta.mode),
            "isdir": meta.kind == Kind::Folder,
            "isreg": meta.kind == Kind::File,
            "islnk": meta.kind == Kind::Link,
            "uid": meta.uid,
            "gid": meta.gid,
            "size": meta.size,
            "mtime": meta.mtime,
        });
        if self.get_checksum && meta.kind == Kind::File {
            stat["checksum"] = json!(target.digest(Path::new(&self.path), self.checksum_algorithm)?);
        }
        Ok(Plan::unchanged().with("stat", stat))
    }
}
