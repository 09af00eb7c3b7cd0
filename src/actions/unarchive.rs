//! `unarchive`: finds the archive here; the module of the same name unpacks it there.

use serde_json::{Value as Json, json};

use super::as_given::AsGiven;
use super::{Action, Context, Done, copy};
use crate::modules::Module as _;
use crate::modules::arguments::Value as _;
use crate::modules::unarchive::Unarchive as Module;
use crate::plan::Failure;

pub(crate) type Unarchive = AsGiven<Module>;

impl Action for Unarchive {
    const NAME: &'static str = Module::NAME;
    const EXAMPLES: &'static str = Module::EXAMPLES;
    const RETURNS: &'static str = Module::RETURNS;
    const LOCAL: bool = false;

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let mut arguments = self.0;
        let flag = |name: &str, default: bool| {
            let wrong = |why| Failure::argument(name, format!("`{name}` {why}"));
            arguments.get(name).map_or(Ok(default), |value| bool::parse(value).map_err(wrong))
        };
        let there = flag("remote_src", false)? || !flag("copy", true)?;
        let decrypt = flag("decrypt", true)?;
        let src = arguments.get("src").and_then(Json::as_str).unwrap_or_default().to_owned();
        let mut supplies = Vec::new();
        if !there {
            if src.contains("://") {
                return Err(Failure::argument("src", "a URL is fetched by the host itself: say remote_src: true"));
            }
            let path = copy::find(&context, &src)?;
            let (supply, _) = copy::file(&path, decrypt, &context)?;
            arguments.insert("_blob".into(), json!(supply.blob(0).map_err(|error| copy::unreadable(&path, &error))?));
            supplies.push(supply);
        }
        Ok(Done::by_module(context.target.module(Self::NAME, arguments, supplies).await?))
    }
}
