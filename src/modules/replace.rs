//! `replace`: all that fits an expression, anywhere in a file.

use std::path::PathBuf;

use super::Module;
use super::attributes::FileAttributes;
use super::editing::Edited;
use crate::arguments;
use crate::pattern::{self, Options, Pattern, Template};
use crate::plan::{Failure, Look, Plan};

arguments! {
    /// Replaces everything in a file that fits a regular expression.
    pub(crate) struct Replace {
        /// The file.
        path: PathBuf ["dest", "destfile", "name"],
        /// The regular expression, in Python's syntax; `^` and `$` stand at every line, `.` is any character but a newline.
        regexp: String,
        /// What to put in its place; `\1` and `\g<name>` are its groups. Nothing, if left out.
        replace: String = String::new(),
        /// Only behind what fits this expression (in which `.` is a newline too).
        after: Option<String>,
        /// Only before what fits this expression (likewise).
        before: Option<String>,
        /// Keep the old file beside the new one, with the time in its name.
        backup: bool = false,
        /// A command that must agree before the file takes its place; `%s` stands for the new file.
        validate: Option<String>,
        /// The encoding of the file: utf-8, or one in which each byte is a character.
        encoding: String = "utf-8".to_owned(),
    } + attributes: FileAttributes
}

impl Module for Replace {
    const NAME: &'static str = "ansible.builtin.replace";
    const EXAMPLES: &'static str = r#"
- name: The old name of the host, wherever it stands
  ansible.builtin.replace:
    path: /etc/hosts
    regexp: '(\s+)old\.host\.name(\s+.*)?$'
    replace: '\1new.host.name\2'

- name: Comments out what stands in one section
  ansible.builtin.replace:
    path: /etc/app.ini
    after: '\[legacy\]\n'
    before: '\n\['
    regexp: '^(.+)$'
    replace: '# \1'
"#;
    const RETURNS: &'static str = "\
msg: how many were replaced
backup_file: the old file, with backup
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let mut edited = Edited::read(target, &self.path)?;
        if edited.missing() {
            let msg = format!("Path {} does not exist !", self.path.display());
            return Err(Failure::argument("path", msg).with("rc", 257));
        }
        let utf8 = String::from_utf8(pattern::bytes(&edited.text)).ok();
        // Else byte by byte.
        let text = utf8.clone().unwrap_or_else(|| edited.text.clone());
        let say = |text: &str| if utf8.is_some() { text.to_owned() } else { pattern::latin(text.as_bytes()) };
        let bounds = Options { dot_all: true, ..Options::default() };
        let compile = |argument: &str, text: &str, options| {
            Pattern::new(&say(text), options)
                .map_err(|why| Failure::argument(argument, format!("`{argument}` is no regular expression: {why}")))
        };
        let lines = Options { multiline: true, ..Options::default() };
        let regexp = compile("regexp", &self.regexp, lines)?;
        let template = Template::new(&say(&self.replace), &regexp)
            .map_err(|why| Failure::argument("replace", format!("`replace` is no template for the groups of `regexp`: {why}")))?;

        // Greedy with one bound: from the first `after` on, up to the last `before`.
        let within = match (&self.after, &self.before) {
            (None, None) => None,
            (Some(after), None) => Some(format!("{after}(?P<subsection>.*)")),
            (None, Some(before)) => Some(format!("(?P<subsection>.*){before}")),
            (Some(after), Some(before)) => Some(format!("{after}(?P<subsection>.*?){before}")),
        };
        let mut section = 0..text.len();
        let mut outside = None;
        if let Some(within) = within {
            let pattern = compile(if self.after.is_some() { "after" } else { "before" }, &within, bounds)?;
            match pattern.captures(&text, 0).and_then(|found| found.name("subsection").map(|inside| inside.range())) {
                Some(inside) => section = inside,
                None => outside = Some(within),
            }
        }
        let mut count = 0;
        if outside.is_none() {
            let (new, replaced) = regexp.replace(&text[section.clone()], &template, 0);
            let new = format!("{}{new}{}", &text[..section.start], &text[section.end..]);
            if new != text {
                count = replaced;
                edited.text = if utf8.is_some() { pattern::latin(new.as_bytes()) } else { new };
            }
        }
        let msg = match (&outside, count) {
            (Some(within), _) => format!("Pattern for before/after params did not match the given file: {within}"),
            (None, 0) => String::new(),
            (None, count) => format!("{count} replacements made"),
        };
        let (plan, owned) = edited.plan(target, &self.attributes, self.backup, self.validate.clone())?;
        let owned = owned.then_some("ownership, perms or SE linux context changed");
        let said: Vec<&str> = [Some(msg.as_str()).filter(|msg| !msg.is_empty()), owned].into_iter().flatten().collect();
        Ok(plan.with("msg", said.join(" and ")).with("rc", 0))
    }
}
