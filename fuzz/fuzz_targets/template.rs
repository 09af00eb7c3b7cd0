//! Any text as a template, as an expression and as a template file, checked and rendered over a few variables.
#![no_main]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use deploy::diag::Source;
use deploy::template::{self, Scope, SearchPath, Syntax, Var};
use deploy::value::Value;
use deploy::yaml::{Node, nowhere};
use libfuzzer_sys::fuzz_target;

struct Few(HashMap<&'static str, Value>, SearchPath);

impl Scope for Few {
    fn get(&self, name: &str) -> Option<Var> {
        self.0.get(name).cloned().map(Var::Value)
    }
    fn names(&self) -> Vec<Arc<str>> {
        self.0.keys().map(|name| (*name).into()).collect()
    }
    fn paths(&self) -> &SearchPath {
        &self.1
    }
    /// None: some run programs.
    fn may_look_up(&self, _: &str) -> bool {
        false
    }
}

static SCOPE: LazyLock<Few> = LazyLock::new(|| {
    let list = Value::list([Value::Int(3), Value::str("b"), Value::Null]);
    let map = Value::map([(Value::str("k"), Value::str("v")), (Value::str("n"), Value::Float(1.5))]);
    Few(HashMap::from([("a", Value::Int(1)), ("s", Value::str("text")), ("l", list), ("m", map)]), SearchPath::default())
});

fuzz_target!(|text: &str| {
    let node = Node::string(text, &nowhere("t", text));
    let _ = template::check(&node);
    let _ = template::check_expression(&node);
    let _ = template::render(&node, &*SCOPE);
    let _ = template::evaluate(&node, &*SCOPE);
    let source = Arc::new(Source { path: "t.j2".into(), text: text.into() });
    let _ = template::render_file(&source, &Syntax::default(), &*SCOPE);
});
