//! INI inventories (docs.ansible.com, ansible.builtin.ini): host lines, `[group]`, `[group:vars]`, `[group:children]`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::{Inventory, UNGROUPED, literal, range, words};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::yaml::{Kind, Node};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Hosts,
    Vars,
    Children,
}

/// Adds what the text says. All mistakes are in `problems`.
pub(super) fn read(inventory: &mut Inventory, source: &Arc<Source>, path: &Path, problems: &mut Diagnostics) {
    if source.text.starts_with("#!") || path.extension().is_some_and(|ending| ending == "py") {
        let problem = Diagnostic::error("this is a program, and cannot be run as one").at(&Span::locate(
            source,
            0,
            source.text.find('\n').unwrap_or(0),
        ));
        return problems.push(problem.help(format!("if its output is the inventory: chmod +x {}", path.display())));
    }
    let before = problems.0.len();
    let mut reader = Reader { inventory, source, path, problems, needed: HashMap::new() };
    let mut group = reader.inventory.ensure_group(UNGROUPED);
    let mut section = Section::Hosts;
    let mut offset = 0;
    for line in source.text.split_inclusive('\n') {
        let text = line.trim();
        let start = offset + line.len() - line.trim_start().len();
        offset += line.len();
        if text.is_empty() || text.starts_with(['#', ';']) || start == 0 && text.trim_start_matches('\u{feff}').is_empty() {
            continue;
        }
        let span = Span::locate(source, start, start + text.len());
        if let Some((name, kind)) = reader.header(text, &span) {
            section = kind;
            group = name;
            continue;
        }
        match section {
            Section::Hosts => reader.hosts(&group, text, start),
            Section::Vars => reader.variable(&group, text, start),
            Section::Children => reader.child(&group, text, &span),
        }
    }
    reader.check_needed();
    problems.0[before..].sort_by_key(|problem| problem.span.as_ref().map(|span| span.start));
}

struct Reader<'r> {
    inventory: &'r mut Inventory,
    source: &'r Arc<Source>,
    path: &'r Path,
    problems: &'r mut Diagnostics,
    /// Groups that something speaks of and no section has made yet: where, and what spoke.
    needed: HashMap<Arc<str>, (Span, Section)>,
}

impl Reader<'_> {
    /// `[name]`, `[name:vars]`, `[name:children]`, with nothing but a comment after it.
    fn header(&mut self, text: &str, span: &Span) -> Option<(Arc<str>, Section)> {
        let (inside, after) = text.strip_prefix('[')?.split_once(']')?;
        let after = after.trim_start();
        if !(after.is_empty() || after.starts_with('#')) || inside.chars().any(char::is_whitespace) {
            return None;
        }
        let (name, kind) = inside.split_once(':').unwrap_or((inside, ""));
        // `[1:3].example.com` is a host, and `[a:b]` could be one too where what follows the colon is no word.
        if name.is_empty() || !kind.chars().all(|c| c.is_alphanumeric() || c == '_') || inside.ends_with(':') {
            return None;
        }
        let section = match kind {
            "" | "hosts" => Section::Hosts,
            "vars" => Section::Vars,
            "children" => Section::Children,
            _ => {
                let at = span.start + 1 + name.len() + 1;
                self.problems.push(
                    Diagnostic::error(format!("a section cannot be of the kind `{kind}`"))
                        .at(&span.within(at, at + kind.len()))
                        .suggest(kind, ["vars", "children", "hosts"])
                        .help("sections are `[name]` (hosts), `[name:vars]` and `[name:children]`"),
                );
                Section::Hosts
            }
        };
        let known = self.inventory.knows_group(name);
        let group = self.inventory.ensure_group(name);
        if section == Section::Vars {
            // A group of which only variables are known is a mistake; it may still be made further down.
            if !known {
                self.needed.insert(group.clone(), (span.clone(), Section::Vars));
            }
        } else {
            self.needed.remove(&group);
        }
        Some((group, section))
    }

    fn hosts(&mut self, group: &Arc<str>, text: &str, start: usize) {
        let place = |from: usize, to: usize| Span::locate(self.source, start + from, start + to);
        let words = match words::split(text) {
            Ok(words) => words,
            Err(words::OpenQuote(at)) => {
                return self.problems.push(Diagnostic::error("this quote is never closed").at(&place(at, at + 1)));
            }
        };
        let Some((name, rest)) = words.split_first() else { return };
        let (names, port) = match range::expand(&name.text) {
            Ok(found) => found,
            Err(reason) => {
                let mut error = Diagnostic::error(reason).at(&place(name.start, name.end));
                if name.text.ends_with(':') {
                    error = error.help("this looks like YAML: give the file a name that ends with .yml");
                }
                return self.problems.push(error);
            }
        };
        let mut vars = Vec::new();
        for word in rest {
            let Some((key, value)) = word.text.split_once('=') else {
                self.problems.push(
                    Diagnostic::error(format!("expected `name=value` after the host, found `{}`", word.text))
                        .at(&place(word.start, word.end))
                        .help("write no spaces around `=`, and quotes around a value with spaces: `name=\"a value\"`"),
                );
                continue;
            };
            let raw = &text[word.start..word.end];
            let before = raw.find('=').map_or(0, |i| i + 1);
            vars.push((key.to_string(), literal::value(value, &place(word.start + before, word.end))));
        }
        let port = port.map(|port| Node::new(Kind::Int(i64::from(port)), place(name.start, name.end)));
        for name in names {
            let host = self.inventory.ensure_host(&name, Some(self.path));
            self.inventory.join(group, &host);
            if let Some(port) = &port {
                self.inventory.set_host_var(&host, "ansible_port", port.clone());
            }
            for (key, value) in &vars {
                self.inventory.set_host_var(&host, key, value.clone());
            }
        }
    }

    fn variable(&mut self, group: &Arc<str>, text: &str, start: usize) {
        let Some((key, value)) = text.split_once('=') else {
            let span = Span::locate(self.source, start, start + text.len());
            return self.problems.push(Diagnostic::error(format!("expected `name = value`, found `{text}`")).at(&span));
        };
        let from = start + key.len() + 1 + (value.len() - value.trim_start().len());
        let value = value.trim();
        let span = Span::locate(self.source, from, from + value.len());
        if let Err(error) = self.inventory.set_group_var(group, key.trim(), literal::value(value, &span)) {
            self.problems.push(error);
        }
    }

    fn child(&mut self, group: &Arc<str>, text: &str, span: &Span) {
        let name = text.split('#').next().unwrap_or("").trim();
        if name.is_empty() || name.contains(char::is_whitespace) || name.contains('=') {
            return self.problems.push(
                Diagnostic::error(format!("expected the name of a group, found `{text}`"))
                    .at(span)
                    .help("one group a line; variables belong into `[group:vars]`"),
            );
        }
        let known = self.inventory.knows_group(name);
        let child = self.inventory.ensure_group(name);
        if !known {
            self.needed.insert(child.clone(), (span.clone(), Section::Children));
        }
        if let Err(reason) = self.inventory.adopt(group, &child) {
            self.problems.push(Diagnostic::error(reason).at(span));
        }
    }

    fn check_needed(&mut self) {
        let mut needed: Vec<_> = self.needed.drain().collect();
        needed.sort_by_key(|(_, (span, _))| span.start);
        let missing: Vec<Arc<str>> = needed.iter().map(|(name, _)| name.clone()).collect();
        for (name, (span, section)) in needed {
            let groups = self.inventory.groups.keys().filter(|known| !missing.contains(known)).map(|known| &**known);
            let what = if section == Section::Vars { "this section is about" } else { "this names" };
            self.problems.push(
                Diagnostic::error(format!("{what} the group `{name}`, which no section defines"))
                    .at(&span)
                    .suggest(&name, groups)
                    .help(format!("add a section `[{name}]`, or correct the name")),
            );
        }
    }
}
