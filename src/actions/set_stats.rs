//! `set_stats`: figures that the end of the run shows.

use serde_json::{Map, Value as Json};

use super::{Action, Context, Done, Effect};
use crate::arguments;
use crate::plan::Failure;
use crate::value::Value;

use super::set_fact::valid_name;

arguments! {
    /// Keeps figures for the end of the run.
    pub(crate) struct SetStats {
        /// The figures, by name.
        data: Map<String, Json>,
        /// Each host has its own.
        per_host: bool = false,
        /// Numbers are added, lists and texts appended to, dictionaries merged with what is there.
        aggregate: bool = true,
    }
}

impl Action for SetStats {
    const NAME: &'static str = "ansible.builtin.set_stats";
    const TERSE: bool = true;
    const EXAMPLES: &'static str = "- ansible.builtin.set_stats:\n    data:\n      packages_upgraded: 3\n";
    const RETURNS: &'static str = "ansible_stats: what was kept";

    async fn run(self, _: Context<'_>) -> Result<Done, Failure> {
        if let Some(name) = self.data.keys().find(|name| !valid_name(name)) {
            let why = format!("The variable name '{name}' is not valid: letters, digits and _ only, not beginning with a digit");
            return Err(Failure::argument("data", why));
        }
        let values = self.data.iter().map(|(name, value)| (name.as_str().into(), Value::from_json(value))).collect();
        let shown = serde_json::json!({"data": self.data, "per_host": self.per_host, "aggregate": self.aggregate});
        let effects = vec![Effect::Stats { values, per_host: self.per_host, aggregate: self.aggregate }];
        Ok(Done { effects, ..Done::default() }.with("ansible_stats", shown))
    }
}
