//! The Python that a module imports: ours in Ansible's place, and what the user has beside the module.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use crate::plan::Failure;
use crate::playbook::Foreign;
use crate::plugins;

/// Imported by ours, whatever the module itself imports.
const ALWAYS: &[&str] = &[
    "ansible.module_utils.arguments",
    "ansible.module_utils.basic",
    "ansible.module_utils.common.text.converters",
    "ansible.module_utils.files",
    "ansible.module_utils.parsing.convert_bool",
];

/// What the host's Python gets on its standard input.
///
/// # Errors
/// A file of the user's cannot be read.
pub(super) fn job(module: &Foreign, name: &str, main: &str, arguments: &Map<String, Json>) -> Result<Vec<u8>, Failure> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut waiting: Vec<String> = ALWAYS.iter().map(|name| (*name).to_owned()).collect();
    waiting.extend(imported(main));
    let mut seen = BTreeSet::new();
    while let Some(wanted) = waiting.pop() {
        if !seen.insert(wanted.clone()) {
            continue;
        }
        // Python imports all that is above it: `six` makes `six.moves.urllib`.
        waiting.extend(wanted.rsplit_once('.').map(|(above, _)| above.to_owned()).filter(|above| is_ansible(above)));
        let source = match plugins::module_util(&wanted) {
            Some(source) => source.to_owned(),
            None => match of_user(module, &wanted) {
                Some(path) => {
                    std::fs::read_to_string(&path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?
                }
                None => continue,
            },
        };
        waiting.extend(imported(&source));
        found.insert(wanted, source);
    }
    // Every name above is a package.
    let packages: BTreeSet<String> =
        found.keys().flat_map(|name| name.match_indices('.').map(|(at, _)| name[..at].to_owned()).collect::<Vec<_>>()).collect();
    let mut modules: Map<String, Json> =
        packages.iter().map(|name| (name.clone(), json!([true, found.get(name).cloned().unwrap_or_default()]))).collect();
    for (name, source) in &found {
        modules.entry(name.clone()).or_insert_with(|| json!([false, source]));
    }
    let path = module.path.file_name().unwrap_or_default().to_string_lossy();
    Ok(json!({"modules": modules, "main": main, "name": name, "path": path, "arguments": arguments}).to_string().into_bytes())
}

/// Dotted names that a source may mean by its imports: `from a.b import c` may mean `a.b` and `a.b.c`.
fn imported(source: &str) -> Vec<String> {
    let mut all = Vec::new();
    let whole = source.replace("\\\n", " ");
    let mut lines = whole.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if let Some((from, names)) = line.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) {
            let from = from.trim();
            if !is_ansible(from) {
                continue;
            }
            all.push(from.to_owned());
            let mut names = names.split('#').next().unwrap_or_default().to_owned();
            while names.contains('(') && !names.contains(')') {
                let Some(more) = lines.next() else { break };
                names.push_str(more.split('#').next().unwrap_or_default());
            }
            let words = names.split(',').filter_map(|name| {
                name.trim_matches(|c: char| c.is_whitespace() || "()".contains(c)).split_whitespace().next().map(str::to_owned)
            });
            all.extend(words.map(|name| format!("{from}.{name}")));
        } else if let Some(names) = line.strip_prefix("import ") {
            all.extend(
                names.split(',').filter_map(|name| name.split_whitespace().next()).filter(|name| is_ansible(name)).map(str::to_owned),
            );
        }
    }
    all
}

fn is_ansible(name: &str) -> bool {
    name.starts_with("ansible.module_utils") || name.starts_with("ansible_collections.")
}

/// The file of the user's that an import means.
fn of_user(module: &Foreign, name: &str) -> Option<PathBuf> {
    let file = |base: &Path, below: &str| {
        let path = base.join(below.replace('.', "/"));
        [path.with_extension("py"), path.join("__init__.py")].into_iter().find(|path| path.is_file())
    };
    if let Some(below) = name.strip_prefix("ansible.module_utils.") {
        return module.utils.iter().find_map(|utils| file(utils, below));
    }
    // `ansible_collections.NAMESPACE.NAME.plugins.module_utils.…`, from the module's own folder upwards.
    let root = module.path.ancestors().find(|folder| folder.ends_with("ansible_collections"))?;
    file(root, name.strip_prefix("ansible_collections.")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::SHARED as OURS;

    #[test]
    fn finds_what_is_imported() {
        let source = "import os, ansible.module_utils.foo\nfrom ansible.module_utils.basic import (AnsibleModule,\n    env_fallback as e)  # x\nfrom json import loads\n";
        let names = imported(source);
        assert_eq!(
            names,
            [
                "ansible.module_utils.foo",
                "ansible.module_utils.basic",
                "ansible.module_utils.basic.AnsibleModule",
                "ansible.module_utils.basic.env_fallback"
            ]
        );
    }

    #[test]
    fn ours_are_whole() {
        for name in ALWAYS {
            assert!(OURS.iter().any(|(ours, _)| ours == name), "{name}");
        }
        for (name, source) in OURS {
            let lacking: Vec<String> =
                imported(source).into_iter().filter(|import| !OURS.iter().any(|(ours, _)| import.starts_with(ours))).collect();
            assert!(lacking.is_empty(), "{name} imports {lacking:?}");
        }
    }
}
