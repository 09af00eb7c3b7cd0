//! A new account: useradd, then what useradd cannot do.

use serde_json::json;

use super::{User, expiry, octal, set_password};
use crate::plan::{Change, Command, Failure, Look, Plan};

pub(super) fn plan(user: &User, target: &dyn Look) -> Result<Plan, Failure> {
    let mut argv = vec!["useradd".to_owned()];
    let mut option = |name: &str, value: Option<String>| {
        argv.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    };
    option("--uid", user.uid.map(|uid| uid.to_string()));
    option("--gid", user.group.clone().filter(|group| !group.is_empty()));
    option("--groups", user.groups.as_ref().map(|groups| groups.join(",")).filter(|groups| !groups.is_empty()));
    option("--comment", user.comment.clone());
    option("--home-dir", user.home.as_ref().map(|home| home.display().to_string()));
    option("--shell", user.shell.as_ref().map(|shell| shell.display().to_string()));
    option("--expiredate", user.expires.map(expiry));
    option("--selinux-user", user.seuser.clone());
    option("--inactive", user.password_expire_account_disable.map(|days| days.to_string()));
    option("-K", user.uid_min.map(|uid| format!("UID_MIN={uid}")));
    option("-K", user.uid_max.map(|uid| format!("UID_MAX={uid}")));
    if user.create_home {
        option("--skel", user.skeleton.as_ref().map(|folder| folder.display().to_string()));
        if let Some(umask) = &user.umask {
            option("-K", Some(format!("UMASK={:04o}", octal(umask)?)));
        }
    }
    argv.extend((user.non_unique && user.uid.is_some()).then(|| "--non-unique".to_owned()));
    // A group of the user's name is there already and was not asked for as the primary one: useradd would refuse.
    if user.group.is_none() && target.group(&user.name)?.is_some() {
        argv.push("--no-user-group".into());
    }
    argv.push(if user.create_home { "--create-home" } else { "--no-create-home" }.into());
    argv.extend(user.system.then(|| "--system".to_owned()));
    argv.push(user.name.clone());
    let mut changes = vec![Change::Run(Command::new(argv))];
    if let Some(password) = &user.password {
        let lock = if user.password_lock == Some(true) { "!" } else { "" };
        changes.push(set_password(&user.name, &format!("{lock}{}", password.0)));
    }
    let ages = [("-M", user.password_expire_max), ("-m", user.password_expire_min), ("-W", user.password_expire_warn)];
    for (flag, days) in ages {
        changes.extend(days.map(|days| Change::Run(Command::new(["chage", flag, &days.to_string(), &user.name]))));
    }
    let plan = Plan::of(changes).with("create_home", user.create_home).with("system", user.system);
    Ok(match &user.home {
        Some(home) => plan.with("home", json!(home)),
        None => plan,
    })
}
