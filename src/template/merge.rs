//! Dictionaries of several levels made one, where the settings ask for it (`hash_behaviour = merge`).

use std::sync::Arc;

use super::condition::data;
use super::{Var, VarMap};
use crate::value::{Map, Value};
use crate::yaml::{Key, Kind, Node};

/// `over` laid on `under`: two dictionaries become one, all the way down; anything else replaces what was there.
pub fn merged(under: &Var, over: Var) -> Var {
    match (under, over) {
        (Var::Node(under), Var::Node(over)) => Var::Node(nodes(under, &over)),
        (Var::Value(under), Var::Value(over)) => Var::Value(values(under, over)),
        (Var::Value(under), Var::Node(over)) => Var::Node(nodes(&data(under, over.span()), &over)),
        (Var::Node(under), Var::Value(over)) if over.as_map().is_some() => Var::Node(nodes(under, &data(&over, under.span()))),
        (_, over) => over,
    }
}

/// All variables of `over` laid on those below.
pub fn extend_merged(vars: &mut VarMap, over: &VarMap) {
    for (name, var) in over {
        let var = match vars.get(name) {
            Some(under) => merged(under, var.clone()),
            None => var.clone(),
        };
        vars.insert(name.clone(), var);
    }
}

/// Whether more could be laid under it.
pub fn is_dictionary(var: &Var) -> bool {
    match var {
        Var::Node(node) => node.tag().is_none() && node.as_map().is_some(),
        Var::Value(value) => value.as_map().is_some(),
    }
}

fn nodes(under: &Node, over: &Node) -> Node {
    let (Some(below), Some(above), None, None) = (under.as_map(), over.as_map(), under.tag(), over.tag()) else { return over.clone() };
    let mut entries = below.to_vec();
    for (key, value) in above {
        let id = Key::of(key);
        match entries.iter_mut().find(|(known, _)| id.is_some() && Key::of(known) == id) {
            Some((_, known)) => *known = nodes(known, value),
            None => entries.push((key.clone(), value.clone())),
        }
    }
    Node::new(Kind::Map(entries), over.span().clone())
}

fn values(under: &Value, over: Value) -> Value {
    let (Value::Map(below), Value::Map(above)) = (under, &over) else { return over };
    let mut map: Map = (**below).clone();
    for (key, value) in above.iter() {
        let value = match map.get(key) {
            Some(known) => values(known, value.clone()),
            None => value.clone(),
        };
        map.insert(key.clone(), value);
    }
    Value::Map(Arc::new(map))
}
