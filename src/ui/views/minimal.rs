//! The result of one module on each host, as `ansible` shows it: `minimal`, and `oneline`.

use std::collections::HashSet;

use super::results;
use crate::engine::{Event, Outcome, Sink, Status, TaskInfo};
use crate::ui::colour::{Colour, paint};
use crate::ui::{Style, difference, line, report};

/// A result over several lines.
pub struct Minimal {
    style: Style,
}

/// A result on one line.
pub struct OneLine {
    style: Style,
}

impl Minimal {
    pub fn new(style: Style) -> Minimal {
        Minimal { style }
    }
}

impl OneLine {
    pub fn new(style: Style) -> OneLine {
        OneLine { style }
    }
}

impl Sink for Minimal {
    fn emit(&self, event: Event) {
        each(&self.style, event, |task, host, outcome| {
            let (word, colour) = word(outcome.status);
            let text = match of_command(task, outcome) {
                Some((rc, out, err, msg)) => {
                    let parts = [out, err, if outcome.status == Status::Failed { msg } else { String::new() }];
                    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
                    format!("{host} | {word} | rc={rc} >>\n{}", parts.join("\n"))
                }
                None => {
                    let mut style = self.style.clone();
                    style.pretty = Some(true);
                    format!(
                        "{host} | {word}{} => {}",
                        if word == "FAILED" || word == "UNREACHABLE" { "!" } else { "" },
                        results::text(shown(task, outcome, &style), &style, true)
                    )
                }
            };
            line(&paint(&text, colour));
        });
    }
}

impl Sink for OneLine {
    fn emit(&self, event: Event) {
        each(&self.style, event, |task, host, outcome| {
            let (word, colour) = word(outcome.status);
            let text = match of_command(task, outcome) {
                Some((rc, out, err, _)) => {
                    let flat = |text: &str| text.replace('\n', "\\n").replace('\r', "\\r");
                    let err = if err.is_empty() { String::new() } else { format!(" (stderr) {}", flat(&err)) };
                    format!("{host} | {word} | rc={rc} | (stdout) {}{err}", flat(&out))
                }
                None => {
                    let style = Style { pretty: Some(false), yaml: false, ..self.style.clone() };
                    let mark = if matches!(word, "FAILED" | "UNREACHABLE") { "!" } else { "" };
                    format!("{host} | {word}{mark} => {}", results::text(shown(task, outcome, &style), &style, false))
                }
            };
            line(&paint(&text, colour));
        });
    }
}

fn each(style: &Style, event: Event, show: impl Fn(&TaskInfo, &str, &Outcome)) {
    match event {
        Event::Finished { task, host, outcome } => {
            if style.verbosity.diff {
                outcome.diff.iter().flat_map(|diff| difference::lines(diff, style.diff_context)).for_each(|l| line(&l));
            }
            results::warn(&outcome, &mut HashSet::new());
            show(&task, &host, &outcome);
        }
        Event::NoHosts { name } => crate::ui::note(&format!("no hosts matched {name}")),
        Event::Warning(warning) => report(&warning),
        _ => {}
    }
}

fn shown(task: &TaskInfo, outcome: &Outcome, style: &Style) -> serde_json::Map<String, serde_json::Value> {
    let mut map = results::shown(outcome, style.verbosity.level);
    map.shift_remove("failed");
    if task.action.rsplit('.').next() == Some("debug") {
        results::of_debug(&mut map);
    }
    map
}

fn word(status: Status) -> (&'static str, Colour) {
    match status {
        Status::Ok => ("SUCCESS", Colour::Green),
        Status::Changed => ("CHANGED", Colour::Yellow),
        Status::Skipped => ("SKIPPED", Colour::Cyan),
        Status::Failed | Status::Ignored => ("FAILED", Colour::Red),
        Status::Unreachable | Status::UnreachableIgnored => ("UNREACHABLE", Colour::Red),
    }
}

/// Exit code, standard output, standard error and message of a command.
fn of_command(task: &TaskInfo, outcome: &Outcome) -> Option<(String, String, String, String)> {
    let text = |key: &str| outcome.result.get(key).map(ToString::to_string);
    let is_command = matches!(task.action.rsplit('.').next(), Some("command" | "shell" | "raw" | "script"));
    let rc = text("rc").filter(|_| is_command)?;
    Some((rc, text("stdout").unwrap_or_default(), text("stderr").unwrap_or_default(), text("msg").unwrap_or_default()))
}
