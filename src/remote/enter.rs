//! The conversation with a host's shell that puts the agent there and starts it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::program::{self, Program};
use crate::bootstrap::{self, Said, Sent};

/// A login may print this much before our script runs.
const MOST_NOISE: usize = 64 << 10;

/// Kept of stderr.
const MOST_SAID: usize = 8 << 10;

/// What the login shell runs.
pub(super) fn command(program: &Program) -> String {
    format!("exec /bin/sh -c '{}'", bootstrap::script(&program.hash, program.gzipped.len(), Sent::Gzipped))
}

/// Gets the agent started: afterwards frames follow on `from`. The error is a sentence, without the host's name.
pub(super) async fn enter(
    program: &Program,
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    stderr: &Stderr,
) -> Result<(), String> {
    let mut noise = String::new();
    loop {
        let Some(line) = line(from).await else {
            return Err(no_shell(&noise, &stderr.said()));
        };
        match bootstrap::read(&line) {
            None => {
                noise.push_str(&line);
                noise.push('\n');
                if noise.len() > MOST_NOISE {
                    return Err(no_shell(&noise, ""));
                }
            }
            Some(Said::Have) => return Ok(()),
            Some(Said::Fail { why, .. }) => {
                let said = stderr.said();
                let said = said.trim();
                return Err(if said.is_empty() { why.to_string() } else { format!("{why} ({said})") });
            }
            Some(Said::Need { system, machine }) => {
                if system != "Linux" || !program::same_machine(&machine, &program.machine) {
                    return Err(format!(
                        "it is a {system} {machine} machine, and this build of deploy holds an agent for Linux {} only: build deploy on such a machine, or use `raw`, which needs no agent",
                        program.machine
                    ));
                }
                // Where this fails, the script says why on its stdout.
                if to.write_all(&program.gzipped).await.is_ok() {
                    let _ = to.flush().await;
                }
            }
        }
    }
}

/// The shell ended without a word of ours.
fn no_shell(noise: &str, stderr: &str) -> String {
    let said = [noise.trim(), stderr.trim()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    let short: String = said.chars().take(300).collect();
    match short.as_str() {
        "" => "the login works, but its shell runs no commands: give the user a shell (`chsh -s /bin/sh USER`), or see `ForceCommand` in sshd_config".into(),
        said if said.contains("not currently available") || said.contains("not available") => {
            format!("the login works, but its shell runs no commands ({said}): give the user a shell (`chsh -s /bin/sh USER`)")
        }
        said => format!("the login works, but its shell did not run our command; it said: {said}"),
    }
}

/// Byte by byte: what follows the line belongs to the agent. `None` at the end.
async fn line(from: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        match from.read_u8().await {
            Ok(b'\n') => return Some(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(byte) if bytes.len() < MOST_NOISE => bytes.push(byte),
            _ => return None,
        }
    }
}

/// The end of what comes on stderr, kept for messages.
#[derive(Clone, Default)]
pub(super) struct Stderr(Arc<Mutex<Vec<u8>>>);

impl Stderr {
    pub(super) fn of(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Stderr {
        let stderr = Stderr::default();
        let kept = stderr.0.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&buffer[..n]);
                let excess = kept.len().saturating_sub(MOST_SAID);
                kept.drain(..excess);
            }
        });
        stderr
    }

    pub(super) fn said(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}
