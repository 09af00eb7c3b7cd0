//! Reports under the names of Ansible's programs, in the shape that its own have: `[ERROR]: …`, `Origin: place`, the lines up to it.

use std::fmt::Write as _;

use super::colour::{Colour, wrapped};
use crate::diag::{Diagnostic, Level, Span};

/// Lines shown before the one that is meant.
const BEFORE: u32 = 2;

/// A report as `ui::report` prints it.
pub(super) fn drawn(diagnostic: &Diagnostic, colours: bool) -> String {
    let (head, colour) = match diagnostic.level {
        Level::Error => ("[ERROR]", Colour::Red),
        Level::Warning => ("[WARNING]", Colour::Purple),
        Level::Deprecated => ("[DEPRECATION WARNING]", Colour::Purple),
    };
    let mut text = format!("{head}: {}", diagnostic.message);
    add_places(&mut text, diagnostic);
    wrapped(text.trim_end(), colour, colours)
}

/// A task's failure, as it stands among the results.
pub(super) fn failure(problem: Option<&Diagnostic>, message: &str, task: &Span) -> String {
    let judged = || if message.is_empty() { "Action failed.".to_owned() } else { format!("Action failed: {message}") };
    let said = problem.map_or_else(judged, Diagnostic::in_result);
    let said = said.strip_prefix("Task failed: ").unwrap_or(&said);
    let mut text = format!("[ERROR]: Task failed: {said}");
    // A place that is not the task's own line is one more to look at.
    let inner = problem.filter(|p| p.span.as_ref().is_some_and(|span| !is_head(span, task)));
    if inner.is_some() {
        text.push_str("\n\nTask failed.");
    }
    add_place(&mut text, task, "");
    if let Some(problem) = inner {
        let _ = write!(text, "\n<<< caused by >>>\n\n{}", problem.in_result().trim_start_matches("Task failed: "));
        add_places(&mut text, problem);
    }
    text
}

/// Whether the span stands where the task begins, or at its action.
fn is_head(span: &Span, task: &Span) -> bool {
    let same = span.source.path == task.source.path;
    let text = task.text();
    let after = span.start.checked_sub(task.start).and_then(|at| text.get(at..)).unwrap_or_default();
    let is_key = after.get(span.text().len()..).is_some_and(|rest| rest.starts_with(':'));
    same && (span.start == task.start || is_key)
}

fn add_places(text: &mut String, diagnostic: &Diagnostic) {
    if let Some(span) = &diagnostic.span {
        add_place(text, span, &diagnostic.label);
    }
    for (place, label) in &diagnostic.related {
        let _ = write!(text, "\n{label}");
        add_place(text, place, "");
    }
    for help in &diagnostic.help {
        let _ = write!(text, "\n{help}");
    }
}

fn add_place(text: &mut String, span: &Span, label: &str) {
    let path = &span.source.path;
    let whole =
        if path.to_string_lossy().starts_with('<') { path.clone() } else { std::path::absolute(path).unwrap_or_else(|_| path.clone()) };
    let _ = writeln!(text, "\nOrigin: {}:{}:{}\n", whole.display(), span.line, span.column);
    let width = span.line.to_string().len();
    let first = span.line.saturating_sub(BEFORE).max(1);
    let lines = span.source.text.lines().skip(first as usize - 1).take((span.line - first + 1) as usize);
    for (number, line) in (first..).zip(lines) {
        let _ = writeln!(text, "{}", format!("{number:>width$} {line}").trim_end());
    }
    let label = if label.is_empty() { String::new() } else { format!(": {label}") };
    let _ = writeln!(text, "{}^ column {}{label}", " ".repeat(width + span.column as usize), span.column);
}
