//! Everything that is printed: reports with snippets, the progress of plays, diffs, recaps. Nothing else prints.

mod ask;
mod colour;
pub mod deploy;
mod difference;
mod log;
mod origin;
mod report;
mod style;
pub mod views;

use std::io::Write as _;

pub use ask::{Terminal, ask, ask_secret};
pub use colour::{Colour, colours_on_stderr, paint};
pub use log::log_to;
pub use report::{Reports, head_reports, report, report_all};
pub use style::{Style, Verbosity};

/// A line on standard output. A closed pipe ends the output quietly.
pub fn line(text: &str) {
    log::record(text, "INFO");
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line on standard error.
pub fn note(text: &str) {
    log::record(text, if text.starts_with("error") || text.starts_with("[ERROR]") { "ERROR" } else { "INFO" });
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Content for standard output, as it is.
pub fn bytes(content: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(content).and_then(|()| out.flush());
}

pub fn stdout_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdout())
}
