//! Replacement templates: `\1`, `\g<name>`, `\g<0>`, `\n`, `\\`.

use super::{Captures, Pattern};

/// What replaces a match.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Group(usize),
}

impl Template {
    /// # Errors
    /// A group that the pattern lacks, or an escape that Python has no meaning for.
    pub fn new(template: &str, pattern: &Pattern) -> Result<Template, String> {
        let mut parts = Parts::default();
        let mut rest = template.chars().peekable();
        while let Some(c) = rest.next() {
            if c != '\\' {
                parts.text.push(c);
                continue;
            }
            match rest.next() {
                None => return Err("bad escape (end of pattern)".into()),
                Some('g') => {
                    if rest.next() != Some('<') {
                        return Err("missing <".into());
                    }
                    let name: String = rest.by_ref().take_while(|c| *c != '>').collect();
                    parts.group(reference(&name, pattern)?);
                }
                Some('0') => {
                    let mut code = 0;
                    for _ in 0..2 {
                        let Some(digit) = rest.peek().and_then(|c| c.to_digit(8)) else { break };
                        code = code * 8 + digit;
                        rest.next();
                    }
                    parts.text.extend(char::from_u32(code));
                }
                Some(first @ '1'..='9') => {
                    let mut name = String::from(first);
                    name.extend(rest.next_if(char::is_ascii_digit));
                    if let Some(octal) = octal(&name, rest.peek().copied()) {
                        rest.next();
                        parts.text.push(octal);
                    } else {
                        parts.group(reference(&name, pattern)?);
                    }
                }
                Some('n') => parts.text.push('\n'),
                Some('t') => parts.text.push('\t'),
                Some('r') => parts.text.push('\r'),
                Some('a') => parts.text.push('\x07'),
                Some('b') => parts.text.push('\x08'),
                Some('f') => parts.text.push('\x0c'),
                Some('v') => parts.text.push('\x0b'),
                Some('\\') => parts.text.push('\\'),
                Some(letter) if letter.is_ascii_alphabetic() => return Err(format!("bad escape \\{letter}")),
                Some(other) => parts.text.extend(['\\', other]),
            }
        }
        parts.flush();
        Ok(Template(parts.done))
    }

    /// Appends the replacement of one match; a group that took no part is empty.
    pub fn expand(&self, found: &Captures<'_>, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(number) => out.push_str(found.get(*number).map_or("", |group| group.as_str())),
            }
        }
    }
}

#[derive(Default)]
struct Parts {
    done: Vec<Part>,
    text: String,
}

impl Parts {
    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }

    fn group(&mut self, number: usize) {
        self.flush();
        self.done.push(Part::Group(number));
    }
}

fn reference(name: &str, pattern: &Pattern) -> Result<usize, String> {
    match name.parse::<usize>() {
        Ok(number) if number <= pattern.groups() => Ok(number),
        Ok(number) => Err(format!("invalid group reference {number}")),
        Err(_) => pattern.group(name).ok_or_else(|| format!("unknown group name '{name}'")),
    }
}

/// Three octal digits are a character, not a group.
fn octal(two: &str, third: Option<char>) -> Option<char> {
    let third = third.filter(|c| c.is_digit(8))?;
    if two.len() != 2 {
        return None;
    }
    u32::from_str_radix(&format!("{two}{third}"), 8).ok().and_then(char::from_u32)
}
