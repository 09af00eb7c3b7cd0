//! What a task does: the module's name and its arguments, in the three forms that Ansible accepts.

use std::sync::Arc;

use super::escapes;
use super::library::Foreign;
use crate::diag::{Diagnostic, Span};
use crate::yaml::{Kind, Node};

/// A module or action and its arguments, as written.
#[derive(Clone, Debug)]
pub struct Action {
    /// As written: `apt`, `ansible.builtin.apt`.
    pub name: String,
    pub name_span: Span,
    /// By name, each with its place. Free text is under `_raw_params`.
    pub arguments: Vec<(String, Node)>,
    /// `args: "{{ … }}"` or `module: "{{ … }}"`: a dictionary known only when rendered.
    pub rendered_arguments: Option<Node>,
    /// It is a module of the user's own.
    pub foreign: Option<Arc<Foreign>>,
}

/// Actions whose free text is kept whole, only `creates=…` and the like taken out of it.
const FREE_TEXT: &[&str] = &["command", "shell", "script", "raw", "win_command", "win_shell"];

/// Their `k=v` options.
const FREE_TEXT_OPTIONS: &[&str] =
    &["creates", "removes", "chdir", "executable", "warn", "stdin", "stdin_add_newline", "strip_empty_ends", "argv", "cmd"];

/// Actions whose whole text is one argument.
const WHOLE_TEXT: &[&str] =
    &["include", "include_tasks", "import_tasks", "import_playbook", "include_vars", "meta", "include_role", "import_role"];

impl Action {
    /// From `name: value`.
    ///
    /// # Errors
    /// The value is neither text, nor a dictionary, nor nothing; or its quotes do not close.
    pub fn decode(name: &str, name_span: &Span, value: &Node) -> Result<Action, Diagnostic> {
        let mut action =
            Action { name: name.to_owned(), name_span: name_span.clone(), arguments: Vec::new(), rendered_arguments: None, foreign: None };
        match value.kind() {
            Kind::Null => {}
            Kind::Map(entries) => {
                for (key, value) in entries {
                    let key_text = key.scalar_text().ok_or_else(|| key.error("an argument's name must be a string"))?;
                    action.arguments.push((key_text, value.clone()));
                }
            }
            Kind::Str(text) => action.take_text(text, value)?,
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => {
                action.arguments.push(("_raw_params".into(), value.clone()));
            }
            Kind::List(_) => {
                return Err(value
                    .error(format!("the arguments of `{name}` must be a dictionary or text"))
                    .label("this is a list")
                    .help("write `argument: value` lines below the module's name"));
            }
        }
        Ok(action)
    }

    /// `args:` beside the module: added where the module's own do not have them.
    pub fn add_args(&mut self, args: &Node) -> Result<(), Diagnostic> {
        match args.kind() {
            Kind::Map(entries) => {
                for (key, value) in entries {
                    let key = key.scalar_text().ok_or_else(|| key.error("an argument's name must be a string"))?;
                    if !self.arguments.iter().any(|(k, _)| *k == key) {
                        self.arguments.push((key, value.clone()));
                    }
                }
                Ok(())
            }
            Kind::Str(_) if args.has_template() => {
                self.rendered_arguments = Some(args.clone());
                Ok(())
            }
            Kind::Str(text) => self.take_text(text, args),
            Kind::Null => Ok(()),
            _ => Err(args.error("`args` must be a dictionary").label(format!("this is {}", args.kind_name()))),
        }
    }

    /// The argument under this name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.arguments.iter().find(|(k, _)| k == name).map(|(_, v)| v)
    }

    /// The name without collection: `apt` of `ansible.builtin.apt`.
    pub fn short(&self) -> &str {
        ["ansible.builtin.", "ansible.legacy."].iter().find_map(|p| self.name.strip_prefix(p)).unwrap_or(&self.name)
    }

    fn take_text(&mut self, text: &str, node: &Node) -> Result<(), Diagnostic> {
        let short = self.short().to_owned();
        let whole_template = text.trim().starts_with("{{") && text.trim().ends_with("}}") && text.matches("{{").count() == 1;
        if whole_template && !FREE_TEXT.contains(&short.as_str()) && !WHOLE_TEXT.contains(&short.as_str()) {
            self.rendered_arguments = Some(node.clone());
            return Ok(());
        }
        let free = FREE_TEXT.contains(&short.as_str());
        let words = split_words(text).map_err(|why| node.error(why))?;
        let mut rest: Vec<&str> = Vec::new();
        let mut taken = Vec::new();
        for word in &words {
            match word.text.split_once('=') {
                Some((key, value))
                    if (is_name(key) || (short == "set_fact" && is_template(key))) && (!free || FREE_TEXT_OPTIONS.contains(&key)) =>
                {
                    taken.push((key.to_owned(), Node::string(&escapes::decoded(value), &word.span_in(node))));
                }
                // A line goes on, also where YAML has folded the lines into one.
                _ if free && word.text == "\\" => {}
                _ => rest.push(word.text),
            }
        }
        if free {
            // White space and quotes stay as they are, the line's end too; an option or a lone backslash goes with what separates it from the next word.
            let mut left = text.to_owned();
            for word in words.iter().rev().filter(|w| !rest.iter().any(|r| std::ptr::eq(*r, w.text))) {
                let behind = left[word.start + word.text.len()..].trim_start();
                let kept = if behind.is_empty() { left[..word.start].trim_end() } else { &left[..word.start] };
                left = format!("{kept}{behind}");
            }
            self.arguments.push(("_raw_params".into(), Node::string(left.trim_start_matches(' '), node.span())));
        } else if !rest.is_empty() {
            self.arguments.push(("_raw_params".into(), Node::string(&rest.join(" "), node.span())));
        }
        self.arguments.extend(taken);
        Ok(())
    }
}

/// A word of `k=v` text and where it stands in it.
pub struct Word<'a> {
    pub text: &'a str,
    start: usize,
}

impl Word<'_> {
    /// Its place in the file, exact where the scalar is plain and on one line.
    fn span_in(&self, node: &Node) -> Span {
        let span = node.span();
        if span.text().contains(self.text) && !span.text().contains('\n') {
            let at = span.text().find(self.text).unwrap_or(self.start);
            return span.within(span.start + at, span.start + at + self.text.len());
        }
        span.clone()
    }
}

/// Splits at white space outside quotes and outside `{{ }}`, `{% %}`; the white space before a word stays with no one.
///
/// # Errors
/// Quotes or braces that do not close.
pub fn split_words(text: &str) -> Result<Vec<Word<'_>>, String> {
    let bytes = text.as_bytes();
    let (mut words, mut start, mut quote, mut depth) = (Vec::new(), None, None::<u8>, 0usize);
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        let pair = bytes.get(i + 1).map(|next| [b, *next]);
        if depth == 0 && quote.is_none() && b.is_ascii_whitespace() {
            if let Some(from) = start.take() {
                words.push(Word { text: &text[from..i], start: from });
            }
            i += 1;
            continue;
        }
        if start.is_none() {
            start = Some(i);
        }
        match (quote, pair) {
            (None, Some([b'{', b'{' | b'%' | b'#'])) => {
                depth += 1;
                i += 1;
            }
            (None, Some([b'}' | b'%' | b'#', b'}'])) if depth > 0 => {
                depth -= 1;
                i += 1;
            }
            (None, _) if depth == 0 && (b == b'"' || b == b'\'') => quote = Some(b),
            (Some(_), _) if b == b'\\' => i += 1,
            (Some(q), _) if b == q => quote = None,
            _ => {}
        }
        i += 1;
    }
    if quote.is_some() || depth > 0 {
        return Err("quotes or braces do not close in these arguments".into());
    }
    if let Some(from) = start {
        words.push(Word { text: &text[from..], start: from });
    }
    Ok(words)
}

/// A name of a fact may be one.
fn is_template(key: &str) -> bool {
    key.contains("{{") && key.matches("{{").count() == key.matches("}}").count()
}

fn is_name(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::nowhere;

    fn arguments(module: &str, text: &str) -> Vec<(String, String)> {
        let node = Node::string(text, &nowhere("test", text));
        let action = Action::decode(module, node.span(), &node).unwrap();
        action.arguments.into_iter().map(|(k, v)| (k, v.scalar_text().unwrap())).collect()
    }

    fn pair(k: &str, v: &str) -> (String, String) {
        (k.into(), v.into())
    }

    #[test]
    fn reads_k_v_and_free_text() {
        assert_eq!(arguments("file", "path=/x state='touch'"), [pair("path", "/x"), pair("state", "touch")]);
        assert_eq!(arguments("shell", "a=1 echo  \"$a\""), [pair("_raw_params", "a=1 echo  \"$a\"")]);
        assert_eq!(arguments("copy", "content={{ a b }} dest=/x"), [pair("content", "{{ a b }}"), pair("dest", "/x")]);
        assert_eq!(arguments("include_tasks", "x.yml"), [pair("_raw_params", "x.yml")]);
        assert_eq!(arguments("debug", r#"msg="a\nb""#), [pair("msg", "a\nb")]);
        assert_eq!(arguments("shell", r#"printf "\n" chdir=/a\x62"#), [pair("_raw_params", r#"printf "\n""#), pair("chdir", "/ab")]);
    }
}
