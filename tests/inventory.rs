//! Every folder of `tests/inventory/` is a case: sources in `arguments`, and what ansible-inventory and `ansible --list-hosts` made of
//! them (`tests/inventory/record` records it). `list.json` and `export.json` are compared as JSON, the others line by line.
//! Cases with `error.txt` are mistakes: it holds what we say, a line each; RECORD=1 writes it anew, to be read before it is committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deploy::diag::Source;
use deploy::inventory::{Inventory, Settings, Shown};
use deploy::vault::{Decrypt, Secret, decrypt};

#[test]
fn inventories_are_what_ansible_makes_of_them() {
    let mut wrong = String::new();
    let mut cases: Vec<PathBuf> =
        fs::read_dir("tests/inventory").expect("cases").map(|e| e.expect("entry").path()).filter(|p| p.is_dir()).collect();
    cases.sort();
    assert!(cases.len() > 10);
    for case in cases {
        if let Err(why) = check(&case) {
            wrong += &format!("{}: {why}\n", case.display());
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn check(case: &Path) -> Result<(), String> {
    let (inventory, warnings) = match load(case) {
        Ok(found) => found,
        Err(message) => return same(case, "error.txt", &message),
    };
    if case.join("error.txt").exists() {
        return Err("no error".into());
    }
    if case.join("warnings.txt").exists() {
        same(case, "warnings.txt", &warnings)?;
    }
    let recorded: serde_json::Value = serde_json::from_str(&text(case, "list.json")?).map_err(|e| e.to_string())?;
    let ours = inventory.to_json(&Shown::default());
    if ours != recorded {
        return Err(format!("list.json\n{}", difference(&pretty(&recorded), &pretty(&ours))));
    }
    // A group takes the variables of a host of its name there.
    let shared_name = warnings.contains("of a group and of a host");
    let export: serde_json::Value = serde_json::from_str(&text(case, "export.json")?).map_err(|e| e.to_string())?;
    let ours = inventory.to_json(&Shown { export: true, only: None });
    if ours != export && !shared_name {
        return Err(format!("export.json\n{}", difference(&pretty(&export), &pretty(&ours))));
    }
    // What several hosts have in common is written once there, with anchors; here again and again.
    if text(case, "list.yml")?.contains("&id001") {
        let nodes = |yaml: String| {
            deploy::yaml::load(&Arc::new(Source { path: "list.yml".into(), text: yaml.into() }))
                .map(|loaded| format!("{:#?}", loaded.documents))
        };
        let (theirs, ours) = (nodes(text(case, "list.yml")?), nodes(inventory.to_yaml(&Shown::default())));
        let (theirs, ours) = (theirs.map_err(|e| e.to_string())?, ours.map_err(|e| e.to_string())?);
        if theirs != ours {
            return Err(format!("list.yml\n{}", difference(&theirs, &ours)));
        }
    } else {
        same(case, "list.yml", &inventory.to_yaml(&Shown::default()))?;
    }
    // In Ansible's tree encrypted values stand open, which we do not do.
    let differs = pretty(&recorded).contains("__ansible_vault") || shared_name;
    if !differs {
        same(case, "graph.txt", &inventory.graph("all", true))?;
    }
    if case.join("patterns").exists() {
        let mut found = String::new();
        for pattern in text(case, "patterns")?.lines() {
            let hosts = inventory.matching(pattern, None).map_err(|e| e.to_string())?;
            let hosts: String = hosts.iter().map(|host| format!(" {host}")).collect();
            found += &format!("{pattern} =>{hosts}\n");
        }
        same(case, "hosts.txt", &found)?;
    }
    Ok(())
}

/// The inventory and its warnings; the error is the messages, with paths from the case's folder on.
fn load(case: &Path) -> Result<(Inventory, String), String> {
    let (mut sources, mut playbook, mut secrets) = (Vec::new(), None, Vec::new());
    let here = case.display().to_string();
    for line in text(case, "arguments")?.lines() {
        let (option, value) = line.split_once(' ').ok_or("an argument is an option and a value")?;
        match option {
            "-i" if value.contains(',') => sources.push(value.to_string()),
            "-i" => sources.push(format!("{here}/{value}")),
            "--playbook-dir" => playbook = Some(case.join(value)),
            "--vault-password-file" => secrets.push(Secret::from_file(&case.join(value), &[]).map_err(|e| e.to_string())?),
            _ => return Err(format!("unknown option {option}")),
        }
    }
    let open: Option<Arc<Decrypt>> = if secrets.is_empty() { None } else { Some(Arc::new(move |text: &str| decrypt(text, &secrets))) };
    let shown = |all: &[deploy::diag::Diagnostic]| {
        let mut lines = String::new();
        for one in all {
            lines += &format!("{one}\n").replace(&format!("{here}/"), "");
            one.help.iter().for_each(|help| lines += &format!("  help: {help}\n").replace(&format!("{here}/"), ""));
        }
        lines
    };
    let settings = Settings { playbook_folders: playbook.into_iter().collect(), decrypt: open, ..Settings::default() };
    match Inventory::load(&sources, settings) {
        Ok((inventory, warnings)) => match inventory.readable(&inventory.hosts_of("all")) {
            Ok(()) => Ok((inventory, shown(&warnings))),
            Err(problems) => Err(shown(&problems.0)),
        },
        Err(problems) => Err(shown(&problems.0)),
    }
}

fn text(case: &Path, name: &str) -> Result<String, String> {
    fs::read_to_string(case.join(name)).map_err(|error| format!("{name}: {error}"))
}

fn same(case: &Path, name: &str, ours: &str) -> Result<(), String> {
    if std::env::var_os("RECORD").is_some() && matches!(name, "error.txt" | "warnings.txt") {
        fs::write(case.join(name), ours).map_err(|error| error.to_string())?;
    }
    let recorded = text(case, name).map_err(|why| format!("{why}\n{ours}"))?;
    if recorded == ours { Ok(()) } else { Err(format!("{name}\n{}", difference(&recorded, ours))) }
}

fn pretty(json: &serde_json::Value) -> String {
    serde_json::to_string_pretty(json).expect("JSON")
}

fn difference(recorded: &str, ours: &str) -> String {
    similar::TextDiff::from_lines(recorded, ours).unified_diff().context_radius(2).header("recorded", "ours").to_string()
}
