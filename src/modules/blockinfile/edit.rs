//! A block between its markers in a text, each of whose lines keeps its own ending.

use crate::pattern::Pattern;

/// Where a new block goes.
pub(super) enum Place {
    Start,
    End,
    After(Pattern),
    Before(Pattern),
}

pub(super) struct Block {
    pub(super) begin: String,
    pub(super) end: String,
    /// `None`: there is to be no block.
    pub(super) lines: Option<String>,
    pub(super) empty_above: bool,
    pub(super) empty_below: bool,
}

impl Block {
    /// The new text, and what was done.
    pub(super) fn put(&self, text: &str, place: &Place) -> (String, &'static str) {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let last = |mark: &str| lines.iter().rposition(|line| line.trim_end_matches(['\r', '\n']) == mark);
        let there = match (last(&self.begin), last(&self.end)) {
            // Also where somebody has put the markers the wrong way round.
            (Some(begin), Some(end)) => Some((begin.min(end), begin.max(end))),
            _ => None,
        };
        let at = match (there, &self.lines) {
            (None, None) => return (text.to_owned(), ""),
            (Some((from, to)), _) => {
                lines.drain(from..=to);
                from
            }
            (None, Some(_)) => match place {
                Place::Start => 0,
                Place::End => lines.len(),
                Place::After(pattern) => lines.iter().rposition(|line| pattern.is_match(line)).map_or(lines.len(), |at| at + 1),
                Place::Before(pattern) => lines.iter().rposition(|line| pattern.is_match(line)).unwrap_or(lines.len()),
            },
        };
        let Some(block) = &self.lines else { return (lines.concat(), "Block removed") };
        if let Some(above) = at.checked_sub(1).and_then(|above| lines.get_mut(above))
            && !above.ends_with('\n')
        {
            above.push('\n');
        }
        let mut new = Vec::new();
        let filled = |line: Option<&String>| line.is_some_and(|line| !line.trim_end_matches(['\r', '\n']).is_empty());
        if self.empty_above && at > 0 && filled(lines.get(at - 1)) {
            new.push("\n".to_owned());
        }
        new.push(format!("{}\n", self.begin));
        new.extend(block.lines().map(|line| format!("{line}\n")));
        new.push(format!("{}\n", self.end));
        if self.empty_below && filled(lines.get(at)) {
            new.push("\n".to_owned());
        }
        lines.splice(at..at, new);
        let after = lines.concat();
        let msg = if after == text { "" } else { "Block inserted" };
        (after, msg)
    }
}
