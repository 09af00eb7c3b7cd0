//! `template`: renders a file here; the module `copy` writes it there.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::{Action, Context, Done, Supply};
use crate::arguments;
use crate::diag::Source;
use crate::modules::attributes::FileAttributes;
use crate::plan::Failure;
use crate::template::{self, Overlay, Syntax};

arguments! {
    /// Renders a template with the variables of the host and writes the result there.
    pub(crate) struct Template {
        /// The template: looked for in `templates/` of the role, then beside the tasks, then beside the playbook.
        src: String,
        /// Where to; a folder (or a name that ends with `/`) gets a file of the template's name.
        dest: String,
        /// Replace a file that differs; else write only what is not there.
        force: bool = true,
        /// Keep the old file beside the new one, with the time in its name.
        backup: bool = false,
        /// Write to what `dest` points at if it is a link.
        follow: bool = false,
        /// A command that must agree before the file takes its place; `%s` stands for the new file.
        validate: Option<String>,
        /// Drop the first newline after a block.
        trim_blocks: bool = true,
        /// Drop blanks before a block.
        lstrip_blocks: bool = false,
        /// How lines end: `\n`, `\r\n` or `\r`.
        newline_sequence: String = "\n".to_owned(),
        /// What begins an expression.
        variable_start_string: String = "{{".to_owned(),
        /// What ends an expression.
        variable_end_string: String = "}}".to_owned(),
        /// What begins a statement.
        block_start_string: String = "{%".to_owned(),
        /// What ends a statement.
        block_end_string: String = "%}".to_owned(),
        /// What begins a comment.
        comment_start_string: String = "{#".to_owned(),
        /// What ends a comment.
        comment_end_string: String = "#}".to_owned(),
        /// Only `utf-8` is written.
        output_encoding: String = "utf-8".to_owned(),
    } + attributes: FileAttributes
}

/// Arguments that go on to the module as they are.
const PASSED: &[&str] = &[
    "dest",
    "force",
    "backup",
    "follow",
    "validate",
    "mode",
    "owner",
    "group",
    "attributes",
    "attr",
    "selevel",
    "serole",
    "setype",
    "seuser",
    "unsafe_writes",
];

impl Action for Template {
    const NAME: &'static str = "ansible.builtin.template";
    const LOCAL: bool = false;
    const EXAMPLES: &'static str = "- ansible.builtin.template:\n    src: nginx.conf.j2\n    dest: /etc/nginx/nginx.conf\n    mode: \"0644\"\n    validate: nginx -t -c %s\n";
    const RETURNS: &'static str = "dest: where the file is\nchecksum: SHA-1 of the file\nbackup_file: the old file, with backup";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let paths = context.scope.paths();
        let path = paths.find("templates", &super::home(&self.src)).ok_or_else(|| {
            let places: Vec<String> = paths.candidates("templates", &self.src).iter().map(|p| p.display().to_string()).collect();
            Failure::argument("src", format!("could not find the template `{}`; looked for {}", self.src, places.join(", ")))
        })?;
        let text =
            std::fs::read_to_string(&path).map_err(|error| Failure::argument("src", format!("cannot read {}: {error}", path.display())))?;
        let text = if text.starts_with("$ANSIBLE_VAULT;") {
            context.scope.decrypt(&text).map_err(|problem| Failure::argument("src", problem.message))?
        } else {
            text
        };
        let source = Arc::new(Source { path: path.clone(), text: text.into() });
        let scope = Overlay { inner: context.scope, extra: template::about(&path, Some(&self.dest)) };
        let rendered =
            template::render_file(&source, &self.syntax(), &scope).map_err(|problem| Failure::argument("src", problem.to_string()))?;
        let mut arguments: Map<String, Json> =
            context.others.iter().filter(|(k, _)| PASSED.contains(&k.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
        let supply = Supply::Memory(crate::octets::bytes(&rendered).into_owned().into());
        arguments.insert("src".into(), json!(path));
        arguments.insert("_name".into(), json!(path.file_name().map(|n| n.to_string_lossy())));
        arguments.insert("_blob".into(), json!(supply.blob(0).map_err(|error| Failure::argument("src", error.to_string()))?));
        let mode = std::fs::metadata(&path).map_or(0o644, |m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o7777);
        arguments.insert("_mode".into(), format!("{mode:04o}").into());
        Ok(Done::by_module(context.target.module("ansible.builtin.copy", arguments, vec![supply]).await?))
    }
}

impl Template {
    fn syntax(&self) -> Syntax {
        let newline = match self.newline_sequence.as_str() {
            "\\n" => "\n",
            "\\r" => "\r",
            "\\r\\n" => "\r\n",
            other => other,
        };
        Syntax {
            trim_blocks: self.trim_blocks,
            lstrip_blocks: self.lstrip_blocks,
            newline_sequence: newline.to_owned(),
            variable: (self.variable_start_string.clone(), self.variable_end_string.clone()),
            block: (self.block_start_string.clone(), self.block_end_string.clone()),
            comment: (self.comment_start_string.clone(), self.comment_end_string.clone()),
            ..Syntax::default()
        }
    }
}
