//! ansible.cfg: which one counts, and what is in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diag::{Diagnostic, Source};
use crate::ini;

/// The first of ANSIBLE_CONFIG, ./ansible.cfg, ~/.ansible.cfg, /etc/ansible/ansible.cfg.
///
/// # Errors
/// ANSIBLE_CONFIG names what is not there.
pub(super) fn find() -> Result<Option<PathBuf>, Diagnostic> {
    if let Some(named) = std::env::var_os("ANSIBLE_CONFIG").filter(|named| !named.is_empty()) {
        let path = super::expanded(&named.to_string_lossy());
        let path = if path.is_dir() { path.join("ansible.cfg") } else { path };
        let path = std::path::absolute(&path).unwrap_or(path);
        return Ok(path.exists().then_some(path));
    }
    let mut places = Vec::new();
    if let Ok(here) = std::env::current_dir() {
        // What others can write must not decide what this user runs.
        let open = std::fs::metadata(&here).is_ok_and(|meta| meta.permissions().mode() & 0o002 != 0);
        places.extend((!open).then(|| here.join("ansible.cfg")));
    }
    places.push(super::expanded("~/.ansible.cfg"));
    places.push(PathBuf::from("/etc/ansible/ansible.cfg"));
    Ok(places.into_iter().find(|place| place.is_file()))
}

/// # Errors
/// It cannot be read, or is no INI file.
pub(super) fn read(path: &Path) -> Result<Vec<ini::Section>, Diagnostic> {
    let text = std::fs::read_to_string(path).map_err(|error| Diagnostic::error(format!("cannot read {}: {error}", path.display())))?;
    let source = Arc::new(Source { path: path.to_owned(), text: text.into() });
    ini::parse(
        &source,
        ini::Options { inline_comment: Some(';'), case_sensitive: false, allow_no_value: false, first_section: None, strict: false },
    )
}
