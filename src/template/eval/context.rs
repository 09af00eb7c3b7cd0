//! What one rendering shares: the scope, what was resolved already, frames of names.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use super::stmt::settle;
use super::{Eval, Fail, Origin, Result, Unit, objects};
use crate::diag::Source;
use crate::template::syntax::tree::Block;
use crate::template::syntax::{self, Mode};
use crate::template::{Scope, Syntax, Var, header};
use crate::value::Value;
use crate::yaml::{Kind, Node, Tag};

/// Variables, macros and files nested deeper than this refer to each other without end, or will overflow the stack.
const DEPTH: usize = 90;

/// One rendering.
pub(crate) struct Context<'a> {
    pub(crate) scope: &'a dyn Scope,
    /// Templates in variables are rendered once in a rendering, as in Ansible: `{{ x == x }}` holds for a random x.
    /// The node is kept so that its address stays its own.
    nodes: RefCell<HashMap<usize, (Node, Value)>>,
    /// Variables whose containers are shared by reference.
    variables: RefCell<HashMap<Arc<str>, Value>>,
    /// Whether containers are shared by reference: only where a template calls a method that changes one.
    pub(crate) sharing: Cell<bool>,
    /// Frames that macros hold; emptied at the end, since a frame that holds its own macro would never be freed.
    kept: RefCell<Vec<Arc<Frame>>>,
    /// Definitions of each block, the most derived first.
    pub(crate) blocks: RefCell<HashMap<Arc<str>, Vec<(Unit, Arc<Block>)>>>,
}

/// Names bound by statements; the innermost frame wins.
#[derive(Default)]
pub(crate) struct Frame {
    pub(crate) names: Mutex<Vec<(Arc<str>, Value)>>,
    pub(crate) parent: Option<Arc<Frame>>,
}

/// What a name or a path leads to: a value, or a container as written, not rendered yet.
pub(crate) enum Found {
    Value(Value),
    Node(Node),
}

impl Frame {
    pub(crate) fn inside(parent: Option<&Arc<Frame>>) -> Arc<Frame> {
        Arc::new(Frame { names: Mutex::default(), parent: parent.cloned() })
    }

    /// The outermost frame: names of the whole template.
    pub(crate) fn root(self: &Arc<Self>) -> Arc<Frame> {
        let mut frame = self;
        while let Some(parent) = &frame.parent {
            frame = parent;
        }
        frame.clone()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let mut frame = self;
        loop {
            let found = frame.own(name);
            if found.is_some() {
                return found;
            }
            frame = frame.parent.as_deref()?;
        }
    }

    /// Bound in this frame itself.
    pub(crate) fn own(&self, name: &str) -> Option<Value> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().find(|(found, _)| &**found == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn set(&self, name: &Arc<str>, value: Value) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        match names.iter_mut().find(|(found, _)| found == name) {
            Some((_, place)) => *place = value,
            None => names.push((name.clone(), value)),
        }
    }

    pub(crate) fn clear(&self) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

thread_local! {
    /// Scope and node of each template that is being rendered on this thread.
    static ACTIVE: RefCell<Vec<(usize, usize)>> = const { RefCell::new(Vec::new()) };
}

/// Leaves what [`enter`] entered.
pub(crate) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        ACTIVE.with_borrow_mut(Vec::pop);
    }
}

/// Notes that something nested begins; an error where it began before, or where the nesting has no end.
pub(crate) fn enter(scope: usize, what: usize) -> Result<Entered> {
    ACTIVE.with_borrow_mut(|active| {
        if what != 0 && active.contains(&(scope, what)) {
            return Err(Fail::error("a variable refers to itself"));
        }
        if active.len() >= DEPTH {
            return Err(Fail::error(format!("more than {DEPTH} templates are nested in each other: they refer to each other without end")));
        }
        active.push((scope, what));
        Ok(Entered)
    })
}

impl<'a> Context<'a> {
    pub(crate) fn new(scope: &'a dyn Scope) -> Context<'a> {
        Context {
            scope,
            nodes: RefCell::default(),
            variables: RefCell::default(),
            sharing: Cell::new(false),
            kept: RefCell::default(),
            blocks: RefCell::default(),
        }
    }

    pub(crate) fn keep(&self, frame: &Arc<Frame>) {
        let mut kept = self.kept.borrow_mut();
        if !kept.iter().any(|found| Arc::ptr_eq(found, frame)) {
            kept.push(frame.clone());
        }
    }

    /// A variable of the scope.
    pub(crate) fn variable(&self, name: &Arc<str>) -> Result<Option<Found>> {
        if self.sharing.get()
            && let Some(value) = self.variables.borrow().get(name)
        {
            return Ok(Some(Found::Value(value.clone())));
        }
        let found = match self.scope.get(name) {
            None => return Ok(None),
            Some(Var::Value(value)) => Found::Value(value),
            Some(Var::Node(node)) => self.found(node)?,
        };
        if !self.sharing.get() {
            return Ok(Some(found));
        }
        let value = objects::shared(self.whole(found)?);
        if matches!(value, Value::Object(_)) {
            self.variables.borrow_mut().insert(name.clone(), value.clone());
        }
        Ok(Some(Found::Value(value)))
    }

    /// Strings are rendered; containers stay nodes, for a path may lead on into them.
    pub(crate) fn found(&self, node: Node) -> Result<Found> {
        match node.kind() {
            Kind::List(_) | Kind::Map(_) if node.tag().is_none() => Ok(Found::Node(node)),
            _ => self.node(&node).map(Found::Value),
        }
    }

    pub(crate) fn whole(&self, found: Found) -> Result<Value> {
        match found {
            Found::Value(value) => Ok(value),
            Found::Node(node) => self.node(&node),
        }
    }

    /// Renders a node; what is undefined inside stays an undefined value, for it may never be used.
    pub(crate) fn node(&self, node: &Node) -> Result<Value> {
        match (node.kind(), node.tag()) {
            (Kind::Str(text), Some(Tag::Unsafe)) if is_template(text) => {
                self.scope.met_untrusted(node)?;
                return Ok(Value::Str(text.clone()));
            }
            (_, Some(Tag::Unsafe)) => return Ok(Value::from_node(node)),
            (Kind::Str(text), Some(Tag::Vault)) => {
                let plain = self.scope.decrypt(text).map_err(|error| error.or_at(Some(node.span())))?;
                return Ok(Value::from(plain));
            }
            (Kind::Str(text), None) if !is_template(text) => return Ok(Value::Str(text.clone())),
            (Kind::Str(_) | Kind::List(_) | Kind::Map(_), _) => {}
            _ => return Ok(Value::from_node(node)),
        }
        let address = ptr::from_ref(node.kind()) as usize;
        if let Some((_, value)) = self.nodes.borrow().get(&address) {
            return Ok(value.clone());
        }
        let value = match node.kind() {
            Kind::Str(text) => {
                let _entered = enter(ptr::from_ref(self.scope).cast::<()>() as usize, address).map_err(|fail| self.cycle(fail, node))?;
                match self.text(text, node) {
                    Err(Fail::Undefined(undefined)) => Value::Undefined(undefined),
                    other => other?,
                }
            }
            Kind::List(items) => Value::list(items.iter().map(|item| self.node(item)).collect::<Result<Vec<_>>>()?),
            Kind::Map(entries) => {
                Value::map(entries.iter().map(|(key, value)| Ok((Value::from_node(key), self.node(value)?))).collect::<Result<Vec<_>>>()?)
            }
            _ => Value::from_node(node),
        };
        self.nodes.borrow_mut().insert(address, (node.clone(), value.clone()));
        Ok(value)
    }

    /// Renders a text that has delimiters.
    pub(crate) fn text(&self, text: &Arc<str>, node: &Node) -> Result<Value> {
        let origin = Origin::Node(node.clone());
        let program = syntax::program(text, Mode::Text).map_err(|error| origin.syntax_error(&error))?;
        let value = Eval::new(self, Unit::new(program, origin)).run()?;
        Ok(ended_as(value, text, "\n"))
    }

    fn cycle(&self, fail: Fail, node: &Node) -> Fail {
        match fail {
            Fail::Error(error) => Fail::Error(Box::new(
                error.or_at(Some(node.span())).help("break the circle: give one of the variables a value of its own, or another name"),
            )),
            other => other,
        }
    }
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        for frame in self.kept.borrow().iter() {
            frame.clear();
        }
    }
}

/// Renders a template file; one expression keeps its type.
pub(crate) fn file(context: &Context<'_>, source: &Arc<Source>, syntax: &Syntax) -> Result<Value> {
    let asked = syntax;
    let (body, syntax) = header::read(&source.text, syntax)?;
    let text: Arc<str> = if body == 0 { source.text.clone() } else { source.text[body..].into() };
    if syntax == Syntax::default() && !is_template(&text) {
        return Ok(Value::Str(text));
    }
    let origin = Origin::File(source.clone(), body);
    let program = syntax::file(&text, &syntax).map_err(|error| origin.syntax_error(&error))?;
    let _entered = enter(0, 0)?;
    let value = settle(&Eval::new(context, Unit::new(program, origin)).run()?)?;
    // The header does not count for what is put back.
    Ok(ended_as(value, &text, &asked.newline_sequence))
}

/// Text ends with as many newlines as its template does: Jinja2 takes one away, Ansible puts it back, as `newline`.
pub(crate) fn ended_as(value: Value, template: &str, newline: &str) -> Value {
    let count = |text: &str, end: &str| std::iter::successors(text.strip_suffix(end), |rest| rest.strip_suffix(end)).count();
    match value {
        Value::Str(text) => {
            let missing = count(template, "\n").saturating_sub(count(&text, newline));
            if missing > 0 { Value::from(format!("{text}{}", newline.repeat(missing))) } else { Value::Str(text) }
        }
        other => other,
    }
}

/// Whether a string has anything to render.
pub(crate) fn is_template(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|b| *b == b'{') {
        match bytes.get(from + found + 1) {
            Some(b'{' | b'%' | b'#') => return true,
            _ => from += found + 1,
        }
    }
    false
}
