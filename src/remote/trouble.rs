//! What ssh says when it cannot connect, as a sentence with the remedy.

use super::Settings;

pub(super) fn sentence(settings: &Settings, said: &str) -> String {
    let host = &settings.address;
    let port = settings.port.unwrap_or(22);
    let has = |text: &str| said.contains(text);
    let line_with = |text: &str| said.lines().map(str::trim).find(|line| line.contains(text)).unwrap_or_default();
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        let place = line_with("Offending").rsplit(" in ").next().unwrap_or_default();
        return format!(
            "the host key of {host} is not the one on record ({place}): somebody may be in between. If the host was set up anew, remove the old key with `ssh-keygen -R {}` and connect once with ssh",
            record(host, port)
        );
    }
    if has("Host key verification failed") {
        return format!(
            "the host key of {host} is not known yet: connect once with `{}` and compare it, or set StrictHostKeyChecking accept-new in ~/.ssh/config, or ansible_host_key_checking: false",
            by_hand(settings)
        );
    }
    if has("Could not resolve hostname") {
        return format!("the name {host} has no address: correct ansible_host or the inventory's name, or look at the DNS");
    }
    if has("Connection refused") {
        return format!("{host} refuses connections on port {port}: is sshd running there, and is it the right port (ansible_port)?");
    }
    if has("timed out") {
        return format!(
            "{host} does not answer on port {port}: is it up, does a firewall drop us, is ansible_host right? `{}` shows more",
            by_hand(settings)
        );
    }
    if has("No route to host") || has("Network is unreachable") {
        return format!("there is no way to {host} through the network: is it up, is the VPN on?");
    }
    if has("Permission denied") {
        return denied(settings, line_with("Permission denied"), has("password"));
    }
    if has("Too many authentication failures") {
        return format!(
            "{host} refused us after too many keys: name the right one with ansible_ssh_private_key_file and add `-o IdentitiesOnly=yes` to ansible_ssh_common_args"
        );
    }
    if has("UNPROTECTED PRIVATE KEY FILE") {
        return format!("ssh does not use a private key that others can read: {} (`chmod 600`)", line_with("Permissions"));
    }
    if has("kex_exchange_identification") || has("Connection closed by remote host") || has("Connection reset by peer") {
        return format!(
            "{host} closed the connection before the login: it may limit connections (MaxStartups in sshd_config, fail2ban), or port {port} is no ssh server"
        );
    }
    if has("no matching key exchange") || has("no matching host key") || has("no matching cipher") {
        return format!(
            "{host} and this machine share no method of ssh: {}; add one for this host in ~/.ssh/config",
            line_with("no matching")
        );
    }
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("ssh gave no reason");
    format!("ssh cannot connect to {host}: {last}; `{}` shows more", by_hand(settings))
}

fn denied(settings: &Settings, line: &str, asks_password: bool) -> String {
    let user = settings.user.as_deref().map_or_else(|| "the user of your ssh configuration".to_owned(), |user| format!("user {user}"));
    let host = &settings.address;
    let ways = line.split_once('(').map_or("", |(_, ways)| ways.trim_end_matches([')', '.']));
    if settings.password.is_some() {
        return format!(
            "{host} does not accept the password for {user}, nor any key (it takes {ways}): correct ansible_password or what --ask-pass is given"
        );
    }
    let key = settings.private_key.as_ref().map_or_else(|| "any key of yours".to_owned(), |key| format!("the key {}", key.display()));
    let other = if asks_password { ", or give a password with --ask-pass" } else { "" };
    format!(
        "{host} does not accept {key} for {user} (it takes {ways}): is the user right (ansible_user), is your public key in its authorized_keys (`ssh-copy-id`), is a key with a passphrase in the ssh-agent{other}?"
    )
}

/// As known_hosts names it.
fn record(host: &str, port: u16) -> String {
    if port == 22 { host.to_owned() } else { format!("'[{host}]:{port}'") }
}

fn by_hand(settings: &Settings) -> String {
    let mut line = String::from("ssh");
    if let Some(port) = settings.port {
        line += &format!(" -p {port}");
    }
    if let Some(key) = &settings.private_key {
        line += &format!(" -i {}", key.display());
    }
    match &settings.user {
        Some(user) => line + &format!(" {user}@{}", settings.address),
        None => line + " " + &settings.address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_remedy() {
        let web = Settings { address: "web-1".into(), user: Some("deploy".into()), port: Some(2222), ..Settings::default() };
        for (said, expected) in [
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nOffending ED25519 key in /root/.ssh/known_hosts:12\nHost key verification failed.\n",
                "the host key of web-1 is not the one on record (/root/.ssh/known_hosts:12): somebody may be in between. If the host was set up anew, remove the old key with `ssh-keygen -R '[web-1]:2222'` and connect once with ssh",
            ),
            (
                "deploy@web-1: Permission denied (publickey).\n",
                "web-1 does not accept any key of yours for user deploy (it takes publickey): is the user right (ansible_user), is your public key in its authorized_keys (`ssh-copy-id`), is a key with a passphrase in the ssh-agent?",
            ),
            (
                "ssh: connect to host web-1 port 2222: Connection refused\n",
                "web-1 refuses connections on port 2222: is sshd running there, and is it the right port (ansible_port)?",
            ),
        ] {
            assert_eq!(sentence(&web, said), expected);
        }
    }
}
