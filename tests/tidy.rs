//! Rules of style as a test that answers `path:line: what is wrong`: layers, file length, tables, folders of cases.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines a file may have; tables of data and tests may be longer.
const LONGEST: usize = 450;

/// Folder names that say nothing of what they hold.
const VAGUE: &[&str] = &["utils", "util", "common", "helpers", "misc", "core", "lib"];

/// Who may not import whom: part of `src`, what it must not name, why.
const NEVER: &[(&str, &[&str], &str)] = &[
    (
        "agent",
        &["engine", "playbook", "vars", "template", "remote", "cli", "ui", "release", "actions"],
        "the target side knows no playbooks",
    ),
    ("modules", &["engine", "playbook", "vars", "template", "remote", "cli", "ui", "release", "actions", "agent"], "a module only plans"),
    (
        "plan",
        &["engine", "playbook", "vars", "template", "remote", "cli", "ui", "release", "actions", "agent", "modules"],
        "the plan is the ground of the target side",
    ),
    ("engine", &["ui", "cli"], "the engine emits events and prints nothing"),
    ("release", &["ui", "cli", "engine"], "the steps of a release print nothing and run no plays"),
    ("remote", &["engine", "ui", "cli", "playbook", "vars", "template", "actions", "release"], "connections know no playbooks"),
    ("actions", &["engine", "ui", "cli"], "actions reach the run only through what they return"),
    ("playbook", &["engine", "ui", "cli", "remote", "release"], "what users wrote knows not how it runs"),
    ("inventory", &["engine", "ui", "cli", "remote", "release"], "the inventory is below the engine"),
    ("vars", &["engine", "ui", "cli", "remote", "release", "actions"], "variables are below the engine"),
    (
        "template",
        &["engine", "ui", "cli", "remote", "release", "actions", "vars", "inventory", "playbook", "plugins"],
        "templates see a scope, nothing else",
    ),
    (
        "plugins",
        &["engine", "ui", "cli", "remote", "release", "actions", "vars", "inventory", "playbook"],
        "plugins are run for templates, which know nothing else",
    ),
    (
        "config",
        &["engine", "ui", "cli", "remote", "release", "actions", "vars", "inventory", "playbook", "template", "yaml"],
        "settings are handed down",
    ),
    (
        "galaxy",
        &["engine", "ui", "cli", "remote", "release", "actions", "vars", "inventory", "playbook", "template"],
        "roles are fetched before anything is read",
    ),
    (
        "yaml",
        &["engine", "ui", "cli", "remote", "release", "actions", "vars", "inventory", "playbook", "template"],
        "YAML is near the ground",
    ),
    (
        "vault",
        &["engine", "ui", "cli", "remote", "release", "actions", "vars", "inventory", "playbook", "template"],
        "the vault only opens texts",
    ),
    (
        "diag.rs",
        &["engine", "ui", "cli", "remote", "release", "actions", "vars", "inventory", "playbook", "template", "yaml"],
        "the ground floor",
    ),
];

#[test]
fn tidy() {
    let mut wrong = String::new();
    for path in files(Path::new("src"), "rs") {
        let text = fs::read_to_string(&path).expect("a source file is text");
        let shown = path.display();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if code.lines().count() > LONGEST {
            let _ = writeln!(wrong, "{shown}:1: {} lines without tests; split it by what it holds", code.lines().count());
        }
        if !text.starts_with("//!") {
            let _ = writeln!(wrong, "{shown}:1: begin with `//!` and what this file holds");
        }
        let printing = !path.starts_with("src/ui");
        for (number, line) in text.lines().enumerate() {
            let mut say = |what: &str| {
                let _ = writeln!(wrong, "{shown}:{}: {what}", number + 1);
            };
            if printing
                && ["println!", "eprintln!", "print!(", "eprint!("].iter().any(|p| line.contains(p))
                && !line.trim_start().starts_with("//")
            {
                say("only src/ui prints");
            }
            if line.contains("#[allow(") && !line.contains("reason") {
                say("use #[expect(…, reason = \"…\")]");
            }
            for (part, never, why) in NEVER {
                if !path.starts_with(Path::new("src").join(part)) {
                    continue;
                }
                for target in *never {
                    let names = [format!("crate::{target}::"), format!("crate::{target};"), format!("crate::{target} ")];
                    if names.iter().any(|n| line.contains(n.as_str())) && !line.trim_start().starts_with("//") {
                        say(&format!("{part} must not import {target}: {why}"));
                    }
                }
            }
        }
    }
    for folder in folders(Path::new("src")) {
        if folder.file_name().and_then(|n| n.to_str()).is_some_and(|n| VAGUE.contains(&n)) {
            let _ = writeln!(wrong, "{}: name the folder for what it holds", folder.display());
        }
    }
    wrong += &modules_have_cases();
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Every module in the table has a folder of cases, every folder of cases a module, and every argument a word of documentation.
fn modules_have_cases() -> String {
    let mut wrong = String::new();
    let names: Vec<&str> = deploy::modules::MODULES.iter().filter_map(|m| m.name.rsplit('.').next()).collect();
    for (module, name) in deploy::modules::MODULES.iter().zip(&names) {
        if !Path::new("tests/modules").join(name).is_dir() {
            let _ = writeln!(wrong, "tests/modules/{name}/: `{}` has no cases", module.name);
        }
        if module.summary.trim().is_empty() {
            let _ = writeln!(wrong, "src/modules: `{}` has no summary", module.name);
        }
        for argument in module.arguments.iter().filter(|a| a.doc.trim().is_empty()) {
            let _ = writeln!(wrong, "src/modules: argument `{}` of `{}` has no documentation", argument.name, module.name);
        }
    }
    for folder in fs::read_dir("tests/modules").into_iter().flatten().flatten().filter(|e| e.path().is_dir()) {
        let name = folder.file_name().to_string_lossy().into_owned();
        if !names.contains(&name.as_str()) {
            let _ = writeln!(wrong, "tests/modules/{name}/: no module has this name");
        }
    }
    for action in deploy::actions::ACTIONS {
        for argument in action.arguments.iter().filter(|a| a.doc.trim().is_empty()) {
            let _ = writeln!(wrong, "src/actions: argument `{}` of `{}` has no documentation", argument.name, action.name);
        }
    }
    wrong
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            all.push(path);
        }
    }
    all.sort();
    all
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).filter(|p| p.is_dir());
    below.flat_map(|path| std::iter::once(path.clone()).chain(folders(&path))).collect()
}
