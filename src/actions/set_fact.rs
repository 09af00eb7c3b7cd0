//! `set_fact`: variables of the host, for the rest of the run.

use super::{Action, Context, Done, Effect};
use crate::arguments;
use crate::plan::Failure;
use crate::value::Value;

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
            return Err(Failure::new("no variable is given to set").with("help", "write `name: value`"));
        }
        for name in given.keys() {
            if !valid_name(name) {
                let why = format!("`{name}` is no valid variable name: letters, digits and _ only, not beginning with a digit");
                return Err(Failure::argument(name, why));
            }
        }
        let values = given.iter().map(|(k, v)| (k.as_str().into(), Value::from_json(v))).collect();
        let done = Done { effects: vec![Effect::SetFacts { values, cacheable: self.cacheable, facts: false }], ..Done::default() };
        Ok(done.with("ansible_facts", given))
    }
}

/// docs.ansible.com, "Creating valid variable names".
pub(crate) fn valid_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
