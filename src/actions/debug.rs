//! `debug`: shows a text or a variable.

use serde_json::Value as Json;

use super::{Action, Context, Done};
use crate::arguments;
use crate::modules::arguments::Rule;
use crate::plan::Failure;
use crate::template;
use crate::value::Value;

arguments! {
    /// Shows a text or the value of an expression.
    pub(crate) struct Debug {
        /// What to show.
        msg: Option<Json>,
        /// A variable's name or an expression, without braces.
        var: Option<Json>,
        /// Show only from this many -v on.
        verbosity: i64 = 0,
    }
}

impl Action for Debug {
    const NAME: &'static str = "ansible.builtin.debug";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["msg", "var"])];
    const RAW: &'static [&'static str] = &["var"];
    const EXAMPLES: &'static str = "- ansible.builtin.debug:\n    var: ansible_facts.distribution\n";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        if self.verbosity > i64::from(context.verbosity) {
            let done = Done { skipped: true, ..Done::default() };
            return Ok(done.with("skipped_reason", "Verbosity threshold not met."));
        }
        let Some((_, node)) = context.written.iter().find(|(name, _)| name == "var") else {
            return Ok(Done::default().with("msg", self.msg.unwrap_or_else(|| Json::from("Hello world!"))));
        };
        let name = node.scalar_text().unwrap_or_else(|| format!("{node:?}"));
        let value = match template::evaluate(node, context.scope).and_then(|value| match value {
            Value::Undefined(undefined) => Err(undefined.error()),
            value => value.to_json(),
        }) {
            Ok(json) => json,
            Err(problem) if problem.message.contains("undefined") || problem.message.contains("no attribute") => {
                Json::from(format!("<< error 1 - {} >>", problem.message.replace('`', "'")))
            }
            Err(problem) => return Err(Failure::argument("var", problem.message)),
        };
        Ok(Done::default().with(&name, value))
    }
}
