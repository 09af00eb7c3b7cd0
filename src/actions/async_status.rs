//! `async_status`: the module of the same name, told where the task's variables keep records of jobs.

use super::as_given::AsGiven;
use super::{Action, Context, Done};
use crate::modules::Module as _;
use crate::modules::async_status::AsyncStatus as Module;
use crate::plan::Failure;
use crate::template;

pub(crate) type AsyncStatus = AsGiven<Module>;

impl Action for AsyncStatus {
    const NAME: &'static str = Module::NAME;
    const EXAMPLES: &'static str = Module::EXAMPLES;
    const RETURNS: &'static str = Module::RETURNS;
    const LOCAL: bool = false;

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let mut arguments = self.0;
        if let Some(var) = context.scope.get("ansible_async_dir") {
            let folder = template::variable(&var, context.scope).map_err(|problem| Failure::new(problem.message))?;
            arguments.insert("_folder".into(), folder.to_string().into());
        }
        Ok(Done::by_module(context.target.module(Self::NAME, arguments, Vec::new()).await?))
    }
}
