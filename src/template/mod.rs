//! Jinja2 as Ansible gives it: minijinja's parser, our evaluator over [`Value`], native types, named undefined.
//!
//! Nobody goes around this folder. What a template can see comes through a [`Scope`].
//!
//! - `syntax`: text to tree, once for each distinct text. `eval`: the tree over values. `header`: the `#jinja2:` line.
//! - `filters`, `predicates` (tests), `lookups`: one file a family, each with a table; `functions`; `methods` of Python's types.
//! - `plugins`: those of the user's own, run elsewhere.
//! - `python`, `dates`, `dump` (YAML out), `versions`, `random`: what these stand on.

mod big;
mod check;
mod condition;
mod csv;
mod dates;
mod dump;
mod eval;
mod filters;
mod functions;
mod header;
mod lookups;
mod merge;
mod methods;
mod passwords;
mod plugins;
mod predicates;
mod python;
mod random;
mod scope;
mod syntax;
mod versions;

use std::sync::Arc;

use self::eval::stmt::settle;
use self::eval::{Context, Fail};
use crate::diag::{Diagnostic, Source};
use crate::value::{Map, Value};
use crate::yaml::{Kind, Node};

pub(crate) use big::{is as is_big, parse as parse_big};
pub use check::{check, check_expression, check_file, names, needs};
pub use condition::{as_written, condition, evaluate, expressions, written};
pub(crate) use dates::{moment, of as moment_of};
pub(crate) use dump::Encrypted;
pub(crate) use eval::is_template;
pub(crate) use filters::normal;
pub use filters::{Part, filters};
pub(crate) use lookups::waiting;
pub use lookups::{lookup, lookups, missing_lookup, stop_lookups};
pub use merge::{extend_merged, is_dictionary, merged};
pub use plugins::{Call, Kind as PluginKind, Plugins, use_plugins};
pub use predicates::tests;
pub(crate) use python::escaped;
pub use scope::{Overlay, Scope, SearchPath, Var, VarMap, about, var_map};

/// How a whole template file is read (`#jinja2:` headers and the template module's arguments set these).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Syntax {
    pub trim_blocks: bool,
    pub lstrip_blocks: bool,
    pub newline_sequence: String,
    pub variable: (String, String),
    pub block: (String, String),
    pub comment: (String, String),
    /// What begins a line that is a statement, or a comment; empty for none.
    pub line_statement: String,
    pub line_comment: String,
}

impl Default for Syntax {
    /// The template module's: docs.ansible.com, ansible.builtin.template.
    fn default() -> Syntax {
        Syntax {
            trim_blocks: true,
            lstrip_blocks: false,
            newline_sequence: "\n".into(),
            variable: ("{{".into(), "}}".into()),
            block: ("{%".into(), "%}".into()),
            comment: ("{#".into(), "#}".into()),
            line_statement: String::new(),
            line_comment: String::new(),
        }
    }
}

/// Renders a node all the way down. A string that is one expression keeps the type of its value; entries whose value is
/// `omit` are left out, and a node that is `omit` itself gives [`Value::Omit`]. Keys are rendered at the top (`set_fact`
/// takes them), not below it, as in Ansible. Undefined is an error that names the variable and its place.
pub fn render(node: &Node, scope: &dyn Scope) -> Result<Value, Diagnostic> {
    let context = Context::new(scope);
    let value = match node.kind() {
        Kind::Map(entries) if node.tag().is_none() && entries.iter().any(|(key, _)| key.has_template()) => {
            let mut map = Map::with_capacity(entries.len());
            for (key, value) in entries {
                map.insert(finish(&context, key)?, finish(&context, value)?);
            }
            map.retain(|_, value| !matches!(value, Value::Omit));
            return Ok(Value::Map(Arc::new(map)));
        }
        _ => finish(&context, node)?,
    };
    Ok(value)
}

fn finish(context: &Context<'_>, node: &Node) -> Result<Value, Diagnostic> {
    context.node(node).and_then(|value| settle(&value)).map_err(|fail| fail.into_diagnostic().or_at(Some(node.span())))
}

/// The value of a variable as templates see it: rendered, and [`Value::Undefined`] where it uses what is not defined, so
/// that `default` and `is defined` still work on it. For objects that lead to other scopes (hostvars).
pub fn variable(var: &Var, scope: &dyn Scope) -> Result<Value, Diagnostic> {
    match var {
        Var::Value(value) => Ok(value.clone()),
        Var::Node(node) => Context::new(scope).node(node).map_err(|fail| fail.into_diagnostic().or_at(Some(node.span()))),
    }
}

/// Renders a string to text (names of tasks, paths).
pub fn render_text(node: &Node, scope: &dyn Scope) -> Result<String, Diagnostic> {
    render(node, scope).map(|value| match value {
        Value::Null | Value::Omit => String::new(),
        value => value.to_string(),
    })
}

/// Renders a template file's text. `source` is where it was read from; includes are looked for beside it, then along the scope's paths.
pub fn render_file(source: &Arc<Source>, syntax: &Syntax, scope: &dyn Scope) -> Result<String, Diagnostic> {
    let value = eval::file(&Context::new(scope), source, syntax).map_err(Fail::into_diagnostic)?;
    Ok(match value {
        Value::Null | Value::Omit => String::new(),
        value => value.to_string(),
    })
}

/// A value as `yaml.dump` writes it in block style: keys sorted, lines folded.
pub(crate) fn yaml_sorted(value: &Value) -> String {
    let layout = dump::Layout {
        indent: 2,
        width: 80,
        sort_keys: true,
        flow: Some(false),
        unicode: true,
        explicit_start: false,
        explicit_end: false,
        quote: None,
        literal: false,
    };
    dump::dump(value, &layout).unwrap_or_else(|_| value.to_string())
}

/// A value as YAML in block style, indented by so much a level, texts of several lines as blocks; what cannot be written so as JSON.
pub fn yaml(value: &Value, indent: usize) -> String {
    let layout = dump::Layout {
        indent,
        width: usize::MAX,
        sort_keys: false,
        flow: Some(false),
        unicode: true,
        explicit_start: false,
        explicit_end: false,
        quote: None,
        literal: true,
    };
    dump::dump(value, &layout).unwrap_or_else(|_| value.to_string())
}

/// As Python's `type(x).__name__`.
pub fn type_name(value: &Value) -> &'static str {
    eval::objects::type_name(value)
}

/// Whether templates have this name without anybody's doing (`range`, `lookup`, …).
pub fn is_global(name: &str) -> bool {
    functions::find(name).is_some() || matches!(name, "omit" | "vars" | "self" | "loop")
}
