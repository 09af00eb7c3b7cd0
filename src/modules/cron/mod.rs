//! `cron`: entries of crontabs. `table`: a crontab as lines, with Ansible's marks.

mod table;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Module;
use crate::plan::{Attributes, Change, Command, Content, Diff, Failure, Look, Plan};
use crate::{arguments, choices};
use table::Table;

choices! {
    /// Whether the entry is to be there.
    pub(crate) enum State { Present = "present", Absent = "absent" }
}

choices! {
    /// A moment that cron knows by name.
    pub(crate) enum Special {
        Annually = "annually",
        Daily = "daily",
        Hourly = "hourly",
        Monthly = "monthly",
        Reboot = "reboot",
        Weekly = "weekly",
        Yearly = "yearly",
    }
}

arguments! {
    /// Has jobs and variables in a user's crontab, or in a file of /etc/cron.d.
    pub(crate) struct Cron {
        /// Name of the job, which stands in a comment above it; with `env`, name of the variable.
        name: String,
        /// The command; with `env`, the variable's value.
        job: Option<String> ["value"],
        /// Whether the entry is to be there.
        state: State = State::Present,
        /// Minute: `0`, `*/5`, `10,40`.
        minute: String = "*".into(),
        /// Hour.
        hour: String = "*".into(),
        /// Day of the month.
        day: String ["dom"] = "*".into(),
        /// Month.
        month: String = "*".into(),
        /// Day of the week, 0 or `sun` for Sunday.
        weekday: String ["dow"] = "*".into(),
        /// A moment in place of minute, hour and so on.
        special_time: Option<Special>,
        /// Whose crontab; with `cron_file`, as whom the job runs.
        user: Option<String>,
        /// A file in /etc/cron.d, or a path, in place of a user's crontab.
        cron_file: Option<PathBuf>,
        /// Write the job as a comment, so that it does not run.
        disabled: bool = false,
        /// The entry is a variable.
        env: bool = false,
        /// Put a new variable after this one.
        insertafter: Option<String>,
        /// Put a new variable before this one.
        insertbefore: Option<String>,
        /// Keep what was there before in a file; the result names it.
        backup: bool = false,
        /// No effect.
        owner: Option<String>,
    }
}

impl Module for Cron {
    const NAME: &'static str = "ansible.builtin.cron";
    const EXAMPLES: &'static str = r#"
- name: Clean up every night
  ansible.builtin.cron:
    name: clean up
    hour: "3"
    minute: "15"
    job: /usr/local/bin/clean-up

- name: Have mail go somewhere, in a file of its own
  ansible.builtin.cron:
    cron_file: app
    user: root
    env: true
    name: MAILTO
    job: ops@example.org
"#;
    const RETURNS: &'static str = "jobs: names of the jobs there
envs: names of the variables there
cron_file: the file
backup_file: where what was there before is kept";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        self.check()?;
        let before = self.read(target)?;
        let mut table = Table::parse(before.as_deref().unwrap_or_default());
        match (self.env, self.state) {
            (true, State::Present) => {
                let line = format!("{}=\"{}\"", self.name, self.job.as_deref().unwrap_or_default());
                table.set_variable(&self.name, &line, self.insertafter.as_deref(), self.insertbefore.as_deref())?;
            }
            (true, State::Absent) => table.remove_variable(&self.name),
            (false, State::Present) => table.set_job(&self.name, &self.line()),
            (false, State::Absent) => table.remove_job(&self.name),
        }
        let after = table.text();
        let mut plan = Plan::unchanged().with("jobs", json!(table.jobs())).with("envs", json!(table.variables()));
        if let Some(file) = &self.cron_file {
            plan = plan.with("cron_file", json!(file)).with("state", self.state.word());
        }
        if before.as_deref().unwrap_or_default() == after {
            return Ok(plan);
        }
        plan.changes = self.write(before, after, &mut plan.diff);
        Ok(plan)
    }
}

impl Cron {
    fn check(&self) -> Result<(), Failure> {
        let times =
            [("minute", &self.minute), ("hour", &self.hour), ("day", &self.day), ("month", &self.month), ("weekday", &self.weekday)];
        let given = times.iter().find(|(_, value)| value.as_str() != "*");
        if let (Some(_), Some((name, _))) = (self.special_time, given) {
            return Err(Failure::argument(
                name,
                "`special_time` takes the place of minute, hour, day, month and weekday: give one or the other",
            ));
        }
        if let Some((name, value)) = times.iter().find(|(_, value)| value.trim().is_empty() || value.contains(char::is_whitespace)) {
            return Err(Failure::argument(name, format!("{value:?} is no time: fields of a crontab hold no spaces")));
        }
        if self.state == State::Present && self.job.is_none() {
            return Err(Failure::argument("job", "a job, or the value of a variable, is needed to have it there"));
        }
        if self.job.as_deref().is_some_and(|job| job.trim_end().contains('\n')) {
            return Err(Failure::argument("job", "a line of a crontab cannot hold a line break"));
        }
        if self.cron_file.is_some() && self.user.is_none() && self.state == State::Present && !self.env {
            return Err(Failure::argument("user", "with `cron_file`, `user` says as whom the job runs"));
        }
        Ok(())
    }

    fn line(&self) -> String {
        let time = match self.special_time {
            Some(special) => format!("@{}", special.word()),
            None => [&self.minute, &self.hour, &self.day, &self.month, &self.weekday].map(String::as_str).join(" "),
        };
        let user = self.cron_file.as_ref().and(self.user.as_ref()).map_or_else(String::new, |user| format!("{user} "));
        let off = if self.disabled { "#" } else { "" };
        format!("{off}{time} {user}{}", self.job.as_deref().unwrap_or_default().trim_end())
    }

    fn path(&self) -> Option<PathBuf> {
        self.cron_file.as_ref().map(|file| Path::new("/etc/cron.d").join(file))
    }

    fn read(&self, target: &dyn Look) -> Result<Option<String>, Failure> {
        if let Some(path) = self.path() {
            return Ok(target.read(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        }
        if target.which("crontab").is_none() {
            return Err(Failure::new("this host has no crontab: install cron first"));
        }
        let answer = target.ask(&Command { accept: Vec::new(), ..self.crontab("-l") })?;
        match answer.rc {
            0 => Ok(Some(answer.text())),
            _ if answer.errors().contains("no crontab for") || answer.errors().trim().is_empty() => Ok(None),
            rc => Err(Failure::argument("user", format!("cannot read the crontab: {}", answer.errors().trim())).with("rc", rc)),
        }
    }

    fn crontab(&self, word: &str) -> Command {
        let mut argv = vec!["crontab".to_owned()];
        argv.extend(self.user.iter().flat_map(|user| ["-u".to_owned(), user.clone()]));
        argv.push(word.to_owned());
        Command::new(argv)
    }

    fn write(&self, before: Option<String>, after: String, diff: &mut Vec<Diff>) -> Vec<Change> {
        if let Some(path) = self.path() {
            if after.trim().is_empty() {
                return vec![Change::Remove { path }];
            }
            let attributes = Attributes { mode: before.is_none().then_some(0o644), ..Attributes::default() };
            return vec![Change::Write {
                path,
                content: Content::Bytes(after.into_bytes()),
                attributes,
                backup: self.backup,
                validate: None,
            }];
        }
        let header = format!("crontab of {}", self.user.as_deref().unwrap_or("the user"));
        let was = before.unwrap_or_default();
        diff.push(Diff { before_header: header.clone(), after_header: header, before: was.clone(), after: after.clone() });
        let mut changes = Vec::new();
        if self.backup {
            let path = PathBuf::from(format!("/tmp/crontab{}", self.user.as_deref().map_or_else(String::new, |user| format!(".{user}"))));
            let attributes = Attributes { mode: Some(0o600), ..Attributes::default() };
            changes.push(Change::Write { path, content: Content::Bytes(was.into_bytes()), attributes, backup: true, validate: None });
        }
        let install = if after.trim().is_empty() {
            self.crontab("-r")
        } else {
            Command { stdin: Some(Content::Bytes(after.into_bytes())), ..self.crontab("-") }
        };
        changes.push(Change::Run(install));
        changes
    }
}
