//! `-e`: extra variables as `key=value`, YAML, JSON or a file.

use std::sync::Arc;

use anyhow::Context as _;

use crate::diag::{Diagnostic, Source, Span};
use crate::template::{Var, VarMap, var_map};
use crate::vault::{self, Decrypt};
use crate::yaml::{self, Kind, Node, Tag};

/// In the order given: later ones win.
///
/// # Errors
/// A file that cannot be read, or what is no variable.
pub(in crate::cli) fn read(given: &[String], decrypt: Option<&Arc<Decrypt>>) -> anyhow::Result<VarMap> {
    let mut all = VarMap::new();
    for text in given {
        if let Some(file) = text.strip_prefix('@') {
            all.extend(of_file(file, decrypt)?);
        } else if text.trim_start().starts_with(['{', '[']) {
            let vars = of_document(Source { path: "<extra vars>".into(), text: text.as_str().into() }, false)?;
            all.extend(vars.into_iter().map(|(name, var)| (name, if let Var::Node(node) = var { Var::Node(marked(&node)) } else { var })));
        } else {
            all.extend(of_words(text)?);
        }
    }
    Ok(all)
}

fn of_file(file: &str, decrypt: Option<&Arc<Decrypt>>) -> anyhow::Result<VarMap> {
    let path = crate::config::expanded(file);
    let content = std::fs::read_to_string(&path).with_context(|| format!("cannot read the variables of -e @{file}"))?;
    if !vault::is_encrypted(&content) {
        return Ok(of_document(Source { path, text: content.into() }, false)?);
    }
    let open = decrypt.ok_or_else(|| vault::locked(file))?;
    Ok(of_document(Source { path, text: open(&content)?.into() }, true)?)
}

fn of_document(source: Source, secret: bool) -> Result<VarMap, Diagnostic> {
    let source = Arc::new(source);
    let loaded = if secret { yaml::load_secret(&source)? } else { yaml::load(&source)? };
    loaded.documents.first().filter(|node| !node.is_null()).map_or(Ok(VarMap::new()), |node| var_map(node, "extra vars"))
}

/// JSON of Ansible's programs says by a key what YAML says by a tag: text that is no template, text of a vault.
fn marked(node: &Node) -> Node {
    let tags = [("__ansible_unsafe", Tag::Unsafe), ("__ansible_vault", Tag::Vault)];
    match node.kind() {
        Kind::Map(entries) => match (&entries[..], tags.iter().find(|(key, _)| entries.len() == 1 && entries[0].0.as_str() == Some(key))) {
            ([(_, text)], Some((_, tag))) => Node::scalar(text.kind().clone(), text.span().clone(), Some(tag.clone()), true),
            _ => Node::new(Kind::Map(entries.iter().map(|(key, value)| (key.clone(), marked(value))).collect()), node.span().clone()),
        },
        Kind::List(items) => Node::new(Kind::List(items.iter().map(marked).collect()), node.span().clone()),
        _ => node.clone(),
    }
}

fn of_words(text: &str) -> Result<VarMap, Diagnostic> {
    let source = Arc::new(Source { path: "<extra vars>".into(), text: text.into() });
    let whole = Span::locate(&source, 0, text.len());
    let mut all = VarMap::new();
    for word in crate::playbook::split_words(text).map_err(|why| Diagnostic::error(why).at(&whole))? {
        let Some((name, value)) = word.text.split_once('=') else {
            return Err(Diagnostic::error(format!("`{}` is no variable", word.text)).at(&whole).help("write `-e name=value`"));
        };
        all.insert(name.into(), Var::Node(Node::string(&crate::playbook::decoded(value), &whole)));
    }
    Ok(all)
}
