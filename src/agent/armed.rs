//! Undos that the agent carries out by itself should the controller vanish.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::change;
use super::look::Host;
use super::stop::Stop;
use crate::plan::Change;

static ARMED: Mutex<BTreeMap<String, Vec<Change>>> = Mutex::new(BTreeMap::new());

pub(crate) fn arm(name: &str, undo: Vec<Change>) {
    ARMED.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), undo);
}

pub(crate) fn disarm(name: &str) {
    ARMED.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
}

pub(crate) fn is_any() -> bool {
    !ARMED.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
}

/// Does all that is armed, each to its end even where a part of it fails: there is nobody left to ask.
pub(crate) fn carry_out() {
    let all = std::mem::take(&mut *ARMED.lock().unwrap_or_else(PoisonError::into_inner));
    for undo in all.into_values() {
        let host = Host::new(&BTreeMap::new(), Arc::new(Stop::new()), None);
        for step in undo {
            let _ = change::perform(&step, &host);
        }
    }
}
