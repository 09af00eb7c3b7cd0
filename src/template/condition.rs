//! Bare expressions: conditions, and what `debug` and `assert` are told to evaluate.
//!
//! Only what a user wrote becomes an expression, never a text that a template or a module gave (ansible-core 2.19).

use std::sync::Arc;

use super::eval::objects::type_name;
use super::eval::stmt::settle;
use super::eval::{Context, Eval, Origin, Result, Unit, is_template, is_true};
use super::syntax::{self, Expr, Mode, Stmt};
use super::{Scope, Var, finish};
use crate::diag::{Diagnostic, Span};
use crate::value::Value;
use crate::yaml::{Kind, Node, Tag};

/// Templates that name templates that name templates: more is a circle.
const DEEPEST: usize = 50;
const DELIMITERS: &str = "conditions are expressions already: write them without {{ }}";

/// Evaluates a bare expression, as in `when`, `until`, `changed_when`, `that`; a node that is no string is its own value.
/// One that is a template as a whole is rendered first, with a warning.
///
/// # Errors
/// It is no expression, its evaluation fails, or what it names is nothing that a user wrote.
pub fn evaluate(node: &Node, scope: &dyn Scope) -> std::result::Result<Value, Diagnostic> {
    evaluate_as(Mode::Expression, node, scope)
}

fn evaluate_as(mode: Mode, node: &Node, scope: &dyn Scope) -> std::result::Result<Value, Diagnostic> {
    let context = Context::new(scope);
    let text = match (node.kind(), node.tag()) {
        (Kind::Str(text), None) => text.clone(),
        (Kind::Str(_), Some(Tag::Unsafe)) => return Err(untrusted(node)),
        (Kind::Str(text), Some(Tag::Vault)) => scope.decrypt(text).map_err(|error| error.or_at(Some(node.span())))?.into(),
        _ => return finish(&context, node),
    };
    if text.trim().is_empty() {
        return Err(node.error("the condition is empty").help("write `true` or `false`, or remove it"));
    }
    expression(&context, mode, &text, node, 0)
        .and_then(|value| settle(&value))
        .map_err(|fail| fail.into_diagnostic().or_at(Some(node.span())))
}

fn expression(context: &Context<'_>, mode: Mode, text: &Arc<str>, node: &Node, depth: usize) -> Result<Value> {
    let origin = Origin::Node(node.clone());
    if is_whole_template(text) {
        context.scope.warn(
            Diagnostic::deprecated("Conditionals should not be surrounded by templating delimiters such as {{ }} or {% %}.")
                .at(node.span())
                .help(DELIMITERS),
        );
        return match context.text(text, node)? {
            Value::Str(rendered) if !(context.scope.takes_any_condition() && word(&rendered).is_some()) => {
                match written(node, context.scope) {
                    Some(inner) if depth < DEEPEST => match inner.kind() {
                        Kind::Str(text) if inner.tag().is_none() => expression(context, mode, text, &inner, depth + 1),
                        _ => Err(untrusted(node).into()),
                    },
                    _ => Err(untrusted(node).into()),
                }
            }
            value => Ok(value),
        };
    }
    match syntax::program(text, mode) {
        Ok(program) => Eval::new(context, Unit::new(program, origin)).run(),
        Err(error) if is_template(text) => {
            // Older versions put the text of a value into the condition; now its value stands there, and no text can become code.
            let inlined = context.scope.takes_any_condition().then(|| inlined(text)).flatten();
            match inlined.map(|text| syntax::program(&text, mode)) {
                Some(Ok(program)) => {
                    context.scope.warn(
                        Diagnostic::deprecated("Template delimiters are not supported in expressions.").at(node.span()).help(DELIMITERS),
                    );
                    Eval::new(context, Unit::new(program, origin)).run()
                }
                _ => {
                    let message =
                        format!("Syntax error in expression. Template delimiters are not supported in expressions: {}", error.message);
                    Err(node.error(message).help(DELIMITERS).into())
                }
            }
        }
        Err(error) => Err(origin.syntax_error(&error)),
    }
}

/// Whether nothing stands beside the template: `{{ … }}`, not `{{ … }} == 1`.
fn is_whole_template(text: &str) -> bool {
    let text = text.trim();
    let begins = |sign: &str| text.starts_with(sign);
    (begins("{{") || begins("{%")) && (text.ends_with("}}") || text.ends_with("%}"))
}

/// `{{ a }} == 1` as `( a ) == 1`; none where a delimiter stands within quotes.
fn inlined(text: &str) -> Option<Arc<str>> {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let doubled = chars.peek().is_some_and(|(_, next)| *next == c);
        match c {
            '{' | '}' if doubled && quote.is_none() => {
                out.push_str(if c == '{' { "(" } else { ")" });
                chars.next();
            }
            '{' if doubled => return None,
            '"' | '\'' => {
                match quote {
                    None => quote = Some(c),
                    Some(open) if open == c => quote = None,
                    Some(_) => {}
                }
                out.push(c);
            }
            c => out.push(c),
        }
    }
    Some(out.into())
}

/// A condition by [`evaluate`]. What is not a boolean is refused, or, where the scope takes such conditions, taken by its truth, with a
/// warning that says where.
///
/// # Errors
/// It cannot be evaluated, or is refused.
pub fn condition(node: &Node, scope: &dyn Scope) -> std::result::Result<bool, Diagnostic> {
    if let Kind::List(items) = node.kind() {
        for item in items {
            if !condition(item, scope)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let value = evaluate_as(Mode::Condition, node, scope).map_err(|problem| problem.during("Error while evaluating conditional: "))?;
    if let Value::Bool(flag) = value {
        return Ok(flag);
    }
    let truth = match &value {
        // Text was a condition in older versions: `when: flag` with `flag: "no"` is false.
        Value::Str(text) if scope.takes_any_condition() => word(text).unwrap_or(true),
        other => is_true(other).map_err(|fail| fail.into_diagnostic().or_at(Some(node.span())))?,
    };
    let what = type_name(&value);
    let help = "`| bool` makes a boolean of text, `| length > 0` asks whether there is something in it";
    if scope.takes_any_condition() {
        let message = format!("this condition gives an object of type '{what}', not a boolean; it is taken as {truth}");
        scope.warn(Diagnostic::warning(message).at(node.span()).help(help));
        return Ok(truth);
    }
    let shown = if truth { "True" } else { "False" };
    let message = format!(
        "Conditional result ({shown}) was derived from value of type '{what}' at '{}'. Conditionals must have a boolean result.",
        node.span()
    );
    Err(node.error(message).help(help).help("with ALLOW_BROKEN_CONDITIONALS in ansible.cfg any value is taken by its truth"))
}

/// What text meant in conditions of older versions.
fn word(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" | "" | "none" => Some(false),
        _ => None,
    }
}

/// What an argument stands for that is evaluated later. A template that only names a variable stands for what was written there; what
/// another one gives is data, and its texts are marked as unsafe. None for `omit`.
///
/// # Errors
/// The template fails.
pub fn expressions(node: &Node, scope: &dyn Scope) -> std::result::Result<Option<Node>, Diagnostic> {
    let is_template = node.tag().is_none() && node.as_str().is_some_and(is_template);
    if !is_template || node.as_str().is_some_and(|text| !is_whole_template(text)) && syntax_holds(node) {
        return Ok(Some(node.clone()));
    }
    if let Some(written) = written(node, scope) {
        return Ok(Some(written));
    }
    let value = finish(&Context::new(scope), node)?;
    Ok((!matches!(value, Value::Omit)).then(|| data(&value, node.span())))
}

/// Whether the text is an expression whose literals hold the templates.
fn syntax_holds(node: &Node) -> bool {
    matches!(node.kind(), Kind::Str(text) if syntax::program(text, Mode::Expression).is_ok())
}

/// A value as a node, its texts marked as unsafe: nothing in it is rendered again.
pub(super) fn data(value: &Value, span: &Span) -> Node {
    let kind = match value {
        Value::Null | Value::Omit | Value::Undefined(_) | Value::Object(_) => Kind::Null,
        Value::Bool(flag) => Kind::Bool(*flag),
        Value::Int(number) => Kind::Int(*number),
        Value::Float(number) => Kind::Float(*number),
        Value::Str(text) => return Node::string(text, span).tagged(Tag::Unsafe),
        Value::List(items) | Value::Tuple(items) => Kind::List(items.iter().map(|item| data(item, span)).collect()),
        Value::Map(map) => Kind::Map(map.iter().map(|(key, item)| (data(key, span), data(item, span))).collect()),
    };
    Node::new(kind, span.clone())
}

/// The vault text, where an expression only names a value of the vault.
pub(super) fn encrypted(expr: &Expr, scope: &dyn Scope) -> Option<Arc<str>> {
    let node = named(expr, scope).and_then(|node| written(&node, scope))?;
    match (node.kind(), node.tag()) {
        (Kind::Str(text), Some(Tag::Vault)) => Some(text.clone()),
        _ => None,
    }
}

/// A rendered value with what of it was written: its texts that have nothing to render, or are named by a template.
pub fn as_written(node: &Node, value: &Value, scope: &dyn Scope) -> Node {
    match (node.kind(), value) {
        _ if node.tag().is_some() => data(value, node.span()),
        (Kind::List(nodes), Value::List(values)) if nodes.len() == values.len() => {
            let items = nodes.iter().zip(values.iter()).map(|(node, value)| as_written(node, value, scope));
            Node::new(Kind::List(items.collect()), node.span().clone())
        }
        (Kind::Map(nodes), Value::Map(values)) if nodes.len() == values.len() => {
            let entries = nodes.iter().zip(values.iter()).map(|((key, node), (_, value))| (key.clone(), as_written(node, value, scope)));
            Node::new(Kind::Map(entries.collect()), node.span().clone())
        }
        (Kind::List(_) | Kind::Map(_), _) => data(value, node.span()),
        _ if !node.has_template() => node.clone(),
        (_, Value::Str(_)) => written(node, scope).unwrap_or_else(|| data(value, node.span())),
        _ => data(value, node.span()),
    }
}

/// Where a template leads that only names a variable or a part of one; the node itself where it is no template.
pub fn written(node: &Node, scope: &dyn Scope) -> Option<Node> {
    let mut node = node.clone();
    for _ in 0..DEEPEST {
        let Some(text) = node.as_str().filter(|text| node.tag().is_none() && is_template(text)) else { return Some(node) };
        let program = syntax::program(&text.trim().into(), Mode::Text).ok()?;
        let [Stmt::Emit(expr)] = program.body.as_slice() else { return None };
        node = named(expr, scope)?;
    }
    None
}

fn named(expr: &Expr, scope: &dyn Scope) -> Option<Node> {
    match expr {
        Expr::Var(name, _) => match scope.get(name)? {
            Var::Node(node) => Some(node),
            Var::Value(_) => None,
        },
        Expr::Attr(base, name, _) => written(&named(base, scope)?, scope)?.get(name).cloned(),
        Expr::Item(base, key, _) => {
            let base = written(&named(base, scope)?, scope)?;
            match &**key {
                Expr::Const(Value::Str(name)) => base.get(name).cloned(),
                Expr::Const(Value::Int(index)) => base.as_list()?.get(usize::try_from(*index).ok()?).cloned(),
                _ => None,
            }
        }
        _ => None,
    }
}

fn untrusted(node: &Node) -> Diagnostic {
    node.error("Encountered untrusted template or expression.")
        .help("templates and expressions must be written in playbooks, roles or variables; what a module or a template gave is data")
}
