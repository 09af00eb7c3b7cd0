//! The order of Python's version numbers (PEP 440).

use std::cmp::Ordering;

/// Epoch, numbers, then what comes before or after the release they name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    epoch: u64,
    release: Vec<u64>,
    /// Alpha, beta, candidate; a version without is after all of them, a development release alone before.
    pre: (i8, u64),
    post: Option<u64>,
    /// A development release comes before what it develops.
    dev: (bool, u64),
    local: String,
}

/// Whether a version fulfils a clause such as `>=` `1.2`.
pub(super) fn satisfies(version: &str, operator: &str, wanted: &str) -> bool {
    if operator == "===" {
        return version == wanted;
    }
    if let Some(prefix) = wanted.strip_suffix(".*") {
        let has_prefix = starts_with(&parse(version), &parse(prefix));
        return if operator == "!=" { !has_prefix } else { has_prefix };
    }
    let (mut have, want) = (parse(version), parse(wanted));
    if want.local.is_empty() {
        have.local.clear();
    }
    let order = have.cmp(&want);
    match operator {
        "==" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        ">=" => order != Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater && !(want.post.is_none() && have.post.is_some() && have.release == want.release),
        "<" => order == Ordering::Less && !(want.pre.0 == 0 && have.pre.0 < 0 && have.release == want.release),
        "~=" => {
            let mut prefix = parse(wanted);
            // `~=1.4` is `>=1.4, ==1.*`; zeros at the end count here.
            prefix.release = numbers(wanted);
            prefix.release.pop();
            order != Ordering::Less && starts_with(&have, &prefix)
        }
        _ => false,
    }
}

fn starts_with(version: &Version, prefix: &Version) -> bool {
    let digit = |at: usize| version.release.get(at).copied().unwrap_or(0);
    version.epoch == prefix.epoch && prefix.release.iter().enumerate().all(|(at, number)| digit(at) == *number)
}

fn numbers(text: &str) -> Vec<u64> {
    let text = text.rsplit('!').next().unwrap_or(text).trim_start_matches('v');
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].split('.').filter_map(|part| part.parse().ok()).collect()
}

fn parse(text: &str) -> Version {
    let text = text.trim().to_lowercase();
    let (public, local) = text.split_once('+').unwrap_or((&text, ""));
    let (epoch, rest) = public.split_once('!').map_or((0, public), |(epoch, rest)| (epoch.parse().unwrap_or(0), rest));
    let mut release = numbers(rest);
    while release.len() > 1 && release.last() == Some(&0) {
        release.pop();
    }
    let rest = rest.trim_start_matches('v').trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let after = |words: &[&str]| {
        words.iter().find_map(|word| {
            let at = rest.find(word)?;
            let digits: String =
                rest[at + word.len()..].trim_start_matches(['.', '-', '_']).chars().take_while(char::is_ascii_digit).collect();
            Some(digits.parse().unwrap_or(0))
        })
    };
    let dev: Option<u64> = after(&["dev"]);
    let post: Option<u64> = after(&["post", "rev"]).or_else(|| rest.strip_prefix('-').and_then(|digits| digits.parse().ok()));
    let without = rest.replace("dev", "").replace("post", "").replace("rev", "");
    let pre = if without.contains("rc") || without.contains('c') {
        Some((-1, after(&["rc", "c"])))
    } else if without.contains('b') {
        Some((-2, after(&["beta", "b"])))
    } else if without.contains('a') {
        Some((-3, after(&["alpha", "a"])))
    } else {
        None
    };
    let pre = match pre {
        Some((kind, number)) => (kind, number.unwrap_or(0)),
        None if dev.is_some() && post.is_none() => (-4, 0),
        None => (0, 0),
    };
    Version { epoch, release, pre, post, dev: (dev.is_none(), dev.unwrap_or(0)), local: local.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_pep_440_orders_them() {
        let rising = ["1.0.dev1", "1.0a1", "1.0a2", "1.0b1", "1.0rc1", "1.0", "1.0.post1", "1.1", "1.10", "1!0.1"];
        for pair in rising.windows(2) {
            assert!(parse(pair[0]) < parse(pair[1]), "{} < {}", pair[0], pair[1]);
        }
        assert!(satisfies("1.0.0", "==", "1.0") && satisfies("1.4.5", "~=", "1.4") && !satisfies("2.0", "~=", "1.4"));
        assert!(satisfies("1.4.5", "~=", "1.4.0") && !satisfies("1.5", "~=", "1.4.0"));
        assert!(satisfies("1.4.5", "==", "1.4.*") && !satisfies("1.5", "==", "1.4.*") && satisfies("2.0+local", "==", "2.0"));
    }
}
