//! Parses with minijinja and lowers its tree to ours.

use std::collections::HashMap;
use std::sync::Arc;

use minijinja::machinery::{self, ast};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;

use super::SyntaxError;
use super::patch::{self, Patch};
use super::tree::{
    Argument, At, Block, Call, Comparison, Expr, Extras, FilterCall, For, Macro, Operator, Program, Sight, Stmt, Target, TestCall,
};
use crate::template::{Syntax, big, filters, predicates};
use crate::value::Value;

/// Methods that change the container they are called on.
const MUTATING: &[&str] = &[
    "append",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "update",
    "setdefault",
    "clear",
    "sort",
    "reverse",
    "__setitem__",
    "__delitem__",
    "add",
    "discard",
];

/// A string with delimiters; `syntax` for a template file, none for a playbook's string.
pub(super) fn template(text: &Arc<str>, syntax: Option<&Syntax>) -> Result<Program, SyntaxError> {
    let config = config(syntax)?;
    // As Jinja2 reads them: one kind of newline.
    let unified: Arc<str> = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.clone() };
    let mut patch = Patch::none(&unified);
    for attempt in 0..=patch::ATTEMPTS {
        match machinery::parse(&patch.text, "", config.clone()) {
            Ok(parsed) => return Lowering::new(&patch, syntax).program(text, &parsed),
            Err(error) => match (attempt < patch::ATTEMPTS).then(|| patch.next(&unified, &error, &config, false)).flatten() {
                Some(next) => patch = next,
                None => return Err(refused(&error, &patch)),
            },
        }
    }
    Err(SyntaxError { message: "the template cannot be read".into(), at: At::default() })
}

/// A bare expression; `embeds`: its string literals may be templates.
pub(super) fn expression(text: &Arc<str>, embeds: bool) -> Result<Program, SyntaxError> {
    let config = SyntaxConfig::default();
    let mut patch = Patch::none(text);
    for attempt in 0..=patch::ATTEMPTS {
        match machinery::parse_expr(&patch.text) {
            Ok(parsed) => {
                let mut lowering = Lowering::new(&patch, None);
                lowering.escapes = true;
                lowering.embeds = embeds;
                let expr = lowering.expr(&parsed);
                return Ok(lowering.finish(text, vec![Stmt::Emit(expr)]));
            }
            Err(error) => match (attempt < patch::ATTEMPTS).then(|| patch.next(text, &error, &config, true)).flatten() {
                Some(next) => patch = next,
                None => return Err(refused(&error, &patch)),
            },
        }
    }
    Err(SyntaxError { message: "the expression cannot be read".into(), at: At::default() })
}

fn config(syntax: Option<&Syntax>) -> Result<SyntaxConfig, SyntaxError> {
    // A playbook's strings are read as files are without a header: the newline after a block goes with it.
    let plain = Syntax::default();
    let syntax = syntax.unwrap_or(&plain);
    SyntaxConfig::builder()
        .block_delimiters(syntax.block.0.clone(), syntax.block.1.clone())
        .variable_delimiters(syntax.variable.0.clone(), syntax.variable.1.clone())
        .comment_delimiters(syntax.comment.0.clone(), syntax.comment.1.clone())
        .trim_blocks(syntax.trim_blocks)
        .lstrip_blocks(syntax.lstrip_blocks)
        // The last newline comes back after rendering: see `ended_as`.
        .keep_trailing_newline(false)
        .line_statement_prefix(syntax.line_statement.clone())
        .line_comment_prefix(syntax.line_comment.clone())
        .build()
        .map_err(|error| SyntaxError { message: format!("these delimiters cannot be used: {error}"), at: At::default() })
}

fn refused(error: &minijinja::Error, patch: &Patch) -> SyntaxError {
    let message = error.detail().unwrap_or("this is no valid Jinja2").to_string();
    let (start, end) = error.range().map_or((0, 0), |range| (patch.original(range.start), patch.original(range.end)));
    SyntaxError { message, at: At { start: start as u32, end: end as u32 } }
}

struct Lowering<'p> {
    patch: &'p Patch,
    /// Whether `\n` in a string literal is a newline (files and bare expressions) or two characters (strings of playbooks).
    escapes: bool,
    /// Whether string literals may be templates.
    embeds: bool,
    syntax: Option<&'p Syntax>,
    mutates: bool,
    /// Of the macro at hand.
    takes: Extras,
    blocks: HashMap<Arc<str>, Arc<Block>>,
}

impl<'p> Lowering<'p> {
    fn new(patch: &'p Patch, syntax: Option<&'p Syntax>) -> Lowering<'p> {
        Lowering {
            patch,
            escapes: syntax.is_some(),
            embeds: false,
            syntax,
            mutates: false,
            takes: Extras::default(),
            blocks: HashMap::new(),
        }
    }

    fn program(mut self, text: &Arc<str>, parsed: &ast::Stmt<'_>) -> Result<Program, SyntaxError> {
        let body = match parsed {
            ast::Stmt::Template(template) => self.body(&template.children),
            other => vec![self.stmt(other)],
        };
        Ok(self.finish(text, body))
    }

    fn finish(self, text: &Arc<str>, body: Vec<Stmt>) -> Program {
        let binds = !body.iter().all(|stmt| matches!(stmt, Stmt::Text(_) | Stmt::Emit(_)));
        Program { text: text.clone(), body, blocks: self.blocks, mutates: self.mutates, binds, syntax: self.syntax.cloned().map(Arc::new) }
    }

    /// The words of a statement's tag.
    fn tag(&self, span: machinery::Span) -> Vec<&'p str> {
        let text = self.patch.text.get(span.start_offset as usize..span.end_offset as usize).unwrap_or_default();
        let end = self.syntax.map_or("%}", |syntax| &syntax.block.1);
        text.split(end).next().unwrap_or_default().split_whitespace().collect()
    }

    fn sight(&self, span: machinery::Span, default: Sight) -> Sight {
        let tag = self.tag(span);
        match tag.iter().position(|word| *word == "context").and_then(|at| at.checked_sub(1)).map(|before| tag[before]) {
            Some("with") => Sight::Context,
            Some("without") => Sight::Nothing,
            _ => default,
        }
    }

    fn at(&self, span: machinery::Span) -> At {
        At { start: self.patch.original(span.start_offset as usize) as u32, end: self.patch.original(span.end_offset as usize) as u32 }
    }

    /// `newline_sequence` ends the lines that the template has; those of values stay as they are.
    fn lines_ended(&self, text: String) -> String {
        match self.syntax.map(|syntax| syntax.newline_sequence.as_str()) {
            Some(other) if other != "\n" => text.replace('\n', other),
            _ => text,
        }
    }

    fn body(&mut self, stmts: &[ast::Stmt<'_>]) -> Vec<Stmt> {
        stmts.iter().map(|stmt| self.stmt(stmt)).collect()
    }

    fn stmt(&mut self, stmt: &ast::Stmt<'_>) -> Stmt {
        match stmt {
            ast::Stmt::Template(template) => Stmt::Body(self.body(&template.children)),
            ast::Stmt::EmitExpr(emit) => Stmt::Emit(self.expr(&emit.expr)),
            ast::Stmt::EmitRaw(raw) => Stmt::Text(self.lines_ended(self.patch.unmask(raw.raw)).into()),
            ast::Stmt::ForLoop(node) => Stmt::For(Arc::new(For {
                target: self.target(&node.target),
                iter: self.expr(&node.iter),
                filter: node.filter_expr.as_ref().map(|expr| self.expr(expr)),
                recursive: node.recursive,
                body: self.body(&node.body),
                otherwise: self.body(&node.else_body),
            })),
            ast::Stmt::IfCond(node) => Stmt::If(self.expr(&node.expr), self.body(&node.true_body), self.body(&node.false_body)),
            ast::Stmt::WithBlock(node) => {
                let bindings = node.assignments.iter().map(|(target, expr)| (self.target(target), self.expr(expr))).collect();
                Stmt::With(bindings, self.body(&node.body))
            }
            ast::Stmt::Set(node) => match &node.target {
                ast::Expr::Var(var) if var.id == patch::DISCARD => Stmt::Do(self.expr(&node.expr)),
                target => Stmt::Set(self.target(target), self.expr(&node.expr)),
            },
            ast::Stmt::SetBlock(node) => {
                let filter = node.filter.as_ref().map(|filter| self.expr(filter));
                Stmt::Capture(self.target(&node.target), filter, self.body(&node.body))
            }
            ast::Stmt::AutoEscape(node) => Stmt::Body(self.body(&node.body)),
            ast::Stmt::FilterBlock(node) => match block_in_macro(&node.filter) {
                Some((block, scoped)) => self.block(block, false, scoped, &node.body),
                None => Stmt::FilterBlock(self.expr(&node.filter), self.body(&node.body)),
            },
            ast::Stmt::Block(node) => {
                let scoped = self.tag(node.span()).contains(&"scoped");
                self.block(node.name, node.required, scoped, &node.body)
            }
            ast::Stmt::Import(node) => Stmt::Import(self.expr(&node.expr), name(&node.name), self.sight(node.span(), Sight::Nothing)),
            ast::Stmt::FromImport(node) => {
                let names = node.names.iter().map(|(found, alias)| (name(found), name(alias.as_ref().unwrap_or(found)))).collect();
                Stmt::FromImport(self.expr(&node.expr), names, self.sight(node.span(), Sight::Nothing))
            }
            ast::Stmt::Extends(node) => Stmt::Extends(self.expr(&node.name)),
            ast::Stmt::Include(node) => Stmt::Include(self.expr(&node.name), node.ignore_missing, self.sight(node.span(), Sight::Context)),
            ast::Stmt::Macro(node) => Stmt::Macro(self.macro_(node)),
            ast::Stmt::CallBlock(node) => Stmt::CallBlock(self.call(&node.call, self.at(node.call.span())), self.macro_(&node.macro_decl)),
            ast::Stmt::Do(node) => Stmt::Do(self.call(&node.call, self.at(node.call.span()))),
            #[expect(unreachable_patterns, reason = "the loop controls are a feature of the parser, and come with it")]
            _ => Stmt::Body(Vec::new()),
        }
    }

    fn block(&mut self, name: &str, required: bool, scoped: bool, body: &[ast::Stmt<'_>]) -> Stmt {
        let block = Arc::new(Block { name: name.into(), required, scoped, body: self.body(body) });
        self.blocks.insert(block.name.clone(), block.clone());
        Stmt::Block(block)
    }

    fn macro_(&mut self, node: &ast::Macro<'_>) -> Arc<Macro> {
        let parameters = node.args.iter().map(name).collect();
        let defaults = node.defaults.iter().map(|expr| self.expr(expr)).collect();
        let around = std::mem::take(&mut self.takes);
        let body = self.body(&node.body);
        let takes = std::mem::replace(&mut self.takes, around);
        Arc::new(Macro { name: node.name.into(), parameters, defaults, body, takes })
    }

    fn target(&mut self, expr: &ast::Expr<'_>) -> Target {
        match expr {
            ast::Expr::GetAttr(attr) => Target::Attribute(name(&attr.expr), attr.name.into(), self.at(attr.span())),
            ast::Expr::List(list) => Target::Unpack(list.items.iter().map(|item| self.target(item)).collect(), self.at(list.span())),
            other => Target::Name(name(other)),
        }
    }

    fn boxed(&mut self, expr: &ast::Expr<'_>) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn expr(&mut self, expr: &ast::Expr<'_>) -> Expr {
        match expr {
            ast::Expr::Var(var) => {
                match var.id {
                    "varargs" => self.takes.varargs = true,
                    "kwargs" => self.takes.kwargs = true,
                    "caller" => self.takes.caller = true,
                    _ => {}
                }
                Expr::Var(var.id.into(), self.at(var.span()))
            }
            ast::Expr::Const(constant) => match self.constant(&constant.value, constant.span()) {
                Value::Str(text) if self.embeds && text.contains("{{") => embedded(text),
                value => Expr::Const(value),
            },
            ast::Expr::Slice(node) => {
                let mut part = |part: &Option<ast::Expr<'_>>| part.as_ref().map(|expr| self.expr(expr));
                let (start, stop, step) = (part(&node.start), part(&node.stop), part(&node.step));
                Expr::Slice(Box::new((self.expr(&node.expr), start, stop, step)), self.at(node.span()))
            }
            ast::Expr::UnaryOp(node) => match node.op {
                ast::UnaryOpKind::Not => Expr::Not(self.boxed(&node.expr)),
                ast::UnaryOpKind::Neg => match self.expr(&node.expr) {
                    Expr::Const(Value::Int(number)) => Expr::Const(Value::Int(-number)),
                    Expr::Const(Value::Float(number)) => Expr::Const(Value::Float(-number)),
                    other => Expr::Negative(Box::new(other), self.at(node.span())),
                },
            },
            ast::Expr::BinOp(node) => self.binary(node),
            ast::Expr::Compare(node) => {
                let ops = node.ops.iter().map(|op| (comparison(op.op), self.expr(&op.expr))).collect();
                Expr::Compare(self.boxed(&node.expr), ops, self.at(node.span()))
            }
            ast::Expr::IfExpr(node) => {
                let otherwise = node.false_expr.as_ref().map(|expr| self.boxed(expr));
                Expr::If(Box::new((self.expr(&node.test_expr), self.expr(&node.true_expr))), otherwise)
            }
            ast::Expr::Filter(node) => {
                let base = node.expr.as_ref().map_or(Expr::Captured, |expr| self.expr(expr));
                let at = self.at(node.span());
                let name: String = node.name.split_whitespace().collect();
                Expr::Filter(Box::new(FilterCall {
                    filter: filters::builtin(&name),
                    name: name.into(),
                    base,
                    arguments: self.arguments(&node.args),
                    at,
                }))
            }
            ast::Expr::Test(node) => {
                let at = self.at(node.span());
                let name: String = node.name.split_whitespace().collect();
                Expr::Test(Box::new(TestCall {
                    test: predicates::builtin(&name),
                    name: name.into(),
                    base: self.expr(&node.expr),
                    arguments: self.arguments(&node.args),
                    at,
                }))
            }
            ast::Expr::GetAttr(node) => Expr::Attr(self.boxed(&node.expr), node.name.into(), self.at(node.span())),
            ast::Expr::GetItem(node) => {
                let at = self.at(node.span());
                Expr::Item(self.boxed(&node.expr), self.boxed(&node.subscript_expr), at)
            }
            ast::Expr::Call(node) => self.call(node, self.at(node.span())),
            ast::Expr::List(node) => Expr::List(node.items.iter().map(|item| self.expr(item)).collect()),
            ast::Expr::Tuple(node) => Expr::Tuple(node.items.iter().map(|item| self.expr(item)).collect()),
            ast::Expr::Map(node) => Expr::Map(node.keys.iter().zip(&node.values).map(|(k, v)| (self.expr(k), self.expr(v))).collect()),
        }
    }

    fn binary(&mut self, node: &ast::Spanned<ast::BinOp<'_>>) -> Expr {
        let at = self.at(node.span());
        let pair = Box::new((self.expr(&node.left), self.expr(&node.right)));
        let compare = |op, pair: Box<(Expr, Expr)>| {
            let (left, right) = *pair;
            Expr::Compare(Box::new(left), vec![(op, right)], at)
        };
        match node.op {
            ast::BinOpKind::Eq => compare(Comparison::Eq, pair),
            ast::BinOpKind::Ne => compare(Comparison::Ne, pair),
            ast::BinOpKind::Lt => compare(Comparison::Lt, pair),
            ast::BinOpKind::Lte => compare(Comparison::Le, pair),
            ast::BinOpKind::Gt => compare(Comparison::Gt, pair),
            ast::BinOpKind::Gte => compare(Comparison::Ge, pair),
            ast::BinOpKind::In => compare(Comparison::In, pair),
            ast::BinOpKind::ScAnd => Expr::And(pair),
            ast::BinOpKind::ScOr => Expr::Or(pair),
            ast::BinOpKind::Add => Expr::Binary(Operator::Add, pair, at),
            ast::BinOpKind::Sub => Expr::Binary(Operator::Sub, pair, at),
            ast::BinOpKind::Mul => Expr::Binary(Operator::Mul, pair, at),
            ast::BinOpKind::Div => Expr::Binary(Operator::Div, pair, at),
            ast::BinOpKind::FloorDiv => Expr::Binary(Operator::FloorDiv, pair, at),
            ast::BinOpKind::Rem => Expr::Binary(Operator::Rem, pair, at),
            ast::BinOpKind::Pow => Expr::Binary(Operator::Pow, pair, at),
            ast::BinOpKind::Concat => Expr::Binary(Operator::Concat, pair, at),
        }
    }

    fn call(&mut self, node: &ast::Call<'_>, at: At) -> Expr {
        if let ast::Expr::GetAttr(attr) = &node.expr {
            self.mutates |= MUTATING.contains(&attr.name);
        }
        let callee = self.expr(&node.expr);
        let outer = self.embeds;
        let is_lookup = matches!(&callee, Expr::Var(name, _) if matches!(&**name, "lookup" | "query" | "q"));
        let mut arguments = Vec::with_capacity(node.args.len());
        for argument in &node.args {
            self.embeds = outer || (is_lookup && matches!(argument, ast::CallArg::Pos(_)));
            arguments.push(self.argument(argument));
        }
        self.embeds = outer;
        Expr::Call(Box::new(Call { callee, arguments, at }))
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'_>]) -> Vec<Argument> {
        arguments.iter().map(|argument| self.argument(argument)).collect()
    }

    fn argument(&mut self, argument: &ast::CallArg<'_>) -> Argument {
        match argument {
            ast::CallArg::Pos(expr) => Argument::Positional(self.expr(expr)),
            ast::CallArg::Kwarg(name, expr) => Argument::Keyword((*name).into(), self.expr(expr)),
            ast::CallArg::PosSplat(expr) => Argument::Splat(self.expr(expr)),
            ast::CallArg::KwargSplat(expr) => Argument::KeywordSplat(self.expr(expr)),
        }
    }

    fn constant(&self, value: &minijinja::Value, span: machinery::Span) -> Value {
        match value.kind() {
            ValueKind::Bool => Value::Bool(value.is_true()),
            ValueKind::Number if value.is_integer() => match i64::try_from(value.clone()) {
                Ok(number) => Value::Int(number),
                Err(_) => big::parse(&value.to_string(), 10).unwrap_or(Value::Null),
            },
            ValueKind::Number => Value::Float(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
            ValueKind::String => {
                let literal = &self.patch.text[span.start_offset as usize..span.end_offset as usize];
                if literal.contains(['\\', patch::MASK]) {
                    patch::literal(&self.patch.unmask(literal), self.escapes).into()
                } else {
                    Value::str(value.as_str().unwrap_or_default())
                }
            }
            _ => Value::Null,
        }
    }
}

fn embedded(text: Arc<str>) -> Expr {
    match template(&text, None) {
        Ok(program) => Expr::Embedded(Arc::new(program)),
        Err(_) => Expr::Const(Value::Str(text)),
    }
}

fn name(expr: &ast::Expr<'_>) -> Arc<str> {
    match expr {
        ast::Expr::Var(var) => var.id.into(),
        _ => "".into(),
    }
}

fn comparison(op: ast::CompareOpKind) -> Comparison {
    match op {
        ast::CompareOpKind::Eq => Comparison::Eq,
        ast::CompareOpKind::Ne => Comparison::Ne,
        ast::CompareOpKind::Lt => Comparison::Lt,
        ast::CompareOpKind::Lte => Comparison::Le,
        ast::CompareOpKind::Gt => Comparison::Gt,
        ast::CompareOpKind::Gte => Comparison::Ge,
        ast::CompareOpKind::In => Comparison::In,
        ast::CompareOpKind::NotIn => Comparison::NotIn,
    }
}

/// The name of a block inside a macro, which stands as filters (see `patch`), and whether it is scoped.
fn block_in_macro<'a>(filter: &ast::Expr<'a>) -> Option<(&'a str, bool)> {
    let (last, before) = filter_over(filter)?;
    let (scoped, (block, mark)) = if last == patch::SCOPED { (true, filter_over(before)?) } else { (false, (last, before)) };
    matches!(mark, ast::Expr::Filter(node) if node.name == patch::BLOCK).then_some((block, scoped))
}

/// A filter's name and what it filters.
fn filter_over<'a, 'b>(expr: &'b ast::Expr<'a>) -> Option<(&'a str, &'b ast::Expr<'a>)> {
    let ast::Expr::Filter(node) = expr else { return None };
    node.expr.as_ref().map(|before| (node.name, before))
}
