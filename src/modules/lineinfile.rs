//! `lineinfile`: one line of a file.

mod edit;

use std::path::PathBuf;

use super::Module;
use super::arguments::Rule;
use super::attributes::FileAttributes;
use super::editing::Edited;
use crate::pattern::{self, Options, Pattern, Template};
use crate::plan::{Failure, Look, Plan};
use crate::{arguments, choices};
use edit::{Find, Lines, Place};

choices! {
    /// Whether the line is to be there.
    pub(crate) enum State {
        Present = "present",
        Absent = "absent",
    }
}

arguments! {
    /// Sees to it that a line is in a file, or is not, or is changed where it fits a pattern.
    pub(crate) struct Lineinfile {
        /// The file.
        path: PathBuf ["dest", "destfile", "name"],
        /// The line, without its newline. With `backrefs` it may hold `\1` and `\g<name>`.
        line: Option<String> ["value"],
        /// A regular expression in Python's syntax. The last line that fits is replaced; with `state: absent`, all that fit are removed.
        /// If none fits, the line is added. It should also fit the new line, or the task changes the file each time.
        regexp: Option<String> ["regex"],
        /// In place of `regexp`: a text that the line must hold.
        search_string: Option<String>,
        /// Whether the line is to be there.
        state: State = State::Present,
        /// Fill the groups that `regexp` found into `line`; where it finds nothing, leave the file alone.
        backrefs: bool = false,
        /// Add the line behind the last line that fits this expression, or at the end with `EOF` or where none fits.
        insertafter: Option<String>,
        /// Add the line before the last line that fits this expression, or at the start with `BOF`; at the end where none fits.
        insertbefore: Option<String>,
        /// Mean the first line that fits in place of the last.
        firstmatch: bool = false,
        /// Make the file, and folders above it, if it is not there.
        create: bool = false,
        /// Keep the old file beside the new one, with the time in its name.
        backup: bool = false,
        /// A command that must agree before the file takes its place; `%s` stands for the new file.
        validate: Option<String>,
    } + attributes: FileAttributes
}

impl Module for Lineinfile {
    const NAME: &'static str = "ansible.builtin.lineinfile";
    const RULES: &'static [Rule] = &[
        Rule::Exclusive(&["insertbefore", "insertafter"]),
        Rule::Exclusive(&["regexp", "search_string"]),
        Rule::Exclusive(&["backrefs", "search_string"]),
    ];
    const EXAMPLES: &'static str = r#"
- name: No passwords over SSH
  ansible.builtin.lineinfile:
    path: /etc/ssh/sshd_config
    regexp: '^#?PasswordAuthentication\s'
    line: PasswordAuthentication no
    validate: sshd -t -f %s

- name: The member of the group may do all
  ansible.builtin.lineinfile:
    path: /etc/sudoers
    state: absent
    regexp: '^%wheel'

- name: More memory, whatever the rest of the line says
  ansible.builtin.lineinfile:
    path: /opt/app/options
    regexp: '^(.*)Xms(\d+)m(.*)$'
    line: '\1Xms2048m\3'
    backrefs: true
"#;
    const RETURNS: &'static str = "\
msg: what was done with the line
found: how many lines were removed
backup: the old file, with backup
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let mut edited = Edited::read(target, &self.path)?;
        match self.state {
            State::Present => self.present(target, edited),
            State::Absent if edited.missing() => Ok(Plan::unchanged().with("msg", "file not present")),
            State::Absent => {
                let find = self.find()?.or_else(|| self.line.as_deref().map(|line| Find::Line(latin(line))));
                let Some(find) = find else {
                    let msg = "one of line, search_string, or regexp is required with state=absent";
                    return Err(Failure::argument("line", msg));
                };
                let mut lines = Lines::of(&edited.text);
                let found = lines.remove(&find);
                edited.text = lines.text();
                let msg = if found > 0 { format!("{found} line(s) removed") } else { String::new() };
                Ok(self.finish(target, edited, msg)?.with("found", found))
            }
        }
    }
}

impl Lineinfile {
    fn present(self, target: &dyn Look, mut edited: Edited) -> Result<Plan, Failure> {
        if edited.missing() && !self.create {
            let msg = format!("Destination {} does not exist; `create: true` makes it", self.path.display());
            return Err(Failure::argument("path", msg).with("rc", 257));
        }
        let Some(line) = self.line.as_deref().map(latin) else {
            return Err(Failure::argument("line", "line is required with state=present"));
        };
        if self.backrefs && self.regexp.is_none() {
            return Err(Failure::argument("backrefs", "regexp is required with backrefs=true"));
        }
        let find = self.find()?;
        let template = match &find {
            Some(Find::Pattern(pattern)) if self.backrefs => Some(
                Template::new(&line, pattern)
                    .map_err(|why| Failure::argument("line", format!("`line` is no template for the groups of `regexp`: {why}")))?,
            ),
            _ => None,
        };
        let place = self.place()?;
        let mut lines = Lines::of(&edited.text);
        let msg = lines.put(&line, find.as_ref(), template.as_ref(), &place, self.firstmatch);
        edited.text = lines.text();
        let empty = self.regexp.as_deref() == Some("");
        let mut plan = self.finish(target, edited, msg.to_owned())?;
        if empty {
            plan.warnings.push("an empty `regexp` fits every line, so the last one is replaced; use '^' if that is meant".into());
        }
        Ok(plan)
    }

    fn finish(&self, target: &dyn Look, edited: Edited, msg: String) -> Result<Plan, Failure> {
        let (plan, owned) = edited.plan(target, &self.attributes, self.backup, self.validate.clone())?;
        let owned = owned.then_some("ownership, perms or SE linux context changed");
        let said = [Some(msg.as_str()).filter(|msg| !msg.is_empty()), owned];
        let plan = plan.with("msg", said.into_iter().flatten().collect::<Vec<_>>().join(" and ")).with("backup", "");
        Ok(Edited::backed(plan, "backup"))
    }

    fn find(&self) -> Result<Option<Find>, Failure> {
        if let Some(text) = &self.search_string {
            return Ok(Some(Find::Text(latin(text))));
        }
        self.regexp.as_deref().map(|regexp| compile("regexp", regexp).map(Find::Pattern)).transpose()
    }

    fn place(&self) -> Result<Place, Failure> {
        Ok(match (self.insertafter.as_deref(), self.insertbefore.as_deref()) {
            (Some("BOF"), _) | (_, Some("BOF")) => Place::Start,
            (None | Some("EOF"), None) | (_, Some("EOF")) => Place::End,
            (Some(pattern), _) => Place::After(compile("insertafter", pattern)?),
            (_, Some(pattern)) => Place::Before(compile("insertbefore", pattern)?),
        })
    }
}

/// Patterns see bytes, so that files in any encoding stay as they are.
fn compile(argument: &str, text: &str) -> Result<Pattern, Failure> {
    let options = Options { ascii: true, ..Options::default() };
    Pattern::new(&latin(text), options).map_err(|why| Failure::argument(argument, format!("`{argument}` is no regular expression: {why}")))
}

fn latin(text: &str) -> String {
    pattern::latin(text.as_bytes())
}
