//! A time as text, as C's `strftime` writes it in the C locale.

use jiff::Zoned;

/// Directives that other directives make up.
const SPELLED: &[(char, &str)] = &[('c', "%a %b %e %H:%M:%S %Y"), ('x', "%m/%d/%y"), ('X', "%H:%M:%S"), ('r', "%I:%M:%S %p"), ('h', "%b")];

/// What no directive is stays as it is. `fraction`: `%f` is microseconds, as in Python's `datetime`; C has none.
pub(crate) fn strftime(format: &str, time: &Zoned, fraction: bool) -> String {
    let mut out = String::with_capacity(format.len() + 16);
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let directive = &rest[at..];
        // Flags and a width may stand before the letter.
        let letter = directive[1..].find(|c: char| !"-_0^#123456789".contains(c)).map(|found| found + 1);
        let Some((at, c)) = letter.and_then(|at| directive[at..].chars().next().map(|c| (at, c))) else {
            out.push_str(directive);
            return out;
        };
        let end = at + c.len_utf8();
        if c == 'f' && fraction {
            out.push_str(&format!("{:06}", time.subsec_nanosecond() / 1000));
        } else if let Some((_, spelled)) = SPELLED.iter().find(|(letter, _)| *letter == c) {
            out.push_str(&strftime(spelled, time, fraction));
        } else if "aAbBCdDeFgGHIjklmMnpPRsStTuUVwWyYzZ%".contains(c) {
            match jiff::fmt::strtime::format(&directive[..end], time) {
                Ok(text) => out.push_str(&text),
                Err(_) => out.push_str(&directive[..end]),
            }
        } else {
            out.push_str(&directive[..end]);
        }
        rest = &directive[end..];
    }
    out + rest
}
