//! `find`: files that fit.

mod filter;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::Module;
use super::mode::Mode;
use super::stat::described;
use crate::plan::{Algorithm, Failure, Kind, Look, Meta, Plan};
use crate::{arguments, choices};
use filter::Filter;

choices! {
    /// What to find.
    pub(crate) enum FileType {
        File = "file",
        Directory = "directory",
        Link = "link",
        Any = "any",
    }
}

choices! {
    /// Which time counts as a file's age.
    pub(crate) enum Stamp {
        Atime = "atime",
        Ctime = "ctime",
        Mtime = "mtime",
    }
}

arguments! {
    /// Looks in folders for files that have certain names, ages, sizes or contents.
    pub(crate) struct Find {
        /// The folders to look in.
        paths: Vec<String> ["path", "name"],
        /// Shell patterns, or with `use_regex` regular expressions, of which a file's whole name must fit one.
        patterns: Vec<String> ["pattern"] = Vec::new(),
        /// The same for names that are left out.
        excludes: Vec<String> ["exclude"] = Vec::new(),
        /// What to find.
        file_type: FileType = FileType::File,
        /// Look in folders below as well.
        recurse: bool = false,
        /// How many levels of them; 1 is the folder itself.
        depth: Option<i64>,
        /// Go into folders that links point at.
        follow: bool = false,
        /// Find names that begin with a dot too.
        hidden: bool = false,
        /// At least so old: a number and s, m, h, d or w. Negative: at most.
        age: Option<String>,
        /// Which of a file's times that is about.
        age_stamp: Stamp = Stamp::Mtime,
        /// At least so big: a number and b, k, m, g or t. Negative: at most. Folders have any size.
        size: Option<String>,
        /// Only files with a line that fits this expression from its start.
        contains: Option<String>,
        /// `contains` may fit anywhere, over several lines.
        read_whole_file: bool = false,
        /// Encoding of the files for `contains`: bytes are compared, so this changes nothing for any that is ASCII in its first half.
        encoding: Option<String>,
        /// Only what has this mode.
        mode: Option<Mode>,
        /// Only what has exactly it, not more.
        exact_mode: bool = true,
        /// Compute the checksum of each file.
        get_checksum: bool = false,
        /// With which algorithm.
        checksum_algorithm: Algorithm ["checksum", "checksum_algo"] = Algorithm::Sha1,
        /// `patterns` and `excludes` are regular expressions.
        use_regex: bool = false,
        /// Stop when so many are found.
        limit: Option<i64>,
    }
}

impl Module for Find {
    const NAME: &'static str = "ansible.builtin.find";
    const EXAMPLES: &'static str = r#"
- name: Logs that nobody reads any more
  ansible.builtin.find:
    paths: /var/log/app
    patterns: "*.log,*.gz"
    age: 4w
    recurse: true
  register: old

- name: Big ones, by their names
  ansible.builtin.find:
    paths: [/var/tmp, /srv]
    patterns: '^.*_\d{8}\.dump$'
    use_regex: true
    size: 1g
"#;
    const RETURNS: &'static str = "\
files: what was found, each as the module stat describes it
matched: how many
examined: how many were looked at
skipped_paths: what could not be looked into, and why
msg: whether all was looked at
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let filter = Filter::of(&self, target)?;
        let mut walk =
            Walk { filter: &filter, task: &self, target, files: Vec::new(), examined: 0, skipped: BTreeMap::new(), seen: BTreeSet::new() };
        let mut warnings = Vec::new();
        for path in &self.paths {
            let path = target.expand(path);
            let folder = Path::new(&path);
            if target.stat(folder, true)?.is_some_and(|meta| meta.kind == Kind::Folder) {
                walk.folder(folder, 1)?;
            } else {
                let why = format!("'{path}' is not a directory");
                warnings.push(format!("Skipped '{path}' path due to this access issue: {why}"));
                walk.skipped.insert(path.clone(), why);
            }
        }
        let msg = if walk.full() {
            "Limit of matches reached"
        } else if walk.skipped.is_empty() {
            "All paths examined"
        } else {
            "Not all paths examined, check warnings for details"
        };
        let plan = Plan::unchanged()
            .with("matched", walk.files.len())
            .with("files", walk.files)
            .with("examined", walk.examined)
            .with("skipped_paths", json!(walk.skipped))
            .with("msg", msg);
        Ok(Plan { warnings, ..plan })
    }
}

struct Walk<'a> {
    filter: &'a Filter,
    task: &'a Find,
    target: &'a dyn Look,
    files: Vec<Json>,
    examined: u64,
    skipped: BTreeMap<String, String>,
    /// Folders by device and inode, where links are followed.
    seen: BTreeSet<(u64, u64)>,
}

impl Walk<'_> {
    /// What lies in a folder first, then what lies in those below it.
    fn folder(&mut self, folder: &Path, level: i64) -> Result<(), Failure> {
        let names = match self.target.list(folder) {
            Ok(names) => names,
            Err(error) => {
                self.skipped.insert(folder.display().to_string(), error.to_string());
                return Ok(());
            }
        };
        let mut below: Vec<PathBuf> = Vec::new();
        for name in names {
            if self.full() {
                return Ok(());
            }
            self.examined += 1;
            let path = folder.join(&name);
            let Some(meta) = self.target.stat(&path, false)? else { continue };
            if self.goes_into(&path, &meta)? {
                below.push(path.clone());
            }
            if name.starts_with('.') && !self.task.hidden {
                continue;
            }
            if self.filter.takes(self.target, &name, &path, &meta)? {
                let found = self.found(&path, &meta)?;
                self.files.push(found);
            }
        }
        let deeper = self.task.recurse && self.task.depth.is_none_or(|depth| depth <= 0 || level < depth);
        if deeper {
            for path in below {
                self.folder(&path, level + 1)?;
            }
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.task.limit.is_some_and(|limit| i64::try_from(self.files.len()).is_ok_and(|found| found >= limit))
    }

    fn goes_into(&mut self, path: &Path, meta: &Meta) -> Result<bool, Failure> {
        if meta.kind == Kind::Folder {
            return Ok(true);
        }
        if meta.kind != Kind::Link || !self.task.follow {
            return Ok(false);
        }
        let pointed = self.target.stat(path, true)?.filter(|meta| meta.kind == Kind::Folder);
        Ok(pointed.is_some_and(|meta| self.seen.insert((meta.device, meta.inode))))
    }

    fn found(&self, path: &Path, meta: &Meta) -> Result<Json, Failure> {
        let mut all = described(self.target, path, meta)?;
        for name in ["blocks", "block_size", "device_type", "readable", "writeable", "executable"] {
            all.shift_remove(name);
        }
        if self.task.get_checksum && meta.kind == Kind::File {
            all.insert("checksum".into(), json!(self.target.digest(path, self.task.checksum_algorithm)?));
        }
        Ok(all.into())
    }
}
