//! Values of `k=v` text: Python's escapes in them, and the quotes around them (black-box runs of ansible-core 2.19).

use crate::template::escaped;

/// The value that is meant: escapes first, then one pair of quotes around it.
pub fn decoded(value: &str) -> String {
    let value = unescaped(value);
    let bytes = value.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(b'"'), Some(b'"')) | (Some(b'\''), Some(b'\'')) if bytes.len() > 1 => value[1..value.len() - 1].to_owned(),
        _ => value,
    }
}

/// `\n`, `\x41`, `\u00e9`, … as characters; what is no escape keeps its backslash.
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match escaped(rest) {
            Some((character, taken)) => {
                text.push(character);
                rest = &rest[taken..];
            }
            None => text.push('\\'),
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_as_python_does_and_takes_quotes_away() {
        assert_eq!(decoded(r#""a\nb \x41 \u00e9 \\w \t|""#), "a\nb A é \\w \t|");
        assert_eq!(decoded(r"\/ \e \101 \x4 \"), r"\/ \e \101 \x4 \");
        assert_eq!(decoded(r#""say \"hi\"""#), r#"say "hi""#);
        assert_eq!(decoded(r"'c:\new'"), "c:\new");
        assert_eq!(decoded("'"), "'");
    }
}
