//! Where `inventories/` and `playbooks/` are: beside the application's repository, or inside it.

use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;

/// A folder with inventories and playbooks.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Project {
    pub(in crate::cli) root: PathBuf,
}

impl Project {
    /// `--project`, else the nearest folder from here upwards that holds `inventories/`, itself or in `deploy/`.
    ///
    /// # Errors
    /// There is none.
    pub(in crate::cli) fn find(given: Option<&Path>) -> Result<Project, Diagnostic> {
        if let Some(folder) = given {
            if folder.join("inventories").is_dir() {
                return Ok(Project { root: folder.to_owned() });
            }
            return Err(Diagnostic::error(format!("there is no folder inventories in {}", folder.display()))
                .help("--project names the folder that holds inventories/ and playbooks/"));
        }
        let here = std::env::current_dir().map_err(|error| Diagnostic::error(format!("the current folder cannot be told: {error}")))?;
        let places = here.ancestors().flat_map(|folder| [folder.to_owned(), folder.join("deploy")]);
        places.into_iter().find(|place| place.join("inventories").is_dir()).map(|root| Project { root: shorter(root, &here) }).ok_or_else(
            || {
                Diagnostic::error("there is no folder inventories here")
                    .help(format!("looked for inventories/ and deploy/inventories/ in {} and every folder above", here.display()))
                    .help("go to your project, or name its folder with --project")
            },
        )
    }

    /// The inventory of an environment.
    ///
    /// # Errors
    /// There is none of that name; the known ones are named. `commands`: what else the word could have been meant to be.
    pub(in crate::cli) fn inventory(&self, environment: &str, commands: &[&str]) -> Result<PathBuf, Diagnostic> {
        let folder = self.root.join("inventories");
        let path = folder.join(environment);
        if path.exists() && !environment.contains(['/', '\\']) && !environment.starts_with('.') {
            return Ok(path);
        }
        let mut known: Vec<String> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect();
        known.sort();
        let names = known.iter().map(String::as_str).chain(commands.iter().copied());
        let diagnostic = Diagnostic::error(format!("there is no environment `{environment}`")).suggest(environment, names);
        Err(diagnostic.help(format!("environments are the folders of {}: {}", folder.display(), known.join(", "))))
    }

    /// # Errors
    /// The playbook is not there.
    pub(in crate::cli) fn playbook(&self) -> Result<PathBuf, Diagnostic> {
        let path = self.root.join("playbooks/deploy.yml");
        if path.is_file() {
            return Ok(path);
        }
        Err(Diagnostic::error(format!("there is no {}", path.display()))
            .help("a deploy is an ordinary playbook: copy playbooks/deploy.yml and roles/release there"))
    }

    pub(in crate::cli) fn playbooks(&self) -> PathBuf {
        self.root.join("playbooks")
    }
}

/// Relative where that is nearer to what the user sees.
fn shorter(path: PathBuf, here: &Path) -> PathBuf {
    match path.strip_prefix(here) {
        Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
        Ok(rest) => rest.to_owned(),
        Err(_) => path,
    }
}
