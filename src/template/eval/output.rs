//! What statements emit: one value keeps its type, several become a string (ansible-core 2.19, native types).

use std::fmt::Write as _;
use std::sync::Arc;

use crate::value::Value;

/// Collects what is emitted. Nothing, `none` and `omit` leave no trace beside other pieces.
#[derive(Default)]
pub(crate) struct Output {
    text: String,
    first: Option<Value>,
    several: bool,
    /// How many `omit` were emitted: one alone is the result.
    omitted: usize,
    nothing: bool,
}

impl Output {
    pub(crate) fn text(&mut self, text: &Arc<str>) {
        if self.first.is_none() && !self.several {
            self.first = Some(Value::Str(text.clone()));
        } else {
            self.flush();
            self.text.push_str(text);
        }
    }

    /// A finished value: nothing undefined in it.
    pub(crate) fn value(&mut self, value: Value) {
        match value {
            Value::Null => self.nothing = true,
            Value::Omit => self.omitted += 1,
            value if self.first.is_none() && !self.several => self.first = Some(value),
            value => {
                self.flush();
                // Writing to a string cannot fail.
                let _ = write!(self.text, "{value}");
            }
        }
    }

    fn flush(&mut self) {
        if let Some(first) = self.first.take() {
            let _ = write!(self.text, "{first}");
        }
        self.several = true;
    }

    pub(crate) fn finish(self) -> Value {
        match (self.several, self.first) {
            (true, _) => Value::Str(self.text.into()),
            (false, Some(first)) => first,
            (false, None) if self.omitted == 1 && !self.nothing => Value::Omit,
            (false, None) if self.omitted > 0 => Value::str(""),
            (false, None) => Value::Null,
        }
    }
}
