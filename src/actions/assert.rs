//! `assert`: conditions that must hold.

use serde_json::Value as Json;

use super::{Action, Context, Done};
use crate::arguments;
use crate::diag::Diagnostic;
use crate::plan::Failure;
use crate::template;
use crate::yaml::Node;

arguments! {
    /// Fails unless all the conditions hold.
    pub(crate) struct Assert {
        /// Conditions, as in `when`.
        that: Json,
        /// Shown when one does not hold.
        fail_msg: Option<Json> ["msg"],
        /// Shown when all hold.
        success_msg: Option<Json>,
        /// Show less.
        quiet: bool = false,
    }
}

impl Action for Assert {
    const NAME: &'static str = "ansible.builtin.assert";
    const RAW: &'static [&'static str] = &["that"];
    const EXAMPLES: &'static str =
        "- ansible.builtin.assert:\n    that:\n      - deploy_keep | int >= 2\n    fail_msg: keep at least two releases\n";
    const RETURNS: &'static str = "assertion: the condition that does not hold\nevaluated_to: false";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let Some((_, that)) = context.written.iter().find(|(name, _)| name == "that") else {
            return Err(Failure::argument("that", "`that` is missing"));
        };
        let failed = |problem: Diagnostic| Failure::argument("that", format!("Task failed: {}", problem.in_result()));
        let conditions = match template::expressions(that, context.scope).map_err(failed)? {
            Some(node) => node.as_list().map_or_else(|| vec![node.clone()], <[Node]>::to_vec),
            None => return Err(Failure::argument("that", "`that` is missing")),
        };
        for node in &conditions {
            let holds = template::condition(node, context.scope).map_err(failed)?;
            if !holds {
                let msg = self.fail_msg.unwrap_or_else(|| Json::from("Assertion failed"));
                let text = node.scalar_text().unwrap_or_default();
                let failure = Failure { argument: Some("that".into()), ..Failure::default() };
                return Err(failure.with("msg", msg).with("assertion", text).with("evaluated_to", false));
            }
        }
        Ok(Done::default().with("_quiet", self.quiet).with("msg", self.success_msg.unwrap_or_else(|| Json::from("All assertions passed"))))
    }
}
