//! Runs plays: play, host, task, loop, handlers, strategy; emits events, prints nothing.

mod event;

pub use event::{Counts, Event, Outcome, Silent, Sink, Status, TaskInfo};
