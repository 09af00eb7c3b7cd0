//! The tree that is evaluated: minijinja's, lowered to owned names and our own values, with filters and tests resolved.

use std::collections::HashMap;
use std::sync::Arc;

use crate::template::Syntax;
use crate::template::filters::Filter;
use crate::template::predicates::Predicate;
use crate::value::Value;

/// Bytes `start..end` of the template's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// One parsed text. Made once for each distinct text, shared by all threads.
pub(crate) struct Program {
    pub(crate) text: Arc<str>,
    pub(crate) body: Vec<Stmt>,
    pub(crate) blocks: HashMap<Arc<str>, Arc<Block>>,
    /// Whether some method that changes its container is called: only then are containers shared by reference.
    pub(crate) mutates: bool,
    /// Whether statements bind names, so that a frame is needed.
    pub(crate) binds: bool,
    /// How it was read; what it includes is read the same way.
    pub(crate) syntax: Option<Arc<Syntax>>,
}

pub(crate) enum Stmt {
    Text(Arc<str>),
    Emit(Expr),
    For(Arc<For>),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    With(Vec<(Target, Expr)>, Vec<Stmt>),
    Set(Target, Expr),
    /// `{% set x | filters %}…{% endset %}`
    Capture(Target, Option<Expr>, Vec<Stmt>),
    /// `{% filter … %}`; the innermost base of the filters is the captured text.
    FilterBlock(Expr, Vec<Stmt>),
    /// `{% autoescape %}`: Ansible escapes nothing, the body just runs.
    Body(Vec<Stmt>),
    Block(Arc<Block>),
    Import(Expr, Arc<str>, Sight),
    FromImport(Expr, Vec<(Arc<str>, Arc<str>)>, Sight),
    Extends(Expr),
    /// Whether it may be missing.
    Include(Expr, bool, Sight),
    Macro(Arc<Macro>),
    CallBlock(Expr, Arc<Macro>),
    Do(Expr),
}

/// What a template sees of the one that uses it: `with context` or `without context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    Context,
    /// Only the functions that are always there.
    Nothing,
}

pub(crate) struct For {
    pub(crate) target: Target,
    pub(crate) iter: Expr,
    /// Ours of the name: the user may have one that wins.
    pub(crate) filter: Option<Expr>,
    pub(crate) recursive: bool,
    pub(crate) body: Vec<Stmt>,
    pub(crate) otherwise: Vec<Stmt>,
}

pub(crate) struct Block {
    pub(crate) name: Arc<str>,
    pub(crate) required: bool,
    /// Sees the names of the loops and macros that it stands in.
    pub(crate) scoped: bool,
    pub(crate) body: Vec<Stmt>,
}

pub(crate) struct Macro {
    pub(crate) name: Arc<str>,
    pub(crate) parameters: Vec<Arc<str>>,
    /// For the last parameters.
    pub(crate) defaults: Vec<Expr>,
    pub(crate) body: Vec<Stmt>,
    /// Its body speaks of `varargs`, `kwargs`, `caller`, so that it takes more than its parameters.
    pub(crate) takes: Extras,
}

/// Which of a macro's extra arguments its body uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) varargs: bool,
    pub(crate) kwargs: bool,
    pub(crate) caller: bool,
}

/// What `set`, `for` and `with` assign to.
pub(crate) enum Target {
    Name(Arc<str>),
    /// `ns.attribute`
    Attribute(Arc<str>, Arc<str>, At),
    Unpack(Vec<Target>, At),
}

pub(crate) enum Expr {
    Const(Value),
    /// A string literal that is a template itself: in conditions, and where it is what a lookup looks for.
    Embedded(Arc<Program>),
    Var(Arc<str>, At),
    Attr(Box<Expr>, Arc<str>, At),
    Item(Box<Expr>, Box<Expr>, At),
    Slice(Box<(Expr, Option<Expr>, Option<Expr>, Option<Expr>)>, At),
    Not(Box<Expr>),
    Negative(Box<Expr>, At),
    And(Box<(Expr, Expr)>),
    Or(Box<(Expr, Expr)>),
    Binary(Operator, Box<(Expr, Expr)>, At),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>, At),
    If(Box<(Expr, Expr)>, Option<Box<Expr>>),
    Filter(Box<FilterCall>),
    Test(Box<TestCall>),
    Call(Box<Call>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// The text captured by a filter block.
    Captured,
}

pub(crate) struct FilterCall {
    pub(crate) name: Arc<str>,
    pub(crate) filter: Option<&'static Filter>,
    pub(crate) base: Expr,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) at: At,
}

pub(crate) struct TestCall {
    pub(crate) name: Arc<str>,
    /// Ours of the name: the user may have one that wins.
    pub(crate) test: Option<&'static Predicate>,
    pub(crate) base: Expr,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) at: At,
}

pub(crate) struct Call {
    pub(crate) callee: Expr,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) at: At,
}

pub(crate) enum Argument {
    Positional(Expr),
    Keyword(Arc<str>, Expr),
    Splat(Expr),
    KeywordSplat(Expr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Rem,
    Pow,
    Concat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}

impl Expr {
    /// Where it stands, where that is known.
    pub(crate) fn at(&self) -> Option<At> {
        Some(match self {
            Expr::Var(_, at)
            | Expr::Attr(_, _, at)
            | Expr::Item(_, _, at)
            | Expr::Slice(_, at)
            | Expr::Negative(_, at)
            | Expr::Binary(_, _, at)
            | Expr::Compare(_, _, at) => *at,
            Expr::Filter(call) => call.at,
            Expr::Test(call) => call.at,
            Expr::Call(call) => call.at,
            _ => return None,
        })
    }

    /// `foo.bar['x']` as text, for messages.
    pub(crate) fn path(&self) -> Option<String> {
        match self {
            Expr::Var(name, _) => Some(name.to_string()),
            Expr::Attr(base, name, _) => Some(format!("{}.{name}", base.path()?)),
            Expr::Item(base, key, _) => match &**key {
                Expr::Const(key) => Some(format!("{}[{key:?}]", base.path()?)),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Operator {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Sub => "-",
            Operator::Mul => "*",
            Operator::Div => "/",
            Operator::FloorDiv => "//",
            Operator::Rem => "%",
            Operator::Pow => "**",
            Operator::Concat => "~",
        }
    }
}

impl Comparison {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Comparison::Eq => "==",
            Comparison::Ne => "!=",
            Comparison::Lt => "<",
            Comparison::Le => "<=",
            Comparison::Gt => ">",
            Comparison::Ge => ">=",
            Comparison::In => "in",
            Comparison::NotIn => "not in",
        }
    }
}
