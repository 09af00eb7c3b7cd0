//! A role with `meta/argument_specs.yml` begins with a task that checks its variables.

use crate::playbook::{Keywords, RoleUse, Task};
use crate::yaml::Node;

/// The check, where the role's entry point has a specification with options.
pub(super) fn task(used: &RoleUse) -> Option<Task> {
    let spec = used.role.argument_spec.as_ref().filter(|_| used.validate)?;
    let options = spec.get("options")?;
    let about = spec.get("short_description").and_then(Node::as_str).map(|s| format!(" - {s}")).unwrap_or_default();
    let mut keywords = Keywords::default();
    keywords.tags.push("always".into());
    let arguments = vec![("argument_spec".to_owned(), options.clone()), ("role".to_owned(), Node::string(&used.role.name, spec.span()))];
    let name = format!("Validating arguments against arg spec main{about}");
    Some(super::gather::made(&name, "ansible.builtin.validate_argument_spec", arguments, keywords, spec.span(), &used.role.path))
}
