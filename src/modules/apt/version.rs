//! The order of Debian's version numbers (Debian Policy 5.6.12, deb-version(7)).

use std::cmp::Ordering;

pub(in crate::modules) fn compare(one: &str, other: &str) -> Ordering {
    let (epoch_a, rest_a) = epoch(one);
    let (epoch_b, rest_b) = epoch(other);
    let (upstream_a, revision_a) = rest_a.rsplit_once('-').unwrap_or((rest_a, "0"));
    let (upstream_b, revision_b) = rest_b.rsplit_once('-').unwrap_or((rest_b, "0"));
    epoch_a.cmp(&epoch_b).then_with(|| part(upstream_a, upstream_b)).then_with(|| part(revision_a, revision_b))
}

fn epoch(version: &str) -> (u64, &str) {
    match version.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
        None => (0, version),
    }
}

/// Takes turns: what is no digit by letter, then digits by value.
fn part(one: &str, other: &str) -> Ordering {
    let (mut a, mut b) = (one, other);
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = a.split_at(a.find(|c: char| c.is_ascii_digit()).unwrap_or(a.len()));
        let (text_b, rest_b) = b.split_at(b.find(|c: char| c.is_ascii_digit()).unwrap_or(b.len()));
        // One past the end, so that `~` sorts before the end.
        let length = text_a.chars().count().max(text_b.chars().count()) + 1;
        let weights =
            |text: &str| text.chars().map(|c| weight(Some(c))).chain(std::iter::repeat(weight(None))).take(length).collect::<Vec<_>>();
        let order = weights(text_a).cmp(&weights(text_b));
        if order != Ordering::Equal {
            return order;
        }
        let (digits_a, left_a) = rest_a.split_at(rest_a.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest_a.len()));
        let (digits_b, left_b) = rest_b.split_at(rest_b.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest_b.len()));
        let (number_a, number_b) = (digits_a.trim_start_matches('0'), digits_b.trim_start_matches('0'));
        let order = number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b));
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (left_a, left_b);
    }
    Ordering::Equal
}

/// `~` before the end, the end before letters, letters before everything else.
fn weight(c: Option<char>) -> i64 {
    match c {
        Some('~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => i64::from(u32::from(c)),
        Some(c) => i64::from(u32::from(c)) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering;

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        let rising = ["1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0a-1", "1.0+x-1", "1.1-1", "1.10-1", "1:0.1-1"];
        for pair in rising.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{} < {}", pair[0], pair[1]);
        }
        assert_eq!(compare("1.01-1", "1.1-1"), Ordering::Equal);
        assert_eq!(compare("0:2", "2-0"), Ordering::Equal);
    }
}
