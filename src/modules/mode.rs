//! File modes as users write them: `0644`, `"0644"`, `u=rw,g=r,o=`, `preserve`.

use serde_json::Value as Json;

use super::arguments::{Value, kind_of, shown};

/// A mode to have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mode {
    Bits(u32),
    Symbolic(Vec<Clause>),
    /// That of the file that is copied.
    Preserve,
}

/// One `ug+rwX-s` of a symbolic mode.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clause {
    /// Of u, g, o; empty means all that the umask leaves.
    who: String,
    steps: Vec<(char, String)>,
}

const USER: u32 = 0o4700;
const GROUP: u32 = 0o2070;
const OTHER: u32 = 0o1007;

impl Value for Mode {
    const KIND: &'static str = "mode";

    fn parse(value: &Json) -> Result<Mode, String> {
        let no = || format!("must be a mode in octal digits (quote it: \"0644\") or symbols (u=rw,g=r,o=), not {}", shown(value));
        match value {
            Json::Number(number) => {
                number.as_u64().and_then(|bits| u32::try_from(bits).ok()).filter(|bits| *bits <= 0o7777).map(Mode::Bits).ok_or_else(no)
            }
            Json::String(text) => Mode::of(text.trim()).ok_or_else(no),
            other => Err(format!("must be a mode such as \"0644\", not {}", kind_of(other))),
        }
    }
}

impl Mode {
    fn of(text: &str) -> Option<Mode> {
        if text == "preserve" {
            return Some(Mode::Preserve);
        }
        let digits = text.strip_prefix("0o").unwrap_or(text);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            return u32::from_str_radix(digits, 8).ok().filter(|bits| *bits <= 0o7777).map(Mode::Bits);
        }
        text.split(',').map(clause).collect::<Option<_>>().map(Mode::Symbolic)
    }

    /// The permission bits, from those there are (`current`, of a folder where `folder`), with the process's `umask`.
    /// `source`: those of the copied file, for `preserve`.
    pub(crate) fn bits(&self, current: u32, folder: bool, umask: u32, source: Option<u32>) -> u32 {
        match self {
            Mode::Bits(bits) => *bits,
            Mode::Preserve => source.unwrap_or(current),
            Mode::Symbolic(clauses) => clauses.iter().fold(current, |bits, clause| {
                clause.steps.iter().fold(bits, |bits, (sign, permissions)| {
                    let change = permissions_of(permissions, bits, folder) & clause.mask(umask);
                    match sign {
                        '+' => bits | change,
                        '-' => bits & !change,
                        _ => (bits & !clause.reach()) | change,
                    }
                })
            }),
        }
    }
}

impl Clause {
    /// All bits of those it is about.
    fn reach(&self) -> u32 {
        let part = |letter: char, mask: u32| if self.who.is_empty() || self.who.contains(letter) { mask } else { 0 };
        part('u', USER) | part('g', GROUP) | part('o', OTHER)
    }

    fn mask(&self, umask: u32) -> u32 {
        if self.who.is_empty() { !umask } else { self.reach() }
    }
}

fn clause(text: &str) -> Option<Clause> {
    let signs = |c: char| matches!(c, '+' | '-' | '=');
    let (who, mut rest) = text.split_at(text.find(signs)?);
    if !who.chars().all(|c| "ugoa".contains(c)) {
        return None;
    }
    let who = if who.contains('a') { "ugo".to_owned() } else { who.to_owned() };
    let mut steps = Vec::new();
    while let Some(sign) = rest.chars().next() {
        let (permissions, more) = rest[1..].split_at(rest[1..].find(signs).unwrap_or(rest.len() - 1));
        if !permissions.chars().all(|c| "rwxXstugo".contains(c)) {
            return None;
        }
        steps.push((sign, permissions.to_owned()));
        rest = more;
    }
    Some(Clause { who, steps })
}

/// For all of user, group and others at once; the clause's mask takes what it is about.
fn permissions_of(letters: &str, current: u32, folder: bool) -> u32 {
    let all = |bits: u32| bits << 6 | bits << 3 | bits;
    letters.chars().fold(0, |bits, letter| {
        bits | match letter {
            'r' => all(4),
            'w' => all(2),
            'x' => all(1),
            'X' if folder || current & 0o111 != 0 => all(1),
            's' => 0o6000,
            't' => 0o1000,
            'u' => all(current >> 6 & 7),
            'g' => all(current >> 3 & 7),
            'o' => all(current & 7),
            _ => 0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_ansible_does() {
        // (mode, bits before, folder, bits after), as ansible-core 2.19 sets them under umask 022.
        for (mode, before, folder, after) in [
            (json!("0644"), 0o600, false, 0o644),
            (json!("644"), 0o600, false, 0o644),
            (json!("0o644"), 0o600, false, 0o644),
            (json!(420), 0o600, false, 0o644),
            (json!(644), 0o600, false, 0o1204),
            (json!("u=rw,g=r"), 0o644, false, 0o644),
            (json!("a-x,u+s,g=u,+t"), 0o777, false, 0o5666),
            (json!("+X,o=g"), 0o640, false, 0o644),
            (json!("+w"), 0o640, false, 0o640),
            (json!("=r"), 0o777, false, 0o444),
            (json!("u=rwX,g=rX,o="), 0o755, true, 0o750),
            (json!("u=rwX,g=rX,o="), 0o644, false, 0o640),
            (json!("u+x,g=u"), 0o644, false, 0o774),
            (json!("g-w+x"), 0o660, false, 0o650),
        ] {
            let parsed = Mode::parse(&mode).unwrap();
            assert_eq!(parsed.bits(before, folder, 0o022, None), after, "{mode} on {before:o}");
        }
        for wrong in [json!("u=zz"), json!("0999"), json!(40000), json!(true), json!("rw")] {
            assert!(Mode::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
