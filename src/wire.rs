//! The messages between the engine (through `remote`) and the agent on a target: length-prefixed postcard frames.
//!
//! Both ends are built from the same source and find each other by content hash, so the format has no versions.
//! Requests carry ids: several may be under way on one channel, answers come as they are ready.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::plan::{Blob, Diff};

/// Controller to agent.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToAgent {
    Task(Box<Task>),
    /// Part of a blob that the agent asked for with [`FromAgent::Want`]; empty ends it.
    Chunk {
        id: u64,
        data: Vec<u8>,
    },
    /// The controller cannot give the blob.
    NoBlob {
        id: u64,
        reason: String,
    },
    /// Stop this task: its processes are killed, its answer is an error.
    Cancel {
        id: u64,
    },
    /// Still here. An agent with an armed undo takes a long silence for a controller that is gone.
    Ping,
}

/// Agent to controller.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromAgent {
    /// First frame: what the agent is.
    Hello(Hello),
    Done {
        id: u64,
        result: Box<TaskResult>,
    },
    /// The task that was asked for ahead must wait for its turn.
    Later {
        id: u64,
    },
    /// Send the blob of this task, from its start; one at a time per task.
    Want {
        id: u64,
        blob: Blob,
    },
    /// Where a long task stands (`step` of `of`, both 0 where unknown).
    Progress {
        id: u64,
        message: String,
        step: u64,
        of: u64,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    pub user: String,
    pub uid: u32,
    pub hostname: String,
    pub machine: String,
}

/// One module to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    pub id: u64,
    /// Full module name.
    pub module: String,
    /// The finished arguments: a JSON object.
    pub arguments: Vec<u8>,
    pub become_: Option<Become>,
    pub environment: BTreeMap<String, String>,
    pub check: bool,
    pub diff: bool,
    /// The task's secrets are in its arguments: nothing of them may be written to a log of the target.
    pub no_log: bool,
    /// Seconds; none: no limit.
    pub timeout: Option<f64>,
    /// Asked for before its turn: it is answered only where it would change nothing, else with [`FromAgent::Later`].
    pub ahead: bool,
    /// To be done in a process of its own, which outlives the channel.
    pub background: Option<Background>,
}

/// How a task is done in the background.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Background {
    /// Seconds that it may take.
    pub limit: f64,
    /// Where its result goes; `~` is the home of the user that it runs as.
    pub folder: String,
}

/// Run as somebody else.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Become {
    /// `sudo` or `su`.
    pub method: String,
    pub user: String,
    /// More options for the method.
    pub flags: Vec<String>,
    /// The program, where it is not the method's name.
    pub executable: Option<String>,
    pub password: Option<String>,
}

impl fmt::Debug for Become {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.method, self.user)
    }
}

/// What a task came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TaskResult {
    pub changed: bool,
    pub failed: bool,
    pub skipped: bool,
    /// Not the module's failure: the agent of another user is gone, or never came. A sentence with the remedy.
    pub unreachable: bool,
    /// What the module returned: a JSON object, without the fields of this struct.
    pub result: Vec<u8>,
    /// The argument that a failure is about.
    pub argument: Option<String>,
    pub diff: Vec<Diff>,
    pub warnings: Vec<String>,
}

/// Frames longer than this are a fault of the other end.
const LIMIT: u32 = 256 << 20;

/// Writes one frame and flushes.
pub fn send<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    to.write_all(&frame(message)?)?;
    to.flush()
}

/// One frame as bytes: four bytes of length, little endian, then the message.
pub fn frame<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut bytes = postcard::to_extend(message, vec![0u8; 4]).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len() - 4).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// Reads one frame; `None` at the end of the stream.
pub fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut head = [0u8; 4];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut body = vec![0u8; length(head)?];
    from.read_exact(&mut body)?;
    parse(&body).map(Some)
}

/// The length that a frame's head announces.
pub fn length(head: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(head);
    if length > LIMIT {
        return Err(io::Error::other(format!("a frame of {length} bytes: the other end does not speak this protocol")));
    }
    Ok(length as usize)
}

pub fn parse<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    postcard::from_bytes(body).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back() {
        let mut bytes = Vec::new();
        send(&mut bytes, &ToAgent::Chunk { id: 7, data: vec![1, 2, 3] }).unwrap();
        let back: Option<ToAgent> = receive(&mut bytes.as_slice()).unwrap();
        assert!(matches!(back, Some(ToAgent::Chunk { id: 7, data }) if data == [1, 2, 3]));
        assert!(receive::<ToAgent>(&mut [].as_slice()).unwrap().is_none());
    }
}
