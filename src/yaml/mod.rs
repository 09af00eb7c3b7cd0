//! YAML as Ansible reads it (YAML 1.1, as PyYAML does), with positions.
//!
//! Nobody goes around this folder. Events come from libyaml-safer, the composer is ours.

mod compose;
mod explain;
mod guard;
mod key;
mod node;
mod place;
mod scalar;

use std::path::Path;
use std::sync::Arc;

pub use key::Key;
pub use node::{Kind, Node, Tag, nowhere};

use crate::diag::{Diagnostic, Source, Span};

/// What a text holds: its documents, and what is odd but no error (duplicate keys).
#[derive(Debug, Default)]
pub struct Loaded {
    pub documents: Vec<Node>,
    pub warnings: Vec<Diagnostic>,
}

impl Loaded {
    /// The only document of a file that must not hold several; none where the file is empty.
    pub fn single(self) -> Result<Option<Node>, Diagnostic> {
        let mut documents = self.documents.into_iter();
        let first = documents.next();
        match documents.next() {
            None => Ok(first),
            Some(second) => Err(second
                .error("this file holds more than one YAML document")
                .label("the second one begins here")
                .help("keep one document in a file: remove the `---` above this line, or move this part into a file of its own")),
        }
    }
}

/// What an unquoted scalar is by YAML 1.1: to know which strings need quotes when they are written.
pub fn resolve(text: &str) -> Kind {
    scalar::resolve(text)
}

/// Reads all documents of a text. An empty text has none.
pub fn load(source: &Arc<Source>) -> Result<Loaded, Diagnostic> {
    guard::quietly(source, || compose::documents(source))
}

/// The same for a text that was encrypted: positions stay, but no message can show what stands there.
pub fn load_secret(source: &Arc<Source>) -> Result<Loaded, Diagnostic> {
    // Lines and widths are kept, so that every position means the same place.
    let hidden: String = source.text.bytes().map(|b| if b.is_ascii_whitespace() { b as char } else { '*' }).collect();
    let hidden = Arc::new(Source { path: source.path.clone(), text: hidden.into() });
    let elsewhere = |span: &Span| Span { source: hidden.clone(), ..span.clone() };
    let moved = |diagnostic: Diagnostic| Diagnostic {
        span: diagnostic.span.as_ref().map(elsewhere),
        related: diagnostic.related.iter().map(|(span, label)| (elsewhere(span), label.clone())).collect(),
        ..diagnostic
    };
    match load(source) {
        Ok(loaded) => Ok(Loaded {
            documents: loaded.documents.iter().map(|node| node.at_source(&hidden)).collect(),
            warnings: loaded.warnings.into_iter().map(moved).collect(),
        }),
        // The message and the help of a syntax error may quote the line.
        Err(error) => Err(Diagnostic { message: "this encrypted file is not valid YAML".into(), help: Vec::new(), ..moved(error) }
            .help("decrypt it to see the place: `deploy vault view FILE`")),
    }
}

/// Reads a file for [`load`]. `path` is also how messages call it.
pub fn read(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    let failed = |reason: String| Diagnostic::error(format!("cannot read {}: {reason}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    text_of(path, bytes).map_err(failed)
}

/// Bytes of a file as a source; the error says what is wrong with them.
pub fn text_of(path: &Path, bytes: Vec<u8>) -> Result<Arc<Source>, String> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
        format!("line {line} is not UTF-8; save the file as UTF-8")
    })?;
    Ok(Arc::new(Source { path: path.to_path_buf(), text: text.into() }))
}

#[cfg(test)]
mod tests;
