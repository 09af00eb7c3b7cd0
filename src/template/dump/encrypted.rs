//! Texts of the vault among values that are written.

use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::value::{Object, Value};

/// A text of the vault: it is written as one, with its tag.
#[derive(Debug)]
pub(crate) struct Encrypted(pub(crate) Arc<str>);

impl Object for Encrypted {
    fn type_name(&self) -> &'static str {
        "EncryptedString"
    }

    fn get(&self, _: &Value) -> Result<Option<Value>, Diagnostic> {
        Ok(None)
    }

    fn plain(&self) -> Result<Value, Diagnostic> {
        Ok(Value::Str(self.0.clone()))
    }
}
