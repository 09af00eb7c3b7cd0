//! Tests of registered results: `is changed`, `is failed`, …

use super::Predicate;
use crate::template::eval::objects::{plain, type_name};
use crate::template::eval::{Invocation, Result};
use crate::value::{Map, Value};

pub(super) const TABLE: &[Predicate] = &[
    Predicate::new("changed", &[], changed),
    Predicate::new("change", &[], changed),
    Predicate::new("failed", &[], |call| result(call).map(|map| flag(&map, "failed"))),
    Predicate::new("failure", &[], |call| result(call).map(|map| flag(&map, "failed"))),
    Predicate::new("succeeded", &[], |call| result(call).map(|map| !flag(&map, "failed"))),
    Predicate::new("success", &[], |call| result(call).map(|map| !flag(&map, "failed"))),
    Predicate::new("successful", &[], |call| result(call).map(|map| !flag(&map, "failed"))),
    Predicate::new("skipped", &[], |call| result(call).map(|map| flag(&map, "skipped"))),
    Predicate::new("skip", &[], |call| result(call).map(|map| flag(&map, "skipped"))),
    Predicate::new("reachable", &[], |call| result(call).map(|map| !flag(&map, "unreachable"))),
    Predicate::new("unreachable", &[], |call| result(call).map(|map| flag(&map, "unreachable"))),
    Predicate::new("timedout", &[], |call| result(call).map(|map| map.get("timedout").is_some_and(Value::is_true))),
    Predicate::new("started", &[], |call| result(call).map(|map| !map.contains_key("started") || flag(&map, "started"))),
    Predicate::new("finished", &[], |call| result(call).map(|map| !map.contains_key("finished") || flag(&map, "finished"))),
];

fn result(call: &Invocation<'_, '_>) -> Result<std::sync::Arc<Map>> {
    match plain(&call.input)? {
        Value::Map(map) => Ok(map),
        other => Err(call.error(format!("takes the registered result of a task, not {other:?} of type '{}'", type_name(&other)))),
    }
}

fn flag(map: &Map, name: &str) -> bool {
    map.get(name).is_some_and(Value::is_true)
}

/// A loop's result changed where one of its items did.
fn changed(call: &Invocation<'_, '_>) -> Result<bool> {
    let map = result(call)?;
    if !map.contains_key("changed")
        && let Some(results) = map.get("results").and_then(Value::as_list)
    {
        return Ok(results.iter().any(|item| item.get("changed").is_some_and(Value::is_true)));
    }
    Ok(flag(&map, "changed"))
}
