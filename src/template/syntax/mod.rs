//! From text to tree: minijinja's lexer and parser, what they leave out, and one parse for each distinct text.

mod cache;
mod lower;
mod patch;
pub(crate) mod tree;

pub(crate) use cache::{Mode, file, program};
pub(crate) use tree::{Argument, At, Comparison, Expr, For, Macro, Operator, Program, Sight, Stmt, Target};

/// Why a text is no template: what is wrong, and where in the text.
#[derive(Clone, Debug)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) at: At,
}
