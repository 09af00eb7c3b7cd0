//! Playbooks that playbooks import.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keywords::SHARED;
use super::load::{Inside, Loader};
use super::task::unknown;
use super::{Keywords, Play};
use crate::diag::Diagnostics;
use crate::template::VarMap;
use crate::yaml::Node;

/// Playbooks that are being read.
#[derive(Default)]
pub(super) struct Open {
    /// Outermost first: an import of one of them is a circle.
    pub(super) files: Vec<PathBuf>,
    /// Given with the imports that lead here.
    pub(super) vars: VarMap,
}

impl Loader {
    pub(super) fn import_playbook(
        &self,
        item: &Node,
        file: &Node,
        folder: &Path,
        open: &mut Open,
        plays: &mut Vec<Play>,
        problems: &mut Diagnostics,
    ) {
        let mut keywords = Keywords::default();
        for (key, value) in item.as_map().unwrap_or_default() {
            let name = key.as_str().unwrap_or_default();
            if !(name.ends_with("import_playbook") || name == "name" || keywords.take(name, value, problems)) {
                problems.push(unknown(key, "import_playbook", SHARED.iter().copied(), None));
            }
        }
        let inside =
            Inside { folder: folder.to_owned(), playbook: folder.to_owned(), ..Inside::default() }.with(&keywords.vars).with(&open.vars);
        let Some(name) = self.constant(file, &inside) else {
            problems.push(
                file.error("the file of `import_playbook` must be known before anything runs")
                    .help("only extra variables and those of the import can be used in it"),
            );
            return;
        };
        let name = name.split_whitespace().next().unwrap_or_default().to_owned();
        let path = Some(folder.join(&name)).filter(|path| path.exists()).or_else(|| self.playbook_of_collection(&name, folder));
        let Some(path) = path else {
            problems.push(
                file.error(format!("playbook `{name}` does not exist"))
                    .readable()
                    .help(format!("looked for {}", folder.join(&name).display())),
            );
            return;
        };
        let first = plays.len();
        let mut vars = keywords.vars.clone();
        vars.extend(open.vars.clone());
        let before = std::mem::replace(&mut open.vars, vars);
        self.playbook_file(&path, open, plays, problems);
        open.vars = before;
        for play in &mut plays[first..] {
            let mut merged = (*play.keywords).clone();
            merged.when.splice(0..0, keywords.when.iter().cloned());
            merged.tags.extend(keywords.tags.iter().cloned());
            merged.vars.extend(keywords.vars.clone());
            play.keywords = Arc::new(merged);
        }
    }

    /// The file of the playbook NAMESPACE.NAME.PLAYBOOK.
    pub fn playbook_of_collection(&self, name: &str, folder: &Path) -> Option<PathBuf> {
        let [namespace, collection, folders @ .., last] = &name.split('.').collect::<Vec<_>>()[..] else { return None };
        let inside = Inside { folder: folder.to_owned(), playbook: folder.to_owned(), ..Inside::default() };
        let below = folders.iter().fold(PathBuf::from("playbooks"), |path, folder| path.join(folder));
        let roots = self.collection(namespace, collection, &inside).into_iter().map(|root| root.join(&below));
        roots.flat_map(|root| ["yml", "yaml"].map(|ending| root.join(format!("{last}.{ending}")))).find(|path| path.is_file())
    }
}
