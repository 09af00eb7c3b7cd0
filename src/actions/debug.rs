//! `debug`: shows a text or a variable.

use serde_json::Value as Json;

use super::{Action, Context, Done};
use crate::arguments;
use crate::diag::Diagnostic;
use crate::modules::arguments::Rule;
use crate::plan::Failure;
use crate::template;
use crate::value::Value;
use crate::yaml::Kind;

const UNTRUSTED: &str = "Encountered untrusted template or expression.";

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
        let is_given = context.others.contains_key("msg");
        let hello = || if is_given { Json::Null } else { Json::from("Hello world!") };
        let Some((_, written)) = context.written.iter().find(|(name, _)| name == "var") else {
            return match &self.var {
                // A dictionary of arguments that a template gave: its texts are no expressions.
                Some(var) => Err(Failure::argument("var", format!("Error while resolving `var` expression: {UNTRUSTED} ({var})"))),
                None => Ok(Done::default().with("msg", self.msg.unwrap_or_else(hello))),
            };
        };
        let failed = |problem: Diagnostic| {
            Failure::argument("var", format!("Task failed: Error while resolving `var` expression: {}", problem.in_result()))
        };
        let Some(node) = template::expressions(written, context.scope).map_err(failed)? else {
            return Ok(Done::default().with("msg", self.msg.unwrap_or_else(hello)));
        };
        if matches!(node.kind(), Kind::List(_) | Kind::Map(_)) {
            let value = Value::from_node(&node);
            let why = format!(
                "argument 'var' is of type {} and we were unable to convert to str: '{value}' is not a string and conversion is not allowed",
                template::type_name(&value)
            );
            return Err(Failure::argument("var", why));
        }
        let name = node.scalar_text().unwrap_or_default();
        let value = match template::evaluate(&node, context.scope) {
            Ok(Value::Undefined(undefined)) => Err(undefined.error()),
            Ok(Value::Omit) => {
                let why = format!("The result of the `{name}` expression could not be omitted; a placeholder was used instead.");
                return Ok(Done { warnings: vec![why], ..Done::default() }.with(&name, "<<Omit>>"));
            }
            Ok(value) => value.to_json(),
            Err(problem) => Err(problem),
        };
        let value = match value {
            Ok(json) => json,
            Err(problem) if problem.undefined => {
                let why = format!("error 1 - {}", problem.in_result());
                let done = Done { warnings: vec![format!("Encountered 1 template error.\n{why}")], ..Done::default() };
                return Ok(done.with(&name, format!("<< {why} >>")));
            }
            Err(problem) => return Err(failed(problem)),
        };
        Ok(Done::default().with(&name, value))
    }
}
