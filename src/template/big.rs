//! Whole numbers beyond 64 bits: Python has no limit. They exist as objects, and become ordinary ones where they fit again.

use std::cmp::Ordering;
use std::sync::Arc;

use num_bigint::{BigInt, Sign};

use super::eval::{Fail, Result, objects, ops};
use super::syntax::Operator;
use crate::diag::Diagnostic;
use crate::value::{Object, Value};

/// Numbers with more digits than these are refused: they would only fill the memory.
const BITS: u64 = 1 << 20;

/// Never one that fits into 64 bits.
#[derive(Debug)]
struct Big(BigInt);

/// As small a value as holds it.
fn value(number: BigInt) -> Value {
    match i64::try_from(&number) {
        Ok(small) => Value::Int(small),
        Err(_) => Value::Object(Arc::new(Big(number))),
    }
}

pub(crate) fn is(object: &Arc<dyn Object>) -> bool {
    objects::downcast::<Big>(object).is_some()
}

/// The number in a value that is a large one.
pub(crate) fn of(value: &Value) -> Option<&BigInt> {
    match value {
        Value::Object(object) => objects::downcast::<Big>(object).map(|big| &big.0),
        _ => None,
    }
}

pub(crate) fn parse(digits: &str, base: u32) -> Option<Value> {
    if digits.len() > 100_000 {
        return None;
    }
    BigInt::parse_bytes(digits.as_bytes(), base).map(value)
}

pub(crate) fn from_u128(number: u128) -> Value {
    value(BigInt::from(number))
}

/// A count from the distance between the first and the last.
pub(crate) fn plus_one(number: u128) -> Value {
    value(BigInt::from(number) + 1)
}

/// Of a float without a fraction.
pub(crate) fn from_float(number: f64) -> Value {
    if number.abs() < 9e18 {
        return Value::Int(number as i64);
    }
    // All digits of a float this large are whole.
    parse(&format!("{number:.0}"), 10).unwrap_or(Value::Null)
}

/// A whole number of any size.
fn whole(value: &Value) -> Option<BigInt> {
    match value {
        Value::Int(number) => Some(BigInt::from(*number)),
        Value::Bool(flag) => Some(BigInt::from(u8::from(*flag))),
        other => of(other).cloned(),
    }
}

pub(crate) fn to_float(number: &BigInt) -> f64 {
    // Rounded to the nearest, as reading a text does.
    number.to_string().parse().unwrap_or(f64::NAN)
}

pub(crate) fn negative(operand: &Value) -> Option<Value> {
    whole(operand).map(|number| value(-number))
}

/// The operators between whole numbers, by Python's rules; nothing where one is none.
pub(crate) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Option<Value>> {
    let (Some(a), Some(b)) = (whole(left), whole(right)) else {
        // A large number with a float is a float.
        return match (of(left), as_float(left), of(right), as_float(right)) {
            (Some(a), _, _, Some(_)) => ops::binary(operator, &Value::Float(to_float(a)), right).map(Some),
            (_, Some(_), Some(b), _) => ops::binary(operator, left, &Value::Float(to_float(b))).map(Some),
            _ => Ok(None),
        };
    };
    let zero = b.sign() == Sign::NoSign;
    // Towards the floor, where the remainder has the divisor's sign.
    let divided = |a: BigInt, b: BigInt| {
        let (quotient, rest) = (&a / &b, &a % &b);
        if rest.sign() != Sign::NoSign && rest.sign() != b.sign() { (quotient - 1, rest + b) } else { (quotient, rest) }
    };
    let number = match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul if a.bits() + b.bits() > BITS => return Err(too_large()),
        Operator::Mul => a * b,
        Operator::Div | Operator::FloorDiv | Operator::Rem if zero => return Err(Fail::error("division by zero")),
        Operator::FloorDiv => divided(a, b).0,
        Operator::Rem => divided(a, b).1,
        Operator::Div => return Ok(Some(Value::Float(to_float(&a) / to_float(&b)))),
        Operator::Pow => match u32::try_from(&b) {
            Ok(power) if a.bits().saturating_mul(u64::from(power)) <= BITS => a.pow(power),
            Ok(_) => return Err(too_large()),
            Err(_) => return Ok(Some(Value::Float(to_float(&a).powf(to_float(&b))))),
        },
        Operator::Concat => return Ok(None),
    };
    Ok(Some(value(number)))
}

fn too_large() -> Fail {
    Fail::error("the result is a whole number of more than 300,000 digits")
}

/// The order of two whole numbers of which one is large.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    if of(left).is_none() && of(right).is_none() {
        return None;
    }
    match (whole(left), whole(right)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (Some(a), None) => as_float(right).and_then(|b| to_float(&a).partial_cmp(&b)),
        (None, Some(b)) => as_float(left).and_then(|a| a.partial_cmp(&to_float(&b))),
        (None, None) => None,
    }
}

fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

impl Object for Big {
    fn type_name(&self) -> &'static str {
        "int"
    }

    fn get(&self, _: &Value) -> std::result::Result<Option<Value>, Diagnostic> {
        Ok(None)
    }

    /// Its digits: JSON as others read it has no such numbers.
    fn plain(&self) -> std::result::Result<Value, Diagnostic> {
        Ok(Value::from(self.0.to_string()))
    }
}
