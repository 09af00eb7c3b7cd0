//! The order of version numbers.

use std::cmp::Ordering;

/// A piece of a version: numbers before words, as in Python's loose versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

/// `kind`: loose, strict, semver, semantic or pep440.
pub(crate) fn compare(left: &str, right: &str, kind: &str) -> Result<Ordering, String> {
    match kind {
        "loose" => loose(left, right),
        "strict" => Ok(strict(left)?.cmp(&strict(right)?)),
        "semver" | "semantic" => semantic(left, right),
        "pep440" => Ok(pep440(left)?.cmp(&pep440(right)?)),
        other => Err(format!("`version_type` is loose, strict, semver, semantic or pep440, not {other:?}")),
    }
}

fn parts(version: &str) -> Vec<Part> {
    let mut out = Vec::new();
    let mut rest = version;
    while let Some(c) = rest.chars().next() {
        let same = |of: fn(char) -> bool, rest: &str| rest.find(|c| !of(c)).unwrap_or(rest.len());
        let end = if c.is_ascii_digit() {
            same(|c| c.is_ascii_digit(), rest)
        } else if c.is_ascii_lowercase() {
            same(|c| c.is_ascii_lowercase(), rest)
        } else if c == '.' {
            rest = &rest[1..];
            continue;
        } else {
            same(|c| !c.is_ascii_digit() && !c.is_ascii_lowercase() && c != '.', rest)
        };
        let piece = &rest[..end];
        out.push(piece.parse().map_or_else(|_| Part::Word(piece.to_string()), Part::Number));
        rest = &rest[end..];
    }
    out
}

/// Python's loose order: piece by piece; a number against a word has none.
fn loose(left: &str, right: &str) -> Result<Ordering, String> {
    let (a, b) = (parts(left), parts(right));
    for (x, y) in a.iter().zip(&b) {
        match (x, y) {
            (Part::Number(_), Part::Word(_)) | (Part::Word(_), Part::Number(_)) => {
                return Err(format!("the versions {left:?} and {right:?} cannot be compared: a number stands against a word"));
            }
            _ if x != y => return Ok(x.cmp(y)),
            _ => {}
        }
    }
    Ok(a.len().cmp(&b.len()))
}

/// `1.2`, `1.2.3`, `1.2a1`: pre-releases come before the release.
fn strict(version: &str) -> Result<(Vec<u64>, u8, char, u64), String> {
    let wrong = || format!("{version:?} is no strict version such as 1.2.3 or 1.2b1");
    let text = version.trim();
    let cut = text.find(['a', 'b']).unwrap_or(text.len());
    let mut numbers: Vec<u64> = text[..cut].split('.').map(|part| part.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    if !(2..=3).contains(&numbers.len()) {
        return Err(wrong());
    }
    numbers.resize(3, 0);
    match text[cut..].chars().next() {
        None => Ok((numbers, 1, 'z', 0)),
        Some(letter) => Ok((numbers, 0, letter, text[cut + 1..].parse().map_err(|_| wrong())?)),
    }
}

/// semver.org, 2.0.0, section 11.
fn semantic(left: &str, right: &str) -> Result<Ordering, String> {
    let read = |version: &str| -> Result<([u64; 3], Vec<String>), String> {
        let wrong = || format!("{version:?} is no semantic version such as 1.2.3 or 1.2.3-rc.1");
        let core = version.split('+').next().unwrap_or_default();
        let (numbers, pre) = core.split_once('-').map_or((core, None), |(numbers, pre)| (numbers, Some(pre)));
        let parts: Vec<u64> = numbers.split('.').map(|part| part.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
        let parts = <[u64; 3]>::try_from(parts).map_err(|_| wrong())?;
        Ok((parts, pre.map(|pre| pre.split('.').map(String::from).collect()).unwrap_or_default()))
    };
    let ((a, pre_a), (b, pre_b)) = (read(left)?, read(right)?);
    if a != b {
        return Ok(a.cmp(&b));
    }
    Ok(match (pre_a.is_empty(), pre_b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let order = pre_a.iter().zip(&pre_b).map(|(x, y)| match (x.parse::<u64>(), y.parse::<u64>()) {
                (Ok(x), Ok(y)) => x.cmp(&y),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => x.cmp(y),
            });
            order.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| pre_a.len().cmp(&pre_b.len()))
        }
    })
}

type Pep440 = (u64, Vec<u64>, (i8, i64, i64), (i8, i64, i64));

/// packaging.python.org, "Version specifiers": epoch, release, pre/post/dev.
fn pep440(version: &str) -> Result<Pep440, String> {
    let wrong = || format!("{version:?} is no version by PEP 440");
    let text = version.trim().to_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text).split('+').next().unwrap_or_default().to_string();
    let (epoch, text) = match text.split_once('!') {
        Some((epoch, rest)) => (epoch.parse().map_err(|_| wrong())?, rest.to_string()),
        None => (0, text),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut release: Vec<u64> = Vec::new();
    for part in text[..end].trim_end_matches('.').split('.') {
        release.push(part.parse().map_err(|_| wrong())?);
    }
    while release.len() > 1 && release.last() == Some(&0) {
        release.pop();
    }
    let (mut pre, mut post, mut dev) = (None, None, None);
    let mut rest = text[end..].trim_start_matches(['.', '-', '_']);
    while !rest.is_empty() {
        let word_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_end);
        let after = after.trim_start_matches(['.', '-', '_']);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let number: i64 = if digits == 0 { 0 } else { after[..digits].parse().map_err(|_| wrong())? };
        match word {
            "a" | "alpha" => pre = Some((0i8, number)),
            "b" | "beta" => pre = Some((1, number)),
            "rc" | "c" | "pre" | "preview" => pre = Some((2, number)),
            "post" | "rev" | "r" => post = Some(number),
            "" if digits > 0 => post = Some(number),
            "dev" => dev = Some(number),
            _ => return Err(wrong()),
        }
        rest = after[digits..].trim_start_matches(['.', '-', '_']);
    }
    let phase = match (pre, post, dev) {
        (Some((kind, number)), ..) => (kind, number, 0),
        (None, None, Some(_)) => (-1, 0, 0),
        _ => (3, 0, 0),
    };
    Ok((epoch, release, phase, (i8::from(post.is_some()), post.unwrap_or(0), dev.unwrap_or(i64::MAX))))
}
