//! Users and groups: the files first, then `getent`. Never through the C library, whose NSS a static program must not load.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::plan::{Group, User};

/// What tells one state of a file from another: inode, size, and when it was written.
type State = (u64, u64, i64, i64);

/// Nearly every task asks for names: the files are read again only where they have changed.
static TEXTS: LazyLock<Mutex<HashMap<PathBuf, (State, Arc<str>)>>> = LazyLock::new(Mutex::default);

/// The text of passwd(5) or group(5); empty where there is no such file.
pub(crate) fn text(path: &Path) -> io::Result<Arc<str>> {
    let Ok(meta) = std::fs::metadata(path) else { return Ok("".into()) };
    let state = (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec());
    let mut known = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, text)) = known.get(path)
        && *of == state
    {
        return Ok(text.clone());
    }
    let text: Arc<str> = String::from_utf8_lossy(&std::fs::read(path)?).into();
    known.insert(path.to_owned(), (state, text.clone()));
    Ok(text)
}

/// The line of passwd(5) for a name, or for a number in digits.
pub(crate) fn user_in(passwd: &str, wanted: &str) -> Option<User> {
    let number = wanted.parse::<u32>().ok();
    let users = || passwd.lines().filter_map(user);
    users().find(|user| user.name == wanted).or_else(|| users().find(|user| Some(user.uid) == number))
}

/// The line of group(5) for a name, or for a number in digits.
pub(crate) fn group_in(groups: &str, wanted: &str) -> Option<Group> {
    let number = wanted.parse::<u32>().ok();
    let all = || groups.lines().filter_map(group);
    all().find(|group| group.name == wanted).or_else(|| all().find(|group| Some(group.gid) == number))
}

/// The name of a uid in /etc/passwd, for messages.
pub(crate) fn name_of(uid: u32) -> Option<String> {
    let passwd = std::fs::read_to_string(Path::new("/etc/passwd")).ok()?;
    user_in(&passwd, &uid.to_string()).map(|user| user.name)
}

fn user(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    fields.next()?;
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    let comment = fields.next()?;
    let home = fields.next()?;
    let shell = fields.next().unwrap_or_default();
    Some(User { name: name.into(), uid, gid, comment: comment.into(), home: PathBuf::from(home), shell: PathBuf::from(shell) })
}

fn group(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    fields.next()?;
    let gid = fields.next()?.parse().ok()?;
    let members = fields.next().unwrap_or_default().split(',').map(str::trim).filter(|m| !m.is_empty());
    Some(Group { name: name.into(), gid, members: members.map(Into::into).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_and_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n# no line\nweb:x:33:34:Web,,,:/var/www:/usr/sbin/nologin\n";
        assert_eq!(user_in(passwd, "web").unwrap().gid, 34);
        assert_eq!(user_in(passwd, "33").unwrap().name, "web");
        assert_eq!(user_in(passwd, "nobody"), None);
        assert_eq!(group_in("adm:x:4:syslog,web\n", "4").unwrap().members, ["syslog", "web"]);
    }
}
