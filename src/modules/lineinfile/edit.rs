//! The lines of a text, and where one of them goes.

use crate::pattern::{Pattern, Template};

/// What a line must be like.
pub(super) enum Find {
    Pattern(Pattern),
    Text(String),
    /// The whole line.
    Line(String),
}

/// Where a line goes that no other gives way to.
pub(super) enum Place {
    Start,
    End,
    After(Pattern),
    Before(Pattern),
}

/// Each with its newline, but for a last one that has none.
pub(super) struct Lines(Vec<String>);

impl Lines {
    pub(super) fn of(text: &str) -> Lines {
        Lines(text.split_inclusive('\n').map(str::to_owned).collect())
    }

    pub(super) fn text(&self) -> String {
        self.0.concat()
    }

    /// How many went.
    pub(super) fn remove(&mut self, find: &Find) -> usize {
        let before = self.0.len();
        self.0.retain(|line| !find.fits(line));
        before - self.0.len()
    }

    /// Puts the line in, and says what was done.
    pub(super) fn put(&mut self, line: &str, find: Option<&Find>, template: Option<&Template>, place: &Place, first: bool) -> &'static str {
        let fits = find.and_then(|find| self.position(first, |line| find.fits(line)));
        let whole = Find::Line(line.to_owned());
        let same = || self.position(false, |other| whole.fits(other));
        let at = match (fits, template) {
            (Some(at), _) => at,
            (None, Some(_)) => return "",
            (None, None) => match same() {
                Some(at) => at,
                None => {
                    self.insert(line, place, first);
                    return "line added";
                }
            },
        };
        let mut new = match (template, find) {
            (Some(template), Some(Find::Pattern(pattern))) => {
                let mut out = String::new();
                if let Some(found) = pattern.captures(&self.0[at], 0) {
                    template.expand(&found, &mut out);
                }
                out
            }
            _ => line.to_owned(),
        };
        if !new.ends_with('\n') {
            new.push('\n');
        }
        if self.0[at] == new {
            return "";
        }
        self.0[at] = new;
        "line replaced"
    }

    fn insert(&mut self, line: &str, place: &Place, first: bool) {
        let at = match place {
            Place::Start => Some(0),
            Place::End => None,
            Place::After(pattern) => self.position(first, |line| pattern.is_match(line)).map(|at| at + 1),
            Place::Before(pattern) => self.position(first, |line| pattern.is_match(line)),
        };
        let at = at.unwrap_or(self.0.len());
        if let Some(above) = at.checked_sub(1).and_then(|above| self.0.get_mut(above))
            && !above.ends_with('\n')
        {
            above.push('\n');
        }
        self.0.insert(at, format!("{line}\n"));
    }

    fn position(&self, first: bool, fits: impl Fn(&str) -> bool) -> Option<usize> {
        if first { self.0.iter().position(|line| fits(line)) } else { self.0.iter().rposition(|line| fits(line)) }
    }
}

impl Find {
    fn fits(&self, line: &str) -> bool {
        match self {
            Find::Pattern(pattern) => pattern.is_match(line),
            Find::Text(text) => line.contains(text),
            Find::Line(text) => line.trim_end_matches(['\r', '\n']) == text.trim_end_matches(['\r', '\n']),
        }
    }
}
