//! Questions to the person at the terminal.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Write as _};
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::engine::Ask;

/// Asks, showing what is typed.
///
/// # Errors
/// Nobody answers.
pub fn ask(prompt: &str) -> io::Result<String> {
    let _ = write!(io::stderr().lock(), "{prompt}");
    answered(one_line(io::stdin().lock())?)
}

/// Asks in the terminal, without showing what is typed; without a terminal the answer is read from standard input.
///
/// # Errors
/// Nobody answers.
pub fn ask_secret(prompt: &str) -> io::Result<String> {
    let Ok(mut terminal) = File::options().read(true).write(true).open("/dev/tty") else { return ask(prompt) };
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let text = hidden(&terminal, || one_line(BufReader::new(&terminal)))?;
    writeln!(terminal)?;
    answered(text)
}

fn answered(text: Option<String>) -> io::Result<String> {
    text.ok_or_else(|| io::Error::other("nobody answers"))
}

/// Standard input and output.
pub struct Terminal;

impl Ask for Terminal {
    fn is_there(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn line(&self, question: &str, is_hidden: bool) -> io::Result<Option<String>> {
        let mut out = io::stdout().lock();
        write!(out, "{question}")?;
        out.flush()?;
        drop(out);
        let read = || one_line(io::stdin().lock());
        if !self.is_there() {
            let answer = read();
            super::line("");
            return answer;
        }
        if !is_hidden {
            return read();
        }
        let answer = hidden(io::stdin(), read);
        super::line("");
        answer
    }

    fn tell(&self, text: &str) {
        super::line(text);
    }
}

/// Reads while the terminal shows nothing of what is typed.
fn hidden<T>(terminal: impl AsFd, read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Now, &silent)?;
    let read = read();
    tcsetattr(&terminal, OptionalActions::Now, &before)?;
    read
}

/// `None` at the end.
fn one_line(mut from: impl io::BufRead) -> io::Result<Option<String>> {
    let mut text = String::new();
    let length = from.read_line(&mut text)?;
    Ok((length > 0).then(|| text.trim_end_matches(['\n', '\r']).to_owned()))
}
