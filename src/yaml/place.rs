//! From the parser's marks to positions in the text, exact to the byte: without tags and anchors, with quotes.

use std::sync::Arc;

use libyaml_safer::{Event, Mark, ScalarStyle};

use crate::diag::{Diagnostic, Source, Span};

/// A text, and what the parser's marks leave out of it: the byte order mark.
pub(super) struct Places<'s> {
    pub(super) source: &'s Arc<Source>,
    pub(super) base: usize,
}

impl Places<'_> {
    pub(super) fn span(&self, start: Mark, end: usize) -> Span {
        let length = self.source.text.len();
        let from = (start.index as usize + self.base).min(length);
        Span {
            source: self.source.clone(),
            start: from,
            end: end.clamp(from, length),
            line: start.line as u32 + 1,
            column: start.column as u32 + 1,
        }
    }

    pub(super) fn offset(&self, mark: Mark) -> usize {
        (mark.index as usize + self.base).min(self.source.text.len())
    }

    /// Without tag and anchor; a block scalar without the empty lines after it; a quoted one with its quotes.
    pub(super) fn scalar_span(&self, start: Mark, end: Mark, style: ScalarStyle, has_properties: bool) -> Span {
        let mut span = self.span(start, self.offset(end));
        if has_properties {
            span = self.after_properties(span);
        }
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            span.end = span.start + span.text().trim_end().len();
        }
        span
    }

    pub(super) fn opening(&self, start: Mark, end: Mark, has_properties: bool) -> Span {
        let span = self.span(start, self.offset(end));
        if !has_properties {
            return span;
        }
        // The event ends with its properties where a block collection follows: the first item is not read yet.
        let whole = Span { end: self.source.text.len(), ..span.clone() };
        let begun = self.after_properties(whole);
        Span { end: span.end.max(begun.start), ..begun }
    }

    /// Steps over `!tag` and `&anchor` and what separates them from the value.
    fn after_properties(&self, span: Span) -> Span {
        let text = span.text();
        let mut at = 0;
        loop {
            let rest = &text[at..];
            let skip = match rest.bytes().next() {
                Some(b'!' | b'&') => rest.find(char::is_whitespace).unwrap_or(rest.len()),
                Some(b' ' | b'\t' | b'\r' | b'\n') => 1,
                Some(b'#') if at > 0 => rest.find('\n').unwrap_or(rest.len()),
                _ => break,
            };
            at += skip;
        }
        if at >= text.len() {
            // Nothing but properties: an empty value.
            return span;
        }
        let skipped = &text[..at];
        let line = span.line + skipped.matches('\n').count() as u32;
        let column = match skipped.rsplit_once('\n') {
            Some((_, last)) => last.chars().count() as u32 + 1,
            None => span.column + skipped.chars().count() as u32,
        };
        Span { start: span.start + at, line, column, ..span }
    }

    /// Errors about a tag point at the tag.
    pub(super) fn at_tag(&self, diagnostic: Diagnostic, start: Mark, end: Mark) -> Diagnostic {
        let whole = self.span(start, self.offset(end));
        let found = whole.text().find('!').map(|i| whole.start + i);
        let Some(from) = found else { return diagnostic.or_at(Some(&whole)) };
        let rest = &self.source.text[from..];
        diagnostic.at(&whole.within(from, from + rest.find(char::is_whitespace).unwrap_or(rest.len())))
    }

    /// Where a collection ends: at its bracket, or with its last child.
    pub(super) fn closing(&self, event: &Event, last: usize) -> usize {
        let (start, end) = (self.offset(event.start_mark), self.offset(event.end_mark));
        if end > start { end } else { last }
    }

    /// The value of a block scalar, without the line break that the reader adds where the file ends without one.
    pub(super) fn block_text(&self, text: String, end: Mark, span: &Span) -> String {
        if end.index as usize + self.base > self.source.text.len() { without_added_break(text, span) } else { text }
    }
}

/// The text of a block scalar at the end of a file that has no line break there.
fn without_added_break(mut text: String, span: &Span) -> String {
    let whole = &span.source.text;
    let last = whole.rsplit('\n').next().unwrap_or("");
    let keeps_all = span.text().lines().next().is_some_and(|header| header.split('#').next().unwrap_or("").contains('+'));
    // A blank last line is content only where it is deeper than the indentation.
    let is_content = !last.trim().is_empty()
        || text.trim_end_matches('\n').rsplit('\n').next().is_some_and(|line| !line.is_empty() && line.trim().is_empty());
    if (keeps_all || is_content) && text.ends_with('\n') {
        text.pop();
    }
    text
}
