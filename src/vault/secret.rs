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
}

impl fmt::Debug for Secret {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Secret {
    pub fn from_text(text: &str) -> Secret {
        Secret { id: None, password: text.as_bytes().to_vec() }
    }

    /// Reads a file, without the white space around; an executable is run for it.
    ///
    /// # Errors
    /// It cannot be read or run, or says nothing.
    pub fn from_file(path: &Path) -> Result<Secret, Diagnostic> {
        from_source(path, None)
    }

    /// `--vault-id`: `id@file`, `id@script`, `id@prompt`, or without an id. `ask` asks in the terminal.
    ///
    /// # Errors
    /// As [`Secret::from_file`], or nobody can be asked.
    pub fn from_vault_id(given: &str, ask: impl Fn(&str) -> std::io::Result<String>) -> Result<Secret, Diagnostic> {
        let (id, source) = match given.split_once('@') {
            Some((id, source)) => (Some(id).filter(|id| !id.is_empty()), source),
            None => (None, given),
        };
        // The id of a secret that is given none; it is not written into files.
        let id = id.filter(|id| *id != "default");
        if matches!(source, "prompt" | "prompt_ask_vault_pass") {
            let prompt = id.map_or("Vault password: ".to_owned(), |id| format!("Vault password ({id}): "));
            let text = ask(&prompt).map_err(|error| Diagnostic::error(format!("cannot ask for the vault password: {error}")))?;
            return Ok(Secret { id: id.map(str::to_owned), password: text.into_bytes() });
        }
        from_source(Path::new(source), id)
    }

    /// The same password under an id, which is written into what it encrypts; or under none.
    #[must_use]
    pub fn with_id(self, id: Option<&str>) -> Secret {
        Secret { id: id.map(str::to_owned), ..self }
    }

    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The password itself.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.password).into_owned()
    }

    pub(super) fn password(&self) -> &[u8] {
        &self.password
    }
}

fn from_source(path: &Path, id: Option<&str>) -> Result<Secret, Diagnostic> {
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
        text.trim_ascii().to_vec()
    };
    if password.is_empty() {
        return Err(failed("it is empty".into()));
    }
    Ok(Secret { id: id.map(str::to_owned), password })
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
