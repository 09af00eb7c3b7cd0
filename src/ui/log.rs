//! `log_path`: a file that gets all that is printed, with the time, the process and the user, as Ansible writes it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    file: Mutex<File>,
    /// The number of -v that counts for the log, where it is another than for the screen.
    level: Option<u8>,
}

/// From now on all that is printed goes there too; it is appended to. `level`: the number of -v for it, if not that of the screen.
///
/// # Errors
/// The file cannot be opened.
pub fn log_to(path: &Path, level: Option<u8>) -> std::io::Result<()> {
    let file = File::options().create(true).append(true).open(path)?;
    let _ = LOG.set(Log { file: Mutex::new(file), level });
    Ok(())
}

/// Whether what is for this number of -v goes into the log.
pub(super) fn wants(level: u8) -> bool {
    LOG.get().is_some_and(|log| log.level.is_some_and(|of_log| of_log >= level))
}

/// What was printed; without its colours.
pub(super) fn record(text: &str, level: &str) {
    let Some(log) = LOG.get() else { return };
    let text = plain(text);
    let text = text.trim_start_matches('\n');
    if text.trim().is_empty() {
        return;
    }
    let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
    let user = std::env::var("USER").unwrap_or_else(|_| rustix::process::getuid().as_raw().to_string());
    let record = format!("{now} p={} u={user} n=ansible {level}| {text}\n", std::process::id());
    // A full disk must not end the run.
    let _ = log.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(record.as_bytes());
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = rest.find('m').map_or("", |end| &rest[end + 1..]);
    }
    out + rest
}
