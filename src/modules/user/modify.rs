//! An account that is there: what of it differs from what is asked for.

use std::collections::BTreeSet;

use super::account::Account;
use super::{UpdatePassword, User, expiry, set_password};
use crate::plan::{Change, Command, Failure, Look, Plan};

pub(super) fn plan(user: &User, account: &Account, target: &dyn Look) -> Result<Plan, Failure> {
    let now = &account.user;
    let mut argv = Vec::new();
    if let Some(uid) = user.uid.filter(|uid| *uid != now.uid) {
        argv.extend(["--uid".to_owned(), uid.to_string()]);
        argv.extend(user.non_unique.then(|| "--non-unique".to_owned()));
    }
    if let Some(group) = user.group.as_ref().filter(|group| !group.is_empty()) {
        let gid = target.group(group)?.map(|found| found.gid);
        if gid != Some(now.gid) {
            argv.extend(["--gid".to_owned(), group.clone()]);
        }
    }
    argv.extend(groups(user, account, target)?);
    let mut option = |name: &str, value: Option<String>| {
        argv.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    };
    option("--comment", user.comment.clone().filter(|comment| *comment != now.comment));
    let home = user.home.as_ref().filter(|home| **home != now.home);
    option("--home", home.map(|home| home.display().to_string()));
    option("--shell", user.shell.as_ref().filter(|shell| **shell != now.shell).map(|shell| shell.display().to_string()));
    if let Some(expires) = user.expires {
        let wanted = (expires >= 0.0).then(|| (expires / 86_400.0) as i64);
        // An empty field and -1 both say never.
        let current = account.shadow.expires.filter(|days| *days >= 0);
        option("--expiredate", (wanted != current).then(|| expiry(expires)));
    }
    argv.extend((home.is_some() && user.move_home).then(|| "--move-home".to_owned()));
    let current = account.shadow.password.clone().unwrap_or_default();
    let is_locked = current.starts_with('!');
    if let Some(lock) = user.password_lock.filter(|lock| *lock != is_locked) {
        argv.push(if lock { "--lock" } else { "--unlock" }.into());
    }
    let mut changes = Vec::new();
    if !argv.is_empty() {
        argv.insert(0, "usermod".into());
        argv.push(user.name.clone());
        changes.push(Change::Run(Command::new(argv)));
    }
    if let Some(password) = user.password.as_ref().filter(|_| user.update_password == UpdatePassword::Always)
        && current.trim_start_matches('!') != password.0.trim_start_matches('!')
    {
        let lock = if user.password_lock == Some(true) && !password.0.starts_with('!') { "!" } else { "" };
        changes.push(set_password(&user.name, &format!("{lock}{}", password.0)));
    }
    let shadow = &account.shadow;
    let ages = [
        ("-M", user.password_expire_max, shadow.max),
        ("-m", user.password_expire_min, shadow.min),
        ("-W", user.password_expire_warn, shadow.warn),
        ("-I", user.password_expire_account_disable, shadow.inactive),
    ];
    for (flag, wanted, current) in ages {
        let wanted = wanted.filter(|days| Some(*days) != current);
        changes.extend(wanted.map(|days| Change::Run(Command::new(["chage", flag, &days.to_string(), &user.name]))));
    }
    Ok(Plan::of(changes))
}

/// Options of usermod for the further groups, if they differ.
fn groups(user: &User, account: &Account, target: &dyn Look) -> Result<Vec<String>, Failure> {
    let Some(asked) = &user.groups else { return Ok(Vec::new()) };
    let primary = match &user.group {
        Some(group) if !group.is_empty() => target.group(group)?.map(|found| found.gid),
        _ => Some(account.user.gid),
    };
    let mut wanted = BTreeSet::new();
    for name in asked.iter().filter(|name| !name.is_empty()) {
        wanted.extend(target.group(name)?.filter(|found| Some(found.gid) != primary).map(|found| found.name));
    }
    let has: BTreeSet<String> = account.groups.iter().filter(|(_, gid)| Some(*gid) != primary).map(|(name, _)| name.clone()).collect();
    if user.append {
        let more: Vec<String> = wanted.difference(&has).cloned().collect();
        return Ok(if more.is_empty() { Vec::new() } else { vec!["--append".into(), "--groups".into(), more.join(",")] });
    }
    let all: Vec<String> = wanted.iter().cloned().collect();
    Ok(if wanted == has { Vec::new() } else { vec!["--groups".into(), all.join(",")] })
}
