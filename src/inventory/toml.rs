//! TOML inventories (docs.ansible.com, ansible.builtin.toml): a table for each group, with `hosts`, `children`, `vars`.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Inventory, yaml};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::yaml::{Kind, Node};

pub(super) fn read(inventory: &mut Inventory, source: &Arc<Source>, path: &Path, problems: &mut Diagnostics) {
    match DeTable::parse(&source.text) {
        Ok(table) => {
            let groups = of_table(table.get_ref(), &Span::locate(source, 0, source.text.len()));
            if let Some(groups) = problems.collect(children_by_name(&groups)) {
                yaml::read(inventory, &groups, path, problems);
            }
        }
        Err(error) => {
            let at = error.span().unwrap_or_default();
            problems
                .push(Diagnostic::error(format!("this is no valid TOML: {}", error.message())).at(&Span::locate(source, at.start, at.end)));
        }
    }
}

/// A YAML inventory has `children` as a dictionary, where here they are a list of names.
fn children_by_name(groups: &Node) -> Result<Node, Diagnostic> {
    let mut made = Vec::new();
    for (name, group) in groups.as_map().unwrap_or_default() {
        let Some(parts) = group.as_map() else {
            made.push((name.clone(), group.clone()));
            continue;
        };
        let mut entries = Vec::new();
        for (part, content) in parts {
            let content = match (part.as_str(), content.as_list()) {
                (Some("children"), Some(names)) => Node::new(
                    Kind::Map(names.iter().map(|name| (name.clone(), Node::new(Kind::Null, name.span().clone()))).collect()),
                    content.span().clone(),
                ),
                (Some("children"), None) => {
                    return Err(content
                        .error(format!("`children` must be a list of names of groups, this is {}", content.kind_name()))
                        .help("write `children = [\"web\", \"db\"]`"));
                }
                _ => content.clone(),
            };
            entries.push((part.clone(), content));
        }
        made.push((name.clone(), Node::new(Kind::Map(entries), group.span().clone())));
    }
    Ok(Node::new(Kind::Map(made), groups.span().clone()))
}

fn of_table(table: &DeTable<'_>, whole: &Span) -> Node {
    let entries = table.iter().map(|(key, value)| (Node::string(key.get_ref(), &place(key, whole)), node(value, whole)));
    Node::new(Kind::Map(entries.collect()), whole.clone())
}

fn place<T>(part: &Spanned<T>, whole: &Span) -> Span {
    whole.within(part.span().start, part.span().end)
}

fn node(value: &Spanned<DeValue<'_>>, whole: &Span) -> Node {
    let span = place(value, whole);
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::Str(AsRef::<str>::as_ref(text).into()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Kind::Int(number),
            Err(_) => Kind::Str(number.as_str().into()),
        },
        DeValue::Float(number) => number.as_str().parse().map_or_else(|_| Kind::Str(number.as_str().into()), Kind::Float),
        DeValue::Boolean(flag) => Kind::Bool(*flag),
        // Dates are text here, as those of YAML are.
        DeValue::Datetime(moment) => Kind::Str(moment.to_string().into()),
        DeValue::Array(items) => Kind::List(items.iter().map(|item| node(item, whole)).collect()),
        DeValue::Table(table) => return of_table(table, whole),
    };
    Node::scalar(kind, span, None, true)
}
