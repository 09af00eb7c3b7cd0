//! `script`: finds the script here; the module of the same name runs it there.

use serde_json::json;

use super::as_given::AsGiven;
use super::{Action, Context, Done, copy};
use crate::modules::Module as _;
use crate::modules::arguments::{Rule, Value as _};
use crate::modules::script::Script as Module;
use crate::plan::Failure;

pub(crate) type Script = AsGiven<Module>;

impl Action for Script {
    const NAME: &'static str = Module::NAME;
    const RULES: &'static [Rule] = Module::RULES;
    const FREE_FORM: Option<&'static str> = Module::FREE_FORM;
    const EXAMPLES: &'static str = Module::EXAMPLES;
    const RETURNS: &'static str = Module::RETURNS;
    const LOCAL: bool = false;

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let mut arguments = self.0;
        let (name, line) = ["_raw_params", "cmd"]
            .into_iter()
            .find_map(|name| Some((name, arguments.get(name)?.as_str()?.to_owned())))
            .ok_or_else(|| Failure::argument("cmd", "no script given"))?;
        let words = crate::words::split(&line).map_err(|why| Failure::argument(name, format!("the command line {why}")))?;
        let Some(script) = words.first() else { return Err(Failure::argument(name, "no script given")) };
        let decrypt = match arguments.get("decrypt") {
            Some(value) => bool::parse(value).map_err(|why| Failure::argument("decrypt", format!("`decrypt` {why}")))?,
            None => true,
        };
        let path = copy::find(&context, script).map_err(|failure| Failure { argument: Some(name.into()), ..failure })?;
        let (supply, _) = copy::file(&path, decrypt, &context)?;
        arguments.insert("_blob".into(), json!(supply.blob(0).map_err(|error| copy::unreadable(&path, &error))?));
        Ok(Done::by_module(context.target.module(Self::NAME, arguments, vec![supply]).await?))
    }
}
