//! `blockinfile`: lines between two markers.

mod edit;

use std::path::PathBuf;

use serde_json::json;

use super::Module;
use super::arguments::Rule;
use super::attributes::FileAttributes;
use super::editing::Edited;
use crate::pattern::{self, Options, Pattern};
use crate::plan::{Failure, Look, Plan};
use crate::{arguments, choices};
use edit::{Block, Place};

choices! {
    /// Whether the block is to be there.
    pub(crate) enum State {
        Present = "present",
        Absent = "absent",
    }
}

arguments! {
    /// Keeps a block of lines in a file, between two marker lines by which it is found again.
    pub(crate) struct Blockinfile {
        /// The file.
        path: PathBuf ["dest", "destfile", "name"],
        /// The lines. Empty is as `state: absent`.
        block: String ["content"] = String::new(),
        /// Whether the block is to be there.
        state: State = State::Present,
        /// The marker lines; `{mark}` in it becomes `marker_begin` or `marker_end`. Blocks in one file need different ones.
        marker: String = "# {mark} ANSIBLE MANAGED BLOCK".to_owned(),
        /// In the line above the block.
        marker_begin: String = "BEGIN".to_owned(),
        /// In the line below it.
        marker_end: String = "END".to_owned(),
        /// Put a new block behind the last line that fits this expression, or at the end with `EOF` or where none fits.
        insertafter: Option<String>,
        /// Put a new block before the last line that fits this expression, or at the start with `BOF`; at the end where none fits.
        insertbefore: Option<String>,
        /// Keep an empty line above the block.
        prepend_newline: bool = false,
        /// Keep an empty line below the block.
        append_newline: bool = false,
        /// Make the file if it is not there.
        create: bool = false,
        /// Keep the old file beside the new one, with the time in its name.
        backup: bool = false,
        /// A command that must agree before the file takes its place; `%s` stands for the new file.
        validate: Option<String>,
        /// The encoding of the file; any that is ASCII in its first half is kept as it is.
        encoding: String = "utf-8".to_owned(),
    } + attributes: FileAttributes
}

impl Module for Blockinfile {
    const NAME: &'static str = "ansible.builtin.blockinfile";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["insertbefore", "insertafter"])];
    const EXAMPLES: &'static str = r##"
- name: Who may come in with a key
  ansible.builtin.blockinfile:
    path: /etc/ssh/sshd_config
    append_newline: true
    block: |
      Match User deploy
      PasswordAuthentication no

- name: Names of the other hosts
  ansible.builtin.blockinfile:
    path: /etc/hosts
    marker: "# {mark} fleet"
    block: |
      10.0.0.10 web-1
      10.0.0.11 web-2
"##;
    const RETURNS: &'static str = "\
msg: what was done with the block
backup_file: the old file, with backup
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let mut edited = Edited::read(target, &self.path)?;
        let missing = edited.missing();
        if missing && !self.create {
            let msg = format!("Path {} does not exist; `create: true` makes it", self.path.display());
            return Err(Failure::argument("path", msg).with("rc", 257));
        }
        let present = self.state == State::Present && !self.block.is_empty();
        if missing && !present {
            let msg = format!("File {} not present", self.path.display());
            return Ok(Plan::unchanged().with("msg", msg));
        }
        if !self.marker.contains("{mark}") {
            let msg = "`marker` must hold {mark}, or the ends of the block cannot be told apart";
            return Err(Failure::argument("marker", msg));
        }
        let mark = |word: &str| latin(self.marker.replace("{mark}", word).trim_end_matches('\n'));
        let block = Block {
            begin: mark(&self.marker_begin),
            end: mark(&self.marker_end),
            lines: present.then(|| latin(&self.block)),
            empty_above: self.prepend_newline,
            empty_below: self.append_newline,
        };
        let (text, msg) = block.put(&edited.text, &self.place()?);
        edited.text = text;
        let msg = if missing { "File created" } else { msg };
        let (plan, owned) = edited.plan(target, &self.attributes, self.backup, self.validate)?;
        let owned = owned.then_some("ownership, perms or SE linux context changed");
        let said: Vec<&str> = [Some(msg).filter(|msg| !msg.is_empty()), owned].into_iter().flatten().collect();
        Ok(plan.with("msg", json!(said.join(" and "))))
    }
}

impl Blockinfile {
    fn place(&self) -> Result<Place, Failure> {
        Ok(match (self.insertafter.as_deref(), self.insertbefore.as_deref()) {
            (Some("BOF"), _) | (_, Some("BOF")) => Place::Start,
            (None | Some("EOF"), None) | (_, Some("EOF")) => Place::End,
            (Some(pattern), _) => Place::After(compile("insertafter", pattern)?),
            (_, Some(pattern)) => Place::Before(compile("insertbefore", pattern)?),
        })
    }
}

fn compile(argument: &str, text: &str) -> Result<Pattern, Failure> {
    let options = Options { ascii: true, ..Options::default() };
    Pattern::new(&latin(text), options).map_err(|why| Failure::argument(argument, format!("`{argument}` is no regular expression: {why}")))
}

fn latin(text: &str) -> String {
    pattern::latin(text.as_bytes())
}
