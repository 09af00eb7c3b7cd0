//! The result of one module on each host, as `ansible` shows it.

use super::colour::{Colour, paint};
use super::{Verbosity, difference, line, report};
use crate::engine::{Event, Outcome, Sink, Status, TaskInfo};

pub struct OneLine {
    verbosity: Verbosity,
}

impl OneLine {
    pub fn new(verbosity: Verbosity) -> OneLine {
        OneLine { verbosity }
    }

    fn finished(&self, task: &TaskInfo, host: &str, outcome: &Outcome) {
        if self.verbosity.diff {
            outcome.diff.iter().flat_map(difference::lines).for_each(|l| line(&l));
        }
        let (word, colour) = match outcome.status {
            Status::Ok => ("SUCCESS", Colour::Green),
            Status::Changed => ("CHANGED", Colour::Yellow),
            Status::Skipped => ("SKIPPED", Colour::Cyan),
            Status::Failed | Status::Ignored => ("FAILED!", Colour::Red),
            Status::Unreachable | Status::UnreachableIgnored => ("UNREACHABLE!", Colour::Red),
        };
        let text = |key: &str| outcome.result.get(key).map(ToString::to_string);
        let of_command = matches!(task.action.rsplit('.').next(), Some("command" | "shell" | "raw" | "script"));
        match (of_command, text("rc")) {
            (true, Some(rc)) => {
                let word = if outcome.status == Status::Failed { "FAILED" } else { word };
                line(&paint(&format!("{host} | {word} | rc={rc} >>"), colour));
                for part in [text("stdout"), text("stderr")].into_iter().flatten().filter(|t| !t.is_empty()) {
                    line(&paint(&part, colour));
                }
                if outcome.status == Status::Failed && text("stdout").unwrap_or_default().is_empty() && text("stderr").unwrap_or_default().is_empty() {
                    line(&paint(&text("msg").unwrap_or_default(), colour));
                }
            }
            _ => {
                let json = outcome.result.to_json().unwrap_or_default();
                let mut map = json.as_object().cloned().unwrap_or_default();
                map.shift_remove("diff");
                map.sort_keys();
                let shown = serde_json::to_string_pretty(&map).unwrap_or_default().replace("  ", "    ");
                line(&paint(&format!("{host} | {word} => {shown}"), colour));
            }
        }
    }
}

impl Sink for OneLine {
    fn emit(&self, event: Event) {
        match event {
            Event::Finished { task, host, outcome } => self.finished(&task, &host, &outcome),
            Event::NoHosts { name } => super::note(&format!("no hosts matched {name}")),
            Event::Warning(warning) => report(&warning),
            _ => {}
        }
    }
}
