//! Functions that are always there: `lookup`, `range`, `namespace`, …

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::eval::objects::{self, Cycler, Joiner, Namespace, type_name};
use super::eval::{Arguments, Eval, Fail, Frame, Result};
use super::random::Random;
use super::{dates, lookups, python};
use crate::diag::Diagnostic;
use crate::value::{Map, Undefined, Value};

type Run = fn(&Eval<'_>, Arguments, Option<&Arc<Frame>>) -> Result<Value>;

pub(crate) struct Function {
    name: &'static str,
    pub(crate) run: Run,
}

const TABLE: &[Function] = &[
    Function { name: "lookup", run: |eval, arguments, _| lookups::call(eval, "lookup", arguments, false) },
    Function { name: "query", run: |eval, arguments, _| lookups::call(eval, "query", arguments, true) },
    Function { name: "q", run: |eval, arguments, _| lookups::call(eval, "q", arguments, true) },
    Function { name: "range", run: range },
    Function { name: "dict", run: dict },
    Function { name: "namespace", run: namespace },
    Function { name: "cycler", run: cycler },
    Function { name: "joiner", run: joiner },
    Function { name: "now", run: |_, arguments, _| dates::now(&arguments) },
    Function { name: "undef", run: undef },
    Function { name: "lipsum", run: lipsum },
];

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    TABLE.iter().find(|function| function.name == name)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|function| function.name)
}

fn range(_: &Eval<'_>, arguments: Arguments, _: Option<&Arc<Frame>>) -> Result<Value> {
    let mut numbers = Vec::new();
    for value in &arguments.positional {
        match value {
            Value::Int(number) => numbers.push(*number),
            Value::Bool(flag) => numbers.push(i64::from(*flag)),
            Value::Undefined(undefined) => return Err(Fail::Undefined(undefined.clone())),
            other => {
                let error = Diagnostic::error(format!("`range` takes whole numbers, not {other:?} of type '{}'", type_name(other)));
                return Err(if other.as_str().is_some() { error.help("`| int` makes a number of text") } else { error }.into());
            }
        }
    }
    let (start, stop, step) = match numbers[..] {
        [stop] => (0, stop, 1),
        [start, stop] => (start, stop, 1),
        [_, _, 0] => return Err(Fail::error("the step of `range` cannot be 0")),
        [start, stop, step] => (start, stop, step),
        _ => return Err(Fail::error("`range` takes one to three whole numbers")),
    };
    let count = if step > 0 { (stop - start + step - 1) / step } else { (start - stop - step - 1) / -step };
    if count > 10_000_000 {
        return Err(Fail::error(format!("`range` would give {count} numbers")));
    }
    Ok(Value::list((0..count.max(0)).map(|i| Value::Int(start + i * step))))
}

fn dict(_: &Eval<'_>, arguments: Arguments, _: Option<&Arc<Frame>>) -> Result<Value> {
    let mut map = Map::new();
    match arguments.positional.first().map(objects::plain).transpose()? {
        None => {}
        Some(Value::Map(given)) => map = (*given).clone(),
        Some(Value::List(pairs) | Value::Tuple(pairs)) => {
            for pair in pairs.iter() {
                match pair.as_list() {
                    Some([key, value]) => map.insert(key.clone(), value.clone()),
                    _ => return Err(Fail::error(format!("`dict` takes pairs, not {pair:?}"))),
                };
            }
        }
        Some(other) => return Err(Fail::error(format!("`dict` does not take an object of type '{}'", type_name(&other)))),
    }
    map.extend(arguments.keywords.into_iter().map(|(key, value)| (Value::Str(key), value)));
    Ok(Value::Map(Arc::new(map)))
}

fn namespace(eval: &Eval<'_>, arguments: Arguments, frame: Option<&Arc<Frame>>) -> Result<Value> {
    let map = match dict(eval, arguments, frame)? {
        Value::Map(map) => map.iter().map(|(key, value)| (key.clone(), eval.literal(value.clone()))).collect(),
        _ => Map::new(),
    };
    Ok(Value::Object(Arc::new(Namespace(Mutex::new(map)))))
}

fn cycler(_: &Eval<'_>, arguments: Arguments, _: Option<&Arc<Frame>>) -> Result<Value> {
    if arguments.positional.is_empty() {
        return Err(Fail::error("`cycler` takes the values to cycle through"));
    }
    Ok(Value::Object(Arc::new(Cycler { items: arguments.positional, at: AtomicUsize::new(0) })))
}

fn joiner(_: &Eval<'_>, arguments: Arguments, _: Option<&Arc<Frame>>) -> Result<Value> {
    let separator = arguments.get(0, "sep").cloned().unwrap_or_else(|| Value::str(", "));
    Ok(Value::Object(Arc::new(Joiner { separator, used: Mutex::new(false) })))
}

/// Paragraphs of words without meaning.
fn lipsum(_: &Eval<'_>, arguments: Arguments, _: Option<&Arc<Frame>>) -> Result<Value> {
    const WORDS: &str = "a ac ad amet ante arcu at augue bibendum commodo consectetur cras cum diam dictum dolor donec dui egestas elit enim erat eros est et eu \
                         facilisis fames felis fusce gravida habitant hac iaculis id in integer ipsum justo lacus lectus leo libero ligula lorem luctus magna \
                         massa mattis mauris metus mi mollis morbi nam nec neque nibh nisi nisl non nulla nunc odio orci ornare parturient pede per porta \
                         pretium proin pulvinar purus quam quis rhoncus risus rutrum sagittis sapien sed sem semper sit sociis sodales suscipit tellus tempor \
                         tortor turpis ut varius vel velit vitae volutpat vulputate";
    let number = |index: usize, name: &str, default: i64| match arguments.get(index, name) {
        Some(Value::Int(number)) => (*number).clamp(0, 1000) as u64,
        _ => default as u64,
    };
    let (count, low, high) = (number(0, "n", 5), number(2, "min", 20), number(3, "max", 100));
    let html = arguments.get(1, "html").is_none_or(Value::is_true);
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut random = Random::fresh();
    let mut paragraph = || {
        let size = (low + random.below(high.saturating_sub(low).max(1))).max(1);
        let text = (0..size).map(|_| words[random.below(words.len() as u64) as usize]).collect::<Vec<_>>().join(" ");
        let text = python::capitalize(&text) + ".";
        if html { format!("<p>{text}</p>") } else { text }
    };
    Ok(Value::from((0..count).map(|_| paragraph()).collect::<Vec<_>>().join(if html { "\n" } else { "\n\n" })))
}

fn undef(_: &Eval<'_>, arguments: Arguments, _: Option<&Arc<Frame>>) -> Result<Value> {
    let hint = match arguments.get(0, "hint") {
        None | Some(Value::Null) => "Mandatory variable has not been overridden".to_string(),
        Some(hint) => hint.to_string(),
    };
    Ok(Value::Undefined(Arc::new(Undefined { name: "undef()".into(), hint: Some(hint), ..Undefined::default() })))
}
