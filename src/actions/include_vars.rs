//! `include_vars`: variables from files, while the play runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex::Regex;

use super::{Action, Context, Done, Effect};
use crate::arguments;
use crate::diag::{Diagnostic, Source};
use crate::modules::arguments::Rule;
use crate::plan::Failure;
use crate::playbook::reserved;
use crate::template::{self, Scope, Var, VarMap, var_map};
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
        extensions: Vec<String> = vec!["yaml".into(), "yml".into(), "json".into()],
        /// Leave out files with other endings instead of failing.
        ignore_unknown_extensions: bool = false,
        /// `replace` or `merge` dictionaries that are there already.
        hash_behaviour: Option<String>,
    }
}

impl Action for IncludeVars {
    const NAME: &'static str = "ansible.builtin.include_vars";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["file", "dir"])];
    const FREE_FORM: Option<&'static str> = Some("file");
    const EXAMPLES: &'static str = "- ansible.builtin.include_vars:\n    file: secrets.yml\n";
    const RETURNS: &'static str = "ansible_facts: the variables\nansible_included_var_files: the files read";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let files = match (&self.file, &self.dir) {
            (Some(file), _) => vec![find(context.scope, file)?],
            (None, Some(dir)) => self.files_of(&find(context.scope, dir)?)?,
            (None, None) => return Err(refused("Could not find file: neither `file` nor `dir` names one".into(), &[])),
        };
        let mut all = VarMap::new();
        let mut hidden = false;
        for (index, file) in files.iter().enumerate() {
            hidden |= std::fs::read_to_string(file).is_ok_and(|text| crate::vault::is_encrypted(&text));
            let node = read(file, context.scope).map_err(|problem| refused(problem.to_string(), &files[..index]))?;
            if !matches!(node.kind(), Kind::Map(_) | Kind::Null) {
                return Err(refused(format!("{} must be stored as a dictionary/hash", absolute(file)), &files[..index]));
            }
            all.extend(var_map(&node, "include_vars").map_err(|problem| refused(problem.to_string(), &files[..index]))?);
        }
        for (name, var) in &all {
            if let (Some(warning), Var::Node(node)) = (reserved(name), var) {
                context.scope.warn(warning.at(node.span()));
            }
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
        let vars: Vec<(Arc<str>, Var)> = match &self.name {
            None => all.into_iter().collect(),
            Some(name) => vec![(name.as_str().into(), Var::Node(as_dictionary(all)))],
        };
        let vars = match self.hash_behaviour.as_deref() {
            Some("merge") => {
                let one = |(name, var): (Arc<str>, Var)| Ok((name.clone(), merged(context.scope, &name, var)?));
                vars.into_iter().map(one).collect::<Result<_, Diagnostic>>().map_err(|problem| refused(problem.to_string(), &files))?
            }
            _ => vars,
        };
        let included: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
        let done = Done { effects: vec![Effect::IncludeVars(vars)], hidden, ..Done::default() };
        let shown = match self.name {
            Some(name) => serde_json::json!({ name: shown }),
            None => serde_json::Value::Object(shown),
        };
        Ok(done.with("ansible_facts", shown).with("ansible_included_var_files", included))
    }
}

impl IncludeVars {
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
                let why = format!("{} does not have a valid extension: {}", absolute(&file), self.extensions.join(", "));
                return Err(Failure { argument: Some("dir".into()), ..refused(why, &chosen) });
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
        let why = format!("could not find {name}; looked for {}", places.join(", "));
        Failure { argument: Some("file".into()), ..refused(why, &[]) }
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

/// As ansible-core tells it: why in `message`, and which files were read before.
fn refused(why: String, before: &[PathBuf]) -> Failure {
    let before: Vec<String> = before.iter().map(|file| absolute(file)).collect();
    Failure::new(&why).with("message", why).with("ansible_included_var_files", before).with("ansible_facts", serde_json::json!({}))
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// `hash_behaviour: merge`: dictionaries go into those of the same name.
fn merged(scope: &dyn Scope, name: &str, var: Var) -> Result<Var, Diagnostic> {
    let before = match scope.get(name) {
        None => return Ok(var),
        Some(before) if template::is_dictionary(&before) => return Ok(template::merged(&before, var)),
        Some(before) => template::variable(&before, scope)?,
    };
    Ok(template::merged(&Var::Value(before), Var::Value(template::variable(&var, scope)?)))
}

fn as_dictionary(vars: VarMap) -> Node {
    let span = yaml::nowhere("include_vars", "");
    let entries =
        vars.into_iter().filter_map(|(k, v)| if let Var::Node(node) = v { Some((Node::string(&k, node.span()), node)) } else { None });
    Node::new(Kind::Map(entries.collect()), span)
}
