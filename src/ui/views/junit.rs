//! A JUnit file for CI: a suite a play, a case for each task on each host.
//!
//! The format is the one that Jenkins, GitLab and GitHub's reporters read (github.com/testmoapp/junitxml).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::results;
use crate::diag::Diagnostic;
use crate::engine::{Event, Outcome, Sink, Status, TaskInfo};
use crate::ui::report;

pub struct Junit {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    playbook: String,
    suites: Vec<(String, Vec<Case>)>,
    /// When a host began with a task.
    begun: HashMap<(u64, Arc<str>), Instant>,
}

struct Case {
    name: String,
    class: String,
    seconds: f64,
    /// Kind of the element below, and its text; none for what went well.
    inner: Option<(&'static str, String)>,
}

impl Junit {
    pub fn new(folder: PathBuf) -> Junit {
        Junit { folder, state: Mutex::default() }
    }
}

impl Sink for Junit {
    fn emit(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::PlaybookStarted { path, .. } => {
                let stem = std::path::Path::new(&path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
                state.playbook = if state.playbook.is_empty() { stem } else { format!("{}-{stem}", state.playbook) };
            }
            Event::PlayStarted { name, .. } => state.suites.push((name, Vec::new())),
            Event::Working { task, host, .. } => drop(state.begun.entry((task.id, host)).or_insert_with(Instant::now)),
            Event::Finished { task, host, outcome } => {
                let seconds = state.begun.remove(&(task.id, host.clone())).map_or(0.0, |begun| begun.elapsed().as_secs_f64());
                let case = case(&task, &host, &outcome, seconds);
                if let Some((_, cases)) = state.suites.last_mut() {
                    cases.push(case);
                }
            }
            Event::Ended { .. } => {
                if let Err(error) = self.write(&state) {
                    report(&Diagnostic::warning(format!("cannot write the JUnit file into {}: {error}", self.folder.display())));
                }
            }
            _ => {}
        }
    }
}

impl Junit {
    fn write(&self, state: &State) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let at = jiff::Timestamp::now().as_microsecond();
        std::fs::write(self.folder.join(format!("{}-{at}.xml", state.playbook)), document(state))
    }
}

fn case(task: &TaskInfo, host: &str, outcome: &Outcome, seconds: f64) -> Case {
    let text = || {
        let map = results::shown(outcome, 0);
        let said = map.get("msg").and_then(|msg| msg.as_str()).unwrap_or_default().to_owned();
        format!("{said}\n{}", results::indented(&serde_json::Value::Object(map), 4))
    };
    let inner = match outcome.status {
        Status::Failed => Some(("failure", text())),
        Status::Unreachable => Some(("error", text())),
        Status::Skipped | Status::UnreachableIgnored => Some(("skipped", String::new())),
        Status::Ok | Status::Changed | Status::Ignored => None,
    };
    let role = task.role.as_ref().map(|role| format!("{role} : ")).unwrap_or_default();
    Case {
        name: format!("[{host}] {role}{}", task.name),
        class: format!("{}:{}", task.span.source.path.display(), task.span.line),
        seconds,
        inner,
    }
}

fn document(state: &State) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let count = |cases: &[Case], kind: &str| cases.iter().filter(|case| case.inner.as_ref().is_some_and(|(is, _)| *is == kind)).count();
    let all: usize = state.suites.iter().map(|(_, cases)| cases.len()).sum();
    let _ = writeln!(out, "<testsuites name=\"{}\" tests=\"{all}\">", escaped(&state.playbook));
    for (name, cases) in &state.suites {
        let (failures, errors, skipped) = (count(cases, "failure"), count(cases, "error"), count(cases, "skipped"));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\">",
            escaped(name),
            cases.len()
        );
        for case in cases {
            let _ = write!(
                out,
                "    <testcase name=\"{}\" classname=\"{}\" time=\"{:.6}\"",
                escaped(&case.name),
                escaped(&case.class),
                case.seconds
            );
            let _ = match &case.inner {
                None => writeln!(out, "/>"),
                Some((kind, text)) if text.is_empty() => writeln!(out, "><{kind}/></testcase>"),
                Some((kind, text)) => {
                    let first = text.lines().next().unwrap_or_default();
                    writeln!(out, "><{kind} message=\"{}\">{}</{kind}></testcase>", escaped(first), escaped(text))
                }
            };
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// For XML: text and attributes; control characters that XML 1.0 does not allow are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
