//! `pause`: waits, or asks in a terminal.

use std::time::{Duration, Instant};

use super::{Action, Context, Done};
use crate::arguments;
use crate::modules::arguments::Rule;
use crate::plan::Failure;

arguments! {
    /// Waits for a time. Without one it would ask for a key: this tool does not ask in mid-run, and goes on.
    pub(crate) struct Pause {
        /// How long, in minutes.
        minutes: Option<f64>,
        /// How long, in seconds.
        seconds: Option<f64>,
        /// What to tell the person who waits.
        prompt: Option<String>,
        /// Show what is typed.
        echo: bool = true,
    }
}

impl Action for Pause {
    const NAME: &'static str = "ansible.builtin.pause";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["minutes", "seconds"])];
    const EXAMPLES: &'static str = "- ansible.builtin.pause:\n    seconds: 1\n";
    const RETURNS: &'static str = "delta: seconds waited";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let seconds = self.seconds.unwrap_or_else(|| self.minutes.unwrap_or(0.0) * 60.0).max(0.0);
        let message = self.prompt.clone().unwrap_or_else(|| format!("Pausing for {seconds} seconds"));
        context.target.progress(&message, 0, 0);
        let begun = Instant::now();
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        let mut done = Done::default().with("delta", begun.elapsed().as_secs()).with("echo", self.echo).with("user_input", "");
        if self.seconds.is_none() && self.minutes.is_none() {
            done.warnings.push("pause without a time does not wait: nobody is asked in mid-run".into());
        }
        Ok(done.with("stdout", format!("Paused for {seconds} seconds")).with("stderr", ""))
    }
}
