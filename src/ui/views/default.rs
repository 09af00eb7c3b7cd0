//! Plays as they run, in the shape that users of ansible-playbook and their scripts know: banners, a line a host, a recap.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::results;
use crate::engine::{Counts, Event, Job, Outcome, Sink, Status, TaskInfo};
use crate::ui::colour::{Colour, paint};
use crate::ui::report::bracketed;
use crate::ui::{Style, difference, line, log, note, origin, report};
use crate::value::Value;

/// Writes events to the terminal.
pub struct Default {
    style: Style,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The task whose banner stands above.
    banner: Option<u64>,
    /// Warnings shown already.
    warned: HashSet<String>,
    /// And what went wrong in the same words at the same place: for another host it is not said again.
    failures: HashSet<String>,
}

impl Default {
    pub fn new(style: Style) -> Default {
        Default { style, state: Mutex::default() }
    }

    fn banner(&self, state: &mut State, task: &TaskInfo) {
        if state.banner == Some(task.id) {
            return;
        }
        state.banner = Some(task.id);
        let kind = if task.handler { "RUNNING HANDLER" } else { "TASK" };
        let role = task.role.as_ref().map(|r| format!("{r} : ")).unwrap_or_default();
        let arguments = if self.style.arguments && !task.arguments.is_empty() { format!(" {}", task.arguments) } else { String::new() };
        let check = if task.check && self.style.check_markers { " [CHECK MODE]" } else { "" };
        banner(&format!("{kind} [{role}{}{arguments}]{check}", task.name));
        if self.style.verbosity.level >= 2 {
            line(&paint(&format!("task path: {}", place(task)), Colour::Grey));
        }
    }

    fn dry_run(&self) {
        if self.style.verbosity.check && self.style.check_markers {
            banner("DRY RUN");
        }
    }

    /// Whether the line of this outcome is wanted at all.
    fn is_wanted(&self, status: Status) -> bool {
        match status {
            Status::Ok => self.style.ok,
            Status::Skipped => self.style.skipped,
            _ => true,
        }
    }

    fn finished(&self, state: &mut State, task: &TaskInfo, host: &str, outcome: &Outcome) {
        // What was skipped went nowhere.
        let name = match outcome.delegated_to.as_ref().filter(|_| outcome.status != Status::Skipped) {
            Some(other) => format!("[{host} -> {other}]"),
            None => format!("[{host}]"),
        };
        let of_loop = outcome.item.is_some();
        let item = outcome.item.as_ref().map(|item| format!(" => (item={item})")).unwrap_or_default();
        let action = task.action.rsplit('.').next().unwrap_or_default();
        let quiet = task.no_log || outcome.result.get("_quiet").is_some_and(Value::is_true);
        let made_to_show = matches!(action, "debug" | "assert") && !quiet;
        let whole_loop = !of_loop && outcome.result.get("results").is_some();
        // Facts are many, and no news.
        let silent = matches!(action, "setup" | "gather_facts") && !made_to_show;
        let shown = if made_to_show || (self.style.verbosity.level >= 1 && !silent) {
            self.arrow(outcome, action, made_to_show)
        } else {
            String::new()
        };
        // A `debug` that ran shows what it was made for, also where it was judged to have failed.
        let judged = ["failed_when_result", "changed_when_result", "attempts"].iter().any(|key| outcome.result.get(key).is_some());
        let failed = || self.arrow(outcome, action, action == "debug" && judged);
        let told = self.style.verbosity.level >= 1;
        let skipped = || self.arrow(outcome, action, false);
        let fails = matches!(outcome.status, Status::Failed | Status::Ignored | Status::Unreachable | Status::UnreachableIgnored);
        if fails && !whole_loop && bracketed() && !task.no_log && !outcome.hidden {
            let message = outcome.result.get("msg").map(ToString::to_string).unwrap_or_default();
            let text = origin::failure(outcome.error.as_ref(), &message, &task.span);
            match &outcome.error {
                _ if !state.failures.insert(text.clone()) => {}
                Some(problem) if problem.of_hosts => report(problem),
                _ => self.failure(&paint(&text, Colour::Red)),
            }
        }
        if fails && bracketed() && !of_loop && (!whole_loop || action == "debug") {
            self.path(task);
        }
        match outcome.status {
            // What the items said stands above already.
            Status::Ok | Status::Changed if whole_loop => {}
            Status::Failed | Status::Ignored if whole_loop && action != "debug" => {}
            Status::Ok => line(&paint(&format!("ok: {name}{item}{shown}"), Colour::Green)),
            Status::Changed => line(&paint(&format!("changed: {name}{item}{shown}"), Colour::Yellow)),
            Status::Skipped => line(&paint(
                // ansible-playbook leaves a blank after an item.
                &format!("skipping: {name}{item}{}{}", if of_loop { " " } else { "" }, if told { skipped() } else { String::new() }),
                Colour::Cyan,
            )),
            Status::Failed | Status::Ignored if of_loop => {
                self.failure(&paint(&format!("failed: {name}{}{}", item.replacen(" => ", " ", 1), failed()), Colour::Red));
            }
            Status::Failed | Status::Ignored => self.failure(&paint(&format!("fatal: {name}: FAILED!{}", failed()), Colour::Red)),
            Status::Unreachable | Status::UnreachableIgnored if of_loop => {
                self.failure(&paint(&format!("failed: {name}{}{}", item.replacen(" => ", " ", 1), failed()), Colour::Purple));
            }
            Status::Unreachable | Status::UnreachableIgnored => {
                self.failure(&paint(&format!("fatal: {name}: UNREACHABLE!{}", failed()), Colour::Purple))
            }
        }
        if matches!(outcome.status, Status::Ignored | Status::UnreachableIgnored) && !of_loop {
            line(&paint("...ignoring", Colour::Cyan));
        }
        if let Some(problem) = &outcome.error
            && outcome.status == Status::Failed
            && !of_loop
            && !task.no_log
            && !bracketed()
        {
            self.path(task);
            if state.failures.insert(format!("{} {:?}", problem.message, problem.span.as_ref().map(ToString::to_string))) {
                report(problem);
            }
        }
    }

    fn path(&self, task: &TaskInfo) {
        if self.style.path_on_failure && self.style.verbosity.level < 2 {
            line(&paint(&format!("task path: {}", place(task)), Colour::Grey));
        }
    }

    fn failure(&self, text: &str) {
        if self.style.failed_on_stderr { note(text) } else { line(text) }
    }

    /// ` => ` and the result. `made_to_show`: the action is there to show something.
    fn arrow(&self, outcome: &Outcome, action: &str, made_to_show: bool) -> String {
        let mut map = results::shown(outcome, self.style.verbosity.level);
        map.shift_remove("failed");
        if outcome.result.get("failed").is_some_and(Value::is_true) {
            map.shift_remove("skipped");
        }
        if action == "debug" {
            if outcome.result.get("failed").is_some_and(Value::is_true) && !map.contains_key("msg") {
                map.insert("msg".into(), "Task failed: Action failed: Unknown error.".into());
            }
            results::of_debug(&mut map);
        }
        let mut first = String::new();
        if self.style.changed_first
            && let Some(changed) = map.shift_remove("changed")
        {
            first = format!("changed={changed} ");
        }
        format!(" => {first}{}", results::text(map, &self.style, made_to_show))
    }

    fn diff(&self, outcome: &Outcome) {
        if !outcome.result.get("changed").is_some_and(Value::is_true) {
            return;
        }
        for diff in &outcome.diff {
            difference::lines(diff, self.style.diff_context).iter().for_each(|l| line(l));
            line("");
        }
    }
}

impl Sink for Default {
    fn emit(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::PlaybookStarted { path, plays } => {
                if self.style.verbosity.level >= 2 {
                    banner(&format!("PLAYBOOK: {}", path.rsplit('/').next().unwrap_or(&path)));
                    line(&format!("{plays} plays in {path}"));
                }
                self.dry_run();
            }
            Event::PlayStarted { name, check, .. } => {
                state.banner = None;
                banner(&format!("PLAY [{name}]{}", if check && self.style.check_markers { " [CHECK MODE]" } else { "" }));
            }
            Event::NoHosts { name } => {
                banner(&format!("PLAY [{name}]"));
                line(&paint("skipping: no hosts matched", Colour::Cyan));
            }
            Event::NoHostsLeft => banner("NO MORE HOSTS LEFT"),
            // Where some outcomes are not shown, a heading waits for one that is.
            Event::TaskStarted(task) if self.style.ok && self.style.skipped => self.banner(&mut state, &task),
            Event::TaskStarted(_) => {}
            Event::Working { task, host, becoming } => {
                let by = becoming.map(|command| format!(" {command}")).unwrap_or_default();
                let how = format!("<{host}> EXEC {} ({}){by}", task.action, task.name);
                if self.style.verbosity.level >= 3 {
                    self.banner(&mut state, &task);
                    line(&paint(&how, Colour::Blue));
                } else if log::wants(3) {
                    log::record(&how, "INFO");
                }
                if self.style.host_start {
                    self.banner(&mut state, &task);
                    line(&paint(&format!(" [started {} on {host}]", task.name), Colour::Grey));
                }
            }
            Event::Item { task, host, outcome } => {
                if self.is_wanted(outcome.status) {
                    self.banner(&mut state, &task);
                    self.diff(&outcome);
                    self.finished(&mut state, &task, &host, &outcome);
                }
            }
            Event::Finished { task, host, outcome } => {
                if self.is_wanted(outcome.status) {
                    self.banner(&mut state, &task);
                    let items_showed_it = outcome.result.get("results").is_some();
                    if !items_showed_it {
                        self.diff(&outcome);
                    }
                    self.finished(&mut state, &task, &host, &outcome);
                }
                results::warn(&outcome, &mut state.warned);
            }
            Event::Retrying { task, host, left, .. } => {
                self.banner(&mut state, &task);
                line(&paint(&format!("FAILED - RETRYING: [{host}]: {} ({left} retries left).", task.name), Colour::Grey));
            }
            Event::Polled { host, job, state } => line(&paint(
                &match state {
                    Job::Waiting => format!("ASYNC POLL on {host}: jid={job} started=True finished=False"),
                    Job::Done => format!("ASYNC OK on {host}: jid={job}"),
                    Job::Failed => format!("ASYNC FAILED on {host}: jid={job}"),
                },
                Colour::Grey,
            )),
            Event::Meta { message } => {
                if self.style.verbosity.level >= 2 {
                    line(&paint(&format!("META: {message}"), Colour::Grey));
                }
            }
            Event::Progress { host, message, step, of } => {
                if self.style.verbosity.level >= 1 && !message.is_empty() {
                    let steps = if of > 0 { format!(" ({step}/{of})") } else { String::new() };
                    line(&paint(&format!("[{host}] {message}{steps}"), Colour::Grey));
                }
            }
            Event::Included { task, what, hosts, label } => {
                self.banner(&mut state, &task);
                let hosts: Vec<&str> = hosts.iter().map(AsRef::as_ref).collect();
                let label = label.map(|l| format!(" => (item={l})")).unwrap_or_default();
                line(&paint(&format!("included: {what} for {}{label}", hosts.join(", ")), Colour::Cyan));
            }
            Event::Warning(warning) => {
                if state.warned.insert(warning.to_string()) {
                    report(&warning);
                }
            }
            Event::Ended { recap, stats } => {
                recap_lines(&recap);
                if self.style.custom_stats && !stats.is_empty() {
                    custom_stats(&stats);
                }
                if self.style.verbosity.check && self.style.check_markers {
                    line("");
                }
                self.dry_run();
            }
        }
    }
}

fn place(task: &TaskInfo) -> String {
    let path = &task.span.source.path;
    format!("{}:{}", std::path::absolute(path).unwrap_or_else(|_| path.clone()).display(), task.span.line)
}

fn custom_stats(stats: &[(String, Value)]) {
    banner("CUSTOM STATS: ");
    for (of, figures) in stats {
        // Those of the run stand apart from those of hosts.
        if of == "RUN" {
            line("");
        }
        line(&format!("\t{of}: {}", results::indented(&figures.to_json().unwrap_or_default(), 1).replace('\n', "")));
    }
    line("");
}

/// Columns of a banner, as ansible-playbook has them without a terminal.
const WIDTH: usize = 79;

pub(super) fn banner(title: &str) {
    let stars = "*".repeat(WIDTH.saturating_sub(title.chars().count()).max(3));
    line(&format!("\n{} {stars}", paint(title, Colour::Bright)));
}

fn recap_lines(recap: &[(Arc<str>, Counts)]) {
    banner("PLAY RECAP");
    let mut sorted: Vec<&(Arc<str>, Counts)> = recap.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    for (host, counts) in sorted {
        let name_colour = match counts {
            c if c.failed > 0 || c.unreachable > 0 => Colour::Red,
            c if c.changed > 0 => Colour::Yellow,
            _ => Colour::Green,
        };
        let part = |name: &str, number: u32, colour: Colour| {
            let text = format!("{:<width$}", format!("{name}={number}"), width = name.len() + 5);
            if number > 0 { paint(&text, colour) } else { text }
        };
        let parts = [
            part("ok", counts.ok, Colour::Green),
            part("changed", counts.changed, Colour::Yellow),
            part("unreachable", counts.unreachable, Colour::Red),
            part("failed", counts.failed, Colour::Red),
            part("skipped", counts.skipped, Colour::Cyan),
            part("rescued", counts.rescued, Colour::Yellow),
            part("ignored", counts.ignored, Colour::Blue),
        ];
        line(&format!("{} : {}", paint(&format!("{host:<26}"), name_colour), parts.join(" ")));
    }
    line("");
}
