//! `deploy doc`: what people look up.

use std::process::Command;

fn said(arguments: &[&str], code: i32) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deploy"));
    let done = command.arg("doc").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").output().expect("it runs");
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(done.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

#[test]
fn modules_roles_and_filters_have_pages() {
    for (arguments, wanted) in [
        (&["copy"][..], "remote_src"),
        (&["ansible.builtin.copy", "--snippet"], "      dest: "),
        (&["--list", "community.general"], "community.general.supervisorctl"),
        (&["-t", "role", "release"], "deploy_keep (int), 5 if not given"),
        (&["-t", "role", "--list"], "release                        main"),
        (&["-t", "filter", "regex_replace"], "regex_replace (filter)"),
        (&["-t", "lookup", "--list"], "first_found"),
        (&["-t", "test", "-j", "version"], r#""type":"test""#),
    ] {
        let text = said(arguments, 0);
        assert!(text.contains(wanted), "{arguments:?}: {text}");
    }
    assert!(!said(&["--list", "community.general"], 0).contains("ansible.builtin"));
}

#[test]
fn a_name_that_is_none_is_told() {
    let text = said(&["coppy"], 1);
    assert!(text.contains("there is no module `coppy`") && text.contains("did you mean `copy`?"), "{text}");
    assert!(said(&["-t", "filter", "regex_replac"], 1).contains("did you mean `regex_replace`?"));
}
