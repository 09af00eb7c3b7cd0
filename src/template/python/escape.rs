//! Escapes in Python's string literals (docs.python.org, "String and Bytes literals").

/// The character of the escape whose text after the backslash begins here, and how many bytes it takes; none where it is no escape
/// that names one character by a letter, a quote or hexadecimal digits.
pub(crate) fn escaped(text: &str) -> Option<(char, usize)> {
    let letter = text.chars().next()?;
    let named = |character| Some((character, 1));
    let hex = |digits: usize| {
        let digits = text.get(1..=digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        Some((u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?, 1 + digits.len()))
    };
    match letter {
        '\\' | '\'' | '"' => named(letter),
        'a' => named('\u{7}'),
        'b' => named('\u{8}'),
        'f' => named('\u{c}'),
        'n' => named('\n'),
        'r' => named('\r'),
        't' => named('\t'),
        'v' => named('\u{b}'),
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        _ => None,
    }
}
