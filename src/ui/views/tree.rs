//! `--tree FOLDER`: the result of each host as a file of its name.

use std::path::{Path, PathBuf};

use super::results;
use crate::diag::Diagnostic;
use crate::engine::{Event, Sink};
use crate::ui::report;

pub struct Tree {
    folder: PathBuf,
}

impl Tree {
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: &Path) -> Result<Tree, Diagnostic> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Diagnostic::error(format!("cannot make the folder {}: {error}", folder.display())))?;
        Ok(Tree { folder: folder.to_owned() })
    }
}

impl Sink for Tree {
    fn emit(&self, event: Event) {
        let Event::Finished { host, outcome, .. } = event else { return };
        let text = results::spaced(&serde_json::Value::Object(results::shown(&outcome, 0)));
        // A name may hold what a file's cannot.
        let file = self.folder.join(host.replace('/', "_"));
        if let Err(error) = std::fs::write(&file, text) {
            report(&Diagnostic::warning(format!("cannot write {}: {error}", file.display())));
        }
    }
}
