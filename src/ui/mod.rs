//! Everything that is printed: reports with snippets, the progress of plays, diffs, recaps. Nothing else prints.

mod colour;
pub mod deploy;
mod difference;
mod log;
mod report;
mod style;
pub mod views;

use std::io::Write as _;

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

/// Asks in the terminal, without showing what is typed.
///
/// # Errors
/// There is no terminal.
pub fn ask_secret(prompt: &str) -> std::io::Result<String> {
    use std::io::BufRead as _;

    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let mut terminal = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Now, &silent)?;
    let mut text = String::new();
    let read = std::io::BufReader::new(&terminal).read_line(&mut text);
    tcsetattr(&terminal, OptionalActions::Now, &before)?;
    writeln!(terminal)?;
    read?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
