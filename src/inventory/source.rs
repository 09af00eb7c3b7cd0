//! A file that may be an inventory: read once, opened where it is encrypted, and looked at by several readers.

use std::cell::OnceCell;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use super::Settings;
use crate::diag::{Diagnostic, Diagnostics, Source};
use crate::yaml::{self, Loaded, Node};

pub(super) struct File<'f> {
    pub(super) path: &'f Path,
    settings: &'f Settings,
    text: OnceCell<Result<Text, Diagnostic>>,
    loaded: OnceCell<Result<Loaded, Diagnostic>>,
}

struct Text {
    source: Arc<Source>,
    /// It was encrypted: no message may show it.
    secret: bool,
}

impl<'f> File<'f> {
    pub(super) fn new(path: &'f Path, settings: &'f Settings) -> File<'f> {
        File { path, settings, text: OnceCell::new(), loaded: OnceCell::new() }
    }

    /// With its point; empty where the name has none.
    pub(super) fn extension(&self) -> String {
        self.path.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default()
    }

    /// Whether its name is that of a file of YAML.
    pub(super) fn is_named_yaml(&self) -> bool {
        self.settings.extensions.contains(&self.extension())
    }

    /// Executable, and says what runs it.
    pub(super) fn is_script(&self) -> bool {
        let executable = self.path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0);
        let mut head = [0u8; 4];
        let read = std::fs::File::open(self.path).and_then(|mut file| std::io::Read::read(&mut file, &mut head)).unwrap_or(0);
        executable && (head[..read].starts_with(b"#!") || &head == b"\x7fELF")
    }

    pub(super) fn source(&self) -> Result<&Arc<Source>, Diagnostic> {
        self.text().map(|text| &text.source)
    }

    /// Its only document; none where it is empty. Warnings come with it.
    pub(super) fn document(&self, problems: &mut Diagnostics) -> Result<Option<Node>, Diagnostic> {
        let loaded = self.loaded()?;
        problems.0.extend(loaded.warnings.iter().cloned());
        Loaded { documents: loaded.documents.clone(), warnings: Vec::new() }.single()
    }

    /// The inventory plugin that the file is for, if it is a configuration of one.
    pub(super) fn plugin(&self) -> Option<Node> {
        self.loaded().ok()?.documents.first()?.get("plugin").cloned()
    }

    /// Whether it was meant as YAML, though its name does not say so: its first line ends with a colon or begins a document.
    pub(super) fn looks_like_yaml(&self) -> bool {
        let Ok(source) = self.source() else { return false };
        let mut lines = source.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
        lines.next().is_some_and(|line| line == "---" || line.ends_with(':'))
    }

    fn loaded(&self) -> Result<&Loaded, Diagnostic> {
        let load = || {
            let text = self.text()?;
            if text.secret { yaml::load_secret(&text.source) } else { yaml::load(&text.source) }
        };
        self.loaded.get_or_init(load).as_ref().map_err(Clone::clone)
    }

    fn text(&self) -> Result<&Text, Diagnostic> {
        self.text.get_or_init(|| self.read()).as_ref().map_err(Clone::clone)
    }

    fn read(&self) -> Result<Text, Diagnostic> {
        let source = yaml::read(self.path)?;
        if !source.text.starts_with("$ANSIBLE_VAULT;") {
            return Ok(Text { source, secret: false });
        }
        let decrypt = self.settings.decrypt.as_ref().ok_or_else(|| {
            Diagnostic::error(format!("{} is encrypted", self.path.display()))
                .help("give the password with --vault-password-file or --ask-vault-pass")
        })?;
        let text = decrypt(&source.text)?;
        Ok(Text { source: Arc::new(Source { path: self.path.to_owned(), text: text.into() }), secret: true })
    }
}
