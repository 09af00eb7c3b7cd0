//! What `command`, `shell` and `script` have in common: run one thing unless a file says that it is done, and tell all of it.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::clock::{Zone, duration};
use super::glob;
use crate::plan::{Change, Command, Content, Failure, Kind, Look, Outcome, Output, Plan};

/// A command that may change anything.
pub(crate) struct Running {
    pub(crate) argv: Vec<String>,
    /// What the result says was run: a list of words, or the shell's line.
    pub(crate) shown: Json,
    pub(crate) creates: Option<PathBuf>,
    pub(crate) removes: Option<PathBuf>,
    pub(crate) chdir: Option<PathBuf>,
    pub(crate) stdin: Option<String>,
    pub(crate) stdin_add_newline: bool,
    pub(crate) strip_empty_ends: bool,
}

const WOULD: &str = "Command would have run if not in check mode";

impl Running {
    pub(crate) fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let mut plan = Plan::unchanged();
        plan.result = blank(&self.shown);
        if let Some(folder) = &self.chdir
            && target.stat(folder, true)?.is_none_or(|meta| meta.kind != Kind::Folder)
        {
            let mut failure =
                Failure::argument("chdir", format!("Unable to change directory before execution: there is no folder {}", folder.display()));
            failure.result = plan.result;
            return Err(failure.with("rc", Json::Null));
        }
        let at = |path: &PathBuf| self.chdir.as_ref().map_or_else(|| path.clone(), |folder| folder.join(path));
        if let Some(path) = self.creates.as_ref().filter(|path| glob::first(target, &at(path)).is_some()) {
            return Ok(spared(plan, path, "exists"));
        }
        if let Some(path) = self.removes.as_ref().filter(|path| glob::first(target, &at(path)).is_none()) {
            return Ok(spared(plan, path, "does not exist"));
        }
        let foreseen = self.creates.is_some() || self.removes.is_some();
        plan.result.insert("msg".into(), WOULD.into());
        plan.unforeseeable = (!foreseen).then(|| WOULD.to_owned());
        if let Some(failure) = self.not_there(target)? {
            // Only when it is really to run: an earlier task of a check run may be what installs it.
            plan.unforeseeable = Some(WOULD.to_owned());
            return Ok(plan.then(|_, _| Err(failure)));
        }
        let zone = Zone::of(target);
        let Running { argv, chdir, stdin, stdin_add_newline, strip_empty_ends, shown, .. } = self;
        let mut command = Command { accept: Vec::new(), ..Command::new(argv) };
        command.cwd = chdir;
        command.stdin = stdin.map(|mut text| {
            if stdin_add_newline {
                text.push('\n');
            }
            Content::Bytes(text.into_bytes())
        });
        plan.changes.push(Change::Run(command));
        Ok(plan.then(move |_, outcomes| {
            let Some(Outcome::Ran(output)) = outcomes.last() else { return Ok(Plan::unchanged()) };
            let result = told(output, &shown, strip_empty_ends, &zone);
            if output.rc == 0 {
                return Ok(Plan { result, ..Plan::default() });
            }
            Err(Failure { msg: "non-zero return code".into(), argument: None, result })
        }))
    }

    /// Why the program cannot be started, as far as can be seen.
    fn not_there(&self, target: &dyn Look) -> Result<Option<Failure>, Failure> {
        let Some(program) = self.argv.first() else { return Ok(None) };
        let found = if program.contains('/') {
            let path = self.chdir.as_ref().map_or_else(|| PathBuf::from(program), |folder| folder.join(program));
            target.stat(&path, true)?.is_some() || target.which(program).is_some()
        } else {
            target.which(program).is_some()
        };
        let failure = || {
            Failure::new(format!("cannot run `{program}`: there is no such program on this host"))
                .with("rc", 2)
                .with("cmd", self.argv.join(" "))
        };
        Ok((!found).then(failure))
    }
}

/// The result's keys before anything ran.
fn blank(shown: &Json) -> Map<String, Json> {
    let all = json!({
        "cmd": shown, "rc": 0, "stdout": "", "stdout_lines": [], "stderr": "", "stderr_lines": [],
        "start": null, "end": null, "delta": null, "msg": "",
    });
    match all {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn spared(plan: Plan, path: &Path, state: &str) -> Plan {
    let said = format!("skipped, since {} {state}", path.display());
    plan.with("msg", format!("Did not run command since '{}' {state}", path.display()))
        .with("stdout_lines", json!([said]))
        .with("stdout", said)
}

/// What came of it. Text that is not UTF-8 keeps its readable part.
pub(crate) fn told(output: &Output, shown: &Json, strip: bool, zone: &Zone) -> Map<String, Json> {
    let ends = |text: String| if strip { text.trim_end_matches(['\r', '\n']).to_owned() } else { text };
    let (stdout, stderr) = (ends(output.text()), ends(output.errors()));
    let mut result = blank(shown);
    let values = [
        ("rc", json!(output.rc)),
        ("stdout_lines", json!(lines(&stdout))),
        ("stderr_lines", json!(lines(&stderr))),
        ("stdout", json!(stdout)),
        ("stderr", json!(stderr)),
        ("start", json!(zone.moment(output.start))),
        ("end", json!(zone.moment(output.end))),
        ("delta", json!(duration(output.end - output.start))),
    ];
    for (name, value) in values {
        result.insert(name.to_owned(), value);
    }
    result
}

/// Lines as Python's `splitlines` sees them: form feeds and their like end one too.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'));
        let Some(end) = end else {
            all.push(rest);
            break;
        };
        all.push(&rest[..end]);
        let after = &rest[end..];
        let length = if after.starts_with("\r\n") { 2 } else { after.chars().next().map_or(1, char::len_utf8) };
        rest = &after[length..];
    }
    all
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn as_python_splits() {
        assert_eq!(lines("a\r\nb\n\nc\rd"), ["a", "b", "", "c", "d"]);
        assert_eq!(lines("a\n"), ["a"]);
        assert!(lines("").is_empty());
    }
}
