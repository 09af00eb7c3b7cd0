//! Tasks with `async`: a process of its own does the job, survives the channel, and leaves its result in a file of the user's.
//!
//! The file is where Ansible has it, `~/.ansible_async/JOB`, and holds JSON; the module `async_status` reads it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::look::{Host, Line};
use super::stop::Stop;
use super::{apply, scratch, sentence, task};
use crate::bootstrap::JOB;
use crate::plan::{Blob, Look};
use crate::wire::{self, Background, Task, TaskResult};

/// What the process is told through its stdin: arguments may be secret, and a command line is not.
#[derive(Serialize, Deserialize)]
struct Job {
    id: String,
    task: Task,
    results: PathBuf,
    /// Content that came from the controller, by index; it goes when the job is done.
    held: Vec<(u32, PathBuf)>,
}

/// Starts the job; the answer says where it will be found.
pub(crate) fn start(task: &Task, background: &Background, stop: Arc<Stop>, line: Box<dyn Line>) -> TaskResult {
    begin(task, background, &stop, &*line).unwrap_or_else(|error| apply::failed(error.to_string()))
}

fn begin(task: &Task, background: &Background, stop: &Arc<Stop>, line: &dyn Line) -> io::Result<TaskResult> {
    let host = Host::new(&task.environment, stop.clone(), None);
    let folder = PathBuf::from(host.expand(&background.folder));
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| sentence::error("make", &folder, &error))?;
    let id = format!("j{:012}.{}", RandomState::new().hash_one(task.id) % 1_000_000_000_000, std::process::id());
    let results = folder.join(&id);
    let mut held = Vec::new();
    let arguments: Map<String, Json> = serde_json::from_slice(&task.arguments).map_err(io::Error::other)?;
    for blob in arguments.values().filter_map(|value| serde_json::from_value::<Blob>(value.clone()).ok()) {
        let path = folder.join(format!("{id}.{}", blob.index));
        line.blob(&blob, &mut private(&path)?, stop)?;
        held.push((blob.index, path));
    }
    let known = Map::from_iter([
        ("ansible_job_id".to_owned(), Json::from(id.as_str())),
        ("started".to_owned(), true.into()),
        ("finished".to_owned(), false.into()),
        ("results_file".to_owned(), results.to_string_lossy().into()),
    ]);
    write(&results, &known)?;
    let mut child = Command::new("/proc/self/exe").arg(JOB).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut task = task.clone();
    task.background = None;
    task.timeout = Some(background.limit);
    let told = child.stdin.take().map_or(Ok(()), |mut stdin| wire::send(&mut stdin, &Job { id, task, results, held }));
    // Nobody else takes notice of its end while we live.
    std::thread::spawn(move || child.wait());
    told?;
    Ok(TaskResult { changed: true, result: serde_json::to_vec(&known)?, ..TaskResult::default() })
}

/// The process that does a job.
pub fn work() -> ExitCode {
    // Of no terminal and no login: it goes on when those end.
    let _ = rustix::process::setsid();
    let Ok(Some(job)) = wire::receive::<Job>(&mut io::stdin().lock()) else { return ExitCode::FAILURE };
    let held = Held(job.held.clone());
    let stop = Arc::new(Stop::after(job.task.timeout));
    let mut result = task::perform(&job.task, stop.clone(), Box::new(held));
    let mut values: Map<String, Json> = serde_json::from_slice(&result.result).unwrap_or_default();
    if result.failed && stop.check().is_err() {
        values = Map::from_iter([("msg".to_owned(), "Timeout exceeded".into()), ("child_pid".to_owned(), std::process::id().into())]);
    }
    values.insert("changed".into(), result.changed.into());
    for (name, holds) in [("failed", result.failed), ("skipped", result.skipped)] {
        if holds {
            values.insert(name.into(), true.into());
        }
    }
    if !result.warnings.is_empty() {
        values.insert("warnings".into(), std::mem::take(&mut result.warnings).into());
    }
    values.insert("ansible_job_id".into(), job.id.into());
    values.insert("started".into(), true.into());
    values.insert("finished".into(), true.into());
    values.insert("results_file".into(), job.results.to_string_lossy().into());
    let written = write(&job.results, &values);
    for (_, path) in &job.held {
        let _ = fs::remove_file(path);
    }
    scratch::clear();
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Content that was fetched before the controller could go.
struct Held(Vec<(u32, PathBuf)>);

impl Line for Held {
    fn blob(&self, blob: &Blob, into: &mut File, _: &Stop) -> io::Result<()> {
        let (_, path) =
            self.0.iter().find(|(index, _)| *index == blob.index).ok_or_else(|| io::Error::other("this content was not brought along"))?;
        io::copy(&mut File::open(path)?, into).map(drop)
    }

    fn progress(&self, _: &str, _: u64, _: u64) {}
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| sentence::error("write", path, &error))
}

/// Whoever reads the file sees all of it or the one before.
fn write(path: &Path, values: &Map<String, Json>) -> io::Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    private(&new)?.write_all(&serde_json::to_vec(values)?)?;
    fs::rename(&new, path)
}
