//! What went wrong with a path, as a sentence: what was being done, to which path, why, and the remedy.

use std::io;
use std::path::Path;

use rustix::io::Errno;

/// `action` as in "cannot {action} /etc/motd".
pub(crate) fn of(action: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {action} {}: {}", path.display(), why(path, error))
}

/// The same as an error, kind and code kept readable.
pub(crate) fn error(action: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), of(action, path, error))
}

fn why(path: &Path, error: &io::Error) -> String {
    let folder = path.parent().unwrap_or(path).display();
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC) => format!(
            "no space is left on that file system, or no inodes; free some (`df -h {folder}`, `df -i {folder}` show the use), then run again"
        ),
        Some(Errno::DQUOT) => "the disk quota of its owner is used up; raise it or free some space, then run again".into(),
        Some(Errno::ROFS) => {
            format!("its file system is mounted read-only (`findmnt -T {folder}` shows it)")
        }
        Some(Errno::ACCESS) => format!("permission denied for {}; if another user must do it, set `become: true`", me()),
        Some(Errno::PERM) => {
            format!("operation not permitted for {}; set `become: true`, or look for an immutable flag (`lsattr {}`)", me(), path.display())
        }
        Some(Errno::NOENT) => match missing(path) {
            Some(above) => format!("the folder {} does not exist", above.display()),
            None => "no such file or folder".into(),
        },
        Some(Errno::NOTDIR) => "a part of the path is a file, not a folder".into(),
        Some(Errno::ISDIR) => "it is a folder".into(),
        Some(Errno::NOTEMPTY) => "the folder is not empty".into(),
        Some(Errno::EXIST) => "something else is already there".into(),
        Some(Errno::LOOP) => "its links go round in a circle".into(),
        Some(Errno::NAMETOOLONG) => "the name is too long for the file system".into(),
        Some(Errno::TXTBSY) => "the program is running; stop it first".into(),
        Some(Errno::BUSY) => "it is in use, for example as a mount point".into(),
        Some(Errno::IO) => "the disk reports a fault (see `dmesg`)".into(),
        Some(Errno::MFILE | Errno::NFILE) => "too many files are open (`ulimit -n`)".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

/// The topmost folder on the way to `path` that is not there.
fn missing(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty() && !above.exists()).last()
}

fn me() -> String {
    match rustix::process::geteuid().as_raw() {
        0 => "root".into(),
        uid => super::account::name_of(uid).map_or_else(|| format!("uid {uid}"), |name| format!("the user {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_do() {
        let full = of("write", Path::new("/srv/app/a"), &io::Error::from(Errno::NOSPC));
        assert_eq!(
            full,
            "cannot write /srv/app/a: no space is left on that file system, or no inodes; free some (`df -h /srv/app`, `df -i /srv/app` show the use), then run again"
        );
        let missing = of("write", Path::new("/nowhere/at/all"), &io::Error::from(Errno::NOENT));
        assert_eq!(missing, "cannot write /nowhere/at/all: the folder /nowhere does not exist");
    }
}
