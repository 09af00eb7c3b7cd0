//! A role with `meta/argument_specs.yml` begins with a task that checks its variables.

use crate::playbook::{Keywords, RoleUse, Task};
use crate::yaml::{Kind, Node, Tag};

/// The check, where the role's entry point has a specification with options.
pub(super) fn task(used: &RoleUse) -> Option<Task> {
    let spec = used.role.argument_spec.as_ref().filter(|_| used.validate)?;
    let options = spec.get("options")?;
    let about = spec.get("short_description").and_then(Node::as_str).map(|s| format!(" - {s}")).unwrap_or_default();
    let mut keywords = Keywords::default();
    keywords.tags.push("always".into());
    let text = |text: &str| Node::string(text, spec.span());
    let path = std::path::absolute(&used.role.path).unwrap_or_else(|_| used.role.path.clone()).display().to_string();
    // A role of a collection goes by its own name here.
    let short = used.role.name.rsplit('.').next().unwrap_or_default().to_owned();
    let context = [("argument_spec_name", &used.role.entry), ("name", &short), ("path", &path), ("type", &"role".to_owned())];
    let context = context.into_iter().map(|(key, value)| (text(key), text(value).tagged(Tag::Unsafe))).collect();
    let arguments = vec![
        ("argument_spec".to_owned(), options.clone()),
        ("role".to_owned(), text(&used.role.name)),
        ("validate_args_context".to_owned(), Node::new(Kind::Map(context), spec.span().clone())),
    ];
    let name = format!("Validating arguments against arg spec '{}'{about}", used.role.entry);
    Some(super::gather::made(&name, "ansible.builtin.validate_argument_spec", arguments, keywords, spec.span(), &used.role.path))
}
