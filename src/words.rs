//! Splits a command line into words by the shell's quoting rules (POSIX, 2.2 "Quoting"), with no expansion.

/// The reason, where a quote is not closed.
pub(crate) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err("has a single quote that is not closed"),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some('"') => break,
                        Some('\\') => match rest.next() {
                            Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                            Some('\n') => {}
                            Some(c) => word.extend(['\\', c]),
                            None => return Err("ends with a backslash"),
                        },
                        Some(c) => word.push(c),
                        None => return Err("has a double quote that is not closed"),
                    }
                }
            }
            '\\' => match rest.next() {
                Some('\n') => {}
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err("ends with a backslash"),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn quotes() {
        assert_eq!(split(r#"visudo -cf %s 'a b' "c \"d\" \n" e\ f ''"#).unwrap(), ["visudo", "-cf", "%s", "a b", "c \"d\" \\n", "e f", ""]);
        assert!(split("'a").is_err());
    }
}
