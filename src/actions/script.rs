//! `script`: finds the script here; the module of the same name runs it there.

use serde_json::{Map, Value as Json, json};

use super::{Action, Context, Done, copy};
use crate::modules::Module as _;
use crate::modules::arguments::{self as declared, Argument, Arguments, Rule, Value as _};
use crate::modules::script::Script as Module;
use crate::plan::Failure;

/// The module's own arguments, as they are: this action only adds the script.
pub(crate) struct Script(Map<String, Json>);

impl Arguments for Script {
    const SUMMARY: &'static str = Module::SUMMARY;
    const ARGUMENTS: &'static [Argument] = Module::ARGUMENTS;

    fn decode(values: &Map<String, Json>) -> Result<Script, Failure> {
        declared::refuse_unknown(values, Self::ARGUMENTS)?;
        Ok(Script(values.clone()))
    }
}

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
