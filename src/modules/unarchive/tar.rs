//! tar archives. GNU tar itself finds out how they are packed, and with `--diff` whether they differ from what is there.

use std::path::Path;

use super::{Found, Unarchive, last_line};
use crate::plan::{Command, Failure, Look};

pub(super) fn look(task: &Unarchive, archive: &Path, target: &dyn Look) -> Result<Found, Failure> {
    // BSD's is another; ask for GNU's by its own name first.
    let Some(program) = ["gtar", "tar"].into_iter().find(|name| target.which(name).is_some()) else {
        return Err(Failure::argument("src", "tar is not installed on this host; install the package tar"));
    };
    let command = |mode: &str| {
        let mut argv = vec![program.to_owned(), mode.to_owned(), "-C".into(), task.dest.to_string_lossy().into_owned()];
        if !task.extra_opts.is_empty() {
            argv.push("--show-transformed-names".into());
            argv.extend(task.extra_opts.iter().cloned());
        }
        if mode == "--extract" && task.keep_newer {
            argv.push("--keep-newer-files".into());
        }
        argv.extend(task.exclude.iter().map(|pattern| format!("--exclude={pattern}")));
        argv.extend(["-f".into(), archive.to_string_lossy().into_owned()]);
        argv.extend(task.include.iter().cloned());
        argv
    };
    let listed = target.ask(&Command { accept: Vec::new(), ..Command::new(command("--list")) })?;
    if listed.rc != 0 {
        let msg = format!("{} is no archive that the host's tar can read: {}", task.src, last_line(&listed));
        return Err(Failure::argument("src", msg));
    }
    // Names with unusual bytes are shown with octal escapes; lines are names otherwise.
    let names: Vec<String> = listed.text().lines().map(unescaped).filter(|name| !name.is_empty()).collect();
    let diff = target.ask(&Command { accept: Vec::new(), ..Command::new(command("--diff")) })?;
    let said = format!("{}\n{}", diff.text(), diff.errors());
    let differs = diff.rc != 0 && said.lines().any(|line| counts(line, task, target.uid() == 0));
    let shown = command("--extract");
    Ok(Found { handler: "TarArchive", names, differs, extract: Command::new(shown.clone()), shown })
}

/// Whether a line of `tar --diff` is a reason to unpack.
fn counts(line: &str, task: &Unarchive, root: bool) -> bool {
    let line = line.trim();
    let asks = &task.attributes;
    if line.is_empty() {
        return false;
    }
    if line.ends_with("Uid differs") {
        return root && asks.owner.is_none();
    }
    if line.ends_with("Gid differs") {
        return root && asks.group.is_none();
    }
    if line.ends_with("Mode differs") {
        return asks.mode.is_none();
    }
    if line.ends_with("Mod time differs") {
        // The content is compared beside it.
        return false;
    }
    // "tar: Exiting with failure status due to previous errors" only says that something was said.
    !line.contains("Exiting with failure status") && !line.contains("Removing leading")
}

fn unescaped(name: &str) -> String {
    if !name.contains('\\') {
        return name.to_owned();
    }
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()), after.first()) {
            (b'\\', Some(byte), _) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            (b'\\', None, Some(b'\\')) => {
                bytes.push(b'\\');
                rest = &after[1..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
