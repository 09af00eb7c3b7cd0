//! An agent that is there: tasks go out and answers come back as they are ready, many at once, none waiting for another.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::sync::{Notify, mpsc};

use super::{Supply, Unreachable};
use crate::plan::Blob;
use crate::wire::{self, FromAgent, Task, TaskResult, ToAgent};

/// Frames that may wait to be written: what a blob's sender can be ahead of the network.
const AHEAD: usize = 64;

/// Bytes of a blob in one frame.
const CHUNK: usize = 256 << 10;

/// An agent with an armed undo takes a longer silence for our end.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long a task that was given up may take to end on the host before the next one starts there all the same: the agent kills
/// its processes three seconds after it asked them to end.
const ENDING: Duration = Duration::from_secs(15);

/// Something that says what the other side printed on stderr, for when it ends.
pub(super) type LastWords = Box<dyn FnOnce() -> String + Send>;

pub(super) struct Channel {
    to: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
    next: AtomicU64,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A task that was given up has ended on the host.
    ended: Notify,
}

#[derive(Default)]
struct State {
    tasks: HashMap<u64, mpsc::UnboundedSender<FromAgent>>,
    /// Given up here, and still ending on the host.
    given_up: HashSet<u64>,
    /// Why nothing comes any more.
    lost: Option<String>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn all_given_up_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.state().given_up.is_empty() {
                return;
            }
            ended.await;
        }
    }

    fn has_ended(&self, id: u64) {
        if self.state().given_up.remove(&id) {
            self.ended.notify_waiters();
        }
    }
}

impl Channel {
    /// Takes over the streams of an agent, right before its greeting.
    ///
    /// # Errors
    /// It does not greet.
    pub(super) async fn open<R, W>(from: R, to: W, last_words: LastWords) -> Result<Channel, String>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let mut from = BufReader::with_capacity(64 << 10, from);
        match receive(&mut from).await {
            Ok(Some(FromAgent::Hello(_))) => {}
            Ok(_) => {
                return Err(format!("the agent ended before it began: {}", last_words().trim()));
            }
            Err(error) => {
                return Err(format!("what answers is not our agent ({error}): {}", last_words().trim()));
            }
        };
        let shared = Arc::new(Shared::default());
        let (send, frames) = mpsc::channel(AHEAD);
        tokio::spawn(write(frames, to));
        tokio::spawn(read(from, shared.clone(), last_words));
        Ok(Channel { to: send, shared, next: AtomicU64::new(1) })
    }

    pub(super) fn is_lost(&self) -> bool {
        self.shared.state().lost.is_some()
    }

    pub(super) async fn task(
        &self,
        mut task: Task,
        supplies: &[Supply],
        progress: &(dyn Fn(&str, u64, u64) + Send + Sync),
    ) -> Result<TaskResult, Unreachable> {
        // What puts things right after an interrupt must not meet what is still being stopped.
        let _ = tokio::time::timeout(ENDING, self.shared.all_given_up_ended()).await;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        task.id = id;
        let mut answers = self.register(id)?;
        let under_way = UnderWay { id, channel: self };
        let frame =
            wire::frame(&ToAgent::Task(Box::new(task))).map_err(|error| Unreachable(format!("the task cannot be sent: {error}")))?;
        self.send(frame).await?;
        loop {
            match answers.recv().await.ok_or_else(|| self.lost())? {
                FromAgent::Done { result, .. } => {
                    under_way.finished();
                    return Ok(*result);
                }
                FromAgent::Progress { message, step, of, .. } => progress(&message, step, of),
                FromAgent::Want { blob, .. } => self.supply(id, &blob, supplies).await?,
                FromAgent::Hello(_) | FromAgent::Later { .. } => {}
            }
        }
    }

    /// Asks for a task before its turn. `None` where the line is busy: it is not worth waiting for.
    pub(super) fn ahead(&self, mut task: Task) -> Option<Ahead> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        (task.id, task.ahead) = (id, true);
        let answers = self.register(id).ok()?;
        let ahead = Ahead { id, answers, shared: self.shared.clone() };
        self.to.try_send(wire::frame(&ToAgent::Task(Box::new(task))).ok()?).ok()?;
        Some(ahead)
    }

    fn register(&self, id: u64) -> Result<mpsc::UnboundedReceiver<FromAgent>, Unreachable> {
        let (send, receive) = mpsc::unbounded_channel();
        let mut state = self.shared.state();
        if let Some(why) = &state.lost {
            return Err(Unreachable(why.clone()));
        }
        state.tasks.insert(id, send);
        Ok(receive)
    }

    async fn send(&self, frame: Vec<u8>) -> Result<(), Unreachable> {
        self.to.send(frame).await.map_err(|_| self.lost())
    }

    fn lost(&self) -> Unreachable {
        Unreachable(self.shared.state().lost.clone().unwrap_or_else(|| "the connection was lost".into()))
    }

    /// Streams a blob; memory holds a few chunks of it.
    async fn supply(&self, id: u64, blob: &Blob, supplies: &[Supply]) -> Result<(), Unreachable> {
        let mut from: Box<dyn AsyncRead + Unpin + Send> = match supplies.get(blob.index as usize) {
            Some(Supply::Memory(bytes)) => Box::new(std::io::Cursor::new(bytes.clone())),
            Some(Supply::File(path)) => match tokio::fs::File::open(path).await {
                Ok(file) => Box::new(file),
                Err(error) => {
                    return self.refuse(id, format!("cannot read {}: {error}", path.display())).await;
                }
            },
            None => {
                return self.refuse(id, "there is no such content for this task".into()).await;
            }
        };
        loop {
            let mut data = vec![0; CHUNK.min(usize::try_from(blob.size).unwrap_or(CHUNK).max(1))];
            match from.read(&mut data).await {
                Ok(n) => {
                    data.truncate(n);
                    self.send(frame(&ToAgent::Chunk { id, data })).await?;
                    if n == 0 {
                        return Ok(());
                    }
                }
                Err(error) => {
                    return self.refuse(id, format!("cannot read the content: {error}")).await;
                }
            }
        }
    }

    async fn refuse(&self, id: u64, reason: String) -> Result<(), Unreachable> {
        self.send(frame(&ToAgent::NoBlob { id, reason })).await
    }
}

/// The answer to a task that was asked for before its turn.
pub struct Ahead {
    id: u64,
    answers: mpsc::UnboundedReceiver<FromAgent>,
    shared: Arc<Shared>,
}

impl Ahead {
    /// `None` where it must be asked for in its turn.
    pub async fn answer(&mut self) -> Option<TaskResult> {
        loop {
            match self.answers.recv().await? {
                FromAgent::Done { result, .. } => return Some(*result),
                FromAgent::Later { .. } => return None,
                FromAgent::Hello(_) | FromAgent::Want { .. } | FromAgent::Progress { .. } => {}
            }
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shared.state().tasks.remove(&self.id);
    }
}

/// A task that is not waited for any more is cancelled there.
struct UnderWay<'a> {
    id: u64,
    channel: &'a Channel,
}

impl UnderWay<'_> {
    fn finished(self) {
        self.channel.shared.state().tasks.remove(&self.id);
        std::mem::forget(self);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut state = self.channel.shared.state();
        state.tasks.remove(&self.id);
        if state.lost.is_some() {
            return;
        }
        state.given_up.insert(self.id);
        drop(state);
        let cancel = frame(&ToAgent::Cancel { id: self.id });
        if let Err(mpsc::error::TrySendError::Full(cancel)) = self.channel.to.try_send(cancel)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let to = self.channel.to.clone();
            runtime.spawn(async move { to.send(cancel).await });
        }
    }
}

fn frame(message: &ToAgent) -> Vec<u8> {
    // These have always a form: numbers, bytes and texts.
    wire::frame(message).unwrap_or_default()
}

/// Writes what waits, and says from time to time that we are still here. Ends, and closes the agent's stdin, with the channel.
async fn write(mut frames: mpsc::Receiver<Vec<u8>>, to: impl AsyncWrite + Unpin) {
    let mut to = BufWriter::with_capacity(CHUNK + 64, to);
    loop {
        let frame = match tokio::time::timeout(HEARTBEAT, frames.recv()).await {
            Ok(None) => return,
            Ok(Some(frame)) => frame,
            Err(_) => frame(&ToAgent::Ping),
        };
        let mut written = to.write_all(&frame).await;
        while let (Ok(()), Ok(more)) = (&written, frames.try_recv()) {
            written = to.write_all(&more).await;
        }
        // The reader finds out why.
        if written.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}

async fn read(mut from: impl AsyncRead + Unpin, shared: Arc<Shared>, last_words: LastWords) {
    let end = loop {
        match receive(&mut from).await {
            Ok(Some(message)) => {
                let (FromAgent::Done { id, .. } | FromAgent::Later { id } | FromAgent::Want { id, .. } | FromAgent::Progress { id, .. }) =
                    &message
                else {
                    continue;
                };
                if matches!(message, FromAgent::Done { .. }) {
                    shared.has_ended(*id);
                }
                if let Some(task) = shared.state().tasks.get(id) {
                    // Who no longer listens has been cancelled.
                    let _ = task.send(message);
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(error.to_string()),
        }
    };
    // Its last words come through another stream.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let said = last_words();
    let said = said.trim();
    let why = match end {
        _ if !said.is_empty() => format!(": {said}"),
        Some(error) if !error.contains("early eof") => format!(": {error}"),
        _ => "; the host, the network or its agent went away".into(),
    };
    let mut state = shared.state();
    state.lost = Some(format!("the connection was lost{why}"));
    state.tasks.clear();
    state.given_up.clear();
    drop(state);
    shared.ended.notify_waiters();
}

async fn receive(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Option<FromAgent>> {
    let mut head = [0; 4];
    match from.read_exact(&mut head).await {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let mut body = vec![0; wire::length(head)?];
    from.read_exact(&mut body).await?;
    wire::parse(&body).map(Some)
}
