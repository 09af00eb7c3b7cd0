//! Files that live as long as a task, in a folder that lives as long as the agent and that only its user can enter.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

const PREFIX: &str = "deploy-scratch-";

/// The folder, made when first needed.
static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);
static COUNT: AtomicU64 = AtomicU64::new(0);

/// One task's scratch files; dropping it removes them.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    files: Mutex<Vec<PathBuf>>,
}

impl Scratch {
    /// A new empty file, for reading and writing.
    pub(crate) fn file(&self) -> io::Result<(File, PathBuf)> {
        let path = folder()?.join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| super::sentence::error("make", &path, &error))?;
        self.files.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
        Ok((file, path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for file in self.files.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // It may have been renamed to where it belongs.
            let _ = fs::remove_file(file);
        }
    }
}

/// At the end of the agent.
pub(crate) fn clear() {
    if let Some(folder) = FOLDER.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = fs::remove_dir_all(folder);
    }
}

fn folder() -> io::Result<PathBuf> {
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = &*folder {
        return Ok(folder.clone());
    }
    // /var/tmp first: /tmp is often memory, and what lies here may be large.
    let places = [PathBuf::from("/var/tmp"), std::env::temp_dir(), PathBuf::from("/dev/shm")];
    let name = format!("{PREFIX}{}-{:08x}", std::process::id(), seed());
    let mut last = io::Error::other("no folder for scratch files");
    for place in places {
        let path = place.join(&name);
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => {
                clear_leftovers(&place);
                *folder = Some(path.clone());
                return Ok(path);
            }
            Err(error) => last = super::sentence::error("make the scratch folder", &path, &error),
        }
    }
    Err(last)
}

/// Removes our user's folders of agents that were killed.
fn clear_leftovers(place: &Path) {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Some(pid) = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()) else {
            continue;
        };
        let ours = entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == me);
        if ours && !Path::new("/proc").join(pid).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Differs from process to process and from moment to moment; not a secret, the folder's mode is what protects.
pub(crate) fn seed() -> u32 {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    let count = u32::try_from(COUNT.fetch_add(1, Ordering::Relaxed) & 0xffff).unwrap_or(0);
    (time ^ (std::process::id() << 12)).wrapping_add(count.wrapping_mul(0x9e37_79b9))
}
