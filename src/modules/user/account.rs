//! What an account is now: passwd(5), shadow(5), group(5).

use std::path::{Path, PathBuf};

use crate::plan::{Failure, Look, User};

pub(super) struct Account {
    pub(super) user: User,
    pub(super) shadow: Shadow,
    /// Groups other than the primary one that list the user: name and number.
    pub(super) groups: Vec<(String, u32)>,
}

/// Fields of /etc/shadow; empty ones, and those of a file that may not be read, are `None`.
#[derive(Default)]
pub(super) struct Shadow {
    pub(super) password: Option<String>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) warn: Option<i64>,
    pub(super) inactive: Option<i64>,
    /// Days since the epoch.
    pub(super) expires: Option<i64>,
}

impl Account {
    pub(super) fn read(name: &str, local: bool, target: &dyn Look) -> Result<Option<Account>, Failure> {
        let found = if local { in_file(name, target)? } else { target.user(name)?.filter(|user| user.name == name) };
        let Some(user) = found else { return Ok(None) };
        let text = |path: &str| target.read(Path::new(path)).ok().flatten().map(|b| String::from_utf8_lossy(&b).into_owned());
        let row = |line: &str| {
            let (named, rest) = line.split_once(':')?;
            (named == name).then(|| shadow(rest))
        };
        let shadow = text("/etc/shadow").and_then(|text| text.lines().find_map(row)).unwrap_or_default();
        let member = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            let [group, _, gid, members] = fields[..] else { return None };
            let gid: u32 = gid.parse().ok()?;
            (gid != user.gid && members.split(',').any(|member| member == name)).then(|| (group.to_owned(), gid))
        };
        let groups = text("/etc/group").unwrap_or_default().lines().filter_map(member).collect();
        Ok(Some(Account { user, shadow, groups }))
    }
}

fn shadow(fields: &str) -> Shadow {
    let fields: Vec<&str> = fields.split(':').collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse().ok());
    Shadow {
        password: fields.first().map(|p| (*p).to_owned()),
        min: number(2),
        max: number(3),
        warn: number(4),
        inactive: number(5),
        expires: number(6),
    }
}

fn in_file(name: &str, target: &dyn Look) -> Result<Option<User>, Failure> {
    let text = target.read(Path::new("/etc/passwd"))?.unwrap_or_default();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [named, _, uid, gid, comment, home, shell] = fields[..] else { return None };
        (named == name).then_some(())?;
        Some(User {
            name: named.to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            comment: comment.to_owned(),
            home: PathBuf::from(home),
            shell: PathBuf::from(shell),
        })
    };
    Ok(String::from_utf8_lossy(&text).lines().find_map(row))
}
