//! Colours, where the output is a terminal and NO_COLOR (no-color.org) is not set.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Green,
    Yellow,
    Red,
    Cyan,
    Blue,
    Purple,
    Bright,
    Grey,
}

/// Whether standard output takes colours; ANSIBLE_FORCE_COLOR and CLICOLOR_FORCE say yes without a terminal.
pub(super) fn enabled() -> bool {
    static ENABLED: OnceLock<bool> = OnceLock::new();
    *ENABLED.get_or_init(|| {
        let set = |name: &str| std::env::var(name).is_ok_and(|v| !v.is_empty() && v != "0" && v.to_lowercase() != "false");
        if set("ANSIBLE_FORCE_COLOR") || set("CLICOLOR_FORCE") {
            return true;
        }
        let no = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) || set("ANSIBLE_NOCOLOR");
        !no && std::env::var("TERM").as_deref() != Ok("dumb") && std::io::stdout().is_terminal()
    })
}

/// Whether standard error takes colours.
pub fn colours_on_stderr() -> bool {
    std::io::stderr().is_terminal() && enabled()
}

pub fn paint(text: &str, colour: Colour) -> String {
    wrapped(text, colour, enabled())
}

/// Painted where `colours` are wanted.
pub(super) fn wrapped(text: &str, colour: Colour, colours: bool) -> String {
    if !colours || text.is_empty() {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Green => "0;32",
        Colour::Yellow => "0;33",
        Colour::Red => "0;31",
        Colour::Cyan => "0;36",
        Colour::Blue => "0;34",
        Colour::Purple => "1;35",
        Colour::Bright => "1",
        Colour::Grey => "2",
    };
    let painted: Vec<String> = text.split('\n').map(|line| format!("\x1b[{code}m{line}\x1b[0m")).collect();
    painted.join("\n")
}
