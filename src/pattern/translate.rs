//! Python's pattern syntax to that of `fancy_regex`.

use std::iter::Peekable;
use std::str::Chars;

use super::Options;

/// # Errors
/// An escape that Python refuses, or a group or set that does not end.
pub(super) fn python(pattern: &str, options: Options) -> Result<String, String> {
    let (flags, rest) = leading_flags(pattern);
    let options = Options {
        multiline: options.multiline || flags.contains('m'),
        dot_all: options.dot_all || flags.contains('s'),
        ignore_case: options.ignore_case || flags.contains('i'),
        ascii: options.ascii || flags.contains('a'),
    };
    let mut set: String = [(options.multiline, 'm'), (options.dot_all, 's'), (options.ignore_case, 'i')]
        .into_iter()
        .filter_map(|(on, flag)| on.then_some(flag))
        .collect();
    if flags.contains('x') {
        set.push('x');
    }
    let mut out = if set.is_empty() { String::new() } else { format!("(?{set})") };
    Translation { rest: rest.chars().peekable(), options, out: &mut out }.all()?;
    Ok(out)
}

/// `(?im)` at the start, with what follows it.
fn leading_flags(pattern: &str) -> (&str, &str) {
    let inner = pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')'));
    match inner {
        Some((flags, rest)) if !flags.is_empty() && flags.chars().all(|c| "aiLmsux".contains(c)) => (flags, rest),
        _ => ("", pattern),
    }
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    options: Options,
    out: &'a mut String,
}

impl Translation<'_> {
    fn all(mut self) -> Result<(), String> {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape(false)?,
                '[' => self.set()?,
                // Python's `$` also stands before a newline that ends the text.
                '$' if !self.options.multiline => self.out.push_str(r"(?=\n?\z)"),
                '{' => self.brace(),
                '(' if self.follows("?#") => {
                    if !self.rest.by_ref().any(|c| c == ')') {
                        return Err("missing ), unterminated comment".into());
                    }
                }
                c => self.out.push(c),
            }
        }
        Ok(())
    }

    fn follows(&self, text: &str) -> bool {
        let mut ahead = self.rest.clone();
        text.chars().all(|c| ahead.next() == Some(c))
    }

    /// A brace counts (`{2}`, `{1,}`, `{,3}`) or is itself.
    fn brace(&mut self) {
        let inner: String = self.rest.clone().take_while(|c| *c != '}').collect();
        let closed = self.rest.clone().any(|c| c == '}');
        let number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        let count = match inner.split_once(',') {
            Some((low, high)) if number(low) && number(high) => Some(format!("{{{},{high}}}", if low.is_empty() { "0" } else { low })),
            None if !inner.is_empty() && number(&inner) => Some(format!("{{{inner}}}")),
            _ => None,
        };
        match count.filter(|_| closed) {
            Some(count) => {
                self.out.push_str(&count);
                self.rest.nth(inner.chars().count());
            }
            None => self.out.push_str(r"\{"),
        }
    }

    fn escape(&mut self, in_set: bool) -> Result<(), String> {
        let Some(c) = self.rest.next() else { return Err("bad escape (end of pattern)".into()) };
        let ascii = self.options.ascii;
        match c {
            'Z' if !in_set => self.out.push_str(r"\z"),
            'A' | 'B' if !in_set => self.out.extend(['\\', c]),
            'b' if in_set => self.out.push_str(r"\x08"),
            'b' if ascii => self.out.push_str(r"(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"),
            'b' => self.out.push_str(r"\b"),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' if ascii => {
                let class = match c.to_ascii_lowercase() {
                    'd' => "0-9",
                    's' => r"\t\n\x0b\x0c\r\x20",
                    _ => "0-9A-Za-z_",
                };
                let not = if c.is_ascii_uppercase() { "^" } else { "" };
                // A set inside a set is allowed there.
                self.out.push_str(&format!("[{not}{class}]"));
            }
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 't' | 'r' | 'f' | 'v' | 'a' => self.out.extend(['\\', c]),
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            '0' => self.octal("0", 2),
            '1'..='9' => {
                let mut digits = String::from(c);
                while digits.len() < 3 {
                    let Some(next) = self.rest.next_if(char::is_ascii_digit) else { break };
                    digits.push(next);
                }
                if digits.len() == 3 && digits.chars().all(|c| c.is_digit(8)) {
                    self.octal(&digits, 0);
                } else {
                    // Apart from a digit that follows the group.
                    self.out.push_str(&format!(r"(?:\{digits})"));
                }
            }
            c if c.is_ascii_alphabetic() => return Err(format!("bad escape \\{c}")),
            c => literal(c, self.out),
        }
        Ok(())
    }

    /// A character by its number in `digits` hexadecimal digits.
    fn code(&mut self, digits: usize) -> Result<(), String> {
        let text: String = self.rest.by_ref().take(digits).collect();
        match u32::from_str_radix(&text, 16) {
            Ok(code) if text.len() == digits => self.out.push_str(&format!(r"\x{{{code:x}}}")),
            _ => return Err(format!("incomplete escape \\x{text}")),
        }
        Ok(())
    }

    fn octal(&mut self, first: &str, more: usize) {
        let mut digits = first.to_owned();
        for _ in 0..more {
            digits.extend(self.rest.next_if(|c| c.is_digit(8)));
        }
        let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
        self.out.push_str(&format!(r"\x{{{code:x}}}"));
    }

    /// `[…]`: nothing nests in Python's sets, and `&&`, `--`, `~~` mean themselves.
    fn set(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str(r"\]");
        }
        while let Some(c) = self.rest.next() {
            match c {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '\\' => self.escape(true)?,
                '[' | '&' | '~' | ' ' | '#' => literal(c, self.out),
                // A range keeps its dash; one that is doubled or stands at an end is itself.
                '-' if matches!(self.rest.peek(), Some('-' | ']')) => self.out.push_str(r"\-"),
                c => self.out.push(c),
            }
        }
        Err("unterminated character set".into())
    }
}

/// A character that is to mean itself.
fn literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
        out.push('\\');
    } else if c.is_ascii_whitespace() {
        // So that it also counts under (?x).
        out.push_str(&format!(r"\x{:02x}", u32::from(c)));
        return;
    }
    out.push(c);
}
