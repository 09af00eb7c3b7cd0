//! From what `-i` names to an inventory: files, folders, scripts, lists of hosts.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Inventory, files, ini, range, script, yaml};
use crate::diag::{Diagnostic, Diagnostics, Level, Source, nearest};
use crate::vault::Decrypt;
use crate::yaml::{self as reader, Kind};

impl Inventory {
    /// Reads all sources (files, folders, executables, lists with commas), first to last: a later one wins; and the
    /// `group_vars` and `host_vars` beside them and beside the playbook. What is odd but no error comes with it.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn load(
        sources: &[String],
        playbook_folder: Option<&Path>,
        decrypt: Option<Arc<Decrypt>>,
    ) -> Result<(Inventory, Vec<Diagnostic>), Diagnostics> {
        let mut inventory = Inventory::default();
        let playbook =
            playbook_folder.map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() });
        inventory.files = files::VarsFiles::new(playbook.into_iter().collect(), decrypt);
        let mut problems = Diagnostics::default();
        if let Err(error) = inventory.settle() {
            problems.push(error);
        }
        for source in sources {
            inventory.source(source, &mut problems);
        }
        if !problems.has_errors()
            && let Err(error) = inventory.settle()
        {
            problems.push(error);
        }
        if problems.has_errors() {
            return Err(problems);
        }
        for name in inventory.hosts.keys().filter(|name| inventory.groups.contains_key(*name)) {
            inventory.warn(Diagnostic::warning(format!("`{name}` is the name of a group and of a host")));
        }
        let mut warnings: Vec<Diagnostic> = problems.0.into_iter().filter(|d| d.level == Level::Warning).collect();
        warnings.extend(inventory.take_warnings());
        Ok((inventory, warnings))
    }

    fn source(&mut self, source: &str, problems: &mut Diagnostics) {
        let path = PathBuf::from(source);
        if source.contains(',') && !path.exists() {
            return self.list(source, problems);
        }
        if path.is_dir() {
            self.files.add_inventory_folder(path.clone());
            return self.folder(&path, 0, problems);
        }
        if !path.exists() {
            return problems.push(missing(source, &path));
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.files.add_inventory_folder(parent.to_owned());
        self.file(&path, problems);
    }

    /// `web1,web2:2222,`
    fn list(&mut self, source: &str, problems: &mut Diagnostics) {
        for word in source.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match range::expand(word) {
                Ok((names, port)) => {
                    for name in names {
                        let host = self.ensure_host(&name, None);
                        if let Some(port) = port {
                            self.set_host_var(
                                &host,
                                "ansible_port",
                                reader::Node::new(Kind::Int(i64::from(port)), reader::nowhere("inventory", word)),
                            );
                        }
                    }
                }
                Err(reason) => problems.push(Diagnostic::error(reason).at(&reader::nowhere("inventory", word))),
            }
        }
    }

    /// All sources of a folder, sorted; its folders too. What looks like a backup, a text or a program's cache is none.
    fn folder(&mut self, folder: &Path, depth: usize, problems: &mut Diagnostics) {
        let entries = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return problems.push(Diagnostic::error(format!("cannot read {}: {error}", folder.display()))),
        };
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let ignored = name.starts_with('.')
                || ["group_vars", "host_vars", "vars_plugins"].contains(&name.as_str())
                || IGNORED.iter().any(|end| name.ends_with(end));
            if ignored {
                continue;
            }
            if path.is_dir() {
                // A link may lead back up.
                if depth < 16 {
                    self.folder(&path, depth + 1, problems);
                }
            } else {
                self.file(&path, problems);
            }
        }
    }

    fn file(&mut self, path: &Path, problems: &mut Diagnostics) {
        if is_script(path) {
            if let Err(error) = script::read(self, path) {
                problems.push(error);
            }
            return;
        }
        let Some(mut source) = problems.collect(reader::read(path)) else { return };
        let mut secret = false;
        if source.text.starts_with("$ANSIBLE_VAULT;") {
            let Some(decrypt) = self.files.decrypt() else {
                return problems.push(
                    Diagnostic::error(format!("{} is encrypted", path.display()))
                        .help("give the password with --vault-password-file or --ask-vault-pass"),
                );
            };
            let Some(text) = problems.collect(decrypt(&source.text)) else { return };
            source = Arc::new(Source { path: path.to_owned(), text: text.into() });
            secret = true;
        }
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        let must_be_yaml = matches!(extension.as_str(), "yml" | "yaml" | "json");
        if must_be_yaml || extension.is_empty() {
            match if secret { reader::load_secret(&source) } else { reader::load(&source) } {
                Ok(loaded) if must_be_yaml || loaded.documents.first().is_some_and(|node| node.as_map().is_some()) => {
                    loaded.warnings.iter().for_each(|warning| problems.push(warning.clone()));
                    if let Some(Some(node)) = problems.collect(loaded.single())
                        && !node.is_null()
                    {
                        yaml::read(self, &node, path, problems);
                    }
                    return;
                }
                Err(error) if must_be_yaml || looks_like_yaml(&source.text) => return problems.push(error),
                _ => {}
            }
        }
        ini::read(self, &source, path, problems);
    }
}

/// Ends of names that are no inventory in a folder (docs.ansible.com, INVENTORY_IGNORE_EXTS).
const IGNORED: [&str; 12] = ["~", ".orig", ".cfg", ".retry", ".pyc", ".pyo", ".swp", ".bak", ".rpm", ".md", ".txt", ".rst"];

/// Executable, and says what runs it.
fn is_script(path: &Path) -> bool {
    let executable = path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0);
    let mut head = [0u8; 4];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut head)).unwrap_or(0);
    executable && (head[..read].starts_with(b"#!") || &head == b"\x7fELF")
}

/// The first line that says anything ends with a colon or begins a document.
fn looks_like_yaml(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    lines.next().is_some_and(|line| line == "---" || line.ends_with(':'))
}

fn missing(source: &str, path: &Path) -> Diagnostic {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside: Vec<String> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let error = Diagnostic::error(format!("there is no inventory {source}"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match nearest(&name, beside.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{}`?", path.with_file_name(near).display())),
        None => error.help("name a file, a folder or a script; for a list of hosts put a comma after the last: `-i web1,`"),
    }
}
