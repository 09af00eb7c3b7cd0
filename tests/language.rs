//! The playbook language, case by case: `tests/language/AREA/CASE/` holds a playbook, perhaps an inventory and arguments, and what
//! ansible-core does with it (`output`, `code`), recorded by `tests/language/record`.
//!
//! The real binary runs the case; its output must be the same but for what no user relies on: the words of error messages, the
//! folders of included files, the number of banners of `meta` tasks.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn plays_do_what_ansible_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let only = std::env::var("CASE").unwrap_or_default();
    let mut wrong = String::new();
    let mut ran = 0;
    for folder in cases(&root) {
        let name = folder.strip_prefix(&root).unwrap_or(&folder).display().to_string();
        if !name.contains(&only) {
            continue;
        }
        ran += 1;
        let (output, code, errors) = run(&folder, &root);
        let expected = fs::read_to_string(folder.join("output")).unwrap_or_default();
        let expected_code = fs::read_to_string(folder.join("code")).unwrap_or_default();
        let (want, have) = (normal(&expected), normal(&output));
        if want != have || code.to_string() != expected_code.trim() {
            let difference = similar::TextDiff::from_lines(&want, &have).unified_diff().context_radius(3).header("ansible", "deploy").to_string();
            let _ = writeln!(wrong, "── {name}: exit code {code}, expected {}\n{difference}\n{errors}", expected_code.trim());
        }
    }
    assert!(ran > 0, "no case matches CASE={only}");
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn cases(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for area in fs::read_dir(root).into_iter().flatten().flatten() {
        for case in fs::read_dir(area.path()).into_iter().flatten().flatten() {
            if case.path().join("playbook.yml").is_file() {
                found.push(case.path());
            }
        }
    }
    found.sort();
    found
}

fn run(folder: &Path, root: &Path) -> (String, i32, String) {
    let own = folder.join("inventory.yml");
    let inventory = if own.is_file() { own } else { root.join("inventory.yml") };
    let arguments = fs::read_to_string(folder.join("arguments")).unwrap_or_default();
    let output = Command::new(env!("CARGO_BIN_EXE_deploy"))
        .current_dir(root)
        .args(["playbook", "-f", "1", "-i"])
        .arg(inventory)
        .args(arguments.split_whitespace())
        .arg(folder.join("playbook.yml"))
        .env("NO_COLOR", "1")
        .env_remove("ANSIBLE_INVENTORY")
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), output.status.code().unwrap_or(-1), text(&output.stderr))
}

/// What users and their scripts read, without what differs by design.
fn normal(output: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_error = false;
    let mut in_fatal = false;
    for line in output.lines() {
        // Error reports stand apart from the lines of hosts: the words are our own.
        if line.starts_with("[ERROR]") || line.starts_with("[WARNING]") {
            in_error = true;
            continue;
        }
        let of_host = ["ok: ", "changed: ", "fatal: ", "failed: ", "skipping: ", "included: ", "TASK ", "PLAY ", "RUNNING ", "...ignoring", "FAILED - "];
        if of_host.iter().any(|start| line.starts_with(start)) {
            in_error = false;
            in_fatal = false;
        }
        if in_error || in_fatal {
            continue;
        }
        let mut line = line.trim_end().to_owned();
        if line.starts_with("fatal: ") || line.starts_with("failed: ") {
            in_fatal = true;
            line = line.split(" => ").next().unwrap_or_default().to_owned();
        }
        if line.starts_with("FAILED - RETRYING") {
            in_fatal = true;
            line = line.split("Result was").next().unwrap_or_default().to_owned();
        }
        if let Some(rest) = line.strip_prefix("included: ") {
            let (file, hosts) = rest.split_once(" for ").unwrap_or((rest, ""));
            line = format!("included: {} for {hosts}", file.rsplit('/').next().unwrap_or_default().trim_end_matches(".yml"));
        }
        lines.push(line);
    }
    // A banner that nothing follows (meta tasks) says nothing.
    let mut kept: Vec<String> = Vec::new();
    for line in lines.into_iter().filter(|l| !l.is_empty()) {
        let banner = |l: &String| l.starts_with("TASK [") || l.starts_with("RUNNING HANDLER [");
        let next_banner = banner(&line) || line.starts_with("PLAY ");
        if next_banner && kept.last().is_some_and(banner) {
            kept.pop();
        }
        kept.push(line);
    }
    kept.join("\n") + "\n"
}
