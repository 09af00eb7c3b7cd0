//! One deploy of an environment at a time.
//!
//! With a bucket the lease is an object, taken and renewed by conditional writes, so it holds between machines: whoever holds
//! it renews it every few seconds, and what nobody renews is taken over. Without a bucket it is a file of this machine under
//! an advisory lock (flock(2)), which the kernel lets go when the process ends, however it ends.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::bucket::{Body, Bucket, Error, Headers, Put, When};

/// Who holds an environment, and what for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// user@host.
    pub owner: String,
    /// The process, as only its own machine can tell whether it lives: boot, pid namespace, pid, start.
    #[serde(default)]
    process: String,
    /// The command, as shown to whoever must wait.
    pub what: String,
    /// UTC, RFC 3339.
    pub since: String,
    pub renewed: String,
    /// Given back: free to take.
    #[serde(default)]
    pub released: bool,
}

/// How long a lease lives without being renewed, and how often it is.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub renew: Duration,
    pub expire: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times { renew: Duration::from_secs(10), expire: Duration::from_secs(40) }
    }
}

/// Why there is no lease.
#[derive(Debug)]
pub enum Refused {
    Held(Box<Holder>),
    /// Nobody can tell: the store does not answer.
    Failed(Error),
}

/// A lease that is held; [`Lease::release`] gives it back. Dropped without that, a file's is free at once and a bucket's expires.
pub struct Lease {
    kind: Kind,
    /// A sentence once it is lost.
    lost: watch::Receiver<Option<String>>,
    /// Who held it before, where it was taken over.
    pub taken_over: Option<Holder>,
}

enum Kind {
    Bucket { bucket: Bucket, name: String, holder: Holder, tag: watch::Receiver<String>, heart: JoinHandle<()> },
    File { file: File, holder: Holder },
}

impl Holder {
    pub fn new(owner: &str, what: &str) -> Holder {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Holder { owner: owner.to_owned(), process: own_process(), what: what.to_owned(), since: now.clone(), renewed: now, released: false }
    }

    fn renewed_now(&self) -> Holder {
        Holder { renewed: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), ..self.clone() }
    }

    /// Whether it was a process of this machine that has ended: then nobody need wait for the lease to run out.
    fn is_gone(&self) -> bool {
        let Some((place, rest)) = split_process(&self.process) else { return false };
        let own = own_process();
        let here = split_process(&own).is_some_and(|(own, _)| own == place);
        let (pid, start) = rest.split_once(' ').unwrap_or_default();
        here && started(pid).as_deref() != Some(start)
    }

    /// Whether nobody has renewed it for so long, by this machine's clock.
    fn seems_dead(&self, times: Times) -> bool {
        let Ok(renewed) = self.renewed.parse::<Timestamp>() else { return true };
        Timestamp::now().duration_since(renewed).as_secs_f64() > times.expire.as_secs_f64()
    }
}

/// Takes the lease of an environment in a bucket. Where it seems abandoned, it is watched for a little longer than a renewal
/// takes before it is taken over, so that a wrong clock on either side takes nobody's lease away.
///
/// # Errors
/// Somebody holds it; the bucket does not answer.
pub async fn in_bucket(bucket: &Bucket, environment: &str, holder: Holder, times: Times) -> Result<Lease, Refused> {
    let name = name(environment);
    let mut before = None;
    // Bounded: each turn either ends or sees a write of somebody else.
    for _ in 0..5 {
        let old = bucket.get(&name).await.map_err(Refused::Failed)?;
        let when = match &old {
            None => When::Absent,
            Some(object) => {
                if let Some(other) = decode(&object.bytes).filter(|other| !other.released) {
                    if !other.is_gone() {
                        if !other.seems_dead(times) {
                            return Err(Refused::Held(Box::new(other)));
                        }
                        tokio::time::sleep(times.renew + times.renew / 2).await;
                        let again = bucket.get(&name).await.map_err(Refused::Failed)?;
                        if again.as_ref().map(|again| &again.tag) != Some(&object.tag) {
                            continue;
                        }
                    }
                    before = Some(other);
                }
                When::Unchanged(object.tag.clone())
            }
        };
        let mine = holder.renewed_now();
        if let Put::Done(tag) = write(bucket, &name, &mine, &when).await.map_err(Refused::Failed)? {
            return Ok(held(bucket, name, mine, tag, times, before));
        }
        before = None;
    }
    match bucket.get(&name).await.map_err(Refused::Failed)?.and_then(|object| decode(&object.bytes)) {
        Some(other) => Err(Refused::Held(Box::new(other))),
        None => Err(Refused::Failed(Error { message: format!("the lease of {environment} changes hands all the time"), help: None })),
    }
}

/// Takes the lease of an environment on this machine: it keeps apart the deploys that start here.
///
/// # Errors
/// Somebody holds it; the folder cannot be written.
pub fn on_this_machine(folder: &Path, environment: &str, holder: Holder) -> Result<Lease, Refused> {
    let path = folder.join(format!("{environment}.json"));
    let failed = |error: std::io::Error| {
        Refused::Failed(Error { message: format!("cannot take the lease {}: {error}", path.display()), help: None })
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        Err(fs::TryLockError::WouldBlock) => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed)?;
            let unknown = || Holder { owner: "another process".into(), what: "a deploy".into(), ..Holder::new("", "") };
            return Err(Refused::Held(Box::new(decode(&bytes).unwrap_or_else(unknown))));
        }
    }
    write_file(&mut file, &holder).map_err(failed)?;
    let (_, lost) = watch::channel(None);
    Ok(Lease { kind: Kind::File { file, holder }, lost, taken_over: None })
}

/// `$XDG_STATE_HOME/deploy/leases/<application>`, or below `~/.local/state`.
pub fn folder(application: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")))?;
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    Some(base.join("deploy/leases").join(application.chars().map(plain).collect::<String>()))
}

/// Who holds the environment's lease in this bucket, if anybody.
///
/// # Errors
/// The bucket does not answer.
pub async fn holder(bucket: &Bucket, environment: &str) -> Result<Option<Holder>, Error> {
    let object = bucket.get(&name(environment)).await?;
    Ok(object.and_then(|object| decode(&object.bytes)).filter(|holder| !holder.released && !holder.is_gone()))
}

/// Who holds the environment's lease on this machine, if anybody.
pub fn holder_on_this_machine(folder: &Path, environment: &str) -> Option<Holder> {
    let file = File::open(folder.join(format!("{environment}.json"))).ok()?;
    if file.try_lock_shared().is_ok() {
        return None;
    }
    let bytes = fs::read(folder.join(format!("{environment}.json"))).ok()?;
    decode(&bytes).filter(|holder| !holder.released)
}

/// Takes the lease away from whoever holds it, and says who that was.
///
/// # Errors
/// The bucket does not answer.
pub async fn break_open(bucket: &Bucket, environment: &str) -> Result<Option<Holder>, Error> {
    let Some(other) = holder(bucket, environment).await? else { return Ok(None) };
    write(bucket, &name(environment), &Holder { released: true, ..other.clone() }, &When::Always).await?;
    Ok(Some(other))
}

impl Lease {
    /// Comes back only when the lease is lost, with a sentence that says how.
    pub async fn lost(&self) -> String {
        let mut lost = self.lost.clone();
        loop {
            if let Some(why) = lost.borrow_and_update().clone() {
                return why;
            }
            if lost.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Gives it back, for the next one to take at once. What cannot be told to the bucket expires.
    pub async fn release(mut self) {
        match &mut self.kind {
            Kind::Bucket { bucket, name, holder, tag, heart } => {
                heart.abort();
                // A renewal that is under way may still write: it is over after this.
                let _ = heart.await;
                let free = Holder { released: true, ..holder.renewed_now() };
                let mine = When::Unchanged(tag.borrow().clone());
                if !matches!(write(bucket, name, &free, &mine).await, Ok(Put::Done(_))) {
                    give_back_by_reading(bucket, name, &free).await;
                }
            }
            Kind::File { file, holder } => {
                let _ = write_file(file, &Holder { released: true, ..holder.clone() });
                let _ = file.unlock();
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Kind::Bucket { heart, .. } = &self.kind {
            heart.abort();
        }
    }
}

fn held(bucket: &Bucket, name: String, holder: Holder, tag: String, times: Times, taken_over: Option<Holder>) -> Lease {
    let (tag_to, tag_from) = watch::channel(tag);
    let (lost_to, lost) = watch::channel(None);
    let (store, object, me) = (bucket.clone(), name.clone(), holder.clone());
    let heart = tokio::spawn(async move {
        let mut last = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(times.renew).await;
            let mine = When::Unchanged(tag_to.borrow().clone());
            match write(&store, &object, &me.renewed_now(), &mine).await {
                Ok(Put::Done(tag)) => {
                    last = tokio::time::Instant::now();
                    tag_to.send_replace(tag);
                }
                Ok(Put::Refused) => {
                    // A write of ours may have arrived whose answer did not: then what is there is ours.
                    match store.get(&object).await {
                        Ok(Some(now)) if decode(&now.bytes).is_some_and(|now| now.is(&me)) => {
                            tag_to.send_replace(now.tag);
                        }
                        Ok(_) => {
                            lost_to.send_replace(Some("another deploy has taken the lease".into()));
                            return;
                        }
                        Err(_) => {}
                    }
                }
                Err(error) if last.elapsed() > times.expire => {
                    lost_to.send_replace(Some(format!("the lease could not be renewed: {error}")));
                    return;
                }
                Err(_) => {}
            }
        }
    });
    Lease { kind: Kind::Bucket { bucket: bucket.clone(), name, holder, tag: tag_from, heart }, lost, taken_over }
}

impl Holder {
    /// The same process of the same deploy.
    fn is(&self, other: &Holder) -> bool {
        !self.released && (&self.owner, &self.process, &self.since) == (&other.owner, &other.process, &other.since)
    }
}

/// The tag may be one renewal behind: what is there is given back if it is ours.
async fn give_back_by_reading(bucket: &Bucket, name: &str, free: &Holder) {
    if let Ok(Some(object)) = bucket.get(name).await
        && decode(&object.bytes).is_some_and(|now| now.is(free) || now.is(&Holder { released: false, ..free.clone() }))
    {
        let _ = write(bucket, name, free, &When::Unchanged(object.tag)).await;
    }
}

async fn write(bucket: &Bucket, name: &str, holder: &Holder, when: &When) -> Result<Put, Error> {
    // A struct of texts: this cannot fail.
    let bytes = serde_json::to_vec_pretty(holder).unwrap_or_default();
    let headers =
        Headers { content_type: "application/json; charset=utf-8".into(), cache_control: "no-store".into(), sha256: String::new() };
    bucket.put(name, &Body::Bytes(bytes), &headers, when).await
}

fn write_file(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    let bytes = serde_json::to_vec_pretty(holder).unwrap_or_default();
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(&bytes)?;
    file.flush()
}

/// Boot and pid namespace, pid, and when the process started: together they never come twice.
fn own_process() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let space = fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    let pid = std::process::id().to_string();
    let start = started(&pid).unwrap_or_default();
    format!("{} {space} {pid} {start}", read("/proc/sys/kernel/random/boot_id"))
}

/// The place (boot and pid namespace) and the rest.
fn split_process(process: &str) -> Option<(&str, &str)> {
    let (at, _) = process.match_indices(' ').nth(1)?;
    Some((&process[..at], &process[at + 1..])).filter(|(place, _)| place.len() > 30)
}

/// Field 22 of proc_pid_stat(5), counted after the name, which may hold blanks. `None` where no such process lives.
fn started(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // A zombie has ended.
    (*fields.first()? != "Z").then(|| fields.get(19).map(|start| (*start).to_owned()))?
}

fn name(environment: &str) -> String {
    format!("leases/{environment}.json")
}

fn decode(bytes: &[u8]) -> Option<Holder> {
    serde_json::from_slice(bytes).ok()
}
