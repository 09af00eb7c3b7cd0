//! Passwords and where they come from.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::diag::Diagnostic;

/// A password that may open vault texts, and the id it goes by.
#[derive(Clone)]
pub struct Secret {
    id: Option<String>,
    password: Vec<u8>,
    /// Whether it is tried only on texts that name its id.
    only_own: bool,
}

/// The id of a secret that is given none; it is not written into files.
const DEFAULT: &str = "default";

impl fmt::Debug for Secret {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Secret {
    pub fn from_text(text: &str) -> Secret {
        Secret { id: None, password: text.as_bytes().to_vec(), only_own: false }
    }

    /// Reads a file, without the white space around; an executable is run for it. A file may be encrypted with a secret known before.
    ///
    /// # Errors
    /// It cannot be read or run, or says nothing.
    pub fn from_file(path: &Path, known: &[Secret]) -> Result<Secret, Diagnostic> {
        from_source(path, None, known)
    }

    /// `--vault-id`: `id@file`, `id@script`, `id@prompt`, or without an id. `ask` asks in the terminal.
    ///
    /// # Errors
    /// As [`Secret::from_file`], or nobody can be asked.
    pub fn from_vault_id(given: &str, ask: impl Fn(&str) -> std::io::Result<String>, known: &[Secret]) -> Result<Secret, Diagnostic> {
        let (id, source) = match given.split_once('@') {
            Some((id, source)) => (Some(id).filter(|id| !id.is_empty()), source),
            None => (None, given),
        };
        let id = id.filter(|id| *id != DEFAULT);
        if matches!(source, "prompt" | "prompt_ask_vault_pass") {
            let prompt = id.map_or("Vault password: ".to_owned(), |id| format!("Vault password ({id}): "));
            let text = ask(&prompt).map_err(|error| Diagnostic::error(format!("cannot ask for the vault password: {error}")))?;
            return Ok(Secret { id: id.map(str::to_owned), ..Secret::from_text(&text) });
        }
        from_source(Path::new(source), id, known)
    }

    /// The same password under an id, which is written into what it encrypts; or under none.
    #[must_use]
    pub fn with_id(self, id: Option<&str>) -> Secret {
        Secret { id: id.filter(|id| *id != DEFAULT).map(str::to_owned), ..self }
    }

    /// The same password, tried only on texts that name its id.
    #[must_use]
    pub fn only_own(self) -> Secret {
        Secret { only_own: true, ..self }
    }

    pub(super) fn is_only_own(&self) -> bool {
        self.only_own
    }

    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Its id, or what secrets without one are called.
    pub fn name(&self) -> &str {
        self.id.as_deref().unwrap_or(DEFAULT)
    }

    /// The password itself.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.password).into_owned()
    }

    pub(super) fn password(&self) -> &[u8] {
        &self.password
    }
}

fn from_source(path: &Path, id: Option<&str>, known: &[Secret]) -> Result<Secret, Diagnostic> {
    let failed = |why: String| Diagnostic::error(format!("cannot read the vault password from {}: {why}", path.display()));
    let found = path
        .metadata()
        .map_err(|error| failed(error.to_string()).help("name a file that holds the password, or a program that prints it"))?;
    if found.is_dir() {
        return Err(failed("it is a folder".into()));
    }
    let password = if found.permissions().mode() & 0o111 != 0 {
        run(path, id).map_err(failed)?
    } else {
        let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        match std::str::from_utf8(&text).ok().filter(|text| super::is_encrypted(text)) {
            Some(text) => super::open(text, known).map_err(|error| failed(error.message))?.0.trim_ascii().to_vec(),
            None => text.trim_ascii().to_vec(),
        }
    };
    if password.is_empty() {
        return Err(failed("it is empty".into()));
    }
    Ok(Secret { id: id.map(str::to_owned), password, only_own: false })
}

/// A program whose name ends with `-client` is told which id is meant (docs.ansible.com, "Storing passwords in third-party tools").
fn run(path: &Path, id: Option<&str>) -> Result<Vec<u8>, String> {
    let program = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut command = Command::new(program);
    let is_client = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("-client"));
    if let Some(id) = id.filter(|_| is_client) {
        command.args(["--vault-id", id]);
    }
    // It may ask in the terminal, so input and errors stay as they are.
    let output = command.stdin(Stdio::inherit()).stderr(Stdio::inherit()).output().map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => "it may not be executed".to_owned(),
        _ => format!("it is executable but cannot be run: {error} (chmod -x a file that only holds the password)"),
    })?;
    if !output.status.success() {
        return Err(format!("the program failed: {}", output.status));
    }
    let mut password = output.stdout;
    while password.last().is_some_and(|last| matches!(last, b'\r' | b'\n')) {
        password.pop();
    }
    Ok(password)
}
