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

/// Content for standard output, as it is.
pub fn bytes(content: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(content).and_then(|()| out.flush());
}

pub fn stdout_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdout())
}

/// Asks, showing what is typed.
///
/// # Errors
/// Nobody answers.
pub fn ask(prompt: &str) -> std::io::Result<String> {
    let _ = write!(std::io::stderr().lock(), "{prompt}");
    answer(&mut std::io::stdin().lock())
}

/// A line of input; its end without one is no answer.
fn answer(input: &mut dyn std::io::BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    if input.read_line(&mut text)? == 0 {
        return Err(std::io::Error::other("nobody answers"));
    }
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Asks in the terminal, without showing what is typed; without a terminal the answer is read from standard input.
///
/// # Errors
/// Nobody answers.
pub fn ask_secret(prompt: &str) -> std::io::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let Ok(mut terminal) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty") else { return ask(prompt) };
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Now, &silent)?;
    let read = answer(&mut std::io::BufReader::new(&terminal));
    tcsetattr(&terminal, OptionalActions::Now, &before)?;
    writeln!(terminal)?;
    read
}
