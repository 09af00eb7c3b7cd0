//! An SSH key of the user's own.

use std::path::PathBuf;

use serde_json::json;

use super::User;
use super::account::Account;
use crate::plan::{Attributes, Change, Command, Content, Failure, Look, Plan, User as Person};

fn file(user: &User, person: &Person) -> PathBuf {
    let home = user.home.as_ref().unwrap_or(&person.home);
    let name = user.ssh_key_file.clone().unwrap_or_else(|| PathBuf::from(format!(".ssh/id_{}", user.ssh_key_type)));
    home.join(name)
}

/// None where the key is there.
pub(super) fn changes(user: &User, person: &Person, target: &dyn Look) -> Result<Vec<Change>, Failure> {
    let path = file(user, person);
    if target.stat(&path, true)?.is_some() {
        return Ok(Vec::new());
    }
    if target.which("ssh-keygen").is_none() {
        return Err(Failure::argument("generate_ssh_key", "this host has no ssh-keygen: install openssh-client first"));
    }
    let own = |mode: u32| Attributes { mode: Some(mode), uid: Some(person.uid), gid: Some(person.gid) };
    let comment = user.ssh_key_comment.clone().unwrap_or_else(|| {
        let host = target.read("/proc/sys/kernel/hostname".as_ref()).ok().flatten().unwrap_or_default();
        format!("ansible-generated on {}", String::from_utf8_lossy(&host).trim())
    });
    let shown = path.display().to_string();
    let mut argv = ["ssh-keygen", "-q", "-t", &user.ssh_key_type, "-C", &comment, "-f", &shown].map(str::to_owned).to_vec();
    argv.extend(user.ssh_key_bits.filter(|bits| *bits > 0).into_iter().flat_map(|bits| ["-b".to_owned(), bits.to_string()]));
    let mut changes = Vec::new();
    if let Some(folder) = path.parent().filter(|folder| !matches!(target.stat(folder, true), Ok(Some(_)))) {
        changes.push(Change::Folder { path: folder.to_owned(), attributes: own(0o700) });
    }
    match &user.ssh_key_passphrase {
        None => {
            argv.extend(["-N".to_owned(), String::new()]);
            changes.push(Change::Run(Command::new(argv)));
        }
        Some(passphrase) => {
            // Not as an argument, for all to see in the list of processes: ssh-keygen asks a program that knows its environment.
            let asker = path.with_extension("asker");
            let script = b"#!/bin/sh\nprintf '%s\\n' \"$KEY_PASSPHRASE\"\n".to_vec();
            let attributes = Attributes { mode: Some(0o700), ..Attributes::default() };
            changes.push(Change::Write { path: asker.clone(), content: Content::Bytes(script), attributes, backup: false, validate: None });
            let mut command = Command::new(argv);
            let environment = [("KEY_PASSPHRASE", passphrase.0.clone()), ("SSH_ASKPASS", asker.display().to_string())];
            command.env.extend(environment.map(|(name, value)| (name.to_owned(), value)));
            command.env.extend([("SSH_ASKPASS_REQUIRE", "force"), ("DISPLAY", ":0")].map(|(n, v)| (n.to_owned(), v.to_owned())));
            changes.push(Change::Run(command));
            changes.push(Change::Remove { path: asker });
        }
    }
    let public = PathBuf::from(format!("{shown}.pub"));
    changes.push(Change::Own { path, attributes: own(0o600), follow: true });
    changes.push(Change::Own { path: public, attributes: own(0o644), follow: true });
    Ok(changes)
}

/// Adds to the result where the key is and what it is.
pub(super) fn describe(user: &User, plan: Plan, target: &dyn Look) -> Result<Plan, Failure> {
    let Some(account) = Account::read(&user.name, user.local, target)? else { return Ok(plan) };
    let path = file(user, &account.user);
    if target.stat(&path, true)?.is_none() {
        return Ok(plan);
    }
    let public = PathBuf::from(format!("{}.pub", path.display()));
    let key = target.read(&public)?.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let question =
        Command { accept: Vec::new(), ..Command::new(["ssh-keygen".to_owned(), "-l".into(), "-f".into(), path.display().to_string()]) };
    let print = target.ask(&question).map(|answer| answer.text().trim().to_owned()).unwrap_or_default();
    Ok(plan.with("ssh_key_file", json!(path)).with("ssh_public_key", json!(key)).with("ssh_fingerprint", print))
}
