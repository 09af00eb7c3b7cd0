//! Runs plays: play, host, task, loop, handlers, strategy; emits events, prints nothing.

mod ahead;
mod arguments;
mod ask;
mod attempt;
mod background;
mod batch;
mod dispatch;
mod event;
mod frame;
mod gather;
mod handlers;
mod include;
mod meta;
mod play;
mod repeat;
mod run;
mod settle;
mod specs;
mod stats;
mod steps;
mod target;
mod task;

pub use crate::actions::{Ask, Nobody};
pub use event::{Counts, Event, Job, Outcome, Several, Silent, Sink, Status, TaskInfo};
pub use frame::selected;
pub use play::{name_of_hosts, pattern, scope_of_play};
pub use run::{Ended, Gathering, Options, Run};
pub use task::rendered_tags;
