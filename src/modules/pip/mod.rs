//! `pip`: packages of Python. `present`: what is installed, read from its folders. `requirement`: what is asked for.
//! `version`: the order of versions.

mod present;
mod requirement;
mod version;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Module;
use super::arguments::Rule;
use crate::plan::{Change, Command, Failure, Look, Outcome, Output, Plan};
use crate::{arguments, choices};

choices! {
    /// What should be true of the packages.
    pub(crate) enum State {
        Present = "present",
        Latest = "latest",
        Absent = "absent",
        ForceReinstall = "forcereinstall",
    }
}

arguments! {
    /// Installs and removes packages of Python, in a virtual environment or beside the system's.
    pub(crate) struct Pip {
        /// Packages: `django`, `django==4.2.1`, `django>=4,<5`, a URL, a path.
        name: Vec<String> = Vec::new(),
        /// Version of the one package in `name`.
        version: Option<String>,
        /// A file of requirements on the target.
        requirements: Option<String>,
        /// What should be true of the packages.
        state: State = State::Present,
        /// The virtual environment to install into; made where it is missing.
        virtualenv: Option<PathBuf>,
        /// How to make a virtual environment. Without virtualenv on the host, `python3 -m venv` makes it.
        virtualenv_command: String = "virtualenv".into(),
        /// The Python for a new virtual environment.
        virtualenv_python: Option<String>,
        /// A new virtual environment sees the system's packages.
        virtualenv_site_packages: bool = false,
        /// The pip to run, by name or path.
        executable: Option<PathBuf>,
        /// More arguments for pip.
        extra_args: Option<String>,
        /// Install as a link to the sources.
        editable: bool = false,
        /// Folder to run pip in.
        chdir: Option<PathBuf>,
        /// Permission bits that installed files do not get, such as `"0022"`.
        umask: Option<String>,
        /// Allow installing among the packages of the system.
        break_system_packages: bool = false,
    }
}

impl Module for Pip {
    const NAME: &'static str = "ansible.builtin.pip";
    const RULES: &'static [Rule] = &[
        Rule::OneOf(&["name", "requirements"]),
        Rule::Exclusive(&["name", "requirements"]),
        Rule::Exclusive(&["executable", "virtualenv"]),
    ];
    const OUTWARD: bool = true;
    const EXAMPLES: &'static str = r#"
- name: Have what the application asks for, in an environment of its own
  ansible.builtin.pip:
    requirements: /srv/app/current/requirements.txt
    virtualenv: /srv/app/venv

- name: Have a range of versions
  ansible.builtin.pip:
    name: "gunicorn>=21,<23"
    virtualenv: /srv/app/venv
"#;
    const RETURNS: &'static str = "cmd: the command
name: the packages as given
version: the version as given
requirements: the file as given
virtualenv: the virtual environment
state: the state as given
stdout: what pip printed
stderr: what pip printed as errors";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if self.version.is_some() && self.name.len() != 1 {
            return Err(Failure::argument("version", "`version` goes with exactly one `name`; write `NAME==VERSION` for several"));
        }
        let result = Plan::unchanged()
            .with("name", if self.name.is_empty() { json!(null) } else { json!(self.name) })
            .with("version", json!(self.version))
            .with("requirements", json!(self.requirements))
            .with("virtualenv", json!(self.virtualenv))
            .with("state", self.state.word());
        if let Some(environment) = &self.virtualenv
            && target.stat(&environment.join("bin/activate"), true)?.is_none()
        {
            if self.state == State::Absent {
                return Ok(result);
            }
            let make = self.make_environment(environment, target)?;
            return Ok(Plan { changes: vec![Change::Run(make)], ..result }.then(move |target, _| {
                let mut plan = self.packages(Plan::unchanged(), target)?;
                plan.changed = Some(true);
                Ok(plan)
            }));
        }
        self.packages(result, target)
    }
}

impl Pip {
    fn make_environment(&self, environment: &Path, target: &dyn Look) -> Result<Command, Failure> {
        let mut words: Vec<String> = self.virtualenv_command.split_whitespace().map(str::to_owned).collect();
        let is_default = words == ["virtualenv"];
        if is_default && target.which("virtualenv").is_none() {
            let python = self.virtualenv_python.clone().unwrap_or_else(|| "python3".into());
            words = vec![python, "-m".into(), "venv".into()];
        } else if let Some(python) = &self.virtualenv_python {
            // `-m venv` and pyvenv make it for the Python that runs them.
            if words.iter().any(|word| word == "venv" || word.ends_with("pyvenv")) {
                return Err(Failure::argument(
                    "virtualenv_python",
                    "`virtualenv_python` does not go with venv: name that Python in `virtualenv_command`",
                ));
            }
            words.push(format!("-p{python}"));
        }
        words.extend(self.virtualenv_site_packages.then(|| "--system-site-packages".to_owned()));
        words.push(environment.display().to_string());
        self.command(words)
    }

    fn command(&self, argv: Vec<String>) -> Result<Command, Failure> {
        let umask = self.umask.as_ref().map(|text| {
            u32::from_str_radix(text.trim_start_matches("0o"), 8)
                .map_err(|_| Failure::argument("umask", format!("`umask` must be octal digits such as \"0022\", not {text:?}")))
        });
        let mut command = Command { cwd: self.chdir.clone(), umask: umask.transpose()?, ..Command::new(argv) };
        command.env.extend([("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("LC_ALL", "C.UTF-8")].map(|(n, v)| (n.to_owned(), v.to_owned())));
        if self.break_system_packages {
            command.env.insert("PIP_BREAK_SYSTEM_PACKAGES".into(), "1".into());
        }
        Ok(command)
    }

    /// How pip is called here.
    fn program(&self, target: &dyn Look) -> Option<Vec<String>> {
        if let Some(environment) = &self.virtualenv {
            return Some(vec![environment.join("bin/python").display().to_string(), "-m".into(), "pip".into()]);
        }
        if let Some(program) = &self.executable {
            let found = if program.is_absolute() { Some(program.clone()) } else { target.which(&program.display().to_string()) };
            return found.map(|path| vec![path.display().to_string()]);
        }
        ["pip3", "pip"].iter().find_map(|name| target.which(name)).map(|path| vec![path.display().to_string()])
    }

    /// Words that say what to install.
    fn wanted(&self) -> Vec<String> {
        let mut words = Vec::new();
        for name in &self.name {
            words.extend(self.editable.then(|| "-e".to_owned()));
            words.push(self.version.as_ref().map_or_else(|| name.clone(), |version| format!("{name}=={version}")));
        }
        words.extend(self.requirements.iter().flat_map(|file| ["-r".to_owned(), file.clone()]));
        words
    }

    fn packages(self, mut plan: Plan, target: &dyn Look) -> Result<Plan, Failure> {
        let Some(mut argv) = self.program(target) else {
            let msg = "this host has no pip: install python3-pip, or name a `virtualenv`";
            return Ok(Plan::missing(Failure::new(msg)));
        };
        let extra = self.extra_args.as_deref().map(words).transpose()?.unwrap_or_default();
        let verb: &[&str] = match self.state {
            State::Present => &["install"],
            State::Latest => &["install", "-U"],
            State::ForceReinstall => &["install", "-U", "--force-reinstall"],
            State::Absent => &["uninstall", "-y"],
        };
        argv.extend(verb.iter().map(|word| (*word).to_owned()));
        argv.extend(extra.clone());
        argv.extend(self.wanted());
        let command = self.command(argv)?;
        plan = plan.with("cmd", command.argv.join(" "));
        let forecast = if extra.is_empty() && !self.editable { self.forecast(target)? } else { None };
        match forecast {
            Some(false) => return Ok(plan),
            Some(true) => {}
            None if self.state == State::Absent || self.editable || self.state == State::ForceReinstall => {}
            None => {
                if let Some(false) = would_install(&command, target)? {
                    return Ok(plan);
                }
            }
        }
        plan.changes = vec![Change::Run(Command { accept: Vec::new(), ..command.clone() })];
        Ok(plan.then(move |_, outcomes| {
            let Some(Outcome::Ran(output)) = outcomes.last() else { return Ok(Plan::unchanged()) };
            let text = output.text();
            if output.rc != 0 {
                return Err(failure(&command, output));
            }
            let is_changed = text.contains("Successfully installed") || text.contains("Successfully uninstalled");
            let plan = Plan { changed: Some(is_changed), ..Plan::unchanged() };
            Ok(plan.with("stdout", text).with("stderr", output.errors()))
        }))
    }

    /// Whether anything is to be done, as far as the folders of installed packages tell; `None` where only pip can say.
    fn forecast(&self, target: &dyn Look) -> Result<Option<bool>, Failure> {
        if self.state == State::Latest || self.state == State::ForceReinstall {
            return Ok(None);
        }
        let wanted = match &self.requirements {
            Some(file) => requirement::of_file(&self.chdir.clone().unwrap_or_default().join(file), target)?,
            None => self.wanted().iter().map(|word| requirement::parse(word)).collect(),
        };
        let Some(installed) = present::packages(self, target)? else { return Ok(None) };
        let Some(wanted) = wanted else { return Ok(None) };
        Ok(Some(match self.state {
            State::Absent => wanted.iter().any(|one| installed.contains_key(&one.name)),
            _ => !wanted.iter().all(|one| installed.get(&one.name).is_some_and(|version| one.accepts(version))),
        }))
    }
}

/// pip's own first line about the fault: hints come after it.
fn failure(command: &Command, output: &Output) -> Failure {
    let errors = output.errors();
    let said = errors.lines().find(|line| line.to_lowercase().starts_with("error")).unwrap_or(errors.trim());
    let hint = if said.contains("externally-managed") { "; use a `virtualenv`, or `break_system_packages: true`" } else { "" };
    Failure::new(format!("`{}` failed: {said}{hint}", command.argv.join(" ")))
        .with("rc", output.rc)
        .with("stdout", output.text())
        .with("stderr", errors.clone())
}

/// Asks pip to pretend (pip 22.2 and later): whether it would install something; `None` where it cannot say.
fn would_install(command: &Command, target: &dyn Look) -> Result<Option<bool>, Failure> {
    let mut pretended = Command { accept: Vec::new(), ..command.clone() };
    pretended.argv.extend(["--dry-run", "--quiet", "--quiet", "--report", "-"].map(str::to_owned));
    let answer = target.ask(&pretended)?;
    if answer.rc != 0 {
        return Ok(None);
    }
    let report: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap_or_default();
    Ok(report["install"].as_array().map(|list| !list.is_empty()))
}

/// Words as a shell would split them: white space, quotes, backslash.
fn words(text: &str) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => all.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(Failure::argument("extra_args", format!("a quote is not closed in {text:?}")));
    }
    all.extend(word);
    Ok(all)
}
