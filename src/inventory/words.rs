//! A host line of an INI inventory as words, quotes and backslashes as in a POSIX shell, with the place of each.

/// A word without its quotes, and where it stands with them (bytes in the line).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The quote that is never closed, by its place in the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenQuote(pub(super) usize);

/// `#` begins a comment outside quotes, also inside a word.
pub(super) fn split(line: &str) -> Result<Vec<Word>, OpenQuote> {
    let mut words = Vec::new();
    let mut current: Option<Word> = None;
    let mut characters = line.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(current.take()),
            '#' => break,
            '\'' | '"' => {
                let word = current.get_or_insert(Word { text: String::new(), start: at, end: at });
                word.end = quoted(c, at, &mut characters, &mut word.text)?;
            }
            '\\' => {
                let word = current.get_or_insert(Word { text: String::new(), start: at, end: at });
                let Some((next, escaped)) = characters.next() else { return Err(OpenQuote(at)) };
                word.text.push(escaped);
                word.end = next + escaped.len_utf8();
            }
            c => {
                let word = current.get_or_insert(Word { text: String::new(), start: at, end: at });
                word.text.push(c);
                word.end = at + c.len_utf8();
            }
        }
    }
    words.extend(current.take());
    Ok(words)
}

/// Reads to the closing quote; the place after it.
fn quoted(quote: char, opened: usize, characters: &mut std::str::CharIndices<'_>, text: &mut String) -> Result<usize, OpenQuote> {
    while let Some((at, c)) = characters.next() {
        if c == quote {
            return Ok(at + 1);
        }
        if c == '\\' && quote == '"' {
            let Some((_, escaped)) = characters.next() else { break };
            if !matches!(escaped, '"' | '\\') {
                text.push('\\');
            }
            text.push(escaped);
        } else {
            text.push(c);
        }
    }
    Err(OpenQuote(opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_shells() {
        let texts = |line: &str| split(line).map(|words| words.into_iter().map(|w| w.text).collect::<Vec<_>>());
        assert_eq!(texts("h a='b c' d=\"e \\\" f\" g=h\\ i # j"), Ok(vec!["h".into(), "a=b c".into(), "d=e \" f".into(), "g=h i".into()]));
        assert_eq!(texts("h a=b#c"), Ok(vec!["h".into(), "a=b".into()]));
        assert_eq!(texts("h a='b"), Err(OpenQuote(4)));
        assert_eq!(texts("h a=''"), Ok(vec!["h".into(), "a=".into()]));
    }
}
