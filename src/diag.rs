//! What went wrong, where, and what to do: every error about something the user wrote is a [`Diagnostic`].
//!
//! This is the ground floor: it knows no YAML, no templates and no terminal. `ui::report` draws it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// One text that a user wrote: a file, or a piece of the command line.
#[derive(Debug)]
pub struct Source {
    /// As it should be shown, relative to the working folder where that is shorter; `<extra vars>` and the like for what is no file.
    pub path: PathBuf,
    pub text: Arc<str>,
}

/// A stretch of a [`Source`]. Offsets are in bytes, lines and columns are counted from 1, columns in characters.
#[derive(Clone)]
pub struct Span {
    pub source: Arc<Source>,
    pub start: usize,
    pub end: usize,
    pub line: u32,
    pub column: u32,
}

impl Span {
    /// A narrower span inside this one, `start..end` in bytes from the start of the source; line and column follow.
    pub fn within(&self, start: usize, end: usize) -> Span {
        Span::locate(&self.source, start, end)
    }

    /// The span of `start..end` (bytes) in `source`, clipped to its text.
    pub fn locate(source: &Arc<Source>, start: usize, end: usize) -> Span {
        let text = &source.text;
        let mut start = start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = end.clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let before = &text[..start];
        let line = before.bytes().filter(|b| *b == b'\n').count() as u32 + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u32 + 1;
        Span { source: source.clone(), start, end, line, column }
    }

    pub fn text(&self) -> &str {
        &self.source.text[self.start..self.end]
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.path.display(), self.line, self.column)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It works, and Ansible has given it up: newer versions will not take it.
    Deprecated,
    Warning,
    Error,
}

/// One message for the user. Built with [`Diagnostic::error`] and the `with_` methods.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub level: Level,
    /// One sentence, lower case, without the place.
    pub message: String,
    pub span: Option<Span>,
    /// What stands under the caret; empty for none.
    pub label: String,
    /// Other places that matter ("first defined here").
    pub related: Vec<(Span, String)>,
    /// What to do next.
    pub help: Vec<String>,
    /// Found while a play runs, it fails the hosts that came to it; others end the run.
    pub of_hosts: bool,
    /// What was under way, as results say it before the message: "Error while evaluating conditional: ".
    pub during: String,
    /// The text can be read, and what it says cannot be done: Ansible's programs exit with 1 for that, with 4 for text that they cannot read.
    pub readable: bool,
    /// It is about a value that is not there, which `debug` shows and does not fail for.
    pub undefined: bool,
}

impl Diagnostic {
    pub fn error(message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            level: Level::Error,
            message: message.into(),
            span: None,
            label: String::new(),
            related: Vec::new(),
            help: Vec::new(),
            of_hosts: false,
            readable: false,
            during: String::new(),
            undefined: false,
        }
    }

    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic { level: Level::Warning, ..Diagnostic::error(message) }
    }

    pub fn deprecated(message: impl Into<String>) -> Diagnostic {
        Diagnostic { level: Level::Deprecated, ..Diagnostic::error(message) }
    }

    #[must_use]
    pub fn at(mut self, span: &Span) -> Diagnostic {
        self.span = Some(span.clone());
        self
    }

    /// Sets the place only where none is known yet: the innermost place wins.
    #[must_use]
    pub fn or_at(mut self, span: Option<&Span>) -> Diagnostic {
        if self.span.is_none() {
            self.span = span.cloned();
        }
        self
    }

    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    #[must_use]
    pub fn related(mut self, span: &Span, label: impl Into<String>) -> Diagnostic {
        self.related.push((span.clone(), label.into()));
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    #[must_use]
    pub fn of_hosts(self) -> Diagnostic {
        Diagnostic { of_hosts: true, ..self }
    }

    /// See [`Diagnostic::readable`].
    #[must_use]
    pub fn readable(self) -> Diagnostic {
        Diagnostic { readable: true, ..self }
    }

    /// Says what was under way; what was within that comes after it.
    #[must_use]
    pub fn during(mut self, what: &str) -> Diagnostic {
        self.during.insert_str(0, what);
        self
    }

    /// The message as results carry it: with what was under way, names in the quotes that scripts look for.
    pub fn in_result(&self) -> String {
        format!("{}{}", self.during, self.message.replace('`', "'"))
    }

    /// Adds "did you mean `x`?" where a candidate is near to `word`.
    #[must_use]
    pub fn suggest<'a>(self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        match nearest(word, candidates) {
            Some(found) => self.help(format!("did you mean `{found}`?")),
            None => self,
        }
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `place: message`, for logs and tests; people see `ui::report`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.span {
            Some(span) => write!(f, "{span}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Several at once: all that can be found is found before the first host is touched.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.level == Level::Error)
    }

    /// Keeps the error of `result` and goes on, so that the next one is found too.
    pub fn collect<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|d| self.push(d)).ok()
    }

    /// The same for several errors; those without a place get this one.
    pub fn collect_all<T>(&mut self, result: Result<T, Diagnostics>, place: &Span) -> Option<T> {
        result.map_err(|all| self.0.extend(all.0.into_iter().map(|d| d.or_at(Some(place))))).ok()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Diagnostics {
        Diagnostics(vec![one])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(diagnostic, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate that `word` was probably meant to be: at most a third of its letters differ.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(d, _)| *d <= limit)
        .min_by_key(|(d, _)| *d)
        .map(|(_, candidate)| candidate)
}

/// Damerau's edit distance (optimal string alignment): insert, delete, replace, swap of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_near_names_only() {
        assert_eq!(nearest("tempalte", ["template", "file"]), Some("template"));
        assert_eq!(nearest("sate", ["state", "path"]), Some("state"));
        assert_eq!(nearest("zzz", ["state", "path"]), None);
    }

    #[test]
    fn a_span_counts_characters_not_bytes() {
        let source = Arc::new(Source { path: "a.yml".into(), text: "x\nä: b\n".into() });
        let span = Span::locate(&source, 5, 6);
        assert_eq!((span.line, span.column, span.to_string().as_str()), (2, 3, "a.yml:2:3"));
    }
}
