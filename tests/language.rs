//! The playbook language, case by case: `tests/language/AREA/CASE/` holds a playbook, perhaps an inventory, arguments, input and
//! `environment` (a `NAME=value` a line), and what ansible-core does with it (`output`, `code`), recorded by `tests/language/record`.
//!
//! The real binary runs the case under the name of ansible-playbook; its output must be the same but for what no user relies on: the
//! words of error messages, times, and banners that nothing follows (those of `meta` tasks).

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value};

#[test]
fn plays_do_what_ansible_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let only = std::env::var("CASE").unwrap_or_default();
    let cases: Vec<PathBuf> = cases(&root).into_iter().filter(|folder| folder.display().to_string().contains(&only)).collect();
    assert!(!cases.is_empty(), "no case matches CASE={only}");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("language-{}", std::process::id()));
    fs::create_dir_all(&scratch).expect("a scratch folder");
    let program = scratch.join("ansible-playbook");
    symlink(env!("CARGO_BIN_EXE_deploy"), &program).expect("a link");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(folder) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(difference) = check(folder, &root, &program) {
                        wrong.lock().expect("no thread broke down").push(difference);
                    }
                }
            });
        }
    });
    let _ = fs::remove_dir_all(&scratch);
    let mut wrong = wrong.into_inner().expect("no thread broke down");
    wrong.sort();
    assert!(wrong.is_empty(), "\n{}\n{} of {} cases differ", wrong.join("\n"), wrong.len(), cases.len());
}

/// How the case differs from its record.
fn check(folder: &Path, root: &Path, program: &Path) -> Option<String> {
    let name = folder.strip_prefix(root).unwrap_or(folder).display().to_string();
    let (output, code, errors) = run(folder, root, program);
    let expected = fs::read_to_string(folder.join("output")).unwrap_or_default();
    let expected_code = fs::read_to_string(folder.join("code")).unwrap_or_default();
    let (want, have) = (normal(&expected), normal(&output));
    if want == have && code.to_string() == expected_code.trim() {
        return None;
    }
    let mut text = format!("── {name}: exit code {code}, expected {}\n", expected_code.trim());
    let _ = writeln!(text, "{}", similar::TextDiff::from_lines(&want, &have).unified_diff().context_radius(3).header("ansible", "deploy"));
    let _ = writeln!(text, "{errors}");
    Some(text)
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

fn run(folder: &Path, root: &Path, program: &Path) -> (String, i32, String) {
    let own = folder.join("inventory.yml");
    let inventory = if own.is_file() { own } else { root.join("inventory.yml") };
    let arguments = fs::read_to_string(folder.join("arguments")).unwrap_or_default();
    let environment = fs::read_to_string(folder.join("environment")).unwrap_or_default();
    let output = Command::new(program)
        .current_dir(root)
        .args(["-f", "1", "-i"])
        .arg(inventory)
        .args(arguments.split_whitespace())
        .arg(folder.join("playbook.yml"))
        .env("NO_COLOR", "1")
        .env_remove("ANSIBLE_INVENTORY")
        .envs(environment.lines().filter_map(|line| line.split_once('=')))
        .stdin(fs::File::open(folder.join("input")).map_or_else(|_| Stdio::null(), Stdio::from))
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), output.status.code().unwrap_or(-1), text(&output.stderr))
}

/// Beginnings of the lines that Ansible's scripts read.
const STARTS: &[&str] = &[
    "ok: ",
    "changed: ",
    "fatal: ",
    "failed: ",
    "skipping: ",
    "included: ",
    "TASK ",
    "PLAY ",
    "RUNNING ",
    "NO MORE HOSTS LEFT",
    "...ignoring",
    "FAILED - ",
    "ASYNC ",
    "Perform task: ",
    "playbook: ",
];

/// What users and their scripts read, without what differs by design.
fn normal(output: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    // Error reports stand apart from the lines of hosts: the words are our own.
    let mut in_error = false;
    let output = joined(output);
    for line in output.lines() {
        if STARTS.iter().any(|start| line.starts_with(start)) {
            in_error = false;
        } else if line.starts_with("[ERROR]") || line.starts_with("[WARNING]") || line.starts_with("[DEPRECATION") {
            in_error = true;
        }
        // How often a job was looked at is a matter of time; a question need not be said again as a banner.
        let is_question_again = line.starts_with("Perform task: ") && line.ends_with('*');
        if in_error || line.starts_with("ASYNC POLL") || is_question_again {
            continue;
        }
        let mut line = without_jobs(line.trim_end());
        if let Some((before, result)) = line.split_once(" => {").filter(|_| line.starts_with("fatal: ") || line.starts_with("failed: ")) {
            line = format!("{before} => {}", failure(&format!("{{{result}")));
        }
        if kept_once(&line, &lines) {
            continue;
        }
        if line.starts_with("FAILED - RETRYING") {
            line = line.split("Result was").next().unwrap_or_default().trim_end().to_owned();
        }
        while let Some(at) = line.find("/tests/language/") {
            let from = line[..at].rfind([' ', '\'', '"', '=', '(', '[']).map_or(0, |before| before + 1);
            line.replace_range(from..at + "/tests/language/".len(), "");
        }
        lines.push(line);
    }
    // A banner that nothing follows (meta tasks) says nothing.
    let mut kept: Vec<String> = Vec::new();
    for line in lines.into_iter().filter(|l| !l.is_empty()) {
        let banner = |l: &String| l.starts_with("TASK [") || l.starts_with("RUNNING HANDLER [");
        let next_banner = banner(&line) || line.starts_with("PLAY ") || line.starts_with("NO MORE");
        if next_banner && kept.last().is_some_and(banner) {
            kept.pop();
        }
        kept.push(line);
    }
    kept.join("\n") + "\n"
}

/// Ansible says twice that no hosts are left.
fn kept_once(line: &str, before: &[String]) -> bool {
    line.starts_with("NO MORE HOSTS LEFT") && before.iter().rev().find(|l| !l.is_empty()).is_some_and(|last| last == line)
}

/// The results of failures on one line each: those of `debug` stand on many.
fn joined(output: &str) -> String {
    let mut text = String::new();
    let mut open = false;
    for line in output.lines() {
        let starts = ["fatal: ", "failed: ", "FAILED - "].iter().any(|start| line.starts_with(start)) && line.ends_with('{');
        open = (open || starts) && line != "}";
        text.push_str(if starts || !open { line } else { line.trim_start() });
        if !open {
            text.push('\n');
        }
    }
    text
}

/// `j12.34` without its numbers: no job is like another.
fn without_jobs(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('j') {
        let (before, after) = rest.split_at(at + 1);
        text.push_str(before);
        let job = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
        rest = if after[..job].contains('.') && after.starts_with(|c: char| c.is_ascii_digit()) { &after[job..] } else { after };
    }
    text + rest
}

/// A failed result without its message and times.
fn failure(result: &str) -> String {
    let Ok(mut map) = serde_json::from_str::<Map<String, Value>>(result) else { return result.to_owned() };
    map.retain(|key, _| {
        !matches!(
            key.as_str(),
            "msg"
                | "timedout"
                | "results_file"
                | "child_pid"
                | "failed_when_result"
                | "changed_when_result"
                | "reason"
                | "include"
                | "start"
                | "end"
                | "delta"
                | "ansible_facts"
                | "exception"
        )
    });
    Value::Object(map).to_string()
}
