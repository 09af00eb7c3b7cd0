//! libyaml-safer panics on a few malformed texts (a tag right before a comma, an escape at the very end). A panic there is
//! bad input like any other, so it becomes a message.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Once};

use crate::diag::{Diagnostic, Source, Span};

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `read`, and turns a panic in it into a diagnostic, without the panic's own noise on the terminal.
pub(super) fn quietly<T>(source: &Arc<Source>, read: impl FnOnce() -> Result<T, Diagnostic>) -> Result<T, Diagnostic> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |info| {
            if !READING.get() {
                usual(info);
            }
        }));
    });
    let before = READING.replace(true);
    // `read` owns what it changes and nobody sees it after a panic.
    let outcome = catch_unwind(AssertUnwindSafe(read));
    READING.set(before);
    outcome.unwrap_or_else(|_| Err(unreadable(source)))
}

fn unreadable(source: &Arc<Source>) -> Diagnostic {
    let message = "this is not YAML";
    match tag_before_comma(&source.text) {
        Some((start, end)) => Diagnostic::error(message)
            .at(&Span::locate(source, start, end))
            .label("a tag with no value after it")
            .help("quote the text where `!` is part of it"),
        None => Diagnostic::error(message)
            .at(&Span::locate(source, source.text.len(), source.text.len()))
            .label("the reader gave up before the end of the file")
            .help("look for an escape (`\\`) or a tag (`!`) that is cut off"),
    }
}

/// Where `!word,` stands, the known cause.
fn tag_before_comma(text: &str) -> Option<(usize, usize)> {
    text.match_indices('!').find_map(|(start, _)| {
        let word = text[start + 1..].find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '!' | '-' | '_'))?;
        let end = start + 1 + word;
        text[end..].starts_with(',').then_some((start, end))
    })
}
