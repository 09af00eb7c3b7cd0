//! A diagnostic as people see it: message, place, the source line, a caret, and what to do. The one file that knows annotate-snippets.

use std::sync::OnceLock;

use annotate_snippets::{AnnotationKind, Level as Drawn, Renderer, Snippet};

use crate::diag::{Diagnostic, Level, Span};

/// How reports are headed, and which are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reports {
    /// `[WARNING]: …`, the place as `Origin: …`, and the lines before it: as scripts around Ansible's programs look for it.
    pub bracketed: bool,
    pub no_deprecations: bool,
}

static REPORTS: OnceLock<Reports> = OnceLock::new();

/// From now on reports look so; once in a process.
pub fn head_reports(how: Reports) {
    let _ = REPORTS.set(how);
}

/// Prints to standard error.
pub fn report(diagnostic: &Diagnostic) {
    if diagnostic.level == Level::Deprecated && REPORTS.get().is_some_and(|how| how.no_deprecations) {
        return;
    }
    let colours = super::colours_on_stderr();
    super::note(&if bracketed() { super::origin::drawn(diagnostic, colours) } else { drawn(diagnostic, colours) });
}

/// Whether reports have the shape of Ansible's.
pub(super) fn bracketed() -> bool {
    REPORTS.get().is_some_and(|how| how.bracketed)
}

/// Prints several, with a closing line that counts the errors.
pub fn report_all(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        report(diagnostic);
    }
    let errors = diagnostics.iter().filter(|d| d.level == Level::Error).count();
    if errors > 1 {
        super::note(&format!("{errors} errors; nothing was done"));
    }
}

/// The text of a report.
pub(super) fn drawn(diagnostic: &Diagnostic, colours: bool) -> String {
    let level = match diagnostic.level {
        Level::Error => Drawn::ERROR,
        Level::Warning | Level::Deprecated => Drawn::WARNING,
    };
    let mut group = level.primary_title(diagnostic.message.as_str()).elements(std::iter::empty::<annotate_snippets::Element<'_>>());
    let path = |span: &Span| span.source.path.display().to_string();
    let text = |span: &Span| span.source.text.to_string();
    if let Some(span) = &diagnostic.span {
        let mut annotation = AnnotationKind::Primary.span(shown_part(span));
        if !diagnostic.label.is_empty() {
            annotation = annotation.label(diagnostic.label.clone());
        }
        let mut snippet = Snippet::source(text(span)).path(path(span)).annotation(annotation);
        for (place, label) in diagnostic.related.iter().filter(|(place, _)| same_source(place, span)) {
            snippet = snippet.annotation(AnnotationKind::Context.span(shown_part(place)).label(label.clone()));
        }
        group = group.element(snippet);
        for (place, label) in diagnostic.related.iter().filter(|(place, _)| !same_source(place, span)) {
            let annotation = AnnotationKind::Context.span(shown_part(place)).label(label.clone());
            group = group.element(Snippet::source(text(place)).path(path(place)).annotation(annotation));
        }
    }
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    if diagnostic.span.is_none() {
        // Without a source line there is no margin to draw.
        let help: String = diagnostic.help.iter().map(|help| format!("\n  = help: {help}")).collect();
        return renderer.render(&[group]) + &help;
    }
    for help in &diagnostic.help {
        group = group.element(Drawn::HELP.message(help.clone()));
    }
    renderer.render(&[group])
}

fn same_source(a: &Span, b: &Span) -> bool {
    std::sync::Arc::ptr_eq(&a.source, &b.source)
}

/// A span over many lines is shown by its first line.
fn shown_part(span: &Span) -> std::ops::Range<usize> {
    let text = span.text();
    let end = text.find('\n').map_or(span.end, |at| span.start + at);
    span.start..end.max(span.start)
}
