//! Who the task runs as, its environment, and the host's public keys.

use serde_json::json;

use super::{Facts, names, text};
use crate::plan::Look;

pub(super) fn user(target: &dyn Look) -> Facts {
    let uid = target.uid();
    let mut facts = Facts::from_iter([
        ("user_uid".to_owned(), json!(uid)),
        ("real_user_id".to_owned(), json!(uid)),
        ("effective_user_id".to_owned(), json!(uid)),
    ]);
    if let Ok(Some(user)) = target.user(&uid.to_string()) {
        facts.insert("user_id".into(), json!(user.name));
        facts.insert("user_gid".into(), json!(user.gid));
        facts.insert("user_gecos".into(), json!(user.comment));
        facts.insert("user_dir".into(), json!(user.home));
        facts.insert("user_shell".into(), json!(user.shell));
        facts.insert("real_group_id".into(), json!(user.gid));
        facts.insert("effective_group_id".into(), json!(user.gid));
    }
    facts
}

/// The agent's environment, with what the task's `environment` makes of it.
pub(super) fn environment(target: &dyn Look) -> Facts {
    let names = target.env_names().into_iter().filter(|name| !name.is_empty());
    let env: Facts = names.filter_map(|name| target.env(&name).map(|value| (name, json!(value)))).collect();
    Facts::from_iter([("env".to_owned(), env.into())])
}

pub(super) fn host_keys(target: &dyn Look) -> Facts {
    let mut facts = Facts::new();
    for name in names(target, "/etc/ssh") {
        let Some(kind) = name.strip_prefix("ssh_host_").and_then(|rest| rest.strip_suffix("_key.pub")) else { continue };
        let Some(line) = text(target, format!("/etc/ssh/{name}")) else { continue };
        let mut words = line.split_whitespace();
        if let (Some(label), Some(key)) = (words.next(), words.next()) {
            facts.insert(format!("ssh_host_key_{kind}_public"), json!(key));
            facts.insert(format!("ssh_host_key_{kind}_public_keytype"), json!(label));
        }
    }
    facts
}
