//! `raw`: a command over the bare connection; needs nothing on the host but a shell.

use super::{Action, Context, Done};
use crate::arguments;
use crate::plan::Failure;

arguments! {
    /// Runs a command by the remote user's shell, without the agent: for hosts that cannot have one.
    pub(crate) struct Raw {
        /// The command.
        _raw_params: String ["free_form"],
        /// The shell to run it, with its path.
        executable: Option<String>,
    }
}

impl Action for Raw {
    const NAME: &'static str = "ansible.builtin.raw";
    const FREE_FORM: Option<&'static str> = Some("_raw_params");
    const LOCAL: bool = false;
    const EXAMPLES: &'static str = "- ansible.builtin.raw: uname -a\n";
    const RETURNS: &'static str = "rc: exit code\nstdout: what it printed\nstderr: what it printed as errors";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        if context.check {
            return Ok(Done { skipped: true, ..Done::default() });
        }
        let output = context.target.raw(&self._raw_params, self.executable.as_deref()).await?;
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (stdout, stderr) = (output.text(), output.errors());
        if output.rc != 0 {
            let failure = Failure::new("non-zero return code").with("rc", output.rc).with("changed", true);
            return Err(failure
                .with("stdout_lines", lines(&stdout))
                .with("stderr_lines", lines(&stderr))
                .with("stdout", stdout)
                .with("stderr", stderr));
        }
        let done = Done { changed: true, ..Done::default() }.with("rc", 0);
        Ok(done.with("stdout_lines", lines(&stdout)).with("stderr_lines", lines(&stderr)).with("stdout", stdout).with("stderr", stderr))
    }
}
