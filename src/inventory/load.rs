//! From what `-i` names to an inventory: files, folders, scripts, lists of hosts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::source::File;
use super::{Inventory, Settings, Unparsed, constructed, files, generator, ini, list, script, toml, yaml};
use crate::diag::{Diagnostic, Diagnostics, Level, nearest};

/// A way to read a file, by Ansible's names of inventory plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Script,
    /// A configuration of another reader, which it names.
    Auto,
    Yaml,
    Ini,
    Toml,
    Constructed,
    Generator,
}

const READERS: [(&str, Reader); 7] = [
    ("script", Reader::Script),
    ("auto", Reader::Auto),
    ("yaml", Reader::Yaml),
    ("ini", Reader::Ini),
    ("toml", Reader::Toml),
    ("constructed", Reader::Constructed),
    ("generator", Reader::Generator),
];

/// Readers that take a source that could not be read, and what they said.
type Failures = Vec<(Reader, Diagnostics)>;

impl Inventory {
    /// The same sources, read anew.
    ///
    /// # Errors
    /// As [`Inventory::load`].
    pub fn again(&self) -> Result<Inventory, Diagnostics> {
        let (fresh, warnings) = Inventory::load(&self.sources, (*self.settings).clone())?;
        fresh.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(warnings);
        Ok(fresh)
    }

    /// Reads all sources (files, folders, executables, lists with commas), first to last: a later one wins; and the
    /// `group_vars` and `host_vars` beside them and beside the playbook. What is odd but no error comes with it.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn load(sources: &[String], settings: Settings) -> Result<(Inventory, Vec<Diagnostic>), Diagnostics> {
        let settings = Arc::new(settings);
        let mut inventory = Inventory { sources: sources.to_vec(), settings: settings.clone(), ..Inventory::default() };
        inventory.files = files::VarsFiles::new(settings.clone());
        let mut problems = Diagnostics::default();
        problems.collect(inventory.settle());
        for plugin in &settings.plugins {
            if reader(plugin).is_none() && !list::PLUGINS.contains(&plugin.as_str()) {
                problems.push(
                    Diagnostic::warning(format!("there is no inventory plugin `{plugin}` here; it is left out"))
                        .suggest(plugin, READERS.iter().map(|(name, _)| *name).chain(list::PLUGINS)),
                );
            }
        }
        let read: Vec<bool> = sources.iter().map(|source| inventory.source(source, &mut problems)).collect();
        if !read.contains(&true) {
            inventory.nothing_read(&mut problems);
        }
        if !problems.has_errors() {
            problems.collect(inventory.settle());
        }
        if problems.has_errors() {
            return Err(problems);
        }
        for name in inventory.hosts.keys().filter(|name| inventory.groups.contains_key(*name)) {
            inventory.warn(Diagnostic::warning(format!("`{name}` is the name of a group and of a host")));
        }
        inventory.warn_of_group_names();
        let mut warnings: Vec<Diagnostic> = problems.0.into_iter().filter(|d| d.level == Level::Warning).collect();
        warnings.extend(inventory.take_warnings());
        Ok((inventory, warnings))
    }

    fn nothing_read(&self, problems: &mut Diagnostics) {
        const NOTHING: &str = "No inventory was parsed, only implicit localhost is available";
        match self.settings.unparsed {
            Unparsed::RefuseIfAll => problems.push(Diagnostic::error(NOTHING).help("name an inventory with -i")),
            _ if self.settings.warn_unparsed => problems.push(Diagnostic::warning(NOTHING)),
            _ => {}
        }
    }

    /// Whether it could be read.
    fn source(&mut self, source: &str, problems: &mut Diagnostics) -> bool {
        let path = PathBuf::from(source);
        if source.contains(',') && !path.exists() {
            let Some(plugin) = self.settings.plugins.iter().find(|plugin| list::PLUGINS.contains(&plugin.as_str())).cloned() else {
                return self.unread(source, missing(source, &path), problems);
            };
            let (found, error) = self.attempt(|inventory, found| list::read(inventory, source, found));
            problems.0.extend(found.0);
            return error.is_none_or(|error| self.refuse(source, &plugin, error, problems));
        }
        if path.is_dir() {
            self.files.add_inventory_folder(path.clone());
            return self.folder(&path, 0, problems);
        }
        if !path.exists() {
            return self.unread(source, missing(source, &path), problems);
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.files.add_inventory_folder(parent.to_owned());
        self.file(&path, problems)
    }

    /// All sources of a folder, sorted; its folders too. What looks like a backup, a text or a program's cache is none.
    fn folder(&mut self, folder: &Path, depth: usize, problems: &mut Diagnostics) -> bool {
        let entries =
            std::fs::read_dir(folder).and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let error = Diagnostic::error(format!("cannot read {}: {error}", folder.display()));
                return self.unread(&folder.display().to_string(), error, problems);
            }
        };
        entries.sort();
        let mut any = false;
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let ignored = name.starts_with('.')
                || ["group_vars", "host_vars", "vars_plugins"].contains(&name.as_str())
                || self.settings.ignored_ends.iter().any(|end| name.ends_with(end))
                || self.settings.ignored_patterns.iter().any(|pattern| pattern.is_match(&name).unwrap_or(false));
            if ignored {
                continue;
            }
            if path.is_dir() {
                // A link may lead back up.
                any |= depth < 16 && self.folder(&path, depth + 1, problems);
            } else {
                any |= self.file(&path, problems);
            }
        }
        if !any && self.settings.unparsed != Unparsed::RefuseBroken {
            let error = Diagnostic::error(format!("{} holds no inventory", folder.display()));
            return self.unread(&folder.display().to_string(), error, problems);
        }
        any
    }

    fn file(&mut self, path: &Path, problems: &mut Diagnostics) -> bool {
        let settings = self.settings.clone();
        let file = File::new(path, &settings);
        let mut failures = Failures::new();
        for reader in settings.plugins.iter().filter_map(|name| reader(name)) {
            if !reader.takes(&file) {
                continue;
            }
            let (found, error) = self.attempt(|inventory, found| reader.read(inventory, &file, found));
            let Some(error) = error else {
                problems.0.extend(found.0);
                return true;
            };
            failures.push((reader, error));
            // What a program's text would be as an inventory is of no interest, nor what one plugin's settings are to another.
            if matches!(reader, Reader::Script | Reader::Auto) {
                break;
            }
        }
        let shown = path.display().to_string();
        match most_likely(failures, &file) {
            None => self.unread(&shown, Diagnostic::error(format!("nothing reads {shown} as an inventory")), problems),
            Some((reader, error)) => self.refuse(&shown, reader.name(), error, problems),
        }
    }

    /// Lets a reader add to the inventory; what it added is taken back where it ran into an error.
    fn attempt(&mut self, read: impl FnOnce(&mut Inventory, &mut Diagnostics)) -> (Diagnostics, Option<Diagnostics>) {
        let before = (self.groups.clone(), self.hosts.clone());
        let mut found = Diagnostics::default();
        read(self, &mut found);
        if !found.has_errors() {
            return (found, None);
        }
        (self.groups, self.hosts) = before;
        (Diagnostics::default(), Some(found))
    }

    fn refuse(&mut self, source: &str, plugin: &str, mut error: Diagnostics, problems: &mut Diagnostics) -> bool {
        if self.refuses_broken() {
            problems.0.append(&mut error.0);
            return false;
        }
        for problem in error.0 {
            let message = format!("Failed to parse inventory with '{plugin}' plugin: {}", problem.message);
            problems.push(Diagnostic { level: Level::Warning, message, ..problem });
        }
        self.unread(source, Diagnostic::error(""), problems)
    }

    fn unread(&mut self, source: &str, error: Diagnostic, problems: &mut Diagnostics) -> bool {
        if self.refuses_broken() {
            problems.push(error);
        } else {
            let message = format!("Unable to parse {source} as an inventory source");
            problems.push(Diagnostic { level: Level::Warning, message, ..error });
        }
        false
    }

    fn refuses_broken(&self) -> bool {
        matches!(self.settings.unparsed, Unparsed::RefuseBroken | Unparsed::RefuseAny)
    }
}

impl Reader {
    fn name(self) -> &'static str {
        READERS.iter().find(|(_, reader)| *reader == self).map_or("", |(name, _)| name)
    }

    /// Whether it is worth a try.
    fn takes(self, file: &File<'_>) -> bool {
        let configuration = || file.is_named_yaml() || matches!(file.extension().as_str(), "" | ".config");
        match self {
            Reader::Script => file.is_script(),
            Reader::Auto => matches!(file.extension().as_str(), ".yml" | ".yaml") && file.plugin().is_some(),
            Reader::Yaml => file.is_named_yaml() || file.extension().is_empty(),
            Reader::Ini => true,
            Reader::Toml => file.extension() == ".toml",
            Reader::Constructed | Reader::Generator => {
                configuration() && named_plugin(file).is_some_and(|(_, reader)| reader == Some(self))
            }
        }
    }

    fn read(self, inventory: &mut Inventory, file: &File<'_>, problems: &mut Diagnostics) {
        match self {
            Reader::Script => problems.collect(script::read(inventory, file.path)),
            Reader::Auto => match named_plugin(file) {
                Some((_, Some(reader @ (Reader::Constructed | Reader::Generator)))) => {
                    reader.read(inventory, file, problems);
                    None
                }
                found => {
                    problems.push(unknown_plugin(file, found.map(|(name, _)| name)));
                    None
                }
            },
            Reader::Yaml => match file.document(problems) {
                Ok(Some(node)) if !node.is_null() => {
                    yaml::read(inventory, &node, file.path, problems);
                    Some(())
                }
                // An empty file is an inventory without hosts.
                Ok(_) => None,
                Err(error) => problems.collect(Err(error)),
            },
            Reader::Ini => problems.collect(file.source()).map(|source| ini::read(inventory, source, file.path, problems)),
            Reader::Toml => problems.collect(file.source()).map(|source| toml::read(inventory, source, file.path, problems)),
            Reader::Constructed => problems
                .collect(file.document(&mut Diagnostics::default()))
                .flatten()
                .map(|node| constructed::read(inventory, &node, problems)),
            Reader::Generator => problems
                .collect(file.document(&mut Diagnostics::default()))
                .flatten()
                .map(|node| generator::read(inventory, &node, file.path, problems)),
        };
    }
}

fn reader(name: &str) -> Option<Reader> {
    let short = ["ansible.builtin.", "ansible.legacy."].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    READERS.iter().find(|(name, _)| *name == short).map(|(_, reader)| *reader)
}

/// What `plugin` says in a file, and the reader of that name.
fn named_plugin(file: &File<'_>) -> Option<(String, Option<Reader>)> {
    let name = file.plugin()?.scalar_text().unwrap_or_default();
    let reader = reader(&name);
    Some((name, reader))
}

fn unknown_plugin(file: &File<'_>, name: Option<String>) -> Diagnostic {
    let name = name.unwrap_or_default();
    let error = Diagnostic::error(format!("the inventory plugin `{name}` is not supported"));
    let error = file.plugin().map_or(error.clone(), |node| error.at(node.span()));
    error
        .suggest(&name, [Reader::Constructed, Reader::Generator].map(Reader::name))
        .help("use a YAML or INI inventory, or an executable script that prints JSON for --list")
}

/// Of several readers that failed, the one that the file was most probably meant for.
fn most_likely(mut failures: Failures, file: &File<'_>) -> Option<(Reader, Diagnostics)> {
    let meant = |reader: Reader| match reader {
        Reader::Yaml => file.is_named_yaml() || file.looks_like_yaml(),
        Reader::Ini => false,
        _ => true,
    };
    let at = failures.iter().position(|(reader, _)| meant(*reader)).or(failures.len().checked_sub(1))?;
    Some(failures.swap_remove(at))
}

fn missing(source: &str, path: &Path) -> Diagnostic {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside: Vec<String> =
        std::fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let error = Diagnostic::error(format!("there is no inventory {source}"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match nearest(&name, beside.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{}`?", path.with_file_name(near).display())),
        None => error.help("name a file, a folder or a script; for a list of hosts put a comma after the last: `-i web1,`"),
    }
}
