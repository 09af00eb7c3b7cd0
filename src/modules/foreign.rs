//! Runs a module of the user's own, which the controller's action of the same name sends.

use serde_json::{Map, Value as Json};

use super::Module;
use super::arguments::Secret;
use crate::plan::{Attributes, Blob, Change, Command, Content, Failure, Look, Outcome, Output, Plan};
use crate::{arguments, choices};

choices! {
    /// How a module wants to be run: by the host's Python, with all that it needs on its standard input; as a script whose arguments
    /// are in a file, as JSON or as `name=value …`; as a program whose arguments are in a file, as JSON.
    pub(crate) enum Way {
        Python = "python",
        Json = "json",
        Words = "words",
        Binary = "binary",
    }
}

arguments! {
    /// Runs a module of your own.
    pub(crate) struct Foreign {
        /// Its name.
        name: String,
        /// How it is run.
        way: Way,
        /// The program of the host that runs it; if not given, what its first line names, or the Python that is there.
        interpreter: Option<String>,
        /// What the interpreter is to do first: it reads the job from its standard input.
        boot: Option<String>,
        /// What its first line names to run it.
        first_line: Option<String>,
        /// Whether this is a check run: the module is trusted to change nothing then, if it is one that can be told.
        check: bool = false,
        /// Its arguments, as it wants them.
        arguments: Secret,
        /// Set by the controller: the module, or for Python all that goes to its standard input.
        _blob: Option<Blob>,
    }
}

/// Where Python may be, best first.
const PYTHONS: &[&str] = &["python3", "/usr/bin/python3", "/usr/libexec/platform-python", "python"];

impl Module for Foreign {
    const NAME: &'static str = "deploy.internal.foreign";
    const OUTWARD: bool = true;

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let Some(blob) = self._blob.clone() else { return Err(Failure::new("the controller did not send the module")) };
        if self.way == Way::Python {
            return self.python(blob, target);
        }
        if self.check {
            return Ok(Plan {
                unforeseeable: Some(format!("the module {} cannot be told that this is a check", self.name)),
                ..Plan::default()
            });
        }
        let program = target.scratch(&Content::Blob(blob))?;
        let file = target.scratch(&Content::Bytes(self.arguments.0.clone().into_bytes()))?;
        let mut argv = if self.way == Way::Binary { Vec::new() } else { self.script(target)? };
        argv.extend([program.display().to_string(), file.display().to_string()]);
        let command = Command { accept: Vec::new(), shown_as: Some(self.name.clone()), ..Command::new(argv) };
        let runnable = Attributes { mode: Some(0o700), ..Attributes::default() };
        let changes = vec![Change::Own { path: program, attributes: runnable, follow: false }, Change::Run(command)];
        Ok(Plan { changed: Some(false), ..Plan::of(changes) }.then(|_, outcomes| match outcomes.last() {
            Some(Outcome::Ran(output)) => answer(output),
            _ => Ok(Plan::unchanged()),
        }))
    }
}

impl Foreign {
    /// What runs a script, with the arguments that its first line has for it.
    fn script(&self, target: &dyn Look) -> Result<Vec<String>, Failure> {
        let line = self.first_line.as_deref().unwrap_or_default();
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words.len() > 1 && words.first().is_some_and(|word| word.ends_with("/env")) {
            words.remove(0);
        }
        let Some(program) = words.first_mut() else { return Ok(words) };
        // `#!/usr/bin/python` stands for the host's Python, wherever that is.
        *program = match &self.interpreter {
            Some(named) => there(named, target)?,
            None if program.rsplit('/').next() == Some("python") => self.host_python(target)?,
            None => there(program, target)?,
        };
        Ok(words)
    }

    fn host_python(&self, target: &dyn Look) -> Result<String, Failure> {
        let found = PYTHONS.iter().find_map(|name| target.which(name)).map(|path| path.display().to_string());
        found.ok_or_else(|| {
            Failure::new(format!(
                "the module {} is of your own and in Python, which this host lacks: install python3 there first (the modules of deploy need none)",
                self.name
            ))
        })
    }

    fn python(self, blob: Blob, target: &dyn Look) -> Result<Plan, Failure> {
        let python = match &self.interpreter {
            Some(named) => there(named, target)?,
            None => self.host_python(target)?,
        };
        let stdin = Some(Content::Blob(blob));
        let command = Command {
            stdin,
            accept: Vec::new(),
            shown_as: Some(self.name),
            ..Command::new([python, "-c".into(), self.boot.unwrap_or_default()])
        };
        if self.check {
            // AnsibleModule keeps modules that do not know check mode from running.
            return answer(&target.ask(&command)?);
        }
        Ok(Plan { changed: Some(false), ..Plan::of(vec![Change::Run(command)]) }.then(|_, outcomes| match outcomes.last() {
            Some(Outcome::Ran(output)) => answer(output),
            _ => Ok(Plan::unchanged()),
        }))
    }
}

/// An interpreter that was named.
fn there(program: &str, target: &dyn Look) -> Result<String, Failure> {
    if target.which(program).is_some() {
        return Ok(program.to_owned());
    }
    let (stdout, stderr) = ("", format!("{program}: not found\n"));
    let failure = Failure::new(format!("The module interpreter '{program}' was not found."));
    Err(failure.with("rc", 127).with("module_stdout", stdout).with("module_stderr", stderr))
}

/// What the module printed, as its result.
fn answer(output: &Output) -> Result<Plan, Failure> {
    let text = output.text();
    let Some((mut result, rest)) = json_of(&text) else {
        return Err(Failure::new("Module result deserialization failed: No start of json char found")
            .with("module_stdout", text.clone())
            .with("module_stderr", output.errors())
            .with("rc", output.rc));
    };
    let changed = result.shift_remove("changed").is_some_and(|value| value == true);
    let failed = result.shift_remove("failed").is_some_and(|value| value == true);
    let mut warnings: Vec<String> = match result.shift_remove("warnings") {
        Some(Json::Array(all)) => all.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect(),
        _ => Vec::new(),
    };
    if !rest.trim().is_empty() {
        warnings.push(format!("Module invocation had junk after the JSON data: {}", rest.trim()));
    }
    if failed {
        let msg = result.get("msg").and_then(Json::as_str).unwrap_or("the module failed without a message").to_owned();
        if changed {
            result.insert("changed".into(), true.into());
        }
        return Err(Failure { msg, argument: None, result });
    }
    let skipped = result.shift_remove("skipped").is_some_and(|value| value == true);
    let mut plan = Plan { result, changed: Some(changed), warnings, ..Plan::default() };
    if skipped {
        plan = plan.with("skipped", true);
    }
    Ok(plan)
}

/// The first JSON object that begins a line, and what comes after it.
fn json_of(text: &str) -> Option<(Map<String, Json>, &str)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let from = start;
        start += line.len();
        if !line.trim_start().starts_with('{') {
            continue;
        }
        let mut stream = serde_json::Deserializer::from_str(&text[from..]).into_iter::<Map<String, Json>>();
        if let Some(Ok(map)) = stream.next() {
            return Some((map, &text[from + stream.byte_offset()..]));
        }
    }
    None
}
