//! A value as a user wrote it: every key and value keeps its place, its tag, and whether it was quoted.

use std::fmt;
use std::sync::Arc;

use crate::diag::{Diagnostic, Source, Span};

/// Cheap to clone. Strings in a node may be templates; strings in a [`crate::value::Value`] never are.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

struct Inner {
    kind: Kind,
    span: Span,
    tag: Option<Tag>,
    quoted: bool,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    List(Vec<Node>),
    /// In the order written; a later duplicate key has replaced the earlier one (with a warning at load).
    Map(Vec<(Node, Node)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `!vault`: the string is a vault text, decrypted where it is used.
    Vault,
    /// `!unsafe`: never a template.
    Unsafe,
}

impl Node {
    pub fn new(kind: Kind, span: Span) -> Node {
        Node(Arc::new(Inner { kind, span, tag: None, quoted: false }))
    }

    /// `quoted`: any style but plain.
    pub fn scalar(kind: Kind, span: Span, tag: Option<Tag>, quoted: bool) -> Node {
        Node(Arc::new(Inner { kind, span, tag, quoted }))
    }

    pub fn string(text: &str, span: &Span) -> Node {
        Node::new(Kind::Str(text.into()), span.clone())
    }

    /// The same value with a tag: `!unsafe` on a list covers all in it.
    #[must_use]
    pub fn tagged(&self, tag: Tag) -> Node {
        Node(Arc::new(Inner { kind: self.0.kind.clone(), span: self.0.span.clone(), tag: Some(tag), quoted: self.0.quoted }))
    }

    /// The same with all positions in another source of the same layout.
    pub(super) fn at_source(&self, source: &Arc<Source>) -> Node {
        let kind = match self.kind() {
            Kind::List(items) => Kind::List(items.iter().map(|item| item.at_source(source)).collect()),
            Kind::Map(entries) => Kind::Map(entries.iter().map(|(k, v)| (k.at_source(source), v.at_source(source))).collect()),
            other => other.clone(),
        };
        let span = Span { source: source.clone(), ..self.0.span.clone() };
        Node(Arc::new(Inner { kind, span, tag: self.0.tag.clone(), quoted: self.0.quoted }))
    }

    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    pub fn span(&self) -> &Span {
        &self.0.span
    }

    pub fn tag(&self) -> Option<&Tag> {
        self.0.tag.as_ref()
    }

    pub fn quoted(&self) -> bool {
        self.0.quoted
    }

    pub fn as_str(&self) -> Option<&str> {
        match self.kind() {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Node]> {
        match self.kind() {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&[(Node, Node)]> {
        match self.kind() {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.kind(), Kind::Null)
    }

    /// The value under a string key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// Scalars as text, as a user would write them in Ansible (`True`, `1`, `1.5`, ``); none for lists and dictionaries.
    pub fn scalar_text(&self) -> Option<String> {
        match self.kind() {
            Kind::Null => Some(String::new()),
            Kind::Bool(true) => Some("True".into()),
            Kind::Bool(false) => Some("False".into()),
            Kind::Int(number) => Some(number.to_string()),
            Kind::Float(number) => Some(crate::value::float_text(*number)),
            Kind::Str(text) => Some(text.to_string()),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Whether rendering could change anything: a string with `{{`, `{%` or `{#` in it, not unsafe, here or below.
    pub fn has_template(&self) -> bool {
        if self.tag() == Some(&Tag::Unsafe) {
            return false;
        }
        match self.kind() {
            Kind::Str(text) => text.contains("{{") || text.contains("{%") || text.contains("{#"),
            Kind::List(items) => items.iter().any(Node::has_template),
            Kind::Map(entries) => entries.iter().any(|(k, v)| k.has_template() || v.has_template()),
            _ => false,
        }
    }

    /// `a string`, `a list`, … for messages.
    pub fn kind_name(&self) -> &'static str {
        match self.kind() {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) => "a number",
            Kind::Float(_) => "a number with a fraction",
            Kind::Str(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a dictionary",
        }
    }

    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message).at(self.span())
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Kind::Null => f.write_str("null"),
            Kind::Bool(v) => v.fmt(f),
            Kind::Int(v) => v.fmt(f),
            Kind::Float(v) => v.fmt(f),
            Kind::Str(v) => v.fmt(f),
            Kind::List(items) => items.fmt(f),
            Kind::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
        }
    }
}

/// A span for values that no file holds (built-in defaults, tests): the whole of `text` under the name `<name>`.
pub fn nowhere(name: &str, text: &str) -> Span {
    let source = Arc::new(Source { path: format!("<{name}>").into(), text: text.into() });
    Span::locate(&source, 0, text.len())
}
