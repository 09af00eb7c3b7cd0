//! Diffs of files and states, as `diff -u` writes them.

use similar::TextDiff;

use super::colour::{Colour, paint};
use crate::plan::Diff;

/// The lines of a diff, coloured, with so many lines around each change.
pub(super) fn lines(diff: &Diff, context: usize) -> Vec<String> {
    let text = TextDiff::from_lines(&diff.before, &diff.after)
        .unified_diff()
        .context_radius(context)
        .header(&format!("before{}", header(&diff.before_header)), &format!("after{}", header(&diff.after_header)))
        .to_string();
    text.lines()
        .map(|line| match line.as_bytes().first() {
            Some(b'+') => paint(line, Colour::Green),
            Some(b'-') => paint(line, Colour::Red),
            Some(b'@') => paint(line, Colour::Cyan),
            _ => line.to_owned(),
        })
        .collect()
}

fn header(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(": {name}") }
}
