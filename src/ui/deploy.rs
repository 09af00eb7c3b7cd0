//! What a deploy shows: the plan, a line of progress for each host, and who runs what in the end.

use std::collections::{HashMap, HashSet};
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::colour::{Colour, paint};
use super::{line, note, report};
use crate::diag::Diagnostic;
use crate::engine::{Event, Outcome, Sink, Status, TaskInfo};

/// Columns as wide as their widest cell; the last one is not padded. A cell may be painted.
pub fn table(header: &[&str], rows: &[Vec<(String, Option<Colour>)>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|(text, _)| text.chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let padded = |text: &str, column: usize| {
        let gap = if column + 1 == header.len() { 0 } else { widths[column] - text.chars().count() };
        (text.to_owned(), " ".repeat(gap))
    };
    let head: Vec<String> = header.iter().enumerate().map(|(i, text)| padded(text, i)).map(|(text, gap)| text + &gap).collect();
    line(&paint(head.join("  ").trim_end(), Colour::Grey));
    for row in rows {
        let cells = row.iter().enumerate().map(|(i, (text, colour))| {
            let (text, gap) = padded(text, i);
            colour.map_or(text.clone(), |colour| paint(&text, colour)) + &gap
        });
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// A sentence that closes a command.
pub fn closing(text: &str, good: bool) {
    line(&paint(text, if good { Colour::Green } else { Colour::Red }));
}

/// Whether somebody can be asked.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for yes or no; no is the answer of an empty line and of the end of the input.
///
/// # Errors
/// The terminal cannot be read.
pub fn confirm(question: &str) -> std::io::Result<bool> {
    let mut out = std::io::stderr();
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Shows events as one line a host that moves in a terminal, and as plain lines elsewhere.
pub struct Progress {
    bars: Option<MultiProgress>,
    hosts: HashMap<Arc<str>, ProgressBar>,
    state: Mutex<State>,
    width: usize,
}

#[derive(Default)]
struct State {
    /// Hosts whose failure has been shown: what fails because of it is not news.
    failed: HashSet<Arc<str>>,
    warned: HashSet<String>,
    /// Last thing said of a host in plain lines.
    said: HashMap<Arc<str>, String>,
}

impl Progress {
    pub fn new(hosts: &[Arc<str>]) -> Progress {
        let dumb = std::env::var("TERM").as_deref() == Ok("dumb");
        let bars = (std::io::stderr().is_terminal() && !dumb).then(MultiProgress::new);
        let width = hosts.iter().map(|host| host.chars().count()).max().unwrap_or_default();
        let template =
            if super::colour::enabled() { "{spinner:.cyan} {prefix:.bold}  {wide_msg}" } else { "{spinner} {prefix}  {wide_msg}" };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = |all: &MultiProgress, host: &Arc<str>| {
            let bar = all.add(ProgressBar::new_spinner().with_style(style.clone()).with_prefix(format!("{host:<width$}")));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        };
        let hosts = bars.iter().flat_map(|all| hosts.iter().map(|host| (host.clone(), bar(all, host)))).collect();
        Progress { bars, hosts, state: Mutex::default(), width }
    }

    /// Takes the moving lines away; what is to stay is printed by others.
    pub fn clear(&self) {
        for bar in self.hosts.values() {
            bar.finish_and_clear();
        }
    }

    fn say(&self, host: &Arc<str>, text: &str, state: &mut State) {
        match self.hosts.get(host) {
            Some(bar) => bar.set_message(text.to_owned()),
            None if self.bars.is_some() => {}
            None => {
                if state.said.insert(host.clone(), text.to_owned()).as_deref() != Some(text) {
                    line(&format!("{host:<width$}  {text}", width = self.width));
                }
            }
        }
    }

    fn above(&self, print: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }

    fn finished(&self, task: &TaskInfo, host: &Arc<str>, outcome: &Outcome, state: &mut State) {
        match outcome.status {
            // The playbook's own last word says nothing new.
            Status::Failed if state.failed.contains(host) && task.action.rsplit('.').next() == Some("fail") => {}
            Status::Failed | Status::Unreachable => {
                self.say(host, &paint(&format!("failed: {}", task.name), Colour::Red), state);
                if state.failed.insert(host.clone()) {
                    self.above(|| failure(task, host, outcome));
                }
            }
            Status::Changed if self.bars.is_none() => self.say(host, &task.name, state),
            _ => {}
        }
    }
}

impl Sink for Progress {
    fn emit(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            // A terminal shows what is being done, plain lines what was done.
            Event::Working { task, host, .. } if self.bars.is_some() => self.say(&host, &task.name, &mut state),
            Event::Finished { task, host, outcome } => self.finished(&task, &host, &outcome, &mut state),
            // Many a second, and each replaced by the next: for a terminal only.
            Event::Progress { host, message, step, of } if self.bars.is_some() && !message.is_empty() => {
                let steps = if of > 0 { format!(" {step}/{of}") } else { String::new() };
                self.say(&host, &format!("{message}{steps}"), &mut state);
            }
            Event::Warning(warning) if state.warned.insert(warning.to_string()) => {
                self.above(|| report(&warning));
            }
            _ => {}
        }
    }
}

/// What failed, on which host, and all that the task said.
fn failure(task: &TaskInfo, host: &str, outcome: &Outcome) {
    let text = |key: &str| outcome.result.get(key).map(ToString::to_string).filter(|text| !text.is_empty());
    let msg = text("msg").or_else(|| outcome.error.as_ref().map(|error| error.message.clone())).unwrap_or_else(|| "it failed".into());
    let mut diagnostic = outcome.error.clone().unwrap_or_else(|| Diagnostic::error(""));
    diagnostic.message = format!("{host}: {}: {msg}", task.name);
    report(&diagnostic.or_at(Some(&task.span)));
    if !task.no_log {
        for stream in ["stdout", "stderr"] {
            let Some(said) = text(stream) else { continue };
            let lines: Vec<&str> = said.lines().collect();
            lines[lines.len().saturating_sub(15)..].iter().for_each(|line| note(&format!("  {line}")));
        }
    }
}
