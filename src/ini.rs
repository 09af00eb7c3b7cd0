//! INI files as Python's configparser reads them (docs.python.org/3/library/configparser.html), with the place of each value.

use std::sync::Arc;

use crate::diag::{Diagnostic, Source, Span};

/// How a file is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What begins a comment after a value, where white space stands before it: `;` in ansible.cfg, nothing in Python's default.
    pub inline_comment: Option<char>,
    /// Keys keep their case; else they are in lower case.
    pub case_sensitive: bool,
    /// A key may stand alone, without `=`.
    pub allow_no_value: bool,
    /// Section for keys that stand before any; without it they are an error.
    pub first_section: Option<&'a str>,
    /// A section or key that comes twice is an error.
    pub strict: bool,
}

#[derive(Clone, Debug)]
pub struct Section {
    pub name: String,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    /// `None` for a key without `=`. Lines of a value over several lines are joined by line feeds.
    pub value: Option<String>,
    /// Of the first line of the value, or of the key.
    pub span: Span,
}

/// # Errors
/// A line that is neither a section, a key nor more of the value above.
pub fn parse(source: &Arc<Source>, options: Options<'_>) -> Result<Vec<Section>, Diagnostic> {
    let mut sections: Vec<Section> = Vec::new();
    if let Some(name) = options.first_section {
        sections.push(Section { name: name.to_owned(), entries: Vec::new() });
    }
    let mut start = 0;
    // Columns that the last key stands in from: a line further in goes on with its value.
    let mut indent = None;
    for line in source.text.split_inclusive('\n') {
        let (from, text) = (start, line.trim_end_matches(['\n', '\r']));
        start += line.len();
        let body = text.trim_start();
        let at = from + text.len() - body.len();
        let depth = text.len() - body.len();
        if body.starts_with(['#', ';']) {
            continue;
        }
        let body = without_comment(body, options.inline_comment).trim_end();
        let open = sections
            .last_mut()
            .and_then(|section| section.entries.last_mut())
            .filter(|_| indent.is_some_and(|indent| depth > indent || body.is_empty()));
        if let Some(entry) = open {
            if let Some(value) = &mut entry.value {
                value.push('\n');
                value.push_str(body);
            }
            continue;
        }
        if body.is_empty() {
            continue;
        }
        if let Some(name) = body.strip_prefix('[').and_then(|rest| rest.rfind(']').map(|end| &rest[..end])) {
            indent = None;
            match sections.iter().position(|section| section.name == name) {
                Some(_) if options.strict => {
                    return Err(Diagnostic::error(format!("the section `{name}` comes twice")).at(&Span::locate(
                        source,
                        at,
                        at + body.len(),
                    )));
                }
                // A section that is taken up again.
                Some(known) => {
                    let section = sections.remove(known);
                    sections.push(section);
                }
                None => sections.push(Section { name: name.to_owned(), entries: Vec::new() }),
            }
            continue;
        }
        let wrong = |message: &str| Diagnostic::error(message).at(&Span::locate(source, at, at + body.len()));
        let (key, value) = match body.find(['=', ':']) {
            Some(end) => (body[..end].trim_end(), Some(&body[end + 1..])),
            None if options.allow_no_value => (body, None),
            None => return Err(wrong("this line is no `key = value`")),
        };
        let Some(section) = sections.last_mut() else {
            return Err(wrong("this line stands before any section").help("write `[section]` above it"));
        };
        let span = match value {
            Some(value) => {
                let first = at + body.len() - value.trim_start().len();
                Span::locate(source, first, first + value.trim().len())
            }
            None => Span::locate(source, at, at + key.len()),
        };
        let key = if options.case_sensitive { key.to_owned() } else { key.to_lowercase() };
        if options.strict && section.entries.iter().any(|entry| entry.key == key) {
            return Err(wrong(&format!("Duplicate option in the section `{}`: `{key}` comes twice", section.name)));
        }
        section.entries.push(Entry { key, value: value.map(|value| value.trim().to_owned()), span });
        indent = Some(depth);
    }
    for entry in sections.iter_mut().flat_map(|section| &mut section.entries) {
        // Blank lines at the end of a value belong to nothing.
        if let Some(value) = &mut entry.value {
            value.truncate(value.trim_end().len());
        }
    }
    Ok(sections)
}

fn without_comment(text: &str, mark: Option<char>) -> &str {
    let Some(mark) = mark else { return text };
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == mark && before.is_whitespace() {
            return &text[..at];
        }
        before = c;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let source = Arc::new(Source { path: "x.ini".into(), text: text.into() });
        let options =
            Options { inline_comment: Some(';'), case_sensitive: false, allow_no_value: false, first_section: None, strict: false };
        let sections = parse(&source, options)
            .map_err(|error| format!("{}: {}", error.span.map_or(String::new(), |s| s.to_string()), error.message))?;
        let entry =
            |entry: &Entry| format!("{}={:?}@{}:{}", entry.key, entry.value.as_deref().unwrap_or("-"), entry.span.line, entry.span.column);
        let section = |section: &Section| format!("[{}] {}", section.name, section.entries.iter().map(entry).collect::<Vec<_>>().join(" "));
        Ok(sections.iter().map(section).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn sections_values_and_their_places() {
        assert_eq!(
            read("# c\n[a]\nKey = v ; c\nurl=http://x;y\n\n[b]\nk: v\n").unwrap(),
            r#"[a] key="v"@3:7 url="http://x;y"@4:5 [b] k="v"@7:4"#
        );
        assert_eq!(read("[a]\nk = 1,\n    2\n\n  # c\n    3\nl =\n").unwrap(), "[a] k=\"1,\\n2\\n\\n3\"@2:5 l=\"\"@7:4");
        assert_eq!(read("k = v\n").unwrap_err(), "x.ini:1:1: this line stands before any section");
        assert_eq!(read("[a]\n  what\n").unwrap_err(), "x.ini:2:3: this line is no `key = value`");
    }
}
