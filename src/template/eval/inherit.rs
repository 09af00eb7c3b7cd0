//! Templates that use others: include, import, extends, blocks.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::macros::Module;
use super::output::Output;
use super::{Eval, Fail, Frame, Origin, Result, Unit, enter, objects};
use crate::diag::{Diagnostic, Source};
use crate::template::Syntax;
use crate::template::syntax::{Expr, Sight, Stmt, file};
use crate::value::{Undefined, Value};

/// Which files a template extends already.
#[derive(Default)]
pub(crate) struct Inheritance {
    seen: HashSet<PathBuf>,
}

impl Eval<'_> {
    /// Runs a unit that has blocks or extends another; the parent's layout takes the blocks of its children.
    pub(crate) fn inherit(&self, inheritance: &mut Inheritance, output: &mut Output, frame: Option<&Arc<Frame>>) -> Result<()> {
        let program = self.unit.program.clone();
        for block in program.blocks.values() {
            let mut blocks = self.context.blocks.borrow_mut();
            blocks.entry(block.name.clone()).or_default().push((self.unit.clone(), block.clone()));
        }
        let mut parent = None;
        let mut discarded = Output::default();
        for stmt in &program.body {
            match stmt {
                Stmt::Extends(name) => parent = Some(self.load(name, frame)?),
                // What a child emits outside its blocks is lost once it extends.
                stmt if parent.is_some() => {
                    if !matches!(stmt, Stmt::Text(_) | Stmt::Emit(_) | Stmt::Block(_)) {
                        self.body(std::slice::from_ref(stmt), &mut discarded, frame)?;
                    }
                }
                stmt => {
                    self.body(std::slice::from_ref(stmt), output, frame)?;
                }
            }
        }
        let Some((unit, path)) = parent else { return Ok(()) };
        if !inheritance.seen.insert(path.clone()) {
            return Err(Fail::error(format!("{} extends itself", path.display())));
        }
        Eval::new(self.context, unit).inherit(inheritance, output, frame)
    }

    /// The block `name`, `level` definitions up from the most derived one; `scoped` as the place says where it stands.
    pub(crate) fn block(&self, name: &str, level: usize, scoped: bool, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let found = self.context.blocks.borrow().get(name).and_then(|blocks| blocks.get(level).cloned());
        let Some((unit, block)) = found else { return Err(Fail::error(format!("there is no block `{name}` here"))) };
        if block.required {
            return Err(Fail::error(format!("the block `{name}` is required: a template that extends this one must define it")));
        }
        let _entered = enter(0, 0)?;
        // A block is a function of the whole template: unless it is `scoped` it sees no loop's and no macro's names.
        let root = frame.map(|frame| frame.root());
        let inner = Frame::inside(if scoped { frame } else { root.as_ref() });
        inner.set(&SUPER.into(), Value::Tuple(Arc::new(vec![Value::str(name), Value::Int(level as i64), Value::Bool(scoped)])));
        Eval::new(self.context, unit).capture(&block.body, Some(&inner))
    }

    /// `super()`
    pub(crate) fn super_block(&self, frame: Option<&Arc<Frame>>) -> Result<Value> {
        match frame.and_then(|frame| frame.get(SUPER)).as_ref().and_then(Value::as_list) {
            Some([Value::Str(name), Value::Int(level), Value::Bool(scoped)]) => {
                let next = *level as usize + 1;
                if self.context.blocks.borrow().get(name).is_none_or(|blocks| blocks.len() <= next) {
                    return Err(Fail::error(format!("no template above this one has a block `{name}`")));
                }
                self.block(name, next, *scoped, frame)
            }
            _ => Err(Fail::error("`super()` is only for blocks")),
        }
    }

    /// `self.name()`
    pub(crate) fn own_block(&self, name: &str, frame: Option<&Arc<Frame>>) -> Result<Value> {
        self.block(name, 0, false, frame)
    }

    pub(crate) fn include(&self, name: &Expr, ignore_missing: bool, sight: Sight, frame: Option<&Arc<Frame>>) -> Result<Value> {
        match self.load(name, frame) {
            Ok((unit, _)) => {
                let _entered = enter(0, 0)?;
                let (unit, inner) = self.seeing(unit, sight, frame);
                // The loop around an include is not its own.
                inner.set(&"loop".into(), Value::Undefined(Arc::new(Undefined { name: "loop".into(), ..Undefined::default() })));
                let blocks = std::mem::take(&mut *self.context.blocks.borrow_mut());
                let value = Eval::new(self.context, unit).run_inside(Some(&inner));
                *self.context.blocks.borrow_mut() = blocks;
                value
            }
            Err(Fail::Error(error)) if ignore_missing && error.message.starts_with(MISSING) => Ok(Value::Null),
            Err(fail) => Err(fail),
        }
    }

    /// A template that is used, and the frame that it runs in.
    fn seeing(&self, unit: Unit, sight: Sight, frame: Option<&Arc<Frame>>) -> (Unit, Arc<Frame>) {
        match sight {
            Sight::Context => (Unit { sight: self.unit.sight, ..unit }, Frame::inside(frame)),
            Sight::Nothing => (Unit { sight, ..unit }, Frame::inside(None)),
        }
    }

    pub(crate) fn import(&self, name: &Expr, sight: Sight, frame: Option<&Arc<Frame>>) -> Result<Value> {
        let (unit, _) = self.load(name, frame)?;
        let _entered = enter(0, 0)?;
        let (unit, inner) = self.seeing(unit, sight, frame);
        Eval::new(self.context, unit).run_inside(Some(&inner))?;
        Ok(Value::Object(Arc::new(Module(inner))))
    }

    pub(crate) fn import_names(&self, name: &Expr, names: &[(Arc<str>, Arc<str>)], sight: Sight, frame: Option<&Arc<Frame>>) -> Result<()> {
        let module = self.import(name, sight, frame)?;
        let Value::Object(object) = &module else { return Ok(()) };
        for (found, alias) in names {
            let value = object.get(&Value::Str(found.clone()))?.unwrap_or_else(|| {
                let hint = Some(format!("the imported template defines no `{found}`"));
                Value::Undefined(Arc::new(Undefined { name: found.to_string(), hint, ..Undefined::default() }))
            });
            if let Some(frame) = frame {
                frame.set(alias, value);
            }
        }
        Ok(())
    }

    /// The first of the named templates that is there.
    fn load(&self, name: &Expr, frame: Option<&Arc<Frame>>) -> Result<(Unit, PathBuf)> {
        let value = objects::plain(&self.defined(name, frame)?)?;
        let names: Vec<String> = match &value {
            Value::List(items) | Value::Tuple(items) => items.iter().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        };
        let mut tried = Vec::new();
        for name in &names {
            for path in self.candidates(name) {
                match fs::read_to_string(&path) {
                    Ok(text) => {
                        let source = Arc::new(Source { path: path.clone(), text: text.into() });
                        let origin = Origin::File(source.clone(), 0);
                        // Read as the template that uses it is; only that one's header counts.
                        let program = match &self.unit.program.syntax {
                            Some(syntax) => file(&source.text, syntax),
                            None => file(&source.text, &Syntax::default()),
                        };
                        let program = program.map_err(|error| origin.syntax_error(&error))?;
                        return Ok((Unit::new(program, origin), path));
                    }
                    Err(_) => tried.push(path.display().to_string()),
                }
            }
        }
        let error = Diagnostic::error(format!("{MISSING} {}", names.join(", "))).help(format!("looked for {}", tried.join(", ")));
        Err(self.placed(error.into(), name.at()))
    }

    /// Beside the template itself, then along the search path.
    fn candidates(&self, name: &str) -> Vec<PathBuf> {
        let mut out = Vec::new();
        if let Origin::File(source, _) = &self.unit.origin
            && !Path::new(name).is_absolute()
            && let Some(folder) = source.path.parent()
        {
            out.push(folder.join(name));
        }
        out.extend(self.context.scope.paths().candidates("templates", name));
        out.dedup();
        out
    }
}

/// Where a block keeps its name and level for `super()`; no template can write it.
const SUPER: &str = "super of";
const MISSING: &str = "there is no template";
