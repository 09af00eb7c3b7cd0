//! From events to nodes: anchors, merges, tags, duplicate keys, positions.

use std::collections::HashMap;
use std::io::{BufReader, Cursor};
use std::sync::Arc;

use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};

use super::explain;
use super::key::Key;
use super::node::{Kind, Node, Tag};
use super::place::Places;
use super::{Loaded, scalar};
use crate::diag::{Diagnostic, Source, Span};

/// Deeper nesting is an accident or an attack; real files stay under thirty.
const DEEPEST: usize = 200;
/// What all aliases of a text together may stand for, in nodes: a small file cannot grow to billions ("billion laughs").
const ALIASED: usize = 2_000_000;

const YAML_TAG: &str = "tag:yaml.org,2002:";

pub(super) fn documents(source: &Arc<Source>) -> Result<Loaded, Diagnostic> {
    explain::control_characters(source)?;
    let base = if source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut bytes = source.text.as_bytes()[base..].to_vec();
    // A block scalar that ends the file without a line break makes the parser panic; `without_added_break` takes it off again.
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    let mut parser = Parser::new();
    parser.set_input(BufReader::new(Cursor::new(bytes)));
    let mut composer = Composer {
        places: Places { source, base },
        parser,
        anchors: HashMap::new(),
        warnings: Vec::new(),
        depth: 0,
        under_unsafe: 0,
        budget: ALIASED,
    };
    let mut documents = Vec::new();
    loop {
        let event = composer.next()?;
        match event.data {
            EventData::StreamEnd => break,
            EventData::StreamStart { .. } | EventData::DocumentEnd { .. } => {}
            EventData::DocumentStart { .. } => composer.anchors.clear(),
            _ => documents.push(composer.node(event)?.node),
        }
    }
    if let [only] = documents.as_slice()
        && only.is_null()
        && only.span().text().is_empty()
    {
        documents.clear();
    }
    Ok(Loaded { documents, warnings: composer.warnings })
}

struct Composer<'s> {
    places: Places<'s>,
    parser: Parser<BufReader<Cursor<Vec<u8>>>>,
    /// None while the anchored node is still being read.
    anchors: HashMap<String, Option<Made>>,
    warnings: Vec<Diagnostic>,
    depth: usize,
    /// How many `!unsafe` containers we are in.
    under_unsafe: usize,
    budget: usize,
}

/// A node and how many nodes it stands for when every alias is followed.
#[derive(Clone)]
struct Made {
    node: Node,
    size: usize,
    /// Where its text ends, which for an alias is not where its node ends.
    end: usize,
    /// `<<`, as it is written where it means a merge.
    merges: bool,
}

impl Composer<'_> {
    fn next(&mut self) -> Result<Event, Diagnostic> {
        self.parser.parse().map_err(|error| explain::error(self.places.source, self.places.base, &error))
    }

    fn node(&mut self, event: Event) -> Result<Made, Diagnostic> {
        let (start, end) = (event.start_mark, event.end_mark);
        match event.data {
            EventData::Alias { anchor } => self.alias(&anchor, start, end),
            EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                let span = self.places.scalar_span(start, end, style, anchor.is_some() || tag.is_some());
                let merges = plain_implicit && style == ScalarStyle::Plain && tag.is_none() && value == "<<";
                let quoted = style != ScalarStyle::Plain;
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let value = if is_block { self.places.block_text(value, end, &span) } else { value };
                let node =
                    self.scalar(tag.as_deref(), value, plain_implicit, quoted, span).map_err(|d| self.places.at_tag(d, start, end))?;
                let made = Made { end: node.span().end, node, size: 1, merges };
                if let Some(name) = anchor {
                    self.anchors.insert(name, Some(made.clone()));
                }
                Ok(made)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                let span = self.places.opening(start, end, anchor.is_some() || tag.is_some());
                let found = self.collection_tag(tag.as_deref(), &span, &["seq", "omap", "pairs"], "a list");
                let tag = found.map_err(|d| self.places.at_tag(d, start, end))?;
                self.container(anchor, tag, &span, Self::list)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                let span = self.places.opening(start, end, anchor.is_some() || tag.is_some());
                let found = self.collection_tag(tag.as_deref(), &span, &["map", "set"], "a dictionary");
                let tag = found.map_err(|d| self.places.at_tag(d, start, end))?;
                self.container(anchor, tag, &span, Self::map)
            }
            _ => Err(Diagnostic::error("this is not YAML").at(&self.places.span(start, self.places.offset(end)))),
        }
    }

    /// What a list and a dictionary share: the anchor, the tag, the depth, the end of the span.
    fn container(
        &mut self,
        anchor: Option<String>,
        tag: Option<Tag>,
        opening: &Span,
        read: fn(&mut Self, &Span) -> Result<(Kind, usize, usize), Diagnostic>,
    ) -> Result<Made, Diagnostic> {
        if self.depth >= DEEPEST {
            return Err(Diagnostic::error(format!("nested more than {DEEPEST} deep")).at(opening));
        }
        if let Some(name) = &anchor {
            self.anchors.insert(name.clone(), None);
        }
        let covers = tag == Some(Tag::Unsafe);
        self.depth += 1;
        self.under_unsafe += usize::from(covers);
        let (kind, size, end) = read(self, opening)?;
        self.depth -= 1;
        self.under_unsafe -= usize::from(covers);
        let tag = tag.or((self.under_unsafe > 0).then_some(Tag::Unsafe));
        let span = Span { end: end.max(opening.start), ..opening.clone() };
        let made = Made { end: span.end, node: Node::scalar(kind, span, tag, false), size, merges: false };
        if let Some(name) = anchor {
            self.anchors.insert(name, Some(made.clone()));
        }
        Ok(made)
    }

    fn list(&mut self, opening: &Span) -> Result<(Kind, usize, usize), Diagnostic> {
        let (mut items, mut size, mut end) = (Vec::new(), 1, opening.end);
        loop {
            let event = self.next()?;
            if let EventData::SequenceEnd = event.data {
                return Ok((Kind::List(items), size, self.places.closing(&event, end)));
            }
            let item = self.node(event)?;
            size += item.size;
            end = item.end;
            items.push(item.node);
        }
    }

    fn map(&mut self, opening: &Span) -> Result<(Kind, usize, usize), Diagnostic> {
        let (mut merged, mut own, mut size, mut end) = (Vec::new(), Vec::new(), 1, opening.end);
        loop {
            let event = self.next()?;
            if let EventData::MappingEnd = event.data {
                let entries = self.unite(merged, own);
                return Ok((Kind::Map(entries), size, self.places.closing(&event, end)));
            }
            let key = self.node(event)?;
            if !key.merges && Key::of(&key.node).is_none() {
                return Err(explain::container_as_key(opening, &key.node));
            }
            let event = self.next()?;
            let value = self.node(event)?;
            size += key.size + value.size;
            end = value.end;
            if key.merges {
                merge(&value.node, &mut merged)?;
            } else {
                own.push((key.node, value.node));
            }
        }
    }

    /// Merged entries come first and yield to the map's own; the last of two equal own keys wins, with a warning.
    fn unite(&mut self, merged: Vec<(Node, Node)>, own: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
        let mut entries: Vec<(Node, Node)> = Vec::with_capacity(merged.len() + own.len());
        let mut places: HashMap<Key, (usize, bool)> = HashMap::with_capacity(entries.capacity());
        let all = merged.into_iter().map(|entry| (entry, false)).chain(own.into_iter().map(|entry| (entry, true)));
        for ((key, value), is_own) in all {
            let Some(id) = Key::of(&key) else { continue };
            match places.get_mut(&id) {
                Some((at, was_own)) => {
                    if *was_own {
                        self.warnings.push(duplicate(&entries[*at].0, &key));
                    }
                    *was_own = is_own;
                    // Where `1` is given again as `true`, the first way of writing the key stays, as in Python.
                    let alike = std::mem::discriminant(entries[*at].0.kind()) == std::mem::discriminant(key.kind());
                    if alike {
                        entries[*at] = (key, value);
                    } else {
                        entries[*at].1 = value;
                    }
                }
                None => {
                    places.insert(id, (entries.len(), is_own));
                    entries.push((key, value));
                }
            }
        }
        entries
    }

    fn alias(&mut self, name: &str, start: Mark, end: Mark) -> Result<Made, Diagnostic> {
        let span = self.places.span(start, self.places.offset(end));
        match self.anchors.get(name).cloned() {
            Some(Some(made)) => {
                let Some(left) = self.budget.checked_sub(made.size) else {
                    return Err(Diagnostic::error("the aliases of this file stand for more than can be read")
                        .at(&span)
                        .help("an alias that repeats aliases that repeat aliases grows without end: write it without `*`"));
                };
                self.budget = left;
                let node = if self.under_unsafe > 0 { unsafe_copy(&made.node) } else { made.node };
                Ok(Made { node, end: span.end, size: made.size, merges: false })
            }
            Some(None) => Err(Diagnostic::error(format!("`*{name}` stands inside what it names")).at(&span)),
            None => Err(Diagnostic::error(format!("no anchor `&{name}` above this alias"))
                .at(&span)
                .suggest(name, self.anchors.keys().map(String::as_str))
                .help("quote the value where `*` is part of its text")),
        }
    }

    fn scalar(&self, tag: Option<&str>, text: String, plain: bool, quoted: bool, span: Span) -> Result<Node, Diagnostic> {
        let covered = (self.under_unsafe > 0).then_some(Tag::Unsafe);
        let refuse = |what: &str| Err(Diagnostic::error(format!("this is not {what}")).at(&span));
        let kind = match tag {
            _ if plain => scalar::resolve(&text),
            None | Some("!") => Kind::Str(text.into()),
            Some("!vault" | "!vault-encrypted") => {
                return Ok(Node::scalar(Kind::Str(text.into()), span, Some(Tag::Vault), quoted));
            }
            Some("!unsafe") => return Ok(Node::scalar(Kind::Str(text.into()), span, Some(Tag::Unsafe), quoted)),
            Some(tag) => match tag.strip_prefix(YAML_TAG) {
                Some("str" | "timestamp" | "value" | "merge") => Kind::Str(text.into()),
                Some("null") => Kind::Null,
                Some("bool") => match scalar::boolean(&text.to_lowercase()) {
                    Some(flag) => Kind::Bool(flag),
                    None => return refuse("a boolean"),
                },
                Some("int") => match scalar::integer(&text) {
                    Some(kind) => kind,
                    None => return refuse("a whole number"),
                },
                Some("float") => match explicit_float(&text) {
                    Some(number) => Kind::Float(number),
                    None => return refuse("a number"),
                },
                Some("binary") => match binary(&text) {
                    Some(text) => Kind::Str(text.into()),
                    None => return refuse("base64"),
                },
                _ => return Err(explain::unknown_tag(tag, &span)),
            },
        };
        Ok(Node::scalar(kind, span, covered, quoted))
    }

    fn collection_tag(&self, tag: Option<&str>, span: &Span, fitting: &[&str], what: &str) -> Result<Option<Tag>, Diagnostic> {
        match tag {
            None | Some("!" | "") => Ok(None),
            Some("!unsafe") => Ok(Some(Tag::Unsafe)),
            Some("!vault" | "!vault-encrypted") => {
                Err(Diagnostic::error(format!("`!vault` is for an encrypted string, this is {what}")).at(span))
            }
            Some(tag) => match tag.strip_prefix(YAML_TAG) {
                Some(name) if fitting.contains(&name) => Ok(None),
                Some(name @ ("str" | "int" | "float" | "bool" | "null" | "seq" | "map")) => {
                    Err(Diagnostic::error(format!("this is {what}, not what `!!{name}` says")).at(span))
                }
                _ => Err(explain::unknown_tag(tag, span)),
            },
        }
    }
}

fn merge(value: &Node, merged: &mut Vec<(Node, Node)>) -> Result<(), Diagnostic> {
    let refuse = |node: &Node| {
        Err(node
            .error(format!("`<<` merges a dictionary or a list of dictionaries, this is {}", node.kind_name()))
            .help("give it an alias of a dictionary: `<<: *name`"))
    };
    match value.kind() {
        Kind::Map(entries) => merged.extend(entries.iter().cloned()),
        Kind::List(items) => {
            // The first of the list wins, so it comes last.
            for item in items.iter().rev() {
                match item.kind() {
                    Kind::Map(entries) => merged.extend(entries.iter().cloned()),
                    _ => return refuse(item),
                }
            }
        }
        _ => return refuse(value),
    }
    Ok(())
}

fn duplicate(first: &Node, second: &Node) -> Diagnostic {
    let name = second.scalar_text().unwrap_or_default();
    Diagnostic::warning(format!("Found duplicate mapping key '{name}'."))
        .help("the last one counts")
        .at(second.span())
        .related(first.span(), "first given here")
}

/// An alias under `!unsafe`: the same value, unsafe all the way down. The budget has paid for the copy.
fn unsafe_copy(node: &Node) -> Node {
    let kind = match node.kind() {
        Kind::List(items) => Kind::List(items.iter().map(unsafe_copy).collect()),
        Kind::Map(entries) => Kind::Map(entries.iter().map(|(k, v)| (unsafe_copy(k), unsafe_copy(v))).collect()),
        _ if node.tag() == Some(&Tag::Vault) => return node.clone(),
        other => other.clone(),
    };
    Node::scalar(kind, node.span().clone(), Some(Tag::Unsafe), node.quoted())
}

fn explicit_float(text: &str) -> Option<f64> {
    scalar::float(text).or_else(|| text.replace('_', "").parse().ok())
}

fn binary(text: &str) -> Option<String> {
    use base64::Engine;
    let clean: String = text.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(clean).ok().map(crate::octets::text)
}
