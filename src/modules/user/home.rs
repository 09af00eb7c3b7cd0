//! The home of a user who has none: made of the skeleton, as useradd does for new users.

use std::path::{Path, PathBuf};

use super::{User, octal};
use crate::plan::{Attributes, Change, Content, Failure, Kind, Look, User as Account};

pub(super) fn changes(user: &User, account: &Account, target: &dyn Look) -> Result<Vec<Change>, Failure> {
    let home = user.home.clone().unwrap_or_else(|| account.home.clone());
    let will_move = user.move_home && home != account.home && target.stat(&account.home, true)?.is_some();
    if !user.create_home || will_move || home.as_os_str().is_empty() || target.stat(&home, true)?.is_some() {
        return Ok(Vec::new());
    }
    let umask = match &user.umask {
        Some(umask) => octal(umask)?,
        None => default_umask(target),
    };
    let owner = |mode: u32| Attributes { mode: Some(mode), uid: Some(user.uid.unwrap_or(account.uid)), gid: Some(account.gid) };
    let mut changes = Vec::new();
    if let Some(above) = home.parent().filter(|above| !matches!(target.stat(above, true), Ok(Some(_)))) {
        let attributes = Attributes { mode: Some(0o755), ..Attributes::default() };
        changes.push(Change::Folder { path: above.to_owned(), attributes });
    }
    let skeleton = user.skeleton.clone().unwrap_or_else(|| PathBuf::from("/etc/skel"));
    copy(&skeleton, &home, &|mode| owner(mode & !umask), target, &mut changes)?;
    Ok(changes)
}

fn copy(from: &Path, to: &Path, own: &dyn Fn(u32) -> Attributes, target: &dyn Look, changes: &mut Vec<Change>) -> Result<(), Failure> {
    changes.push(Change::Folder { path: to.to_owned(), attributes: own(0o777) });
    for name in target.list(from).unwrap_or_default() {
        let (from, to) = (from.join(&name), to.join(&name));
        let Some(meta) = target.stat(&from, false)? else { continue };
        match meta.kind {
            Kind::Folder => copy(&from, &to, own, target, changes)?,
            Kind::Link => changes.extend(meta.target.map(|target| Change::Link { path: to, target })),
            _ => changes.push(Change::Write {
                path: to,
                content: Content::File(from),
                attributes: own(meta.mode),
                backup: false,
                validate: None,
            }),
        }
    }
    Ok(())
}

/// HOME_MODE or UMASK of login.defs(5).
fn default_umask(target: &dyn Look) -> u32 {
    let text = target.read(Path::new("/etc/login.defs")).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let setting = |name: &str| {
        let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.split_whitespace().next().map(str::to_owned))?;
        u32::from_str_radix(&value, 8).ok()
    };
    setting("HOME_MODE ").or_else(|| setting("HOME_MODE\t")).map(|mode| 0o777 & !mode).or_else(|| setting("UMASK")).unwrap_or(0o022)
}
