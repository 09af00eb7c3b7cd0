//! `checksum: sha256:…`: a digest, or a file of digests somewhere.

use serde_json::Value as Json;

use crate::modules::arguments::Value as _;
use crate::modules::web::{body, message};
use crate::plan::{Algorithm, Failure, Look, Request};

pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    /// Lower-case hex.
    pub(super) digest: String,
}

/// `request` is the one for the file: another that is like it fetches the file of digests.
pub(super) fn of(text: &str, name: &str, target: &dyn Look, request: &Request) -> Result<Checksum, Failure> {
    let wrong = |why: String| Failure::argument("checksum", why);
    let Some((algorithm, digest)) = text.split_once(':') else {
        return Err(wrong(format!("`checksum` must be algorithm:digest, such as sha256:3b5d…, not {text:?}")));
    };
    let algorithm = Algorithm::parse(&Json::String(algorithm.trim().to_lowercase()))
        .map_err(|why| wrong(format!("the algorithm of `checksum` {why}")))?;
    let digest = digest.trim();
    let digest = if digest.contains("://") {
        let request = Request { url: digest.to_owned(), ..request.clone() };
        let response = target.fetch(&request).map_err(|error| wrong(format!("cannot read the checksum from {digest}: {error}")))?;
        if !(200..300).contains(&response.status) {
            return Err(wrong(format!("cannot read the checksum from {digest}: {}", message(&response))));
        }
        let text = String::from_utf8_lossy(&body(target, &response)?).into_owned();
        find(&text, name).ok_or_else(|| wrong(format!("Unable to find a checksum for file '{name}' in '{digest}'")))?
    } else {
        digest.to_owned()
    };
    let digest = digest.to_lowercase();
    if digest.is_empty() || !digest.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(wrong(format!("the digest of `checksum` must be hexadecimal, not {digest:?}")));
    }
    Ok(Checksum { algorithm, digest })
}

/// In `digest  name` (sha256sum), `SHA256 (name) = digest` (BSD), or the digest alone.
fn find(text: &str, name: &str) -> Option<String> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_name = |other: &str| {
        let other = other.trim().trim_start_matches(['*', '.', '/']);
        other == name || other.rsplit('/').next() == Some(name)
    };
    let named = lines().find_map(|line| {
        if let Some((head, digest)) = line.rsplit_once(" = ") {
            let inside = head.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
            return inside.filter(|inside| is_name(inside)).map(|_| digest.to_owned());
        }
        let (digest, other) = line.split_once(char::is_whitespace)?;
        is_name(other).then(|| digest.to_owned())
    });
    let alone = || {
        let first = lines().next()?;
        (lines().count() == 1 && !first.contains(char::is_whitespace)).then(|| first.to_owned())
    };
    named.or_else(alone)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn forms() {
        for text in ["aa  f.tgz\nbb  g.tgz\n", "bb *g.tgz\naa *f.tgz", "SHA256 (f.tgz) = aa", "aa ./dist/f.tgz", "aa\n"] {
            assert_eq!(find(text, "f.tgz").as_deref(), Some("aa"), "{text}");
        }
        assert_eq!(find("bb  g.tgz\n", "f.tgz"), None);
    }
}
