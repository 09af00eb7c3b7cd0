//! Python literals, which is what values in INI inventories are (docs.ansible.com, ansible.builtin.ini: values are taken as
//! Python literal structures where they are such, else as strings).

use std::sync::Arc;

use crate::diag::Span;
use crate::yaml::{Key, Kind, Node};

/// Nested deeper, a value stays a string.
const DEEPEST: usize = 60;

/// The value of a text; every part of it has the place of the whole. What is no literal is the text itself.
pub(super) fn value(text: &str, span: &Span) -> Node {
    let mut reader = Reader { rest: text.trim_start_matches([' ', '\t']), span, depth: 0 };
    match reader.whole() {
        Some(node) => node,
        None => Node::string(text, span),
    }
}

struct Reader<'t> {
    rest: &'t str,
    span: &'t Span,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn whole(&mut self) -> Option<Node> {
        let first = self.expression()?;
        if !self.eat(',') {
            return self.at_end().then_some(first);
        }
        // `80,443` is a tuple in Python, with or without a comma at its end.
        let mut items = vec![first];
        while !self.at_end() {
            items.push(self.expression()?);
            if !self.eat(',') && !self.at_end() {
                return None;
            }
        }
        Some(self.node(Kind::List(items)))
    }

    fn node(&self, kind: Kind) -> Node {
        Node::new(kind, self.span.clone())
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    }

    fn at_end(&mut self) -> bool {
        self.blank();
        self.rest.is_empty() || self.rest.starts_with('#')
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.blank();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expression(&mut self) -> Option<Node> {
        if self.depth > DEEPEST {
            return None;
        }
        self.depth += 1;
        let found = self.term();
        self.depth -= 1;
        found
    }

    fn term(&mut self) -> Option<Node> {
        self.blank();
        match self.rest.chars().next()? {
            '[' => {
                self.eat('[');
                let items = self.items(']')?.0;
                Some(self.node(Kind::List(items)))
            }
            '(' => {
                self.eat('(');
                let (mut items, commas) = self.items(')')?;
                if items.len() == 1 && commas == 0 { items.pop() } else { Some(self.node(Kind::List(items))) }
            }
            '{' => {
                self.eat('{');
                self.dictionary_or_set()
            }
            '\'' | '"' => self.strings(),
            '-' | '+' => self.signed(),
            // Python's Ellipsis has no counterpart: it stays as it is written.
            '.' if self.rest.starts_with("...") => {
                self.rest = &self.rest[3..];
                Some(Node::string("...", self.span))
            }
            '.' | '0'..='9' => self.number(false),
            c if c.is_alphabetic() || c == '_' => self.word(),
            _ => None,
        }
    }

    /// Items up to `close`, and how many commas stood there.
    fn items(&mut self, close: char) -> Option<(Vec<Node>, usize)> {
        let (mut items, mut commas) = (Vec::new(), 0);
        loop {
            if self.eat(close) {
                return Some((items, commas));
            }
            items.push(self.expression()?);
            if self.eat(',') {
                commas += 1;
            } else if self.eat(close) {
                return Some((items, commas));
            } else {
                return None;
            }
        }
    }

    fn dictionary_or_set(&mut self) -> Option<Node> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut members: Vec<Node> = Vec::new();
        loop {
            if self.eat('}') {
                return match (entries.is_empty(), members.is_empty()) {
                    (_, true) => Some(self.node(Kind::Map(entries))),
                    (true, false) => Some(self.node(Kind::List(members))),
                    (false, false) => None,
                };
            }
            let key = self.expression()?;
            let id = Key::of(&key)?;
            if self.eat(':') {
                let value = self.expression()?;
                match entries.iter_mut().find(|(k, _)| Key::of(k).as_ref() == Some(&id)) {
                    Some(entry) => entry.1 = value,
                    None => entries.push((key, value)),
                }
            } else if !members.iter().any(|m| Key::of(m).as_ref() == Some(&id)) {
                members.push(key);
            }
            if !self.eat(',') && !self.rest.starts_with('}') {
                return None;
            }
        }
    }

    fn word(&mut self) -> Option<Node> {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if rest.starts_with(['\'', '"']) {
            return self.strings();
        }
        self.rest = rest;
        let kind = match word {
            "True" => Kind::Bool(true),
            "False" => Kind::Bool(false),
            "None" => Kind::Null,
            "set" if self.eat('(') && self.eat(')') => Kind::List(Vec::new()),
            _ => return None,
        };
        Some(self.node(kind))
    }

    fn signed(&mut self) -> Option<Node> {
        let negative = self.rest.starts_with('-');
        self.rest = &self.rest[1..];
        self.blank();
        match self.rest.chars().next()? {
            '.' | '0'..='9' => self.number(negative),
            _ => None,
        }
    }

    fn number(&mut self, negative: bool) -> Option<Node> {
        let mut end = 0;
        let mut before = ' ';
        for c in self.rest.chars() {
            let exponent_sign =
                matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && !self.rest.starts_with("0x") && !self.rest.starts_with("0X");
            if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || exponent_sign) {
                break;
            }
            end += c.len_utf8();
            before = c;
        }
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        // An underscore stands between two digits, or after a base's prefix.
        let based = text.len() > 2 && text.starts_with('0') && text.as_bytes()[1].is_ascii_alphabetic();
        let underscores = text.ends_with('_') || text.contains("__") || text.starts_with('_') || text.contains("_.") || text.contains("._");
        if underscores || !based && (text.contains("_e") || text.contains("e_") || text.contains("_E") || text.contains("E_")) {
            return None;
        }
        let clean = text.replace('_', "");
        let lower = clean.to_ascii_lowercase();
        let whole = if let Some(digits) = lower.strip_prefix("0x") {
            i128::from_str_radix(digits, 16).ok()?
        } else if let Some(digits) = lower.strip_prefix("0o") {
            i128::from_str_radix(digits, 8).ok()?
        } else if let Some(digits) = lower.strip_prefix("0b") {
            i128::from_str_radix(digits, 2).ok()?
        } else if clean.bytes().all(|b| b.is_ascii_digit()) {
            if clean.len() > 1 && clean.starts_with('0') && clean.bytes().any(|b| b != b'0') {
                return None;
            }
            match clean.parse() {
                Ok(number) => number,
                Err(_) => return Some(self.digits(&clean, negative)),
            }
        } else {
            // So do imaginary numbers.
            if let Some(real) = lower.strip_suffix('j').filter(|_| !negative) {
                return real.parse::<f64>().is_ok().then(|| Node::string(&lower, self.span));
            }
            let valid = lower.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'));
            let number: f64 = if valid { lower.parse().ok()? } else { return None };
            return Some(self.node(Kind::Float(if negative { -number } else { number })));
        };
        match i64::try_from(if negative { -whole } else { whole }) {
            Ok(number) => Some(self.node(Kind::Int(number))),
            Err(_) => Some(self.digits(&whole.to_string(), negative)),
        }
    }

    /// A whole number beyond 64 bits: its digits, as the YAML layer has it.
    fn digits(&self, digits: &str, negative: bool) -> Node {
        let sign = if negative { "-" } else { "" };
        Node::scalar(Kind::Str(format!("{sign}{digits}").into()), self.span.clone(), None, false)
    }

    /// One string, or several that stand side by side and are one.
    fn strings(&mut self) -> Option<Node> {
        let mut text = String::new();
        // Bytes and text do not mix.
        let mut bytes = None;
        loop {
            self.blank();
            let letters = self.rest.find(['\'', '"']).filter(|i| *i <= 2)?;
            let prefix = self.rest[..letters].to_ascii_lowercase();
            let raw = match prefix.as_str() {
                "" | "u" | "b" => false,
                "r" | "rb" | "br" => true,
                _ => return None,
            };
            if bytes.replace(prefix.contains('b')).is_some_and(|before| before != prefix.contains('b')) {
                return None;
            }
            self.rest = &self.rest[letters..];
            self.string(raw, &mut text)?;
            self.blank();
            let more = self.rest.find(['\'', '"']).is_some_and(|i| i <= 2 && self.rest[..i].chars().all(|c| "rbuRBU".contains(c)));
            if !more {
                break;
            }
        }
        Some(Node::scalar(Kind::Str(Arc::from(text)), self.span.clone(), None, true))
    }

    fn string(&mut self, raw: bool, out: &mut String) -> Option<()> {
        let quote = self.rest.chars().next()?;
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let close = if self.rest.starts_with(&triple) { triple } else { quote.to_string() };
        self.rest = &self.rest[close.len()..];
        loop {
            if let Some(rest) = self.rest.strip_prefix(close.as_str()) {
                self.rest = rest;
                return Some(());
            }
            let c = self.rest.chars().next()?;
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '\n' if close.len() == 1 => return None,
                '\\' if raw => {
                    let next = self.rest.chars().next()?;
                    self.rest = &self.rest[next.len_utf8()..];
                    out.push('\\');
                    out.push(next);
                }
                '\\' => self.escape(out)?,
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Option<()> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        let code = |reader: &mut Self, digits: usize| {
            let text = reader.rest.get(..digits)?;
            let found = char::from_u32(u32::from_str_radix(text, 16).ok()?)?;
            reader.rest = &reader.rest[digits..];
            Some(found)
        };
        match c {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(c),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\x0b'),
            'x' => out.push(code(self, 2)?),
            'u' => out.push(code(self, 4)?),
            'U' => out.push(code(self, 8)?),
            '0'..='7' => {
                let mut number = c.to_digit(8)?;
                for _ in 0..2 {
                    let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(8)) else { break };
                    number = number * 8 + digit;
                    self.rest = &self.rest[1..];
                }
                out.push(char::from_u32(number)?);
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::nowhere;

    #[test]
    fn literals_are_pythons() {
        for (text, expected) in [
            ("1", "1"),
            ("-1", "-1"),
            ("0644", "\"0644\""),
            ("0o644", "420"),
            ("1_000", "1000"),
            ("1.10", "1.1"),
            ("1e3", "1000.0"),
            ("10.0.0.1", "\"10.0.0.1\""),
            ("True", "true"),
            ("true", "\"true\""),
            ("None", "null"),
            ("'a' \"b\"", "\"ab\""),
            ("80,443", "[80, 443]"),
            ("80,", "[80]"),
            ("[1, 'x', {'a': None}]", "[1, \"x\", {\"a\": null}]"),
            ("(1)", "1"),
            ("(1,)", "[1]"),
            ("{1, 2, 1}", "[1, 2]"),
            ("{}", "{}"),
            ("[1, 2", "\"[1, 2\""),
            ("a, b", "\"a, b\""),
            ("1 # one", "1"),
            ("b # c", "\"b # c\""),
            ("r'\\d'", "\"\\\\d\""),
            ("'\\x41\\n'", "\"A\\n\""),
            ("", "\"\""),
            ("99999999999999999999", "\"99999999999999999999\""),
            ("1j", "\"1j\""),
            ("[..., 1j, set(), {1, 2}, b'x']", "[\"...\", \"1j\", [], [1, 2], \"x\"]"),
            ("...", "\"...\""),
            ("1e", "\"1e\""),
            ("..", "\"..\""),
        ] {
            assert_eq!(format!("{:?}", value(text, &nowhere("t", text))), expected, "{text}");
        }
    }
}
