//! One task: its arguments understood, its module run, its line to the controller.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use serde_json::{Map, Value as Json};
use sha1::Digest;

use super::apply::{self, Mode};
use super::look::{Host, Line};
use super::serve::{Route, Server};
use super::stop::Stop;
use super::{background, digest, sentence};
use crate::modules;
use crate::plan::Blob;
use crate::wire::{FromAgent, Task, TaskResult};

/// Chunks of a blob that wait to be written.
const CHUNKS: usize = 4;

/// How often waiting for a chunk looks whether the task was stopped.
const TICK: Duration = Duration::from_millis(250);

/// Part of a blob from the controller.
pub(crate) enum Piece {
    Chunk(Vec<u8>),
    None(String),
}

pub(crate) fn perform(task: &Task, stop: Arc<Stop>, line: Box<dyn Line>) -> TaskResult {
    if let Some(background) = &task.background {
        return background::start(task, background, stop, line);
    }
    match understood(task) {
        Ok((module, arguments)) => {
            let host = Host::new(&task.environment, stop, Some(line));
            apply::perform(module, &arguments, &host, mode(task))
        }
        Err(why) => apply::failed(why),
    }
}

/// `None`: it must wait for its turn.
pub(crate) fn foresee(task: &Task, stop: Arc<Stop>, line: Box<dyn Line>) -> Option<TaskResult> {
    let (module, arguments) = understood(task).ok()?;
    let host = Host::new(&task.environment, stop, Some(line));
    apply::foresee(module, &arguments, &host, mode(task))
}

fn understood(task: &Task) -> Result<(&'static modules::Entry, Map<String, Json>), String> {
    let module = modules::find(&task.module).ok_or_else(|| format!("there is no module `{}` on the target", task.module))?;
    let arguments =
        serde_json::from_slice(&task.arguments).map_err(|error| format!("the arguments of {} are no JSON object: {error}", task.module))?;
    Ok((module, arguments))
}

fn mode(task: &Task) -> Mode {
    Mode { check: task.check, diff: task.diff && !task.no_log }
}

/// The line of a task to the controller.
pub(crate) struct Answering {
    pub(crate) id: u64,
    pub(crate) server: Arc<Server>,
}

impl Line for Answering {
    fn blob(&self, blob: &Blob, into: &mut File, stop: &Stop) -> io::Result<()> {
        let (send, receive) = sync_channel(CHUNKS);
        match self.server.tasks().get_mut(&self.id) {
            Some(Route::Here { chunks, .. }) => *chunks = Some(send),
            _ => return Err(io::Error::other("the task has ended")),
        }
        self.server.send(&FromAgent::Want { id: self.id, blob: blob.clone() });
        let received = self.receive(&receive, blob, into, stop);
        if let Some(Route::Here { chunks, .. }) = self.server.tasks().get_mut(&self.id) {
            *chunks = None;
        }
        received
    }

    fn progress(&self, message: &str, step: u64, of: u64) {
        self.server.send(&FromAgent::Progress { id: self.id, message: message.to_owned(), step, of });
    }
}

impl Answering {
    fn receive(&self, chunks: &Receiver<Piece>, blob: &Blob, into: &mut File, stop: &Stop) -> io::Result<()> {
        let mut hasher = sha1::Sha1::new();
        let mut size = 0;
        loop {
            match chunks.recv_timeout(TICK) {
                Ok(Piece::Chunk(data)) if data.is_empty() => break,
                Ok(Piece::Chunk(data)) => {
                    into.write_all(&data).map_err(|error| sentence::error("write to", &std::env::temp_dir(), &error))?;
                    hasher.update(&data);
                    size += data.len() as u64;
                }
                Ok(Piece::None(reason)) => return Err(io::Error::other(reason)),
                Err(RecvTimeoutError::Timeout) => stop.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("the controller is gone"));
                }
            }
        }
        if size != blob.size || digest::hex(&hasher.finalize()) != blob.sha1 {
            return Err(io::Error::other("the content changed on the controller while the task ran; run again"));
        }
        Ok(())
    }
}
