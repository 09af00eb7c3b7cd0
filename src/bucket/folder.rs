//! Objects as files of a folder. Conditional writes hold between processes of this machine.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Body, Error, Headers, Listed, Object, Put, When};

#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Folder {
        Folder { root }
    }

    pub(super) fn label(&self) -> String {
        format!("the folder {}", self.root.display())
    }

    pub(super) fn get(&self, name: &str) -> Result<Option<Object>, Error> {
        let path = self.path(name)?;
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(Object { tag: hex(&Sha256::digest(&bytes)), bytes })),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    pub(super) fn headers(&self, name: &str) -> Result<Option<Headers>, Error> {
        // A folder has no headers of its own: whoever serves it sets them.
        Ok(self.get(name)?.map(|object| Headers { sha256: object.tag, ..Headers::default() }))
    }

    pub(super) fn put(&self, name: &str, body: &Body, when: &When) -> Result<Put, Error> {
        let path = self.path(name)?;
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|error| failed("make", folder, &error))?;
        // One writer at a time: the comparison and the write belong together.
        let _lock = self.lock()?;
        let old = self.get(name)?;
        let holds = match when {
            When::Always => true,
            When::Absent => old.is_none(),
            When::Unchanged(tag) => old.is_some_and(|old| old.tag == *tag),
        };
        if !holds {
            return Ok(Put::Refused);
        }
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed("write in", folder, &error))?;
        let written = match body {
            Body::Bytes(bytes) => file.write_all(bytes),
            Body::File(from) => File::open(from).and_then(|mut from| io::copy(&mut from, &mut file).map(drop)),
        };
        written.map_err(|error| failed("write", &path, &error))?;
        file.persist(&path).map_err(|error| failed("write", &path, &error.error))?;
        Ok(Put::Done(self.get(name)?.map(|object| object.tag).unwrap_or_default()))
    }

    pub(super) fn list(&self, begin: &str) -> Result<Vec<Listed>, Error> {
        let mut found = Vec::new();
        self.walk(&self.root, &mut found).map_err(|error| failed("list", &self.root, &error))?;
        found.retain(|listed| listed.name.starts_with(begin));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn walk(&self, folder: &Path, found: &mut Vec<Listed>) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Err(error) if is_absent(&error) => return Ok(()),
            other => other?,
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                self.walk(&path, found)?;
            } else if let Ok(name) = path.strip_prefix(&self.root)
                && name != Path::new(LOCK)
            {
                found.push(Listed { name: name.to_string_lossy().into_owned(), size: entry.metadata()?.len() });
            }
        }
        Ok(())
    }

    fn lock(&self) -> Result<File, Error> {
        let path = self.root.join(LOCK);
        let lock = || {
            let file = File::create(&path)?;
            file.lock()?;
            io::Result::Ok(file)
        };
        lock().map_err(|error| failed("lock", &path, &error))
    }

    fn path(&self, name: &str) -> Result<PathBuf, Error> {
        let inside = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if inside && !name.is_empty() { Ok(self.root.join(name)) } else { Err(Error::new(format!("{name:?} is no name for an object"))) }
    }
}

const LOCK: &str = ".lock";

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot {what} {}: {error}", path.display()))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().into());
        let put = |text: &str, when: &When| folder.put("a/b", &Body::Bytes(text.into()), when).unwrap();
        let Put::Done(first) = put("1", &When::Absent) else { panic!("not written") };
        assert_eq!(put("2", &When::Absent), Put::Refused);
        assert!(matches!(put("2", &When::Unchanged(first.clone())), Put::Done(_)));
        assert_eq!(put("3", &When::Unchanged(first)), Put::Refused);
        assert_eq!(folder.get("a/b").unwrap().unwrap().bytes, b"2");
        assert_eq!(folder.list("a/").unwrap(), [Listed { name: "a/b".into(), size: 1 }]);
        assert!(folder.get("../x").is_err());
    }
}
