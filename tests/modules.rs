//! Runs the case folders of modules: `tests/modules/<module>/<case>/`. A new case is a new folder; nothing else is to be written.
//!
//! - `task.yml`: the module's arguments. Quote modes: `mode: "0644"`. `{blob: 0}` stands for the content of `blobs/0`.
//! - `before/`: what lies below `/` (left out: nothing). Files are 0644, or 0755 where git has them executable, folders 0755,
//!   all belong to 0:0 and are of 2026-01-01T00:00:00Z. A folder that is to be empty holds `.gitkeep`, which is not copied;
//!   `dot-git` stands for a folder `.git`.
//! - `before.yml`: what git cannot hold, by path: `/etc/shadow: {mode: "0640", uid: 0, gid: 42, mtime: 1767225600}`.
//! - `commands.yml`: what the host answers, see `Answers` in src/agent/rooted.rs:
//!   `uid`, `env`, `which`, `ports: ["127.0.0.1:80"]`, `requests`, and `commands`, of which the first that fits is taken:
//!
//!   ```yaml
//!   commands:
//!     - argv: [systemctl, is-active, nginx]
//!       unless: started                # this word was not set yet
//!       rc: 3
//!       stdout: "inactive\n"
//!     - argv: [systemctl, start, nginx]
//!       changes: true                  # must be a Change::Run; planning may not run it
//!       sets: started
//!       writes: {/run/nginx.pid: "7"}  # also removes: [..], folders: [..], links: {/a: b}
//!     - argv: [systemctl, is-active, nginx]
//!       when: started
//!       stdout: "active\n"
//!   ```
//!   `*` in an argv stands for any one argument. A command that is not recorded fails the case.
//!   `again: changes` says that a second run changes again (a command); `armed: [name]` which undos stay armed.
//! - `after/`: what lies below `/` when it is done (left out: the same as before). `after.yml`: as `before.yml`; what it does not
//!   name keeps what `before.yml` says, or the defaults.
//! - `result.json`: the result with `changed`, and `failed`, `skipped`, `argument`, `diff`, `warnings` where there are any;
//!   `"*"` stands for any value. `check.json`: the same of a check run, only where it cannot foresee the real one.
//!
//! Each case runs in check mode (which must leave everything alone and foresee `changed`, `failed` and `diff`, or skip),
//! then for real, then again (which must change nothing).
//!
//! `CASE=stat/file cargo test --test modules` runs the cases whose names hold that word. `BLESS=1` writes result.json,
//! check.json and after/ as they came out: read them before you commit them.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "modules/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use deploy::agent::Target;
use deploy::agent::apply::{self, Mode};
use deploy::agent::rooted::{Answers, Rooted};
use deploy::modules::{self, Entry};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tree::{Facts, Tree};

/// `commands.yml`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Host {
    again: Option<String>,
    armed: Vec<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_yaml::Value>,
}

/// A folder of this test's own, by its real path: links on the way are none of the host's.
fn scratch() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

#[test]
fn cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules");
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut failures = String::new();
    let mut count = 0;
    for module in folders(&root) {
        for case in folders(&root.join(&module)) {
            let name = format!("{module}/{case}");
            if !name.contains(&wanted) {
                continue;
            }
            count += 1;
            match Case::read(&root.join(&name), &module).and_then(|case| case.run()) {
                Ok(()) => {}
                Err(why) => failures.push_str(&format!("\n--- {name}\n{why}\n")),
            }
        }
    }
    assert!(count > 0, "no case's name holds {wanted:?}");
    assert!(failures.is_empty(), "{failures}");
}

struct Case {
    folder: PathBuf,
    module: &'static Entry,
    arguments: Map<String, Json>,
    answers: Answers,
    again: bool,
    armed: Vec<String>,
    before: BTreeMap<PathBuf, Facts>,
    after: BTreeMap<PathBuf, Facts>,
}

impl Case {
    fn read(folder: &Path, module: &str) -> Result<Case, String> {
        let host: Host = yaml(&folder.join("commands.yml"))?.unwrap_or_default();
        let answers = serde_yaml::to_value(&host.rest).and_then(serde_yaml::from_value).map_err(|e| format!("commands.yml: {e}"))?;
        let arguments: Option<Map<String, Json>> = yaml(&folder.join("task.yml"))?;
        let arguments = arguments.ok_or("task.yml is missing or empty")?;
        let before: BTreeMap<PathBuf, Facts> = yaml(&folder.join("before.yml"))?.unwrap_or_default();
        let mut after = before.clone();
        after.extend(yaml::<BTreeMap<PathBuf, Facts>>(&folder.join("after.yml"))?.unwrap_or_default());
        Ok(Case {
            module: modules::find(module).ok_or_else(|| format!("there is no module {module}"))?,
            arguments: arguments.into_iter().map(|(name, value)| (name, blobs(value, folder))).collect(),
            answers,
            again: host.again.as_deref() == Some("changes"),
            armed: host.armed,
            before,
            after,
            folder: folder.to_owned(),
        })
    }

    fn run(&self) -> Result<(), String> {
        let (checked, before, untouched) = {
            let (host, root) = self.host("check")?;
            let before = Tree::read(&root, &host, true)?;
            let result = self.perform(&host, true)?;
            (result, before, Tree::read(&root, &host, true)?)
        };
        same("check mode must leave the host alone", &before.text(), &untouched.text())?;

        let (host, root) = self.host("real")?;
        let result = self.perform(&host, false)?;
        let after = Tree::read(&root, &host, false)?;
        self.compare("result.json", &result)?;
        self.compare_check(&checked, &result)?;
        self.compare_after(&after)?;
        if host.armed() != self.armed {
            return Err(format!("armed undos are {:?}, not {:?}", host.armed(), self.armed));
        }

        if result["failed"] != json!(true) {
            let again = self.perform(&host, false)?;
            if again["changed"] == json!(true) && !self.again {
                return Err(format!("a second run changes again (say `again: changes` in commands.yml if it must):\n{}", pretty(&again)));
            }
        }
        Ok(())
    }

    /// A fresh copy of the host.
    fn host(&self, purpose: &str) -> Result<(Rooted, PathBuf), String> {
        let name = self.folder.components().rev().take(2).map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("-");
        let root = scratch().join("modules").join(format!("{name}-{purpose}"));
        let _ = fs::remove_dir_all(&root);
        let host = Rooted::new(root.clone(), self.answers.clone(), self.folder.join("blobs"));
        tree::copy(&self.folder.join("before"), &root, &self.before, &host).map_err(|e| format!("before/: {e}"))?;
        Ok((host, root))
    }

    fn perform(&self, host: &Rooted, check: bool) -> Result<Json, String> {
        let done = apply::perform(self.module, &self.arguments, host as &dyn Target, Mode { check, diff: true });
        let faults = host.faults();
        if !faults.is_empty() {
            return Err(faults.join("\n"));
        }
        let mut all = Map::from_iter([("changed".to_owned(), json!(done.changed))]);
        let flags = [("failed", done.failed), ("skipped", done.skipped)];
        all.extend(flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| (name.to_owned(), json!(true))));
        all.extend(done.argument.map(|name| ("argument".to_owned(), json!(name))));
        if !done.diff.is_empty() {
            all.insert("diff".into(), json!(done.diff));
        }
        if !done.warnings.is_empty() {
            all.insert("warnings".into(), json!(done.warnings));
        }
        let result: Map<String, Json> = serde_json::from_slice(&done.result).map_err(|e| e.to_string())?;
        all.extend(result);
        Ok(Json::Object(all))
    }

    fn compare(&self, file: &str, found: &Json) -> Result<(), String> {
        let path = self.folder.join(file);
        if blessing() {
            let old = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
            return fs::write(path, format!("{}\n", pretty(&tree::blessed(&old, found)))).map_err(|e| e.to_string());
        }
        let text = fs::read_to_string(&path).map_err(|_| format!("{file} is missing; the task came to:\n{}", pretty(found)))?;
        let expected: Json = serde_json::from_str(&text).map_err(|e| format!("{file}: {e}"))?;
        same(file, &pretty(&expected), &pretty(&tree::starred(&expected, found)))
    }

    fn compare_check(&self, checked: &Json, real: &Json) -> Result<(), String> {
        if self.folder.join("check.json").exists() {
            return self.compare("check.json", checked);
        }
        if checked["skipped"] == json!(true) {
            return Ok(());
        }
        let seen = |result: &Json| pretty(&json!({"changed": result["changed"], "failed": result["failed"], "diff": result["diff"]}));
        let real_seen = seen(&tree::starred(checked, real));
        if blessing() && seen(checked) != real_seen {
            return self.compare("check.json", checked);
        }
        same("check mode foresees (add check.json where it cannot)", &real_seen, &seen(checked))
    }

    fn compare_after(&self, after: &Tree) -> Result<(), String> {
        let folder = self.folder.join("after");
        let before = self.folder.join("before");
        let expected = |source: &Path, facts: &BTreeMap<PathBuf, Facts>| -> Result<Tree, String> {
            let root = scratch().join("modules/expected");
            let _ = fs::remove_dir_all(&root);
            let host = Rooted::new(root.clone(), Answers::default(), PathBuf::new());
            tree::copy(source, &root, facts, &host).map_err(|e| format!("{}: {e}", source.display()))?;
            Tree::read(&root, &host, false)
        };
        if blessing() {
            if expected(&before, &self.before)?.text() != after.text() {
                after.write(&folder, &self.folder.join("after.yml"), &self.before).map_err(|e| e.to_string())?;
            }
            return Ok(());
        }
        let source = if folder.exists() { folder } else { before };
        same("what lies below / afterwards", &expected(&source, &self.after)?.text(), &after.text())
    }
}

fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

fn pretty(value: &Json) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Expected and found side by side, line by line.
fn same(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(expected, found);
    Err(format!("{what}:\n{}", diff.unified_diff().context_radius(4).header("expected", "found")))
}

fn folders(of: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(of)
        .unwrap()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// `None` where the file is missing or empty.
fn yaml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let Ok(text) = fs::read_to_string(path) else {
        return Ok(None);
    };
    serde_yaml::from_str(&text).map_err(|e| format!("{}: {e}", path.file_name().unwrap().to_string_lossy()))
}

/// `{blob: 0}` as the controller would send it.
fn blobs(value: Json, folder: &Path) -> Json {
    match value.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("blob")?.as_u64()) {
        Some(index) => {
            let bytes = fs::read(folder.join("blobs").join(index.to_string())).unwrap();
            use sha1::Digest;
            let sha1: String = sha1::Sha1::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"index": index, "size": bytes.len(), "sha1": sha1})
        }
        None => value,
    }
}
