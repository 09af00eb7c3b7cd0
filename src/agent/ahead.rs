//! Tasks that the controller asks for before their turn: planned in their order while nothing changes the host.
//!
//! The first that would change something, and all behind it, are left for their turn; so is all that waits when a task in its turn
//! has changed something or failed, or the next one comes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::wire::{Task, TaskResult};

#[derive(Default)]
pub(crate) struct Ahead {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Task>,
    /// Tasks in their turn that are under way.
    turns: usize,
    /// One is being planned.
    planning: bool,
    /// What comes must wait for its turn.
    void: bool,
}

impl State {
    /// The answer: those that must wait for their turn.
    fn give_up(&mut self) -> Vec<u64> {
        self.void = true;
        self.waiting.drain(..).map(|task| task.id).collect()
    }
}

impl Ahead {
    /// A task begins in its turn; the answer is what must wait for its own.
    pub(crate) fn begins(&self) -> Vec<u64> {
        let mut state = self.state();
        let late = state.give_up();
        state.turns += 1;
        state.void = false;
        late
    }

    /// A task in its turn has ended; the answer is what must wait for its own.
    pub(crate) fn ended(&self, result: &TaskResult) -> Vec<u64> {
        let mut state = self.state();
        state.turns = state.turns.saturating_sub(1);
        if result.changed || result.failed || result.unreachable { state.give_up() } else { Vec::new() }
    }

    /// False where it must wait for its turn.
    pub(crate) fn add(&self, task: Task) -> bool {
        let mut state = self.state();
        if !state.void {
            state.waiting.push_back(task);
        }
        !state.void
    }

    /// The next to be planned, if it can be now.
    pub(crate) fn next(&self) -> Option<Task> {
        let mut state = self.state();
        if state.turns > 0 || state.planning || state.void {
            return None;
        }
        let next = state.waiting.pop_front()?;
        state.planning = true;
        Some(next)
    }

    /// It was planned; not `done`: it would change something. The answer is what must wait for its turn.
    pub(crate) fn planned(&self, done: bool) -> Vec<u64> {
        let mut state = self.state();
        state.planning = false;
        if done { Vec::new() } else { state.give_up() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
