//! Carries out one change.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT, utimensat};
use rustix::io::Errno;

use super::target::Target;
use super::{sentence, wait, write};
use crate::plan::{Attributes, Change, Command, Failure, Kind, Outcome, Output};

pub(crate) fn perform(change: &Change, target: &dyn Target) -> Result<Outcome, Failure> {
    target.stop().check()?;
    match change {
        Change::Write { path, content, attributes, backup, validate } => {
            return write::perform(&write::Job { path, content, attributes, backup: *backup, validate: validate.as_deref() }, target);
        }
        Change::Folder { path, attributes } => folder(path, attributes, target)?,
        Change::Link { path, target: points_at } => {
            replace("link", path, target, |temporary| std::os::unix::fs::symlink(points_at, temporary))?;
        }
        Change::Hardlink { path, target: source } => hardlink(path, source, target)?,
        Change::Remove { path } => remove(path, target)?,
        Change::Rename { from, to } => rename(from, to, target)?,
        Change::Own { path, attributes, follow } => own(path, attributes, *follow, target)?,
        Change::Touch { path, atime, mtime } => touch(path, *atime, *mtime, target)?,
        Change::Run(command) => return run(command, target).map(Outcome::Ran),
        Change::Send(request) => return Ok(Outcome::Answered(target.send(request)?)),
        Change::Wait(wait) => return wait::perform(wait, target),
        Change::Arm { name, undo } => target.arm(name, undo.clone()),
        Change::Disarm { name } => target.disarm(name),
    }
    Ok(Outcome::Done)
}

/// A new name in the folder of `path`, for what is renamed over it when it is whole.
pub(crate) fn beside(at: &Path) -> PathBuf {
    at.with_file_name(format!(".deploy-{:08x}", super::scratch::seed()))
}

/// chown, then chmod: chown takes the set-user-id bits away.
pub(crate) fn give(at: &Path, shown: &Path, attributes: &Attributes, link: bool, target: &dyn Target) -> io::Result<()> {
    let bits = |at: &Path| fs::symlink_metadata(at).map(|meta| meta.permissions().mode() & 0o7777);
    let before = if link { None } else { bits(at).ok() };
    target.tree().own(at, attributes.uid, attributes.gid, false).map_err(|error| sentence::error("change the owner of", shown, &error))?;
    let special = |mode: &u32| mode & 0o6000 != 0 && (attributes.uid.is_some() || attributes.gid.is_some());
    if let Some(mode) = attributes.mode.filter(|_| !link).or_else(|| before.filter(special)) {
        fs::set_permissions(at, fs::Permissions::from_mode(mode)).map_err(|error| sentence::error("change the mode of", shown, &error))?;
    }
    Ok(())
}

fn run(command: &Command, target: &dyn Target) -> Result<Output, Failure> {
    let output = target.run(command)?;
    if command.accept.is_empty() || command.accept.contains(&output.rc) {
        return Ok(output);
    }
    let shown = shown(command);
    let errors = output.errors();
    let said = errors.lines().rev().find(|line| !line.trim().is_empty()).map(|line| format!(": {}", line.trim())).unwrap_or_default();
    Err(Failure::new(format!("`{shown}` failed with exit code {}{said}", output.rc))
        .with("cmd", shown)
        .with("rc", output.rc)
        .with("stdout", output.text().trim_end_matches('\n'))
        .with("stderr", errors.trim_end_matches('\n')))
}

/// A command as users may see it.
pub(crate) fn shown(command: &Command) -> String {
    command.shown_as.clone().unwrap_or_else(|| command.argv.join(" "))
}

fn folder(path: &Path, attributes: &Attributes, target: &dyn Target) -> Result<(), Failure> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|above| !above.as_os_str().is_empty() && matches!(target.tree().stat(above, true), Ok(None))).collect();
    if missing.is_empty() && target.tree().stat(path, true)?.is_some_and(|meta| meta.kind != Kind::Folder) {
        return Err(Failure::new(sentence::of("make the folder", path, &Errno::EXIST.into())));
    }
    for new in missing.into_iter().rev() {
        let at = target.tree().at(new, true)?;
        match fs::create_dir(&at) {
            Ok(()) => {
                let mode = attributes.mode.unwrap_or(0o777 & !target.umask());
                give(&at, new, &Attributes { mode: Some(mode), ..attributes.clone() }, false, target)?;
            }
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && at.is_dir() => {}
            Err(error) => return Err(Failure::new(sentence::of("make the folder", new, &error))),
        }
    }
    Ok(())
}

/// Makes something under a temporary name and renames it over `path`.
fn replace(what: &str, path: &Path, target: &dyn Target, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Failure> {
    let at = target.tree().at(path, false)?;
    let temporary = beside(&at);
    let made = make(&temporary).and_then(|()| target.tree().rename(&temporary, &at));
    // rename(2) between two names of one file does nothing, and leaves the temporary one.
    let _ = fs::remove_file(&temporary);
    made.map_err(|error| Failure::new(sentence::of(&format!("{what} to"), path, &error).replace("link to", "make the link")))
}

fn hardlink(path: &Path, source: &Path, target: &dyn Target) -> Result<(), Failure> {
    let from = target.tree().at(source, true)?;
    replace("link", path, target, |temporary| fs::hard_link(&from, temporary))
}

fn remove(path: &Path, target: &dyn Target) -> Result<(), Failure> {
    let at = target.tree().at(path, false)?;
    match target.tree().remove(&at) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::new(sentence::of("remove", path, &error))),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path, target: &dyn Target) -> Result<(), Failure> {
    let (source, dest) = (target.tree().at(from, false)?, target.tree().at(to, false)?);
    let action = format!("rename {} to", from.display());
    match target.tree().rename(&source, &dest) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            // Whole beside the new place first, so that a full disk leaves all as it was.
            let temporary = beside(&dest);
            let moved = copy_tree(&source, &temporary, target)
                .and_then(|()| target.tree().rename(&temporary, &dest))
                .and_then(|()| target.tree().remove(&source));
            moved.map_err(|error| {
                let _ = target.tree().remove(&temporary);
                Failure::new(sentence::of(&action, to, &error))
            })
        }
        Err(error) => Err(Failure::new(sentence::of(&action, to, &error))),
        Ok(()) => Ok(()),
    }
}

/// Copies files, folders and links with owners, modes and times.
fn copy_tree(from: &Path, to: &Path, target: &dyn Target) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    target.stop().check()?;
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(from)?, to)?;
    } else if meta.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy_tree(&from.join(&name), &to.join(&name), target)?;
        }
    } else if meta.is_file() {
        fs::copy(from, to)?;
    } else {
        return Err(io::Error::other(format!("{} is no file, folder or link", from.display())));
    }
    let link = meta.is_symlink();
    let attributes = Attributes { mode: Some(meta.permissions().mode() & 0o7777), uid: Some(meta.uid()), gid: Some(meta.gid()) };
    give(to, to, &attributes, link, target)?;
    let times = Timestamps {
        last_access: Timespec { tv_sec: meta.atime(), tv_nsec: meta.atime_nsec() },
        last_modification: Timespec { tv_sec: meta.mtime(), tv_nsec: meta.mtime_nsec() },
    };
    Ok(utimensat(CWD, to, &times, if link { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() })?)
}

fn own(path: &Path, attributes: &Attributes, follow: bool, target: &dyn Target) -> Result<(), Failure> {
    let at = target.tree().at(path, follow)?;
    // With the link's own name where it is not followed.
    let at = if follow { fs::canonicalize(&at).unwrap_or(at) } else { at };
    let link = fs::symlink_metadata(&at).map_err(|error| sentence::error("look at", path, &error))?.is_symlink();
    Ok(give(&at, path, attributes, link, target)?)
}

fn touch(path: &Path, atime: Option<f64>, mtime: Option<f64>, target: &dyn Target) -> Result<(), Failure> {
    let at = target.tree().at(path, true)?;
    if !at.exists() {
        let fail = |error: io::Error| sentence::error("make", path, &error);
        fs::File::create_new(&at).map_err(fail)?;
        fs::set_permissions(&at, fs::Permissions::from_mode(0o666 & !target.umask())).map_err(fail)?;
    }
    let times = Timestamps { last_access: timespec(atime), last_modification: timespec(mtime) };
    utimensat(CWD, &at, &times, AtFlags::empty()).map_err(|error| Failure::new(sentence::of("set the times of", path, &error.into())))
}

fn timespec(time: Option<f64>) -> Timespec {
    match time {
        None => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        Some(time) => {
            let whole = time.floor();
            Timespec { tv_sec: whole as i64, tv_nsec: (((time - whole) * 1e9).round() as i64).clamp(0, 999_999_999) }
        }
    }
}
