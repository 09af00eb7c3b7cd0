//! `debconf`: answers to the questions that Debian's packages ask.

use serde_json::{Map, Value as Json, json};

use super::Module;
use super::arguments::{Rule, Value};
use crate::plan::{Change, Command, Content, Diff, Failure, Look, Plan};
use crate::{arguments, choices};

choices! {
    /// Kind of a question.
    pub(crate) enum Kind {
        Boolean = "boolean",
        Error = "error",
        Multiselect = "multiselect",
        Note = "note",
        Password = "password",
        Seen = "seen",
        Select = "select",
        Text = "text",
        Title = "title",
        Line = "string",
    }
}

arguments! {
    /// Answers a question of a package before the package asks it.
    pub(crate) struct Debconf {
        /// The package.
        name: String ["pkg"],
        /// The question, such as `tzdata/Areas`. Without it the answers there are get returned.
        question: Option<String> ["selection", "setting"],
        /// Kind of the question.
        vtype: Option<Kind>,
        /// The answer; a list for `multiselect`.
        value: Option<Json> ["answer"],
        /// Leave the question open to be asked still.
        unseen: bool = false,
    }
}

impl Module for Debconf {
    const NAME: &'static str = "ansible.builtin.debconf";
    const RULES: &'static [Rule] = &[Rule::Together(&["question", "vtype", "value"])];
    const EXAMPLES: &'static str = r#"
- name: Have postfix configured for this host alone
  ansible.builtin.debconf:
    name: postfix
    question: postfix/main_mailer_type
    vtype: select
    value: Local only
"#;
    const RETURNS: &'static str = "current: the answers after the change
previous: the answers before it";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if target.which("debconf-show").is_none() {
            return Err(Failure::new("this host has no debconf-show: it is no Debian"));
        }
        let answer = target.ask(&Command { accept: Vec::new(), ..Command::new(["debconf-show", &self.name]) })?;
        let mut before: Map<String, Json> = answer.text().lines().filter_map(row).collect();
        before.sort_keys();
        let (Some(question), Some(kind), Some(value)) = (&self.question, self.vtype, &self.value) else {
            return Ok(Plan::unchanged().with("current", before).with("msg", ""));
        };
        let wanted = text(value, kind);
        let is_secret = kind == Kind::Password;
        let same = match (before.get(question).and_then(Json::as_str), kind) {
            (Some(current), Kind::Boolean) => current.eq_ignore_ascii_case(&wanted),
            (Some(current), Kind::Multiselect) => items(current) == items(&wanted),
            // debconf-show hides passwords; debconf-communicate does not.
            (Some(_), Kind::Password) => self.communicated(question, target)? == wanted,
            (Some(current), _) => current == wanted,
            (None, _) => false,
        };
        if same {
            return Ok(Plan::unchanged().with("current", before).with("msg", ""));
        }
        // Through stdin: an argument would be in the list of processes for all to read.
        let line = format!("{} {question} {} {wanted}\n", self.name, kind.word());
        let mut argv = vec!["debconf-set-selections"];
        argv.extend(self.unseen.then_some("-u"));
        let command = Command { stdin: Some(Content::Bytes(line.into_bytes())), ..Command::new(argv) };
        let shown = if is_secret { "********".to_owned() } else { wanted };
        let previous = before.get(question).and_then(Json::as_str).unwrap_or_default().to_owned();
        let old = before.get(question).cloned().unwrap_or_else(|| json!(""));
        let mut plan = Plan::of(vec![Change::Run(command)])
            .with("current", json!({ question: shown }))
            .with("previous", json!({ question: old }))
            .with("msg", "");
        let header = format!("{} {question}", self.name);
        let of = |value: &str| if value.is_empty() { String::new() } else { format!("{value}\n") };
        plan.diff.push(Diff {
            before_header: header.clone(),
            after_header: header,
            before: of(if is_secret { "" } else { &previous }),
            after: of(&shown),
        });
        Ok(plan)
    }
}

impl Debconf {
    fn communicated(&self, question: &str, target: &dyn Look) -> Result<String, Failure> {
        let stdin = Some(Content::Bytes(format!("GET {question}\n").into_bytes()));
        let answer = target.ask(&Command { stdin, accept: Vec::new(), ..Command::new(["debconf-communicate", &self.name]) })?;
        Ok(answer.text().trim_end().strip_prefix("0 ").unwrap_or_default().to_owned())
    }
}

/// `* package/question: answer`; the star says that it was asked.
fn row(line: &str) -> Option<(String, Json)> {
    let (question, value) = line.trim_start_matches(['*', ' ']).split_once(':')?;
    Some((question.trim().to_owned(), json!(value.trim())))
}

fn text(value: &Json, kind: Kind) -> String {
    match value {
        Json::Array(list) => list.iter().filter_map(|item| String::parse(item).ok()).collect::<Vec<_>>().join(", "),
        Json::Bool(flag) if kind == Kind::Boolean => flag.to_string(),
        other => {
            let text = String::parse(other).unwrap_or_default();
            if kind == Kind::Boolean { text.to_lowercase() } else { text }
        }
    }
}

fn items(list: &str) -> Vec<&str> {
    let mut all: Vec<&str> = list.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    all.sort_unstable();
    all
}
