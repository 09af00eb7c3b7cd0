//! `fail`: a failure with a message of one's own.

use super::{Action, Context, Done};
use crate::arguments;
use crate::plan::Failure;

arguments! {
    /// Fails with a message.
    pub(crate) struct Fail {
        /// The message.
        msg: String = "Failed as requested from task".to_owned(),
    }
}

impl Action for Fail {
    const NAME: &'static str = "ansible.builtin.fail";
    const EXAMPLES: &'static str = "- ansible.builtin.fail:\n    msg: this release cannot be rolled back\n  when: false\n";

    async fn run(self, _: Context<'_>) -> Result<Done, Failure> {
        Err(Failure::new(self.msg))
    }
}
