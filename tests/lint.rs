//! `deploy lint` and what `deploy playbook` foresees: a folder a case in `tests/lint/`.
//!
//! A case is a repository with `command` (a command line of `deploy`, run in the folder) and `output`: the exit code in the first
//! line, then all that is said. `BLESS=1` writes `output` anew, to be read before it is committed.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn said(case: &Path) -> String {
    let line = fs::read_to_string(case.join("command")).expect("a command");
    let here = case.canonicalize().expect("a folder");
    let done = Command::new(env!("CARGO_BIN_EXE_deploy"))
        .args(line.split_whitespace())
        .current_dir(case)
        .env("NO_COLOR", "1")
        .env("HOME", here.join("home"))
        .output()
        .expect("it runs");
    let text = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    format!("{}\n{}\n", done.status.code().unwrap_or(-1), text.replace(&*here.to_string_lossy(), ".").trim_end())
}

#[test]
fn mistakes_are_told_with_their_places() {
    let mut wrong = String::new();
    let mut cases: Vec<_> = fs::read_dir("tests/lint").expect("cases").flatten().map(|entry| entry.path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let (is, file) = (said(&case), case.join("output"));
        if env::var_os("BLESS").is_some() {
            fs::write(&file, &is).expect("it is written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if is != expected {
            let _ = writeln!(wrong, "{}: expected\n{expected}\nbut it said\n{is}", case.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
