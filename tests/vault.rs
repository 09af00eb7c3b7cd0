//! Files that ansible-vault encrypted open here (`tests/vault/record` made them). The other way was tried by hand with ansible-vault
//! from ansible-core 2.19, and holds as long as our own texts keep the format that these have.

use std::fs;
use std::path::Path;

use deploy::vault::{Secret, id_of, open};

#[test]
fn files_of_ansible_vault_open() {
    let folder = Path::new("tests/vault");
    let secrets = [Secret::from_file(&folder.join("password"), &[]).expect("a password")];
    for name in ["text.yml", "block.txt", "binary"] {
        let content = fs::read(folder.join(name)).expect("the content");
        for (ending, id) in [("1", None), ("2", Some("prod"))] {
            let text = fs::read_to_string(folder.join(format!("{name}.{ending}"))).expect("a vault text");
            assert_eq!(id_of(&text).as_deref(), id, "{name}.{ending}");
            assert_eq!(open(&text, &secrets).expect("opens").0, content, "{name}.{ending}");
        }
    }
}

#[test]
fn passwords_come_from_programs() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("keys-client");
    fs::write(&program, "#!/bin/sh\nif [ \"$1\" = --vault-id ] && [ \"$2\" = prod ]; then echo 'correct horse'; else exit 3; fi\n")
        .expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("executable");
    let nobody = |_: &str| Err(std::io::Error::other("nobody to ask"));
    let secret = Secret::from_vault_id(&format!("prod@{}", program.display()), nobody, &[]).expect("a password");
    assert_eq!(secret.id(), Some("prod"));
    let text = fs::read_to_string("tests/vault/text.yml.2").expect("a vault text");
    assert!(open(&text, &[secret]).is_ok());
    assert!(Secret::from_file(&program, &[]).is_err(), "without the id the program fails");
    assert!(Secret::from_vault_id("x@prompt", nobody, &[]).is_err());
}

/// Every script in `tests/vault/commands/` prints with our binary under the name ansible-vault what it printed with ansible-vault
/// (`record`). What goes to standard error are our own words.
#[test]
fn commands_do_what_ansible_vault_does() {
    let folder = Path::new("tests/vault/commands");
    let prelude = fs::read_to_string(folder.join("prelude.sh")).expect("a prelude");
    let mut wrong = String::new();
    for recorded in fs::read_dir(folder).expect("scripts").map(|entry| entry.expect("entry").path()) {
        if recorded.extension().is_none_or(|end| end != "txt") {
            continue;
        }
        let script = prelude.clone() + &fs::read_to_string(recorded.with_extension("sh")).expect("a script");
        let place = tempfile::tempdir().expect("a folder");
        let bin = place.path().join(".bin");
        fs::create_dir(&bin).expect("made");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_deploy"), bin.join("ansible-vault")).expect("linked");
        fs::write(place.path().join(".script"), script).expect("written");
        let output = std::process::Command::new("bash")
            .arg(".script")
            .current_dir(place.path())
            .env_clear()
            .envs([("HOME", place.path().as_os_str()), ("LANG", "C.UTF-8".as_ref())])
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .stdin(std::process::Stdio::null())
            .output()
            .expect("bash runs");
        let (theirs, ours) = (fs::read_to_string(&recorded).expect("text"), String::from_utf8_lossy(&output.stdout));
        if theirs != ours {
            let difference = similar::TextDiff::from_lines(&*theirs, &*ours).unified_diff().context_radius(3).to_string();
            wrong += &format!("{}:\n{difference}\n{}\n", recorded.display(), String::from_utf8_lossy(&output.stderr));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
