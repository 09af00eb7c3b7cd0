//! Runs the cases of `tests/template/*/*.yml` and compares with what ansible-core answered (`*.json`, by `record.py`).
//!
//! A case may say `ours: {result: …}` or `ours: {error: text}` with a `why`, where we mean to differ.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deploy::diag::{Diagnostic, Source};
use deploy::template::{self, Scope, SearchPath, Syntax, Var, VarMap, var_map};
use deploy::value::Value;
use deploy::yaml::{self, Node};
use serde_json::{Value as Json, json};

struct Case {
    vars: VarMap,
    paths: SearchPath,
}

impl Scope for Case {
    fn get(&self, name: &str) -> Option<Var> {
        self.vars.get(name).cloned()
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.vars.keys().cloned().collect()
    }

    fn paths(&self) -> &SearchPath {
        &self.paths
    }
}

fn load(path: &Path) -> Vec<Node> {
    let source = Arc::new(Source { path: path.to_path_buf(), text: fs::read_to_string(path).unwrap().into() });
    let loaded = yaml::load(&source).unwrap_or_else(|error| panic!("{error}"));
    loaded.documents[0].as_list().unwrap_or_else(|| panic!("{} is no list of cases", path.display())).to_vec()
}

fn answer(case: &Node, scope: &Case, index: usize) -> Result<Option<Json>, Diagnostic> {
    let value = if let Some(node) = case.get("template") {
        template::render(node, scope)?
    } else if let Some(node) = case.get("condition") {
        Value::Bool(template::condition(node, scope)?)
    } else {
        let node = case.get("file").expect("a case has template, condition or file");
        let path = scope.paths.folders[0].join(format!("templates/case{index}.j2"));
        let source = Arc::new(Source { path, text: node.scalar_text().unwrap().as_str().into() });
        return template::render_file(&source, &Syntax::default(), scope).map(|text| Some(Json::String(text)));
    };
    match value {
        Value::Omit => Ok(None),
        value => value.to_json().map(Some),
    }
}

/// What ansible-core wrote as a native value is text in a file.
fn as_text(json: &Json) -> Json {
    match json {
        Json::String(_) => json.clone(),
        Json::Null => json!(""),
        other => Json::String(Value::from_json(other).to_string()),
    }
}

/// JSON has one kind of number.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b))),
        _ => a == b,
    }
}

fn run(path: &Path, failures: &mut Vec<String>) -> usize {
    let recorded: Vec<Json> = serde_json::from_str(&fs::read_to_string(path.with_extension("json")).unwrap_or_default())
        .unwrap_or_else(|error| panic!("{}: record.py has not run: {error}", path.display()));
    let mut common = VarMap::new();
    let mut recorded = recorded.iter();
    let mut count = 0;
    for case in load(path) {
        if let Some(vars) = case.get("common") {
            common = var_map(vars, "common").unwrap();
            continue;
        }
        let Some(expected) = recorded.next() else { panic!("{}: more cases than answers: run record.py", path.display()) };
        let mut vars = common.clone();
        if let Some(own) = case.get("vars") {
            vars.extend(var_map(own, "vars").unwrap());
        }
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in case.get("files").and_then(Node::as_map).unwrap_or_default() {
            let target = folder.path().join(name.as_str().unwrap());
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, text.scalar_text().unwrap()).unwrap();
        }
        let scope = Case { vars, paths: SearchPath { folders: vec![folder.path().to_path_buf()] } };
        let got = answer(&case, &scope, count);
        let shown = format!("{}: {}", case.span(), expected["case"]);
        let ours = case.get("ours");
        let wanted_error = ours.and_then(|ours| ours.get("error")).and_then(Node::scalar_text);
        let wanted = ours.and_then(|ours| ours.get("result")).map(|node| Value::from_node(node).to_json().unwrap());
        count += 1;
        match (&got, wanted, wanted_error) {
            (Err(error), None, Some(text)) if error.to_string().contains(&text) => {}
            (Ok(Some(got)), Some(wanted), _) if same(got, &wanted) => {}
            (_, None, None) if expected.get("error").is_some() && got.is_err() => {}
            (Ok(None), None, None) if expected.get("omitted").is_some() => {}
            (Ok(Some(got)), None, None) if expected.get("result").is_some() => {
                let expected = if case.get("file").is_some() { as_text(&expected["result"]) } else { expected["result"].clone() };
                if !same(got, &expected) {
                    failures.push(format!("{shown}\n  expected {expected}\n       got {got}"));
                }
            }
            (_, wanted, wanted_error) => {
                let got = match &got {
                    Ok(value) => format!("{value:?}"),
                    Err(error) => format!("error: {error}"),
                };
                let wanted = wanted.map(|json| json.to_string()).or(wanted_error);
                failures.push(format!("{shown}\n  expected {}\n       got {got}", wanted.unwrap_or_else(|| expected.to_string())));
            }
        }
    }
    assert!(recorded.next().is_none(), "{}: more answers than cases: run record.py", path.display());
    count
}

#[test]
fn templates_give_what_ansible_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/template");
    let mut files: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .flat_map(|area| fs::read_dir(area.path()).unwrap().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "yml"))
        .collect();
    files.sort();
    if let Ok(only) = std::env::var("TEMPLATE_CASES") {
        files.retain(|path| path.display().to_string().contains(&only));
    }
    let mut failures = Vec::new();
    let count: usize = files.iter().map(|path| run(path, &mut failures)).sum();
    assert!(failures.is_empty(), "{} of {count} cases differ:\n{}", failures.len(), failures.join("\n"));
}
