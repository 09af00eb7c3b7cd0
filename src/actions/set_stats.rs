//! `set_stats`: figures that the end of the run shows.

use serde_json::{Map, Value as Json};

use super::{Action, Context, Done, Effect};
use crate::arguments;
use crate::modules::arguments::Value as _;
use crate::plan::Failure;
use crate::value::Value;

use super::set_fact::valid_name;

arguments! {
    /// Keeps figures for the end of the run.
    pub(crate) struct SetStats {
        /// The figures, by name.
        data: Json,
        /// Each host has its own.
        per_host: Json = Json::from(false),
        /// Numbers are added, lists and texts appended to, dictionaries merged with what is there.
        aggregate: Json = Json::from(true),
    }
}

impl Action for SetStats {
    const NAME: &'static str = "ansible.builtin.set_stats";
    const TERSE: bool = true;
    const EXAMPLES: &'static str = "- ansible.builtin.set_stats:\n    data:\n      packages_upgraded: 3\n";
    const RETURNS: &'static str = "ansible_stats: what was kept";

    async fn run(self, _: Context<'_>) -> Result<Done, Failure> {
        let Ok(data) = Map::parse(&self.data) else {
            return Err(Failure::argument("data", "The 'data' option needs to be a dictionary/hash"));
        };
        if let Some(name) = data.keys().find(|name| !valid_name(name)) {
            return Err(Failure::argument("data", format!("Invalid variable name '{name}'.")));
        }
        // What is no word for true is none for false either, and counts as that.
        let flag = |value: &Json| bool::parse(value).unwrap_or(false);
        let (per_host, aggregate) = (flag(&self.per_host), flag(&self.aggregate));
        let values = data.iter().map(|(name, value)| (name.as_str().into(), Value::from_json(value))).collect();
        let shown = serde_json::json!({"data": data, "per_host": per_host, "aggregate": aggregate});
        let effects = vec![Effect::Stats { values, per_host, aggregate }];
        Ok(Done { effects, ..Done::default() }.with("ansible_stats", shown))
    }
}
