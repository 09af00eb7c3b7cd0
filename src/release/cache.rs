//! The folder of this machine where commits are built: `$XDG_CACHE_HOME/deploy/<repository>/`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;

/// The cache of one repository. Everything in it can be made again.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

/// Holds the place where commits of a repository are built, against another process; let go with it, however that ends.
pub struct Held(#[expect(dead_code, reason = "the lock is in its being open")] File);

impl Cache {
    /// # Errors
    /// There is no home folder, or the cache cannot be written.
    pub fn of(repository: &Path) -> Result<Cache, Diagnostic> {
        let base = base()?;
        let full = fs::canonicalize(repository).unwrap_or_else(|_| repository.to_owned());
        let name = full.file_name().map(|name| name.to_string_lossy().into_owned()).filter(|name| name != ".git");
        let name = name.or_else(|| Some(full.parent()?.file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
        let digest = blake3::hash(full.as_os_str().as_encoded_bytes()).to_hex();
        Cache::at(&base.join(format!("{name}-{}", &digest.as_str()[..8])))
    }

    /// # Errors
    /// The folder cannot be made.
    pub fn at(root: &Path) -> Result<Cache, Diagnostic> {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(|error| failed("make", root, &error))?;
        Ok(Cache { root: root.to_owned() })
    }

    /// Always the same path, so that builds which write paths down come out the same.
    pub fn checkout(&self) -> PathBuf {
        self.root.join("checkout")
    }

    /// The finished output of a build.
    pub fn output(&self, sha: &str, recipe: &str) -> PathBuf {
        self.root.join("builds").join(format!("{sha}-{recipe}"))
    }

    /// Records of builds, where there is no bucket.
    pub fn records(&self) -> PathBuf {
        self.root.join("records")
    }

    pub fn log(&self, sha: &str) -> PathBuf {
        self.root.join("logs").join(format!("{sha}.log"))
    }

    /// `node_modules` of a lock file.
    pub fn modules(&self, key: &str) -> PathBuf {
        self.root.join("node_modules").join(key)
    }

    /// Waits for another process that builds here. Blocks.
    ///
    /// # Errors
    /// The file system knows no locks.
    pub fn hold(&self) -> Result<Held, Diagnostic> {
        let path = self.root.join("lock");
        let lock = || {
            let file = File::create(&path)?;
            file.lock()?;
            io::Result::Ok(Held(file))
        };
        lock().map_err(|error| failed("lock", &path, &error))
    }

    /// Removes all but the `keep` newest entries of a folder of the cache. What cannot be removed stays: it is a cache.
    pub fn thin_out(&self, folder: &str, keep: usize) {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else { return };
        let mut found: Vec<_> =
            entries.filter_map(Result::ok).filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path()))).collect();
        found.sort();
        for (_, path) in found.iter().rev().skip(keep) {
            let _ = remove(path);
        }
    }
}

/// `$XDG_CACHE_HOME/deploy`, or `~/.cache/deploy` (specifications.freedesktop.org/basedir-spec).
fn base() -> Result<PathBuf, Diagnostic> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .map(|base| base.join("deploy"))
        .ok_or_else(|| Diagnostic::error("there is no place for builds: neither XDG_CACHE_HOME nor HOME is set"))
}

/// A file or a folder with all below it; nothing there is fine.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot {what} {}: {error}", path.display()))
}
