//! The command lines of sudo and su, and what their refusals mean.

use std::io;

use crate::wire::Become;

/// sudo or su around `script`, as an argument list. `prompt` is what sudo asks with, so that it is told from all else.
pub(crate) fn command(who: &Become, prompt: &str, script: &str) -> Result<Vec<String>, String> {
    let program = who.executable.clone().unwrap_or_else(|| who.method.clone());
    let mut argv = vec![program];
    match who.method.as_str() {
        "sudo" => {
            argv.extend(["-H", "-S"].map(String::from));
            // Ansible's own default flags; ours say the same.
            argv.extend(who.flags.iter().filter(|flag| !matches!(flag.as_str(), "-H" | "-S" | "-n")).cloned());
            match who.password {
                Some(_) => argv.extend(["-p", prompt].map(String::from)),
                None => argv.push("-n".into()),
            }
            argv.extend(["-u", &who.user, "--", "/bin/sh", "-c", script].map(String::from));
        }
        "su" => {
            argv.extend(who.flags.iter().cloned());
            argv.extend(["-s", "/bin/sh", "-c", script, &who.user].map(String::from));
        }
        other => {
            return Err(format!(
                "the become method `{other}` is not known here; use `sudo` or `su` (become_method, ansible_become_method)"
            ));
        }
    }
    Ok(argv)
}

/// The same to be shown: what it runs is left out.
pub(crate) fn shown(who: &Become) -> String {
    command(who, "…", "…").map(|argv| argv.join(" ")).unwrap_or_default()
}

pub(crate) fn not_started(who: &Become, program: &str, error: &io::Error) -> String {
    match (error.kind(), who.method.as_str()) {
        (io::ErrorKind::NotFound, "sudo") => format!(
            "cannot become {}: there is no `{program}` on the host; install sudo, connect as {} itself, or set `become_method: su`",
            who.user, who.user
        ),
        _ => format!("cannot become {}: `{program}` does not start: {error}", who.user),
    }
}

/// Why it did not let us through, from what it said.
pub(crate) fn refused(who: &Become, said: &str, otherwise: &str) -> String {
    let user = &who.user;
    let method = &who.method;
    let has = |text: &str| said.to_lowercase().contains(text);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let remedy = if has("password is required") || has("a terminal is required") || (who.password.is_none() && has("password:")) {
        format!(
            "{method} wants a password: give it with --ask-become-pass or `ansible_become_password` (best in a vault), or allow it without one (NOPASSWD in sudoers)"
        )
    } else if has("sorry, try again") || has("incorrect password") || has("authentication failure") || has("no password was provided") {
        format!("the password was not accepted by {method}: correct `ansible_become_password` or what --ask-become-pass is given")
    } else if has("not in the sudoers") || has("is not allowed to") || has("may not run sudo") {
        format!("{method} does not allow it to the user that we log in as: add that user to sudoers, or log in as another (`ansible_user`)")
    } else if has("unknown user") || has("does not exist") || has("no passwd entry") {
        format!("there is no user {user} on the host: create it first, or correct `become_user`")
    } else if has("must have a tty") || has("requiretty") {
        "sudo wants a terminal there: remove `requiretty` from sudoers".to_owned()
    } else if has("effective uid is not 0") || has("no new privileges") {
        format!("{method} cannot gain rights there (a file system mounted nosuid, or a container without the right to)")
    } else if last.is_empty() {
        otherwise.to_owned()
    } else {
        last.to_owned()
    };
    format!("cannot become {user}: {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(method: &str, password: Option<&str>) -> Become {
        Become { method: method.into(), user: "web".into(), flags: Vec::new(), executable: None, password: password.map(Into::into) }
    }

    #[test]
    fn command_lines() {
        let argv = |who: &Become| command(who, "[p]", "true").unwrap().join(" ");
        assert_eq!(argv(&who("sudo", None)), "sudo -H -S -n -u web -- /bin/sh -c true");
        assert_eq!(argv(&who("sudo", Some("x"))), "sudo -H -S -p [p] -u web -- /bin/sh -c true");
        assert_eq!(argv(&who("su", None)), "su -s /bin/sh -c true web");
        assert!(command(&who("doas", None), "", "").unwrap_err().contains("become_method"));
    }

    #[test]
    fn refusals() {
        let said = refused(&who("sudo", None), "sudo: a password is required\n", "");
        assert!(said.starts_with("cannot become web: sudo wants a password: give it with --ask-become-pass"), "{said}");
        assert!(refused(&who("sudo", None), "sudo: unknown user web", "").contains("create it first"));
    }
}
