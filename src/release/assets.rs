//! What the files of a bundle are: which are write-once, and with which headers each is served.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::cache::failed;
use crate::bucket::Headers;
use crate::diag::Diagnostic;

/// Names carry the hash of the content, so nobody ever needs to ask again (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// May be kept, must be asked for each time (RFC 9111, 5.2.2.4).
const ASK_FIRST: &str = "no-cache";

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asset {
    /// Within the output, with `/`.
    pub name: String,
    pub size: u64,
    /// Lower-case hex.
    pub sha256: String,
    /// Its name carries the hash of its content: write once, serve for ever.
    pub hashed: bool,
}

impl Asset {
    pub fn headers(&self) -> Headers {
        Headers {
            content_type: content_type(&self.name).to_owned(),
            cache_control: if self.hashed { FOR_EVER } else { ASK_FIRST }.to_owned(),
            sha256: self.sha256.clone(),
        }
    }
}

/// All files of an output folder, by name. `manifest` tells which names the bundler made.
///
/// # Errors
/// A file cannot be read.
pub fn of(output: &Path, manifest: Option<&Json>) -> Result<Vec<Asset>, Diagnostic> {
    let mut names = Vec::new();
    walk(output, "", &mut names).map_err(|error| failed("read", output, &error))?;
    names.sort();
    let listed = manifest.map(names_in).unwrap_or_default();
    let folders: BTreeSet<&str> = listed.iter().filter_map(|name| name.rsplit_once('/')).map(|(folder, _)| folder).collect();
    let asset = |name: String| {
        let (size, sha256) = digest(&output.join(&name)).map_err(|error| failed("read", &output.join(&name), &error))?;
        let hashed = is_hashed(&name, &listed, &folders);
        Ok(Asset { name, size, sha256, hashed })
    };
    names.into_iter().map(asset).collect()
}

/// With charset where it is a text: what a bucket guesses lacks it.
pub fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(_, extension)| extension.to_lowercase());
    match extension.as_deref().unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json; charset=utf-8",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "xml" => "application/xml; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/vnd.microsoft.icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "eot" => "application/vnd.ms-fontobject",
        "wasm" => "application/wasm",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        // RFC 8878 and RFC 1952 name these for files that are compressed as such.
        "gz" => "application/gzip",
        "zst" => "application/zstd",
        _ => "application/octet-stream",
    }
}

/// Write-once are: what the manifest lists under a name with something like a hash at its end, and what lies beside such
/// files with what surely is one. A file that is not sure is served with `no-cache`: slower, never wrong.
fn is_hashed(name: &str, listed: &BTreeSet<String>, folders: &BTreeSet<&str>) -> bool {
    let plain = name.strip_suffix(".map").unwrap_or(name);
    if listed.contains(name) || listed.contains(plain) {
        return hash_part(plain).is_some();
    }
    let beside = name.rsplit_once('/').is_some_and(|(folder, _)| folders.contains(folder));
    beside && hash_part(plain).is_some_and(looks_random)
}

/// What stands between the last separator and the extension, where it is long enough for a hash: `BxQ2jK3_` of
/// `index-BxQ2jK3_.js`. Hashes in base64url may hold `-` and `_` themselves, so the part may begin earlier.
fn hash_part(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next()?;
    let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
    let by_dots = file.split('.').rev().skip(1).find(|part| part.len() >= 8 && *part != stem);
    let by_dash =
        || stem.char_indices().filter(|(_, c)| matches!(c, '-' | '_')).map(|(at, _)| &stem[at + 1..]).rfind(|part| part.len() >= 8);
    by_dots.or_else(by_dash)
}

/// Letters with digits, or with capitals among small ones: no word of a language.
fn looks_random(part: &str) -> bool {
    let has = |test: fn(&char) -> bool| part.chars().any(|c| test(&c));
    let letter = has(char::is_ascii_alphabetic);
    letter && (has(char::is_ascii_digit) || (has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase)))
}

/// Every string in a manifest that may name a file: Vite's and webpack's differ in shape, not in this.
fn names_in(manifest: &Json) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = vec![manifest];
    while let Some(value) = rest.pop() {
        match value {
            Json::String(text) => {
                names.insert(text.trim_start_matches('/').to_owned());
            }
            Json::Array(items) => rest.extend(items),
            Json::Object(map) => rest.extend(map.values()),
            _ => {}
        }
    }
    names
}

fn walk(folder: &Path, above: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        size += n as u64;
    }
    Ok((size, hash.finalize().iter().map(|b| format!("{b:02x}")).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn write_once_is_what_carries_a_hash() {
        let vite = json!({"src/main.tsx": {"file": "assets/main-B-x2jK3_.js", "css": ["assets/main-DgKvWxyz.css"], "src": "src/main.tsx"}});
        let webpack = json!({"main.js": "/js/main.1a2b3c4d5e6f.js"});
        let listed: BTreeSet<String> = names_in(&vite).into_iter().chain(names_in(&webpack)).collect();
        let folders = BTreeSet::from(["assets", "js"]);
        let hashed = |name: &str| is_hashed(name, &listed, &folders);
        for yes in [
            "assets/main-B-x2jK3_.js",
            "assets/main-B-x2jK3_.js.map",
            "assets/main-DgKvWxyz.css",
            "js/main.1a2b3c4d5e6f.js",
            "assets/logo-Zx81kQpA.svg",
        ] {
            assert!(hashed(yes), "{yes}");
        }
        for no in [
            "index.html",
            "favicon.ico",
            "robots.txt",
            "assets/my-component.js",
            "photo-IMG20231.png",
            ".vite/manifest.json",
            "assets/jquery-3.7.1.min.js",
        ] {
            assert!(!hashed(no), "{no}");
        }
    }

    #[test]
    fn texts_have_a_charset() {
        assert_eq!(content_type("a/b.JS"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("x.woff2"), "font/woff2");
        assert_eq!(content_type("LICENSE"), "application/octet-stream");
    }
}
