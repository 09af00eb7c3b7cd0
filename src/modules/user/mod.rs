//! `user`: accounts. `account`: what an account is now. `create`, `modify`: the commands of shadow-utils. `home`: a home made
//! of the skeleton. `key`: an SSH key.

mod account;
mod create;
mod home;
mod key;
mod modify;

use std::path::PathBuf;

use serde_json::json;

use super::Module;
use super::arguments::{Secret, Value};
use crate::plan::{Change, Command, Content, Failure, Look, Plan};
use crate::{arguments, choices};
use account::Account;

choices! {
    /// Whether the user is to be there.
    pub(crate) enum State { Present = "present", Absent = "absent" }
}

choices! {
    /// When a password is set.
    pub(crate) enum UpdatePassword { Always = "always", OnCreate = "on_create" }
}

arguments! {
    /// Makes, changes and removes users.
    pub(crate) struct User {
        /// Name of the user.
        name: String ["user"],
        /// Whether the user is to be there.
        state: State = State::Present,
        /// The user's number. When not given, a new user gets the next free one.
        uid: Option<u32>,
        /// Allow a number that another user has already.
        non_unique: bool = false,
        /// Primary group, by name or number. When not given, a new user gets a group of their own name.
        group: Option<String>,
        /// Further groups. All others are left, unless `append` is true; an empty list leaves all.
        groups: Option<Vec<String>>,
        /// Only add to `groups`, leave none.
        append: bool = false,
        /// Full name, or whatever else describes the user.
        comment: Option<String>,
        /// Home folder.
        home: Option<PathBuf>,
        /// Make the home folder, for existing users too where it is missing.
        create_home: bool ["createhome"] = true,
        /// Take the content along when `home` changes.
        move_home: bool = false,
        /// Folder whose content a new home gets; /etc/skel when not given.
        skeleton: Option<PathBuf>,
        /// Permission bits that a new home does not get, such as `0077`.
        umask: Option<String>,
        /// Login shell.
        shell: Option<PathBuf>,
        /// Make it a user of the system: a low number, no expiry. Cannot be changed later.
        system: bool = false,
        /// The password, hashed as in shadow(5): `{{ password | password_hash('sha512') }}`. `*` or `!` allow none.
        password: Option<Secret>,
        /// `on_create` sets the password of new users only.
        update_password: UpdatePassword = UpdatePassword::Always,
        /// Lock the password, or unlock it.
        password_lock: Option<bool>,
        /// Most days between two changes of the password.
        password_expire_max: Option<i64>,
        /// Fewest days between two changes of the password.
        password_expire_min: Option<i64>,
        /// Days of warning before the password expires.
        password_expire_warn: Option<i64>,
        /// Days after the password expired until the account is closed.
        password_expire_account_disable: Option<i64>,
        /// When the account expires, in seconds since the epoch; negative for never.
        expires: Option<f64>,
        /// Make an SSH key for the user, unless there is one.
        generate_ssh_key: bool = false,
        /// Bits of the key. When not given, ssh-keygen decides.
        ssh_key_bits: Option<u32>,
        /// Kind of the key.
        ssh_key_type: String = "rsa".into(),
        /// The key's file, below the home where it is relative; `.ssh/id_TYPE` when not given.
        ssh_key_file: Option<PathBuf>,
        /// The key's comment; `ansible-generated on HOSTNAME` when not given.
        ssh_key_comment: Option<String>,
        /// The key's passphrase; none when not given.
        ssh_key_passphrase: Option<Secret>,
        /// With `state: absent`: remove home and mailbox too.
        remove: bool = false,
        /// With `state: absent`: remove even if the user is logged in or the home belongs to somebody else.
        force: bool = false,
        /// Look only into /etc/passwd, not into other sources of users such as LDAP.
        local: bool = false,
        /// Smallest number for a new user.
        uid_min: Option<u32>,
        /// Largest number for a new user.
        uid_max: Option<u32>,
        /// User of SELinux.
        seuser: Option<String>,
        /// Only on macOS: no effect.
        hidden: Option<bool>,
        /// Only on BSD: no effect.
        login_class: Option<String>,
        /// Only on illumos: no effect.
        profile: Option<String>,
        /// Only on illumos: no effect.
        authorization: Option<String>,
        /// Only on illumos: no effect.
        role: Option<String>,
    }
}

impl Module for User {
    const NAME: &'static str = "ansible.builtin.user";
    const EXAMPLES: &'static str = r#"
- name: Have a user who may read the logs
  ansible.builtin.user:
    name: deploy
    shell: /bin/bash
    groups: [adm]
    append: true

- name: Have a system user without a home
  ansible.builtin.user:
    name: exporter
    system: true
    create_home: false
    shell: /usr/sbin/nologin

- name: Remove a user and all files of the home
  ansible.builtin.user:
    name: guest
    state: absent
    remove: true
"#;
    const RETURNS: &'static str = "name: the user
state: whether the user is there
uid: the user's number
group: number of the primary group
groups: further groups as asked for
home: home folder
shell: login shell
comment: what describes the user
ssh_key_file: the SSH key
ssh_public_key: its public half
ssh_fingerprint: its fingerprint";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let account = Account::read(&self.name, self.local, target)?;
        let result = Plan::unchanged().with("name", self.name.clone()).with("state", self.state.word());
        match (self.state, account) {
            (State::Absent, None) => Ok(result),
            (State::Absent, Some(_)) => {
                let mut argv = vec!["userdel"];
                argv.extend(self.force.then_some("--force"));
                argv.extend(self.remove.then_some("--remove"));
                argv.push(&self.name);
                let result = result.with("force", self.force).with("remove", self.remove);
                Ok(Plan { changes: vec![Change::Run(Command::new(argv))], ..result })
            }
            (State::Present, account) => {
                if let Some(missing) = self.missing_group(target)? {
                    // That a new account is a change is known, whoever makes its group.
                    return Ok(Plan { changed: account.is_none().then_some(true), ..missing });
                }
                let before = account.as_ref().map(|a| a.user.clone());
                let mut plan = match &account {
                    None => create::plan(&self, target)?,
                    Some(account) => modify::plan(&self, account, target)?,
                };
                plan.result.extend(result.result);
                plan.warnings.extend(self.warning());
                if let Some(user) = &before {
                    plan = self.describe(plan, user);
                    plan.changes.extend(home::changes(&self, user, target)?);
                    plan.changes.extend(if self.generate_ssh_key { key::changes(&self, user, target)? } else { Vec::new() });
                }
                if plan.changes.is_empty() {
                    return if self.generate_ssh_key { key::describe(&self, plan, target) } else { Ok(plan) };
                }
                let is_new = before.is_none();
                Ok(plan.then(move |target, _| self.finish(is_new, target)))
            }
        }
    }
}

impl User {
    /// After the account was made or changed: a new one's key, and what is there now.
    fn finish(self, is_new: bool, target: &dyn Look) -> Result<Plan, Failure> {
        let Some(account) = Account::read(&self.name, self.local, target)? else { return Ok(Plan::unchanged()) };
        let mut plan = self.describe(Plan::unchanged(), &account.user);
        if !self.generate_ssh_key {
            return Ok(plan);
        }
        if is_new {
            plan.changes = key::changes(&self, &account.user, target)?;
        }
        Ok(plan.then(move |target, _| key::describe(&self, Plan::unchanged(), target)))
    }

    fn describe(&self, plan: Plan, user: &crate::plan::User) -> Plan {
        let mut plan = plan
            .with("uid", user.uid)
            .with("group", user.gid)
            .with("comment", user.comment.clone())
            .with("home", json!(user.home))
            .with("shell", json!(user.shell))
            .with("append", self.append)
            .with("move_home", self.move_home);
        if let Some(groups) = &self.groups {
            plan = plan.with("groups", groups.join(","));
        }
        if self.password.is_some() {
            plan = plan.with("password", "NOT_LOGGING_PASSWORD");
        }
        plan
    }

    fn missing_group(&self, target: &dyn Look) -> Result<Option<Plan>, Failure> {
        let groups = self.group.iter().map(|g| ("group", g)).chain(self.groups.iter().flatten().map(|g| ("groups", g)));
        for (argument, group) in groups.filter(|(_, group)| !group.is_empty()) {
            if target.group(group)?.is_none() {
                return Ok(Some(Plan::missing(Failure::argument(argument, format!("Group {group} does not exist")))));
            }
        }
        Ok(None)
    }

    /// A password in the clear would be stored as it is, and never let anybody in.
    fn warning(&self) -> Option<String> {
        let password = &self.password.as_ref()?.0;
        let is_marker = password.is_empty() || password.starts_with(['*', '!', 'x']) && password.len() < 4 || password.starts_with("*LK*");
        let is_hash = password.trim_start_matches('!').starts_with(['$', '_']) || password.len() == 13;
        (!is_marker && !is_hash).then(|| {
            "`password` does not look hashed: give it as `{{ password | password_hash('sha512') }}`, or nobody can log in with it"
                .to_owned()
        })
    }
}

/// Sets the hash through stdin: an argument would be in the list of processes for all to read.
fn set_password(name: &str, hash: &str) -> Change {
    let line = format!("{name}:{hash}\n").into_bytes();
    Change::Run(Command { stdin: Some(Content::Bytes(line)), ..Command::new(["chpasswd", "--encrypted"]) })
}

/// `--expiredate` of useradd and usermod: a day, or nothing for never.
fn expiry(seconds: f64) -> String {
    if seconds < 0.0 { String::new() } else { super::setup::day(seconds as i64) }
}

/// Octal, as umasks are written.
fn octal(text: &str) -> Result<u32, Failure> {
    let digits = String::parse(&json!(text)).unwrap_or_default();
    u32::from_str_radix(digits.trim_start_matches("0o"), 8)
        .map_err(|_| Failure::argument("umask", format!("`umask` must be octal digits such as \"0077\", not {text:?}")))
}
