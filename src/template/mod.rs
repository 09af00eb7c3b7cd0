//! Jinja2 as Ansible gives it: minijinja's parser, our evaluator over [`Value`], native types, named undefined.
//!
//! Nobody goes around this folder. What a template can see comes through a [`Scope`].

mod scope;

use crate::diag::Diagnostic;
use crate::value::Value;
use crate::yaml::Node;

pub use scope::{Scope, SearchPath, Var, VarMap, var_map};

/// How a whole template file is read (`#jinja2:` headers and the template module's arguments set these).
#[derive(Clone, Debug)]
pub struct Syntax {
    pub trim_blocks: bool,
    pub lstrip_blocks: bool,
    pub keep_trailing_newline: bool,
    pub newline_sequence: String,
    pub variable: (String, String),
    pub block: (String, String),
    pub comment: (String, String),
}

impl Default for Syntax {
    /// The template module's: docs.ansible.com, ansible.builtin.template.
    fn default() -> Syntax {
        Syntax {
            trim_blocks: true,
            lstrip_blocks: false,
            keep_trailing_newline: true,
            newline_sequence: "\n".into(),
            variable: ("{{".into(), "}}".into()),
            block: ("{%".into(), "%}".into()),
            comment: ("{#".into(), "#}".into()),
        }
    }
}

/// Renders a node all the way down. A string that is one expression keeps the type of its value; keys are rendered too;
/// entries whose value is `omit` are left out. Undefined is an error that names the variable and its place.
pub fn render(node: &Node, scope: &dyn Scope) -> Result<Value, Diagnostic> {
    let _ = (node, scope);
    Err(Diagnostic::error("not yet"))
}

/// Renders a string to text (names of tasks, paths).
pub fn render_text(node: &Node, scope: &dyn Scope) -> Result<String, Diagnostic> {
    render(node, scope).map(|value| value.to_string())
}

/// Evaluates a bare expression, as in `when`, `until`, `changed_when`, `that`; a node that is no string is its own value.
pub fn evaluate(node: &Node, scope: &dyn Scope) -> Result<Value, Diagnostic> {
    let _ = (node, scope);
    Err(Diagnostic::error("not yet"))
}

/// A condition by [`evaluate`]. What is not a boolean is taken by its truth, with a warning that says where
/// (ansible-core 2.19 refuses it; older content relies on it).
pub fn condition(node: &Node, scope: &dyn Scope) -> Result<bool, Diagnostic> {
    evaluate(node, scope).map(|value| value.is_true())
}

/// Renders a template file's text. `source` is where it was read from; includes are looked for beside it, then along the scope's paths.
pub fn render_file(source: &std::sync::Arc<crate::diag::Source>, syntax: &Syntax, scope: &dyn Scope) -> Result<String, Diagnostic> {
    let _ = (source, syntax, scope);
    Err(Diagnostic::error("not yet"))
}

/// Runs a lookup by name, for `with_…`: the items it yields.
pub fn lookup(name: &str, terms: Vec<Value>, options: &[(&str, Value)], scope: &dyn Scope) -> Result<Vec<Value>, Diagnostic> {
    let _ = (name, terms, options, scope);
    Err(Diagnostic::error("not yet"))
}

/// What can be known without variables: syntax errors, unknown filters, tests, lookups and functions, with places and suggestions.
pub fn check(node: &Node) -> Vec<Diagnostic> {
    let _ = node;
    Vec::new()
}

/// The same for a bare expression.
pub fn check_expression(node: &Node) -> Vec<Diagnostic> {
    let _ = node;
    Vec::new()
}
