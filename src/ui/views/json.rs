//! One JSON document at the end: plays, tasks, hosts and their results, in the shape of Ansible's callback of this name.

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::results;
use crate::engine::{Event, Outcome, Sink, Status, TaskInfo};
use crate::ui::{line, report};

#[derive(Default)]
pub struct Json {
    plays: Mutex<Vec<Play>>,
}

#[derive(Default)]
struct Play {
    name: String,
    began: String,
    ended: String,
    tasks: Vec<Task>,
}

struct Task {
    id: u64,
    name: String,
    path: String,
    began: String,
    ended: String,
    hosts: Map<String, Value>,
}

impl Sink for Json {
    fn emit(&self, event: Event) {
        let mut plays = self.plays.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::PlayStarted { name, .. } | Event::NoHosts { name } => {
                plays.push(Play { name, began: now(), ended: now(), tasks: Vec::new() })
            }
            Event::TaskStarted(task) => {
                if let Some(play) = plays.last_mut() {
                    play.task(&task);
                }
            }
            Event::Finished { task, host, outcome } => {
                if let Some(play) = plays.last_mut() {
                    play.ended = now();
                    let known = play.task(&task);
                    known.ended = now();
                    known.hosts.insert(host.to_string(), result(&task, &outcome));
                }
            }
            Event::Warning(warning) => report(&warning),
            Event::Ended { recap, stats: figures } => {
                let counts = |c: &crate::engine::Counts| {
                    json!({"ok": c.ok, "changed": c.changed, "unreachable": c.unreachable, "failures": c.failed, "skipped": c.skipped,
                        "rescued": c.rescued, "ignored": c.ignored})
                };
                let stats: Map<String, Value> = recap.iter().map(|(host, c)| (host.to_string(), counts(c))).collect();
                let mut custom: Map<String, Value> =
                    figures.into_iter().map(|(of, figures)| (of, figures.to_json().unwrap_or_default())).collect();
                let global = custom.shift_remove("RUN").unwrap_or_else(|| json!({}));
                let plays: Value = plays.iter().map(Play::json).collect();
                let mut all = json!({"plays": plays, "stats": stats, "custom_stats": custom, "global_custom_stats": global});
                all.sort_all_objects();
                line(&results::indented(&all, 4));
            }
            _ => {}
        }
    }
}

impl Play {
    fn task(&mut self, task: &TaskInfo) -> &mut Task {
        let at = self.tasks.iter().rposition(|known| known.id == task.id).unwrap_or_else(|| {
            let path = &task.span.source.path;
            let path = format!("{}:{}", std::path::absolute(path).as_ref().unwrap_or(path).display(), task.span.line);
            self.tasks.push(Task { id: task.id, name: task.name.clone(), path, began: now(), ended: now(), hosts: Map::new() });
            self.tasks.len() - 1
        });
        &mut self.tasks[at]
    }

    fn json(&self) -> Value {
        let task = |task: &Task| {
            json!({
                "task": {"name": task.name, "id": task.id.to_string(), "path": task.path, "duration": {"start": task.began, "end": task.ended}},
                "hosts": task.hosts,
            })
        };
        json!({"play": {"name": self.name, "duration": {"start": self.began, "end": self.ended}}, "tasks": self.tasks.iter().map(task).collect::<Value>()})
    }
}

fn result(task: &TaskInfo, outcome: &Outcome) -> Value {
    let mut map = results::shown(outcome, 0);
    map.retain(|key, value| !(matches!(key.as_str(), "failed" | "skipped") && *value == Value::Bool(false)));
    map.insert("action".into(), task.action.clone().into());
    match outcome.status {
        Status::Failed | Status::Ignored => drop(map.insert("failed".into(), true.into())),
        Status::Unreachable | Status::UnreachableIgnored => drop(map.insert("unreachable".into(), true.into())),
        _ => {}
    }
    Value::Object(map)
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
