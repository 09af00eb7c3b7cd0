//! Plays as they run, in the shape that users of ansible-playbook and their scripts know: banners, a line a host, a recap.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

use super::colour::{Colour, paint};
use super::{difference, line, report};
use crate::engine::{Counts, Event, Outcome, Sink, Status, TaskInfo};
use crate::value::Value;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verbosity {
    /// The number of -v.
    pub level: u8,
    pub diff: bool,
}

/// Writes events to the terminal.
pub struct PlayView {
    verbosity: Verbosity,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The task whose banner stands above.
    banner: Option<u64>,
    /// Warnings shown already.
    warned: HashSet<String>,
}

impl PlayView {
    pub fn new(verbosity: Verbosity) -> PlayView {
        PlayView { verbosity, state: Mutex::default() }
    }

    fn banner(&self, state: &mut State, task: &TaskInfo) {
        if state.banner == Some(task.id) {
            return;
        }
        state.banner = Some(task.id);
        let kind = if task.handler { "RUNNING HANDLER" } else { "TASK" };
        let role = task.role.as_ref().map(|r| format!("{r} : ")).unwrap_or_default();
        banner(&format!("{kind} [{role}{}]", task.name));
        if self.verbosity.level >= 2 {
            line(&paint(&format!("task path: {}:{}", task.span.source.path.display(), task.span.line), Colour::Grey));
        }
    }

    fn finished(&self, task: &TaskInfo, host: &str, outcome: &Outcome) {
        let name = match &outcome.delegated_to {
            Some(other) => format!("[{host} -> {other}]"),
            None => format!("[{host}]"),
        };
        let of_loop = outcome.item.is_some();
        let item = outcome.item.as_ref().map(|item| format!(" => (item={item})")).unwrap_or_default();
        let action = task.action.rsplit('.').next().unwrap_or_default();
        let quiet = task.no_log || outcome.result.get("_quiet").is_some_and(Value::is_true);
        let debug = matches!(action, "debug" | "assert") && !quiet;
        let whole_loop = !of_loop && outcome.result.get("results").is_some();
        let shown = if debug || self.verbosity.level >= 1 { format!(" => {}", self.dump(&outcome.result, if debug { Shape::Shown(action) } else { Shape::Line })) } else { String::new() };
        let shown = if whole_loop { String::new() } else { shown };
        match outcome.status {
            // What the items said stands above already.
            Status::Ok | Status::Changed if whole_loop => {}
            Status::Ok => line(&paint(&format!("ok: {name}{item}{shown}"), Colour::Green)),
            Status::Changed => line(&paint(&format!("changed: {name}{item}{shown}"), Colour::Yellow)),
            Status::Skipped => line(&paint(&format!("skipping: {name}{item}{}", if debug { "" } else { &shown }), Colour::Cyan)),
            Status::Failed | Status::Ignored if whole_loop => {}
            Status::Failed | Status::Ignored if of_loop => {
                let item = item.trim_start_matches(" => ");
                line(&paint(&format!("failed: {name} {item} => {}", self.dump(&outcome.result, Shape::Line)), Colour::Red));
            }
            Status::Failed | Status::Ignored => {
                line(&paint(&format!("fatal: {name}: FAILED! => {}", self.dump(&outcome.result, Shape::Line)), Colour::Red));
            }
            Status::Unreachable | Status::UnreachableIgnored => {
                line(&paint(&format!("fatal: {name}: UNREACHABLE! => {}", self.dump(&outcome.result, Shape::Line)), Colour::Purple));
            }
        }
        if matches!(outcome.status, Status::Ignored | Status::UnreachableIgnored) && !of_loop {
            line(&paint("...ignoring", Colour::Cyan));
        }
        if let Some(problem) = &outcome.error
            && outcome.status == Status::Failed
            && !of_loop
            && !task.no_log
        {
            report(problem);
        }
    }

    fn dump(&self, result: &Value, shape: Shape<'_>) -> String {
        let mut json = result.to_json().unwrap_or(Json::Null);
        if let Some(map) = json.as_object_mut() {
            map.retain(|key, _| !key.starts_with('_'));
            map.shift_remove("failed");
            if self.verbosity.level < 3 {
                map.shift_remove("invocation");
                map.shift_remove("diff");
            }
            if let Shape::Shown(action) = shape {
                // What the loop added is in the line already.
                let names: Vec<String> =
                    ["ansible_loop_var", "ansible_index_var"].iter().filter_map(|n| map.get(*n)?.as_str().map(str::to_owned)).collect();
                map.retain(|key, _| !key.starts_with("ansible_") || key == "ansible_facts");
                names.iter().for_each(|name| drop(map.shift_remove(name)));
                map.shift_remove("skipped");
                if action == "debug" {
                    map.shift_remove("changed");
                }
            }
            map.sort_keys();
        }
        match shape {
            Shape::Line => spaced(&json),
            Shape::Shown(_) => indented(&json),
        }
    }
}

/// How a result is written.
#[derive(Clone, Copy)]
enum Shape<'a> {
    /// On one line.
    Line,
    /// Over many lines, without what is no news: the action was made to show something.
    Shown(&'a str),
}

impl Sink for PlayView {
    fn emit(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::PlaybookStarted { path } => {
                if self.verbosity.level >= 2 {
                    banner(&format!("PLAYBOOK: {path}"));
                }
            }
            Event::PlayStarted { name, check, .. } => {
                state.banner = None;
                banner(&format!("PLAY [{name}]{}", if check { " [CHECK MODE]" } else { "" }));
            }
            Event::NoHosts { name } => {
                banner(&format!("PLAY [{name}]"));
                line(&paint("skipping: no hosts matched", Colour::Cyan));
            }
            Event::TaskStarted(task) => self.banner(&mut state, &task),
            Event::Working { .. } => {}
            Event::Item { task, host, outcome } => {
                self.banner(&mut state, &task);
                if self.verbosity.diff {
                    outcome.diff.iter().flat_map(difference::lines).for_each(|l| line(&l));
                }
                self.finished(&task, &host, &outcome);
            }
            Event::Finished { task, host, outcome } => {
                self.banner(&mut state, &task);
                let items_showed_it = outcome.result.get("results").is_some();
                if self.verbosity.diff && !items_showed_it {
                    outcome.diff.iter().flat_map(difference::lines).for_each(|l| line(&l));
                }
                self.finished(&task, &host, &outcome);
                for warning in &outcome.warnings {
                    if state.warned.insert(warning.clone()) {
                        super::note(&paint(&format!("[WARNING]: {warning}"), Colour::Purple));
                    }
                }
            }
            Event::Retrying { task, host, left, .. } => {
                self.banner(&mut state, &task);
                line(&paint(&format!("FAILED - RETRYING: [{host}]: {} ({left} retries left).", task.name), Colour::Grey));
            }
            Event::Progress { host, message, step, of } => {
                if self.verbosity.level >= 1 && !message.is_empty() {
                    let steps = if of > 0 { format!(" ({step}/{of})") } else { String::new() };
                    line(&paint(&format!("[{host}] {message}{steps}"), Colour::Grey));
                }
            }
            Event::Included { what, hosts, label } => {
                let hosts: Vec<&str> = hosts.iter().map(AsRef::as_ref).collect();
                let label = label.map(|l| format!(" => (item={l})")).unwrap_or_default();
                line(&paint(&format!("included: {what} for {}{label}", hosts.join(", ")), Colour::Cyan));
            }
            Event::Warning(warning) => {
                if state.warned.insert(warning.to_string()) {
                    report(&warning);
                }
            }
            Event::Ended { recap } => recap_lines(&recap),
        }
    }
}

fn banner(title: &str) {
    let width = 79;
    let stars = "*".repeat(width_left(title, width));
    line(&format!("\n{} {stars}", paint(title, Colour::Bright)));
}

fn width_left(title: &str, width: usize) -> usize {
    width.saturating_sub(title.chars().count()).max(3)
}

fn recap_lines(recap: &[(std::sync::Arc<str>, Counts)]) {
    banner("PLAY RECAP");
    for (host, counts) in recap {
        let name_colour = match counts {
            c if c.failed > 0 || c.unreachable > 0 => Colour::Red,
            c if c.changed > 0 => Colour::Yellow,
            _ => Colour::Green,
        };
        let part = |name: &str, number: u32, colour: Colour| {
            let text = format!("{:<width$}", format!("{name}={number}"), width = name.len() + 6);
            if number > 0 { paint(&text, colour) } else { text }
        };
        let text = format!(
            "{} : {}{}{}{}{}{}{}",
            paint(&format!("{host:<26}"), name_colour),
            part("ok", counts.ok, Colour::Green),
            part("changed", counts.changed, Colour::Yellow),
            part("unreachable", counts.unreachable, Colour::Red),
            part("failed", counts.failed, Colour::Red),
            part("skipped", counts.skipped, Colour::Cyan),
            part("rescued", counts.rescued, Colour::Yellow),
            part("ignored", counts.ignored, Colour::Blue),
        );
        line(text.strip_suffix(' ').unwrap_or(&text));
    }
    line("");
}

/// JSON over many lines, four blanks a level.
fn indented(json: &Json) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    match serde::Serialize::serialize(json, &mut writer) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => json.to_string(),
    }
}

/// JSON with a blank after `:` and `,`, as Python writes it.
fn spaced(json: &Json) -> String {
    match json {
        Json::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(k, v)| format!("{}: {}", Json::from(k.as_str()), spaced(v))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        scalar => scalar.to_string(),
    }
}
