//! Users and groups: the files first, then `getent`. Never through the C library, whose NSS a static program must not load.

use std::path::{Path, PathBuf};

use crate::plan::{Group, User};

/// The line of passwd(5) for a name, or for a number in digits.
pub(crate) fn user_in(passwd: &str, wanted: &str) -> Option<User> {
    let number = wanted.parse::<u32>().ok();
    let users = || passwd.lines().filter_map(user);
    users()
        .find(|user| user.name == wanted)
        .or_else(|| users().find(|user| Some(user.uid) == number))
}

/// The line of group(5) for a name, or for a number in digits.
pub(crate) fn group_in(groups: &str, wanted: &str) -> Option<Group> {
    let number = wanted.parse::<u32>().ok();
    let all = || groups.lines().filter_map(group);
    all()
        .find(|group| group.name == wanted)
        .or_else(|| all().find(|group| Some(group.gid) == number))
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
    Some(User {
        name: name.into(),
        uid,
        gid,
        comment: comment.into(),
        home: PathBuf::from(home),
        shell: PathBuf::from(shell),
    })
}

fn group(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    fields.next()?;
    let gid = fields.next()?.parse().ok()?;
    let members = fields
        .next()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|m| !m.is_empty());
    Some(Group {
        name: name.into(),
        gid,
        members: members.map(Into::into).collect(),
    })
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
        assert_eq!(
            group_in("adm:x:4:syslog,web\n", "4").unwrap().members,
            ["syslog", "web"]
        );
    }
}
