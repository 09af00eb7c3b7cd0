//! What can be known about a template without its variables.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Syntax;
use super::eval::Origin;
use super::syntax::tree::{Argument, Block, Macro};
use super::syntax::{self, At, Expr, Mode, Program, Stmt, Target};
use super::{filters, functions, lookups, predicates};
use crate::diag::{Diagnostic, Source, Span};
use crate::value::Value;
use crate::yaml::{Kind, Node, Tag};

/// What can be known without variables: syntax errors, unknown filters, tests, lookups and functions, with places and suggestions.
pub fn check(node: &Node) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    walk(node, &mut |text, node| inspect(text, Mode::Text, node, &mut out));
    out
}

/// The same for a bare expression.
pub fn check_expression(node: &Node) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    match node.kind() {
        Kind::Str(text) if node.tag().is_none() => {
            // Older content puts delimiters into conditions; what they render to is not known here.
            let mode = if text.contains("{{") || text.contains("{%") { Mode::Text } else { Mode::Condition };
            if text.trim().is_empty() {
                return vec![node.error("the condition is empty").help("write `true` or `false`, or remove it")];
            }
            inspect(text, mode, node, &mut out);
        }
        Kind::List(items) => out.extend(items.iter().flat_map(check_expression)),
        _ => {}
    }
    out
}

/// The same for a template file.
pub fn check_file(source: &Arc<Source>, syntax: &Syntax) -> Vec<Diagnostic> {
    let read = |(body, syntax): (usize, Syntax)| {
        let text: Arc<str> = source.text[body..].into();
        (syntax::file(&text, &syntax), Origin::File(source.clone(), body), text)
    };
    match super::header::read(&source.text, syntax).map(read) {
        Err(problem) => vec![problem],
        Ok((Err(error), origin, _)) => vec![origin.syntax_diagnostic(&error)],
        Ok((Ok(program), origin, text)) => problems(&program, &origin, &text),
    }
}

/// The variables that a template or (with `expression`) a bare expression uses and does not bind itself.
pub fn names(node: &Node, expression: bool) -> Vec<Arc<str>> {
    let mut found = BTreeSet::new();
    let mut collect = |text: &Arc<str>, mode: Mode| {
        if let Ok(program) = syntax::program(text, mode) {
            let mut visit = Visit { found: &mut found, bound: Vec::new(), problems: None, needed: None, guarded: 0 };
            visit.program(&program);
        }
    };
    match node.kind() {
        Kind::Str(text) if expression && node.tag().is_none() => collect(text, Mode::Condition),
        _ => walk(node, &mut |text, _| collect(text, Mode::Text)),
    }
    found.into_iter().collect()
}

/// The variables that rendering a template (or a bare expression) cannot do without, each with its place: those in a branch that may
/// not be taken, under `default` or asked for by `is defined` are left out.
pub fn needs(node: &Node, expression: bool) -> Vec<(Arc<str>, Span)> {
    let mut all = Vec::new();
    let mut collect = |text: &Arc<str>, mode: Mode, node: &Node| {
        if let Ok(program) = syntax::program(text, mode) {
            let mut needed = Vec::new();
            let mut visit = Visit { found: &mut BTreeSet::new(), bound: Vec::new(), problems: None, needed: Some(&mut needed), guarded: 0 };
            visit.program(&program);
            let origin = Origin::Node(node.clone());
            all.extend(needed.into_iter().map(|(name, at)| (name, origin.span(text, Some(at)))));
        }
    };
    match node.kind() {
        Kind::Str(text) if expression && node.tag().is_none() && !text.contains("{{") => collect(text, Mode::Condition, node),
        _ => walk(node, &mut |text, node| collect(text, Mode::Text, node)),
    }
    all
}

fn walk(node: &Node, visit: &mut dyn FnMut(&Arc<str>, &Node)) {
    if node.tag() == Some(&Tag::Unsafe) {
        return;
    }
    match node.kind() {
        Kind::Str(text) if node.tag().is_none() && super::eval::is_template(text) => visit(text, node),
        Kind::List(items) => items.iter().for_each(|item| walk(item, visit)),
        Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
            walk(key, visit);
            walk(value, visit);
        }),
        _ => {}
    }
}

fn inspect(text: &Arc<str>, mode: Mode, node: &Node, out: &mut Vec<Diagnostic>) {
    let origin = Origin::Node(node.clone());
    match syntax::program(text, mode) {
        Err(error) => out.push(origin.syntax_diagnostic(&error)),
        Ok(program) => out.extend(problems(&program, &origin, text)),
    }
}

fn problems(program: &Program, origin: &Origin, text: &Arc<str>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut visit = Visit { found: &mut BTreeSet::new(), bound: Vec::new(), problems: Some(&mut problems), needed: None, guarded: 0 };
    visit.program(program);
    problems.into_iter().map(|(problem, at)| problem.at(&origin.span(text, Some(at)))).collect()
}

/// Walks a tree with the names that are bound at each place.
struct Visit<'v> {
    found: &'v mut BTreeSet<Arc<str>>,
    bound: Vec<Arc<str>>,
    problems: Option<&'v mut Vec<(Diagnostic, At)>>,
    /// Variables that are needed for certain.
    needed: Option<&'v mut Vec<(Arc<str>, At)>>,
    /// Within what may not be evaluated, or bears what is undefined.
    guarded: usize,
}

impl Visit<'_> {
    fn program(&mut self, program: &Program) {
        self.body(&program.body);
    }

    fn problem(&mut self, problem: Diagnostic, at: At) {
        if let Some(problems) = &mut self.problems {
            problems.push((problem, at));
        }
    }

    fn guarded(&mut self, visit: impl FnOnce(&mut Self)) {
        self.guarded += 1;
        visit(self);
        self.guarded -= 1;
    }

    /// A body with a scope of its own.
    fn scoped(&mut self, body: &[Stmt], bind: impl FnOnce(&mut Self)) {
        let outer = self.bound.len();
        bind(self);
        self.body(body);
        self.bound.truncate(outer);
    }

    fn body(&mut self, body: &[Stmt]) {
        body.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Text(_) => {}
            Stmt::Emit(expr) | Stmt::Do(expr) | Stmt::Extends(expr) | Stmt::Include(expr, ..) => self.expr(expr),
            Stmt::Body(body) => self.body(body),
            Stmt::If(test, then, otherwise) => {
                self.expr(test);
                self.guarded(|visit| {
                    visit.body(then);
                    visit.body(otherwise);
                });
            }
            Stmt::For(node) => {
                self.expr(&node.iter);
                self.guarded(|visit| {
                    visit.scoped(&node.body, |visit| {
                        visit.target(&node.target);
                        visit.bound.push("loop".into());
                        if let Some(filter) = &node.filter {
                            visit.expr(filter);
                        }
                    });
                    visit.body(&node.otherwise);
                });
            }
            Stmt::With(bindings, body) => {
                bindings.iter().for_each(|(_, expr)| self.expr(expr));
                self.scoped(body, |visit| bindings.iter().for_each(|(target, _)| visit.target(target)));
            }
            Stmt::Set(target, expr) => {
                self.expr(expr);
                self.target(target);
            }
            Stmt::Capture(target, filter, body) => {
                filter.iter().for_each(|filter| self.expr(filter));
                self.scoped(body, |_| {});
                self.target(target);
            }
            Stmt::FilterBlock(filter, body) => {
                self.expr(filter);
                self.scoped(body, |_| {});
            }
            Stmt::Block(block) => self.block(block),
            Stmt::Import(expr, alias, _) => {
                self.expr(expr);
                self.bound.push(alias.clone());
            }
            Stmt::FromImport(expr, names, _) => {
                self.expr(expr);
                self.bound.extend(names.iter().map(|(_, alias)| alias.clone()));
            }
            Stmt::Macro(node) => {
                self.bound.push(node.name.clone());
                self.macro_(node);
            }
            Stmt::CallBlock(call, caller) => {
                self.expr(call);
                self.macro_(caller);
            }
        }
    }

    fn block(&mut self, block: &Block) {
        self.scoped(&block.body, |visit| visit.bound.push("super".into()));
    }

    fn macro_(&mut self, node: &Macro) {
        self.guarded += 1;
        self.scoped(&node.body, |visit| {
            node.defaults.iter().for_each(|expr| visit.expr(expr));
            visit.bound.extend(node.parameters.iter().cloned());
            visit.bound.extend(["varargs", "kwargs", "caller"].map(Arc::from));
        });
        self.guarded -= 1;
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Name(name) => self.bound.push(name.clone()),
            Target::Attribute(..) => {}
            Target::Unpack(targets, _) => targets.iter().for_each(|target| self.target(target)),
        }
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        for argument in arguments {
            match argument {
                Argument::Positional(expr) | Argument::Keyword(_, expr) | Argument::Splat(expr) | Argument::KeywordSplat(expr) => {
                    self.expr(expr)
                }
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Const(_) | Expr::Captured => {}
            Expr::Embedded(program) => self.program(program),
            Expr::Var(name, at) => {
                let known = self.bound.contains(name) || functions::find(name).is_some() || matches!(&**name, "omit" | "vars" | "self");
                if !known {
                    self.found.insert(name.clone());
                    if let (Some(needed), 0) = (&mut self.needed, self.guarded) {
                        needed.push((name.clone(), *at));
                    }
                }
            }
            Expr::Attr(base, ..) | Expr::Not(base) | Expr::Negative(base, _) => self.expr(base),
            Expr::Item(base, key, _) => {
                self.expr(base);
                self.expr(key);
            }
            Expr::Slice(parts, _) => {
                self.expr(&parts.0);
                [&parts.1, &parts.2, &parts.3].into_iter().flatten().for_each(|part| self.expr(part));
            }
            Expr::And(pair) | Expr::Or(pair) => {
                self.expr(&pair.0);
                self.guarded(|visit| visit.expr(&pair.1));
            }
            Expr::Binary(_, pair, _) => {
                self.expr(&pair.0);
                self.expr(&pair.1);
            }
            Expr::Compare(first, rest, _) => {
                self.expr(first);
                rest.iter().for_each(|(_, expr)| self.expr(expr));
            }
            Expr::If(parts, otherwise) => {
                self.guarded(|visit| {
                    visit.expr(&parts.0);
                    visit.expr(&parts.1);
                    otherwise.iter().for_each(|expr| visit.expr(expr));
                });
            }
            Expr::Filter(call) => {
                if call.filter.is_none() && filters::find(&call.name).is_none() {
                    self.problem(filters::diagnostic(&call.name), call.at);
                }
                // Filters and tests that others run by name.
                let named = call.arguments.first().and_then(constant);
                match (&*call.name, named) {
                    ("map", Some(name)) if filters::find(name).is_none() => self.problem(filters::diagnostic(name), call.at),
                    ("select" | "reject", Some(name)) if predicates::find(name).is_none() => {
                        self.problem(predicates::diagnostic(name), call.at)
                    }
                    ("selectattr" | "rejectattr", _) => {
                        if let Some(name) = call.arguments.get(1).and_then(constant).filter(|name| predicates::find(name).is_none()) {
                            self.problem(predicates::diagnostic(name), call.at);
                        }
                    }
                    _ => {}
                }
                // These bear what is undefined.
                let bears = matches!(&*call.name, "default" | "d" | "ansible.builtin.default" | "type_debug" | "reject" | "select");
                self.guarded += usize::from(bears);
                self.expr(&call.base);
                self.arguments(&call.arguments);
                self.guarded -= usize::from(bears);
            }
            Expr::Test(call) => {
                if call.test.is_none() && predicates::find(&call.name).is_none() {
                    self.problem(predicates::diagnostic(&call.name), call.at);
                }
                let asks = matches!(&*call.name, "defined" | "undefined");
                self.guarded += usize::from(asks);
                self.expr(&call.base);
                self.arguments(&call.arguments);
                self.guarded -= usize::from(asks);
            }
            Expr::Call(call) => {
                if let Expr::Var(name, _) = &call.callee {
                    let lookup = matches!(&**name, "lookup" | "query" | "q") && !self.bound.contains(name);
                    let wanted = lookup.then(|| call.arguments.first().and_then(constant)).flatten();
                    if let Some(problem) = wanted.and_then(lookups::missing_lookup) {
                        self.problem(problem, call.at);
                    }
                }
                self.expr(&call.callee);
                self.arguments(&call.arguments);
            }
            Expr::List(items) | Expr::Tuple(items) => items.iter().for_each(|item| self.expr(item)),
            Expr::Map(entries) => entries.iter().for_each(|(key, value)| {
                self.expr(key);
                self.expr(value);
            }),
        }
    }
}

fn constant(argument: &Argument) -> Option<&str> {
    match argument {
        Argument::Positional(Expr::Const(Value::Str(text))) => Some(text),
        _ => None,
    }
}
