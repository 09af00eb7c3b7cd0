//! Files of the vault: read, replaced in one step, changed in an editor.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command as Process;

use anyhow::Context as _;

use super::is_dash;
use crate::config::Config;
use crate::diag::Diagnostic;
use crate::ui;

/// What a file keeps when it is replaced; without it, it is for its owner only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Mode,
    Nothing,
}

pub(super) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if is_dash(file) {
        let mut content = Vec::new();
        std::io::stdin().read_to_end(&mut content).context("cannot read standard input")?;
        return Ok(content);
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// In one step. A link stays a link.
pub(super) fn write(file: &Path, content: &[u8], keep: Keep) -> anyhow::Result<()> {
    if is_dash(file) {
        ui::bytes(content);
        return Ok(());
    }
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = || format!("{} is not writable", file.display());
    let mut temporary = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    temporary.write_all(content).with_context(failed)?;
    temporary.as_file().sync_all().with_context(failed)?;
    if let Ok(before) = file.metadata()
        && keep == Keep::Mode
    {
        let mode = std::fs::Permissions::from_mode(before.permissions().mode() & 0o7777);
        temporary.as_file().set_permissions(mode).with_context(failed)?;
    }
    temporary.persist(&file).with_context(failed)?;
    Ok(())
}

/// Lets the user change a text in a file that only they can read, and wipes it. `file` is what it is for: editors go by its ending.
pub(super) fn in_editor(content: &[u8], file: &Path) -> anyhow::Result<Vec<u8>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let name = file.extension().map_or_else(|| "vault".to_owned(), |end| format!("vault.{}", end.to_string_lossy()));
    let file = folder.path().join(name);
    std::fs::OpenOptions::new().write(true).create_new(true).open(&file)?.write_all(content)?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    let editor = Config::current().text("EDITOR").unwrap_or_else(|| "vi".into());
    // The variable may hold options, which the shell splits.
    let status =
        Process::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&file).status().context("cannot start the editor")?;
    let changed = std::fs::read(&file);
    if let Ok(meta) = file.metadata() {
        let _ = std::fs::write(&file, vec![0; usize::try_from(meta.len()).unwrap_or(0)]);
    }
    if !status.success() {
        return Err(Diagnostic::error(format!("the editor `{editor}` failed: {status}"))
            .help("set EDITOR to another one; the file is as it was")
            .into());
    }
    Ok(changed?)
}
