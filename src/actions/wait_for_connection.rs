//! `wait_for_connection`: tries until the host can be reached and answers.

use std::time::{Duration, Instant};

use serde_json::Map;

use super::{Action, Context, Done};
use crate::arguments;
use crate::plan::Failure;

/// What a host must be able to answer.
const PING: &str = "ansible.builtin.ping";

arguments! {
    /// Waits until the host can be reached and its agent answers: after a reboot, or when it was just made.
    pub(crate) struct WaitForConnection {
        /// Seconds that one try may take to connect.
        connect_timeout: u32 = 5,
        /// Seconds before the first try.
        delay: u32 = 0,
        /// Seconds between tries.
        sleep: u32 = 1,
        /// Seconds after which to give up.
        timeout: u32 = 600,
    }
}

impl Action for WaitForConnection {
    const NAME: &'static str = "ansible.builtin.wait_for_connection";
    const TERSE: bool = true;
    const LOCAL: bool = false;
    const EXAMPLES: &'static str = "- ansible.builtin.wait_for_connection:\n    delay: 10\n    timeout: 300\n";
    const RETURNS: &'static str = "elapsed: seconds waited";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        if context.check {
            return Ok(Done { skipped: true, ..Done::default() }.with("elapsed", 0));
        }
        let begun = Instant::now();
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        tokio::time::sleep(seconds(self.delay)).await;
        loop {
            let reached = async {
                context.target.renew(self.connect_timeout).await?;
                context.target.module(PING, Map::new(), Vec::new()).await
            };
            let why = match reached.await {
                Ok(answer) if !answer.failed && !answer.unreachable => {
                    return Ok(Done::default().with("elapsed", begun.elapsed().as_secs()));
                }
                Ok(answer) => String::from_utf8_lossy(&answer.result).into_owned(),
                Err(unreachable) => unreachable.0,
            };
            if begun.elapsed() + seconds(self.sleep) > seconds(self.timeout) {
                let failure = Failure::new(format!("timed out waiting for ping module test: {why}"));
                return Err(failure.with("elapsed", begun.elapsed().as_secs()));
            }
            tokio::time::sleep(seconds(self.sleep)).await;
        }
    }
}
