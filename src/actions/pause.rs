//! `pause`: waits for a time, or for the person at the terminal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Action, Context, Done};
use crate::arguments;
use crate::modules::arguments::Rule;
use crate::plan::Failure;

arguments! {
    /// Waits for a time, or for a line that somebody types; where there is nobody, it goes on.
    pub(crate) struct Pause {
        /// How long, in minutes.
        minutes: Option<f64>,
        /// How long, in seconds.
        seconds: Option<f64>,
        /// What to tell the person who waits or is to answer.
        prompt: Option<String>,
        /// Show what is typed.
        echo: bool = true,
    }
}

impl Action for Pause {
    const NAME: &'static str = "ansible.builtin.pause";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["minutes", "seconds"])];
    const FREE_FORM: Option<&'static str> = None;
    const EXAMPLES: &'static str =
        "- ansible.builtin.pause:\n    seconds: 1\n\n- ansible.builtin.pause:\n    prompt: Look at the first host, then press Enter\n";
    const RETURNS: &'static str = "user_input: what was typed\ndelta: seconds waited\nstart, stop: from when to when";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let ask = context.ask;
        let (start, begun) = (jiff::Zoned::now(), Instant::now());
        let limit = self.seconds.or(self.minutes.map(|minutes| minutes * 60.0)).map(|seconds| seconds.max(1.0));
        let mut typed = String::new();
        let mut warnings = Vec::new();
        let waited = match limit {
            Some(seconds) => {
                let seconds = seconds as u64;
                ask.tell(&format!("Pausing for {seconds} seconds"));
                if let Some(prompt) = &self.prompt {
                    ask.tell(&format!("[pause]\n{prompt}:"));
                }
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                match self.minutes {
                    Some(minutes) => format!("Paused for {} minutes", hundredths(minutes)),
                    None => format!("Paused for {} seconds", hundredths(begun.elapsed().as_secs_f64())),
                }
            }
            None => {
                let prompt = self.prompt.clone().unwrap_or_else(|| "Press enter to continue, Ctrl+C to interrupt".into());
                let hidden = if self.echo { "" } else { " (output is hidden)" };
                let question = format!("[pause]\n{prompt}{hidden}:");
                if ask.is_there() {
                    let (ask, echo) = (Arc::clone(ask), self.echo);
                    let answer = tokio::task::spawn_blocking(move || ask.line(&question, !echo)).await;
                    typed = answer
                        .map_err(|_| Failure::new("nobody could be asked"))?
                        .map_err(|error| Failure::new(error.to_string()))?
                        .unwrap_or_default();
                } else {
                    warnings.push("Not waiting for response to prompt as stdin is not interactive".into());
                }
                format!("Paused for {} minutes", hundredths(begun.elapsed().as_secs_f64() / 60.0))
            }
        };
        let time = |when: &jiff::Zoned| when.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string();
        let done = Done { warnings, ..Done::default() }
            .with("delta", begun.elapsed().as_secs())
            .with("echo", self.echo)
            .with("rc", 0)
            .with("start", time(&start))
            .with("stop", time(&jiff::Zoned::now()))
            .with("stdout", waited)
            .with("stderr", "");
        Ok(done.with("user_input", typed))
    }
}

/// Rounded to hundredths, with at least one digit behind the point.
fn hundredths(number: f64) -> String {
    format!("{:?}", (number * 100.0).round() / 100.0)
}
