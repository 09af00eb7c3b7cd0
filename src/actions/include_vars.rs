//! `include_vars`: variables from files, while the play runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex::Regex;

use super::{Action, Context, Done, Effect};
use crate::arguments;
use crate::diag::{Diagnostic, Source};
use crate::modules::arguments::Rule;
use crate::plan::Failure;
use crate::template::{Scope, Var, VarMap, merged, var_map};
use crate::value::Value;
use crate::yaml::{self, Kind, Node};

arguments! {
    /// Takes in variables from a YAML or JSON file, or from all files of a folder.
    pub(crate) struct IncludeVars {
        /// The file: looked for in `vars/` of the role, then beside the tasks, then beside the playbook.
        file: Option<String> ["_raw_params"],
        /// A folder: all its files, in order of name.
        dir: Option<String>,
        /// Put them into a dictionary of this name.
        name: Option<String>,
        /// How deep to go into a folder; 0 is all the way.
        depth: i64 = 0,
        /// Only files whose name matches this regular expression.
        files_matching: Option<String>,
        /// File names to leave out.
        ignore_files: Vec<String> = Vec::new(),
        /// Endings that files may have.
        extensions: Vec<String> = vec!["json".into(), "yaml".into(), "yml".into()],
        /// Leave out files with other endings instead of failing.
        ignore_unknown_extensions: bool = false,
        /// `replace` or `merge` dictionaries that are there already.
        hash_behaviour: Option<String>,
    }
}

impl Action for IncludeVars {
    const NAME: &'static str = "ansible.builtin.include_vars";
    const RULES: &'static [Rule] = &[Rule::OneOf(&["file", "dir"]), Rule::Exclusive(&["file", "dir"])];
    const FREE_FORM: Option<&'static str> = Some("file");
    const EXAMPLES: &'static str = "- ansible.builtin.include_vars:\n    file: secrets.yml\n";
    const RETURNS: &'static str = "ansible_facts: the variables\nansible_included_var_files: the files read";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        self.taken_in(&context).map_err(|failure| {
            let message = failure.msg.clone();
            let nothing = (serde_json::json!({}), serde_json::json!([]));
            failure.with("message", message).with("ansible_facts", nothing.0).with("ansible_included_var_files", nothing.1)
        })
    }
}

impl IncludeVars {
    fn taken_in(self, context: &Context<'_>) -> Result<Done, Failure> {
        let files = match (&self.file, &self.dir) {
            (Some(file), _) => vec![find(context.scope, file)?],
            (None, Some(dir)) => self.files_of(&find(context.scope, dir)?)?,
            (None, None) => return Err(Failure::new("Could not find file: neither `file` nor `dir` names one")),
        };
        let mut all = VarMap::new();
        let mut hidden = false;
        for file in &files {
            hidden |= std::fs::read_to_string(file).is_ok_and(|text| crate::vault::is_encrypted(&text));
            let node = read(file, context.scope).map_err(|problem| Failure::new(problem.to_string()))?;
            all.extend(var_map(&node, "include_vars").map_err(|problem| Failure::new(problem.to_string()))?);
        }
        let shown: serde_json::Map<_, _> = all
            .iter()
            .map(|(k, v)| {
                (
                    k.to_string(),
                    if let Var::Node(node) = v { Value::from_node(node).to_json().unwrap_or_default() } else { serde_json::Value::Null },
                )
            })
            .collect();
        let mut vars: Vec<(Arc<str>, Var)> = match &self.name {
            None => all.into_iter().collect(),
            Some(name) => vec![(name.as_str().into(), Var::Node(as_dictionary(all)))],
        };
        if self.hash_behaviour.as_deref() == Some("merge") {
            for (name, var) in &mut vars {
                if let Some(under) = context.scope.get(name) {
                    *var = merged(&under, var.clone());
                }
            }
        }
        let included: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
        let done = Done { effects: vec![Effect::IncludeVars(vars)], hidden, ..Done::default() };
        let shown = match self.name {
            Some(name) => serde_json::json!({ name: shown }),
            None => serde_json::Value::Object(shown),
        };
        Ok(done.with("ansible_facts", shown).with("ansible_included_var_files", included))
    }

    fn files_of(&self, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        let matching = self
            .files_matching
            .as_deref()
            .map(Regex::new)
            .transpose()
            .map_err(|error| Failure::argument("files_matching", format!("this is no regular expression: {error}")))?;
        let mut files = Vec::new();
        self.walk(folder, 1, &mut files).map_err(|error| Failure::argument("dir", format!("cannot read {}: {error}", folder.display())))?;
        files.sort();
        let mut chosen = Vec::new();
        for file in files {
            let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if matching.as_ref().is_some_and(|m| !m.is_match(&name))
                || self.ignore_files.iter().any(|i| *i == name || Regex::new(&format!("{i}$")).is_ok_and(|r| r.is_match(&name)))
            {
                continue;
            }
            let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
            if self.extensions.iter().any(|e| e.trim_start_matches('.') == ending) {
                chosen.push(file);
            } else if !self.ignore_unknown_extensions {
                let why = format!("{} does not have a valid extension: {}", file.display(), self.extensions.join(", "));
                return Err(Failure::argument("dir", why));
            }
        }
        Ok(chosen)
    }

    fn walk(&self, folder: &Path, level: i64, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if !path.is_dir() {
                files.push(path);
            } else if self.depth == 0 || level < self.depth {
                self.walk(&path, level + 1, files)?;
            }
        }
        Ok(())
    }
}

fn find(scope: &dyn Scope, name: &str) -> Result<PathBuf, Failure> {
    scope.paths().find("vars", name).ok_or_else(|| {
        let places: Vec<String> = scope.paths().candidates("vars", name).iter().map(|p| p.display().to_string()).collect();
        Failure::argument("file", format!("Could not find file {name}; looked for {}", places.join(", ")))
    })
}

fn read(path: &Path, scope: &dyn Scope) -> Result<Node, Diagnostic> {
    let text = std::fs::read_to_string(path).map_err(|error| Diagnostic::error(format!("cannot read {}: {error}", path.display())))?;
    let is_secret = crate::vault::is_encrypted(&text);
    let text = if is_secret { scope.decrypt(&text)? } else { text };
    let source = Arc::new(Source { path: path.to_owned(), text: text.into() });
    // What was encrypted is never shown in a report.
    let loaded = if is_secret { yaml::load_secret(&source)? } else { yaml::load(&source)? };
    let empty = || Node::new(Kind::Null, crate::diag::Span::locate(&source, 0, 0));
    Ok(loaded.documents.into_iter().next().unwrap_or_else(empty))
}

fn as_dictionary(vars: VarMap) -> Node {
    let span = yaml::nowhere("include_vars", "");
    let entries =
        vars.into_iter().filter_map(|(k, v)| if let Var::Node(node) = v { Some((Node::string(&k, node.span()), node)) } else { None });
    Node::new(Kind::Map(entries.collect()), span)
}
