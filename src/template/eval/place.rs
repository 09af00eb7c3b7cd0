//! Where in a file a piece of a template stands.

use std::sync::Arc;

use super::{Fail, Unit};
use crate::diag::{Diagnostic, Source, Span};
use crate::template::syntax::{At, SyntaxError};
use crate::yaml::Node;

/// Where a text was written.
#[derive(Clone)]
pub(crate) enum Origin {
    /// A scalar of a YAML file.
    Node(Node),
    /// A whole template file; how many bytes its header takes.
    File(Arc<Source>, usize),
}

impl Unit {
    pub(crate) fn span(&self, at: Option<At>) -> Option<Span> {
        Some(self.origin.span(&self.program.text, at))
    }
}

impl Origin {
    pub(crate) fn span(&self, text: &str, at: Option<At>) -> Span {
        match (self, at) {
            (Origin::Node(node), None) => node.span().clone(),
            (Origin::Node(node), Some(at)) => inside(node.span(), text, at),
            (Origin::File(source, header), Some(at)) => Span::locate(source, header + at.start as usize, header + at.end as usize),
            (Origin::File(source, _), None) => Span::locate(source, 0, 0),
        }
    }

    fn text(&self) -> &str {
        match self {
            Origin::Node(node) => node.as_str().unwrap_or_default(),
            Origin::File(source, header) => &source.text[*header..],
        }
    }

    pub(crate) fn syntax_error(&self, error: &SyntaxError) -> Fail {
        Fail::Error(Box::new(self.syntax_diagnostic(error)))
    }

    pub(crate) fn syntax_diagnostic(&self, error: &SyntaxError) -> Diagnostic {
        Diagnostic::error(format!("the template has a syntax error: {}", error.message)).at(&self.span(self.text(), Some(error.at)))
    }
}

/// The span of `at` of a scalar's value inside the scalar as it is written.
fn inside(span: &Span, text: &str, at: At) -> Span {
    let raw = span.text();
    let (start, end) = (at.start as usize, (at.end as usize).min(text.len()));
    let Some(snippet) = text.get(start..end) else { return span.clone() };
    // Plain scalars, and quoted ones without escapes: the value stands there letter by letter.
    for quote in [0, 1] {
        if raw.get(quote + start..quote + end) == Some(snippet) && raw.get(quote..quote + start) == text.get(..start) {
            return span.within(span.start + quote + start, span.start + quote + end);
        }
    }
    // Block scalars: the same line of the value, shifted by its indentation.
    if raw.starts_with('|') {
        let line = text[..start].matches('\n').count();
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let mut offset = 0;
        for (number, written) in raw.split_inclusive('\n').enumerate() {
            if number == line + 1 {
                let first_line = text[line_start..].lines().next().unwrap_or_default();
                if let Some(indent) = written.find(first_line) {
                    let place = span.start + offset + indent + (start - line_start);
                    return span.within(place, place + snippet.len());
                }
            }
            offset += written.len();
        }
    }
    // Escapes and folded lines: the same occurrence of the snippet.
    let before = text[..start].matches(snippet).count();
    match (!snippet.is_empty()).then(|| raw.match_indices(snippet).nth(before)).flatten() {
        Some((place, found)) => span.within(span.start + place, span.start + place + found.len()),
        None => span.clone(),
    }
}
