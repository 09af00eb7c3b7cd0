//! YAML as Ansible reads it (YAML 1.1, as PyYAML does), with positions.
//!
//! Nobody goes around this folder. Events come from libyaml-safer, the composer is ours.

mod node;

use std::sync::Arc;

pub use node::{Kind, Node, Tag, nowhere};

use crate::diag::{Diagnostic, Source};

/// What a text holds: its documents, and what is odd but no error (duplicate keys).
#[derive(Debug, Default)]
pub struct Loaded {
    pub documents: Vec<Node>,
    pub warnings: Vec<Diagnostic>,
}

/// Reads all documents of a text. An empty text has none.
pub fn load(source: &Arc<Source>) -> Result<Loaded, Diagnostic> {
    let _ = source;
    Err(Diagnostic::error("not yet"))
}
