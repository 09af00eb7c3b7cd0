//! zip archives: read here to see whether they differ from what is there, unpacked by `unzip`.

use std::path::Path;

use super::{Found, Unarchive};
use crate::modules::glob::Glob;
use crate::plan::{Command, Failure, Kind, Look};

/// A file or folder in the archive's central directory (PKWARE APPNOTE 6.3.10, 4.3.12).
struct Entry {
    name: String,
    size: u64,
    crc: u32,
}

pub(super) fn look(task: &Unarchive, archive: &Path, target: &dyn Look) -> Result<Found, Failure> {
    if target.which("unzip").is_none() {
        return Err(Failure::argument("src", "unzip is not installed on this host; install the package unzip"));
    }
    let bytes = target.read(archive)?.unwrap_or_default();
    let broken = || Failure::argument("src", format!("{} is no zip archive that can be read", task.src));
    let mut entries = entries(&bytes).ok_or_else(broken)?;
    let fits = |patterns: &[String], name: &str| -> Result<bool, Failure> {
        for pattern in patterns {
            let glob = Glob::new(pattern).map_err(|why| Failure::argument("include", format!("{pattern:?} is no pattern: {why}")))?;
            if glob.fits(name) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let mut kept = Vec::new();
    for entry in entries.drain(..) {
        let wanted = task.include.is_empty() || fits(&task.include, &entry.name)?;
        if wanted && !fits(&task.exclude, &entry.name)? {
            kept.push(entry);
        }
    }
    let mut differs = false;
    for entry in &kept {
        differs |= entry.differs(&task.dest.join(&entry.name), target)?;
    }
    let mut argv = vec!["unzip".to_owned(), if task.keep_newer { "-uo" } else { "-o" }.into()];
    argv.extend(task.extra_opts.iter().cloned());
    argv.push(archive.to_string_lossy().into_owned());
    argv.extend(task.include.iter().cloned());
    if !task.exclude.is_empty() {
        argv.push("-x".into());
        argv.extend(task.exclude.iter().cloned());
    }
    argv.extend(["-d".into(), task.dest.to_string_lossy().into_owned()]);
    let names = kept.into_iter().map(|entry| entry.name).collect();
    Ok(Found { handler: "ZipArchive", names, differs, extract: Command::new(argv.clone()), shown: argv })
}

impl Entry {
    fn differs(&self, path: &Path, target: &dyn Look) -> Result<bool, Failure> {
        let Some(meta) = target.stat(path, false)? else { return Ok(true) };
        if self.name.ends_with('/') {
            return Ok(meta.kind != Kind::Folder && meta.kind != Kind::Link);
        }
        if meta.kind == Kind::Link {
            // A link's entry holds where it points.
            let to = meta.target.unwrap_or_default();
            return Ok(sum(to.as_os_str().as_encoded_bytes()) != self.crc);
        }
        if meta.kind != Kind::File || meta.size != self.size {
            return Ok(true);
        }
        Ok(sum(&target.read(path)?.unwrap_or_default()) != self.crc)
    }
}

fn sum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let short = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    // The end record lies before a comment of at most 65535 bytes.
    let last = bytes.len().checked_sub(22)?;
    let end = (last.saturating_sub(65_535)..=last).rev().find(|at| bytes[*at..].starts_with(b"PK\x05\x06"))?;
    let mut at = long(end + 16)? as usize;
    let mut all = Vec::new();
    for _ in 0..short(end + 10)? {
        if !bytes.get(at..)?.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (name, extra, comment) = (short(at + 28)?, short(at + 30)?, short(at + 32)?);
        let text = bytes.get(at + 46..at + 46 + name)?;
        all.push(Entry { name: String::from_utf8_lossy(text).into_owned(), size: u64::from(long(at + 24)?), crc: long(at + 16)? });
        at += 46 + name + extra + comment;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_archive() {
        assert!(entries(b"PK").is_none());
        assert!(entries(&[0; 100]).is_none());
    }
}
