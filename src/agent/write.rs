//! Writes a whole file: beside it first, checked, then renamed over it, so that nobody ever reads half of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::change::{beside, give, shown};
use super::sentence;
use super::target::Target;
use crate::plan::{Attributes, Command, Content, Failure, Kind, Meta, Outcome};

pub(crate) struct Job<'a> {
    pub(crate) path: &'a Path,
    pub(crate) content: &'a Content,
    pub(crate) attributes: &'a Attributes,
    pub(crate) backup: bool,
    pub(crate) validate: Option<&'a str>,
}

pub(crate) fn perform(job: &Job<'_>, target: &dyn Target) -> Result<Outcome, Failure> {
    let existing = target.tree().stat(job.path, false)?;
    if existing.as_ref().is_some_and(|meta| meta.kind == Kind::Folder) {
        return Err(Failure::new(format!("cannot write {}: it is a folder", job.path.display())));
    }
    // A link is replaced by a file of its own; modules that mean what it points at say so by their path.
    let existing = existing.filter(|meta| meta.kind == Kind::File);
    let at = target.tree().at(job.path, false)?;
    let temporary = Temporary(beside(&at));
    fill(&temporary.0, job, target)?;
    give(&temporary.0, job.path, &attributes(existing.as_ref(), job.attributes, target), false, target)?;
    if let Some(template) = job.validate {
        validate(template, &temporary.0, target)?;
    }
    let backup = if job.backup && existing.is_some() { Some(back_up(job.path, existing.as_ref(), target)?) } else { None };
    match target.tree().rename(&temporary.0, &at) {
        // A file that is itself a mount point (/etc/hosts in a container) cannot be renamed over.
        Err(error) if matches!(error.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices) => {
            let fail = |error: io::Error| sentence::error("write", job.path, &error);
            let mut from = File::open(&temporary.0).map_err(fail)?;
            let mut to = OpenOptions::new().write(true).truncate(true).open(&at).map_err(fail)?;
            io::copy(&mut from, &mut to).map_err(fail)?;
            give(&at, job.path, job.attributes, false, target)?;
        }
        other => other.map_err(|error| sentence::error("write", job.path, &error))?,
    }
    Ok(backup.map_or(Outcome::Done, Outcome::Backed))
}

/// What the file is to have: what was asked for, then what it had, then what a new file gets.
fn attributes(existing: Option<&Meta>, wanted: &Attributes, target: &dyn Target) -> Attributes {
    let me = target.uid();
    Attributes {
        mode: Some(wanted.mode.or(existing.map(|meta| meta.mode)).unwrap_or(0o666 & !target.umask())),
        // Only where it differs: an ordinary user may not even give a file to itself on some file systems.
        uid: wanted.uid.or(existing.map(|meta| meta.uid).filter(|uid| *uid != me)),
        gid: wanted.gid.or(existing.map(|meta| meta.gid)),
    }
}

fn fill(temporary: &Path, job: &Job<'_>, target: &dyn Target) -> Result<(), Failure> {
    let fail = |error: io::Error| sentence::error("write", job.path, &error);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary).map_err(fail)?;
    if let Content::Bytes(bytes) = job.content {
        file.write_all(bytes).map_err(fail)?;
    } else {
        let mut from = target.content(job.content)?;
        io::copy(&mut from, &mut file).map_err(fail)?;
    }
    Ok(())
}

/// `template` with the file's name in place of `%s` must succeed.
fn validate(template: &str, file: &Path, target: &dyn Target) -> Result<(), Failure> {
    if !template.contains("%s") {
        return Err(Failure::argument("validate", format!("argument `validate` must hold %s, where the file's name goes: {template}")));
    }
    let words = crate::words::split(template).map_err(|why| Failure::argument("validate", format!("argument `validate` {why}")))?;
    let name = file.to_string_lossy();
    let mut command = Command::new(words.into_iter().map(|word| word.replace("%s", &name)));
    command.accept.clear();
    let output = target.run(&command)?;
    if output.rc == 0 {
        return Ok(());
    }
    let said = [output.errors(), output.text()].into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default();
    Err(Failure::new(format!("the new content was refused by `{}` (exit code {}): {}", shown(&command), output.rc, said.trim()))
        .with("exit_status", output.rc)
        .with("stdout", output.text())
        .with("stderr", output.errors()))
}

/// A copy beside the file, named after it, the process and the moment (UTC).
fn back_up(path: &Path, meta: Option<&Meta>, target: &dyn Target) -> Result<PathBuf, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let backup = path.with_file_name(format!("{name}.{}.{}~", std::process::id(), stamp(super::process::now())));
    let fail = |error: io::Error| sentence::error("write the backup", &backup, &error);
    let (from, to) = (target.tree().at(path, false)?, target.tree().at(&backup, false)?);
    fs::copy(from, &to).map_err(fail)?;
    if let Some(meta) = meta {
        let me = target.uid();
        let attributes =
            Attributes { mode: Some(meta.mode), uid: Some(meta.uid).filter(|uid| *uid != me), gid: Some(meta.gid).filter(|_| me == 0) };
        give(&to, &backup, &attributes, false, target)?;
    }
    Ok(backup)
}

/// `2026-11-21@04:05:06`, from seconds since the epoch.
fn stamp(time: f64) -> String {
    let seconds = time as i64;
    let (days, rest) = (seconds.div_euclid(86400), seconds.rem_euclid(86400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}@{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Days since the epoch as a date (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Removed when dropped, unless it was renamed away.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::set_permissions(&self.0, fs::Permissions::from_mode(0o600)).and_then(|()| fs::remove_file(&self.0));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn moments() {
        assert_eq!(super::stamp(1_795_233_906.9), "2026-11-21@04:05:06");
        assert_eq!(super::stamp(951_782_400.0), "2000-02-29@00:00:00");
    }
}
