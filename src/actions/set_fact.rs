//! `set_fact`: variables of the host, for the rest of the run.

use super::{Action, Context, Done, Effect};
use crate::arguments;
use crate::plan::Failure;
use crate::playbook::reserved;
use crate::template;
use crate::value::Value;
use crate::yaml::{Node, Tag};

arguments! {
    /// Sets variables of the host for the rest of the run; each other argument is one.
    pub(crate) struct SetFact {
        /// Keep them in the fact cache too, as facts.
        cacheable: bool = false,
    }
}

impl Action for SetFact {
    const NAME: &'static str = "ansible.builtin.set_fact";
    const OPEN: bool = true;
    const EXAMPLES: &'static str = "- ansible.builtin.set_fact:\n    release_path: \"{{ deploy_to }}/releases/{{ stamp }}\"\n";
    const RETURNS: &'static str = "ansible_facts: the variables set";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let given: serde_json::Map<_, _> =
            context.others.into_iter().filter(|(name, _)| name != "cacheable" && name != "_raw_params").collect();
        if given.is_empty() {
            return Err(Failure::new("No key/value pairs provided, at least one is required for this action to succeed"));
        }
        for name in given.keys() {
            if !valid_name(name) {
                return Err(Failure::argument(name, format!("Invalid variable name '{name}'.")));
            }
            if let Some(warning) = reserved(name) {
                let written = context.written.iter().find(|(written, _)| written == name);
                context.scope.warn(warning.or_at(written.map(|(_, node)| node.span())));
            }
        }
        let values = given.iter().map(|(k, v)| (k.as_str().into(), Value::from_json(v))).collect();
        let kept = |(name, node): &(String, Node)| {
            let written = template::written(node, context.scope).filter(stays_written)?;
            given.contains_key(name).then(|| (name.as_str().into(), written))
        };
        let written = context.written.iter().filter_map(kept).collect();
        let effect = Effect::SetFacts { values, written, cacheable: self.cacheable, facts: false };
        let done = Done { effects: vec![effect], ..Done::default() };
        Ok(done.with("ansible_facts", given))
    }
}

/// Values of the vault stay encrypted; texts may be conditions, as they could where they were written.
fn stays_written(node: &Node) -> bool {
    let is_text = |node: &Node| node.as_str().is_some() && node.tag().is_none() && !node.has_template();
    match node.tag() {
        Some(tag) => *tag == Tag::Vault,
        None => is_text(node) || node.as_list().is_some_and(|items| !items.is_empty() && items.iter().all(is_text)),
    }
}

/// docs.ansible.com, "Creating valid variable names"; constants of templates are none.
pub(crate) fn valid_name(name: &str) -> bool {
    let mut chars = name.chars();
    !matches!(name, "True" | "true" | "False" | "false" | "None" | "none")
        && chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
