//! How long it took: `timer` for the whole, `profile_tasks` for each task.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::default::banner;
use crate::engine::{Event, Sink};
use crate::ui::line;

/// `Playbook run took …` at the end.
pub struct Timer {
    begun: Instant,
}

impl Default for Timer {
    fn default() -> Timer {
        Timer { begun: Instant::now() }
    }
}

impl Sink for Timer {
    fn emit(&self, event: Event) {
        if matches!(event, Event::Ended { .. }) {
            let seconds = self.begun.elapsed().as_secs();
            let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
            banner("PLAYBOOK RECAP");
            line(&format!("Playbook run took {days} days, {hours} hours, {minutes} minutes, {} seconds", seconds % 60));
        }
    }
}

/// The time of every task, the longest first.
pub struct ProfileTasks {
    order: Order,
    /// How many are shown; `None`: all.
    limit: Option<usize>,
    state: Mutex<State>,
}

enum Order {
    Ascending,
    Descending,
    AsTheyRan,
}

struct State {
    begun: Instant,
    current: Option<(u64, String, Instant)>,
    done: Vec<(String, Duration)>,
}

impl ProfileTasks {
    /// `order`: ascending, descending, none.
    pub fn new(order: &str, limit: Option<usize>) -> ProfileTasks {
        let order = match order {
            "ascending" => Order::Ascending,
            "none" => Order::AsTheyRan,
            _ => Order::Descending,
        };
        ProfileTasks { order, limit, state: Mutex::new(State { begun: Instant::now(), current: None, done: Vec::new() }) }
    }
}

impl Sink for ProfileTasks {
    fn emit(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::TaskStarted(task) => {
                let last = state.end_current();
                let name = task.role.as_ref().map_or_else(|| task.name.clone(), |role| format!("{role} : {}", task.name));
                state.current = Some((task.id, name, Instant::now()));
                line(&stamp(last, state.begun.elapsed()));
            }
            Event::Ended { .. } => {
                let last = state.end_current();
                banner("TASKS RECAP");
                line(&stamp(last, state.begun.elapsed()));
                line(&"=".repeat(79));
                let mut rows = std::mem::take(&mut state.done);
                match self.order {
                    Order::Descending => rows.sort_by_key(|a| std::cmp::Reverse(a.1)),
                    Order::Ascending => rows.sort_by_key(|a| a.1),
                    Order::AsTheyRan => {}
                }
                for (name, took) in rows.iter().take(self.limit.unwrap_or(usize::MAX)) {
                    let seconds = format!(" {:.2}s", took.as_secs_f64());
                    let dashes = "-".repeat(78_usize.saturating_sub(name.chars().count() + seconds.len()).max(1));
                    line(&format!("{name} {dashes}{seconds}"));
                }
            }
            _ => {}
        }
    }
}

impl State {
    fn end_current(&mut self) -> Duration {
        let Some((_, name, begun)) = self.current.take() else { return Duration::ZERO };
        let took = begun.elapsed();
        self.done.push((name, took));
        took
    }
}

/// The time, how long the last task took, and how long it has been in all.
fn stamp(last: Duration, all: Duration) -> String {
    let text = |time: Duration| {
        let seconds = time.as_secs();
        format!("{}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, time.subsec_millis())
    };
    let now = jiff::Zoned::now().strftime("%A %d %B %Y  %H:%M:%S %z").to_string();
    let left = format!("{now} ({})", text(last));
    let line = format!("{left}       {} ", text(all));
    format!("{line}{}", "*".repeat(79_usize.saturating_sub(line.chars().count()).max(3)))
}
