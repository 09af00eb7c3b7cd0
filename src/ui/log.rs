//! `log_path`: a file that gets all that is printed, with the time, the process and the user, as Ansible writes it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

static LOG: OnceLock<Mutex<File>> = OnceLock::new();

/// From now on all that is printed goes there too; it is appended to.
///
/// # Errors
/// The file cannot be opened.
pub fn log_to(path: &Path) -> std::io::Result<()> {
    let file = File::options().create(true).append(true).open(path)?;
    let _ = LOG.set(Mutex::new(file));
    Ok(())
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
    let _ = log.lock().unwrap_or_else(PoisonError::into_inner).write_all(record.as_bytes());
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
