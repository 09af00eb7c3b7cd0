//! `meta`: tasks that steer the play itself (docs.ansible.com, ansible.builtin.meta).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::event::Event;
use super::frame::Frame;
use super::play::{Host, PlayRun};
use super::steps::Flow;
use super::target::reset_connection;
use crate::diag::Diagnostic;
use crate::playbook::{META, Task};
use crate::template::render_text;
use crate::value::Value;

impl PlayRun {
    pub(super) async fn meta(self: &Arc<Self>, task: &Arc<Task>, frame: &Arc<Frame>, hosts: Vec<Host>) -> Flow {
        let Some(node) = task.action.get("_raw_params") else { return Flow::of(hosts) };
        let Some(first) = hosts.first().cloned() else { return Flow::default() };
        let what = render_text(node, &self.scope(&first, frame)).unwrap_or_default();
        let mut flow = Flow::default();
        let mut chosen = Vec::new();
        for host in hosts {
            match frame.when(&self.scope(&host, frame)) {
                Ok(None) => chosen.push(host),
                Ok(Some(condition)) => {
                    // It is shown, but counts for nothing.
                    let info = self.info(task, frame, std::slice::from_ref(&host));
                    self.announce_task(&info);
                    let reason = format!("{what} conditional evaluated to False, continuing execution for {}", host.name);
                    self.run.emit(Event::Meta { message: reason.clone() });
                    let mut outcome = Box::new(super::attempt::skipped(&condition));
                    if let Value::Map(map) = &mut outcome.result {
                        Arc::make_mut(map).insert("skip_reason".into(), Value::str(reason));
                    }
                    self.run.emit(Event::Finished { task: info, host: host.name.clone(), outcome });
                    flow.alive.push(host);
                }
                Err(problem) => {
                    self.run.emit(Event::Warning(problem));
                    self.run.count(&host.name, |c| c.failed += 1);
                    self.fail(&host);
                    flow.failed.push(host);
                }
            }
        }
        if !chosen.is_empty() && META.contains(&what.as_str()) {
            self.announce_task(&self.info(task, frame, &chosen));
        }
        let tell = |message: String| self.run.emit(Event::Meta { message });
        match what.as_str() {
            _ if chosen.is_empty() => {}
            "flush_handlers" => {
                chosen.iter().for_each(|host| tell(format!("triggered running handlers for {}", host.name)));
                let ran = Box::pin(self.flush_handlers(chosen)).await;
                flow.and(ran);
                flow.alive = self.in_order(flow.alive);
                return flow;
            }
            "end_play" => {
                tell("ending play".into());
                self.over.store(true, Ordering::SeqCst);
            }
            "end_batch" => {
                tell("ending batch".into());
                self.batch_over.store(true, Ordering::SeqCst);
            }
            "end_host" => {
                chosen.iter().for_each(|host| tell(format!("ending play for {}", host.name)));
                flow.left += chosen.len();
                self.gone(&chosen);
                return flow;
            }
            "end_role" => {
                chosen.iter().for_each(|host| tell(format!("ending role for {}", host.name)));
                flow.out_of_role.extend(chosen);
                return flow;
            }
            "clear_facts" => {
                chosen.iter().for_each(|host| host.clear_facts());
                tell("facts cleared".into());
            }
            "clear_host_errors" => {
                self.run.lost.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
                self.cleared.fetch_add(1, Ordering::SeqCst);
                tell("cleared host errors".into());
            }
            "reset_connection" => {
                for host in &chosen {
                    reset_connection(self, task, frame, host).await;
                }
                tell("reset connection".into());
            }
            "refresh_inventory" => {
                if let Err(problems) = self.run.refresh_inventory() {
                    problems.0.into_iter().for_each(|problem| self.run.emit(Event::Warning(problem)));
                }
                tell("inventory successfully refreshed".into());
            }
            "noop" => tell("noop".into()),
            other => {
                let problem = Diagnostic::error(format!("`meta` cannot `{other}`")).at(node.span()).suggest(other, META.iter().copied());
                let info = self.info(task, frame, &chosen);
                self.run.emit(Event::TaskStarted(info.clone()));
                for host in chosen {
                    let outcome = super::attempt::failed(problem.clone());
                    self.run.emit(Event::Finished { task: info.clone(), host: host.name.clone(), outcome: Box::new(outcome) });
                    self.run.count(&host.name, |c| c.failed += 1);
                    self.fail(&host);
                    flow.failed.push(host);
                }
                return flow;
            }
        }
        flow.alive.extend(chosen);
        flow.alive = self.in_order(flow.alive);
        flow
    }
}
