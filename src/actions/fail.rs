//! `fail`: a failure with a message of one's own.

use serde_json::Value as Json;

use super::{Action, Context, Done};
use crate::arguments;
use crate::plan::Failure;

arguments! {
    /// Fails with a message.
    pub(crate) struct Fail {
        /// The message.
        msg: Json = Json::from("Failed as requested from task"),
    }
}

impl Action for Fail {
    const NAME: &'static str = "ansible.builtin.fail";
    const TERSE: bool = true;
    const EXAMPLES: &'static str = "- ansible.builtin.fail:\n    msg: this release cannot be rolled back\n  when: false\n";

    async fn run(self, _: Context<'_>) -> Result<Done, Failure> {
        // Not only text: a number stays one.
        Err(Failure::default().with("msg", self.msg))
    }
}
