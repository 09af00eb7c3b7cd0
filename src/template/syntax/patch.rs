//! What Jinja2 takes and minijinja's parser does not, rewritten before it parses again: bare tuples, unary plus,
//! `do` with any expression, escapes that are none, blocks inside macros. Only a text that was refused comes here.

use minijinja::machinery::{Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;

use crate::template::python::escaped;

/// Stands for a backslash of a string literal that minijinja would refuse; one byte, so that positions hold.
pub(super) const MASK: char = '\u{1}';
/// `{% do x %}` as an assignment.
pub(super) const DISCARD: &str = "do__";
/// `{% block x scoped %}` in a macro as `{% filter block__|x |scoped__ %}`.
pub(super) const BLOCK: &str = "block__";
pub(super) const SCOPED: &str = "scoped__";
pub(super) const ATTEMPTS: usize = 4;

/// A text to parse, and where each of its bytes stood in the text that was written.
pub(super) struct Patch {
    pub(super) text: String,
    /// Bytes put in (positive) or taken out (negative), at which place of the patched text.
    shifts: Vec<(usize, isize)>,
    masked: bool,
    spliced: bool,
}

impl Patch {
    pub(super) fn none(text: &str) -> Patch {
        Patch { text: text.to_string(), shifts: Vec::new(), masked: false, spliced: false }
    }

    /// Where a byte of the patched text stood.
    pub(super) fn original(&self, offset: usize) -> usize {
        let shift: isize = self.shifts.iter().take_while(|(place, _)| *place < offset).map(|(_, by)| by).sum();
        offset.saturating_add_signed(-shift)
    }

    pub(super) fn unmask(&self, text: &str) -> String {
        if self.masked { text.replace(MASK, "\\") } else { text.to_string() }
    }

    /// The next thing to try after `error`, if any.
    pub(super) fn next(&self, written: &str, error: &minijinja::Error, config: &SyntaxConfig, expression: bool) -> Option<Patch> {
        if error.kind() == minijinja::ErrorKind::BadEscape && !self.masked {
            return Some(Patch { text: mask(&self.text), shifts: self.shifts.clone(), masked: true, spliced: self.spliced });
        }
        if self.spliced {
            return None;
        }
        let edits = edits(&self.text, config, expression)?;
        let mut text = String::with_capacity(written.len() + 8);
        let mut shifts = Vec::new();
        let mut from = 0;
        for (place, remove, insert) in edits {
            text.push_str(self.text.get(from..place)?);
            shifts.push((text.len(), insert.len() as isize - remove as isize));
            text.push_str(insert);
            from = place + remove;
        }
        text.push_str(self.text.get(from..)?);
        (!shifts.is_empty()).then_some(Patch { text, shifts, masked: self.masked, spliced: true })
    }
}

/// Hides backslashes that begin no escape of a quote or of a backslash.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('\\' | '"' | '\'')) => {
                out.push('\\');
                out.extend(chars.next());
            }
            ('\\', _) => out.push(MASK),
            (c, _) => out.push(c),
        }
    }
    out
}

type Edit = (usize, usize, &'static str);

/// Splices in ascending order: place, bytes to remove, text to insert.
fn edits(text: &str, config: &SyntaxConfig, expression: bool) -> Option<Vec<Edit>> {
    let mut tokenizer = Tokenizer::new(text, "", expression, config.clone());
    let mut edits: Vec<Edit> = Vec::new();
    let mut depth = 0usize;
    // Where the expression at hand began, and whether a comma stood in it outside all brackets.
    let mut begin: Option<usize> = expression.then_some(0);
    let mut comma = false;
    let mut keyword = "";
    let mut words = 0usize;
    let mut macros = 0usize;
    let mut operand_before = false;
    let mut last_end = 0;
    let close = |begin: &mut Option<usize>, comma: &mut bool, end: usize, edits: &mut Vec<Edit>| {
        if let (Some(start), true) = (begin.take(), *comma) {
            edits.push((start, 0, "("));
            edits.push((end, 0, ")"));
        }
        *comma = false;
    };
    while let Ok(Some((token, span))) = tokenizer.next_token() {
        let (start, end) = (span.start_offset as usize, span.end_offset as usize);
        let operand = matches!(
            token,
            Token::Ident(_)
                | Token::Str(_)
                | Token::String(_)
                | Token::Int(_)
                | Token::Int128(_)
                | Token::Float(_)
                | Token::ParenClose
                | Token::BracketClose
                | Token::BraceClose
        ) && !matches!(token, Token::Ident("and" | "or" | "not" | "in" | "if" | "else" | "is" | "return"));
        match &token {
            Token::VariableStart => (begin, comma, keyword, words) = (Some(end), false, "", 0),
            Token::BlockStart => (begin, comma, keyword, words) = (None, false, "", 0),
            Token::VariableEnd | Token::BlockEnd => close(&mut begin, &mut comma, last_end, &mut edits),
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => depth += 1,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => depth = depth.saturating_sub(1),
            Token::Comma if depth == 0 => comma = true,
            Token::Plus if !operand_before => edits.push((start, 1, " ")),
            Token::Ident(word) => {
                words += 1;
                if words == 1 && begin.is_none() {
                    keyword = match *word {
                        "for" => "for",
                        "if" | "elif" => "if",
                        "do" => "do",
                        "block" if macros > 0 => "block",
                        "endblock" if macros > 0 => "endblock",
                        _ => "",
                    };
                    match *word {
                        "macro" | "call" => macros += 1,
                        "endmacro" | "endcall" => macros = macros.saturating_sub(1),
                        "block" if macros > 0 => edits.push((start, 5, "filter block__|")),
                        "endblock" if macros > 0 => edits.push((start, 8, "endfilter")),
                        _ => {}
                    }
                    if keyword == "do" {
                        edits.push((start, 2, "set do__ ="));
                    }
                    if matches!(keyword, "if" | "do") {
                        begin = Some(end);
                    }
                } else if keyword == "block" && *word == "scoped" {
                    edits.push((start, end - start, "|scoped__"));
                } else if keyword == "endblock" || keyword == "block" && words > 2 {
                    edits.push((start, end - start, ""));
                } else if keyword == "for" && depth == 0 && *word == "in" && begin.is_none() {
                    (begin, comma) = (Some(end), false);
                } else if keyword == "for" && depth == 0 && begin.is_some() && matches!(*word, "if" | "recursive") {
                    close(&mut begin, &mut comma, last_end, &mut edits);
                    keyword = "";
                }
            }
            _ => {}
        }
        operand_before = operand;
        last_end = end;
    }
    close(&mut begin, &mut comma, last_end, &mut edits);
    edits.sort_by_key(|(place, _, _)| *place);
    (!edits.is_empty()).then_some(edits)
}

/// The text of one or more adjacent string literals.
pub(super) fn literal(source: &str, escapes: bool) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars();
    while let Some(quote) = chars.by_ref().find(|c| *c == '"' || *c == '\'') {
        let mut raw = String::new();
        while let Some(c) = chars.next() {
            if c == quote {
                break;
            }
            raw.push(c);
            if c == '\\' {
                raw.extend(chars.next());
            }
        }
        if escapes {
            unescape(&raw, &mut out);
        } else {
            out.push_str(&raw);
        }
    }
    out
}

/// Python's escapes, octal ones and joined lines too; an unknown one keeps its backslash.
fn unescape(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let octal = || {
            let digits = rest.bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            u32::from_str_radix(&rest[..digits], 8).ok().and_then(char::from_u32).map(|character| (character, digits))
        };
        if let Some(after) = rest.strip_prefix('\n') {
            rest = after;
        } else if let Some((character, taken)) = escaped(rest).or_else(octal) {
            out.push(character);
            rest = &rest[taken..];
        } else {
            out.push('\\');
        }
    }
    out.push_str(rest);
}
