//! When two keys of a dictionary are the same key.

use std::sync::Arc;

use super::node::{Kind, Node};

/// A scalar as Python compares dictionary keys: `1`, `1.0` and `true` are one key, `"1"` is another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Null,
    Int(i64),
    /// The bits of a number that is not whole.
    Float(u64),
    Str(Arc<str>),
}

impl Key {
    /// None for lists and dictionaries, which cannot be keys.
    pub fn of(node: &Node) -> Option<Key> {
        Some(match node.kind() {
            Kind::Null => Key::Null,
            Kind::Bool(flag) => Key::Int(i64::from(*flag)),
            Kind::Int(number) => Key::Int(*number),
            // 2^63 is the first float beyond i64: below it, the cast loses nothing of a whole number.
            Kind::Float(number) if number.fract() == 0.0 && number.abs() < 9_223_372_036_854_775_808.0 => Key::Int(*number as i64),
            Kind::Float(number) => Key::Float(number.to_bits()),
            Kind::Str(text) => Key::Str(text.clone()),
            Kind::List(_) | Kind::Map(_) => return None,
        })
    }
}
