//! A module plans, it does not act: [`Look`] reads the target, a [`Plan`] lists the [`Change`]s.
//!
//! The applier (`agent::apply`) carries a plan out or, in check mode, reports it. So check mode and diff are written once,
//! no module mentions them, and no module can lie about them.

mod look;

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

pub use look::*;

/// Owner, group and permissions to have; `None` leaves (or, for what is new, the defaults of the process).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
}

/// One thing that the applier does to the target.
#[derive(Clone, Debug)]
pub enum Change {
    /// Whole file by temporary file and rename(2) in its folder. Attributes of a file already there stay unless given.
    Write {
        path: PathBuf,
        content: Content,
        attributes: Attributes,
        backup: bool,
        validate: Option<String>,
    },
    /// Makes the folder and what is missing above it; `attributes` go to each that was made.
    Folder {
        path: PathBuf,
        attributes: Attributes,
    },
    /// Makes or replaces a symbolic link atomically: temporary name, then rename(2).
    Link {
        path: PathBuf,
        target: PathBuf,
    },
    Hardlink {
        path: PathBuf,
        target: PathBuf,
    },
    /// A file, a link, or a folder with all below it.
    Remove {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    /// chmod and chown; of the link's target where `follow`.
    Own {
        path: PathBuf,
        attributes: Attributes,
        follow: bool,
    },
    /// Seconds since the epoch; makes an empty file where none is.
    Touch {
        path: PathBuf,
        atime: Option<f64>,
        mtime: Option<f64>,
    },
    Run(Command),
    /// A request that may change something out there.
    Send(Request),
    /// Asks again and again until `until` holds (reads only; not done in check mode).
    Wait(Wait),
    /// From now until [`Change::Disarm`] of the same name: should the controller vanish, the agent itself does these.
    Arm {
        name: String,
        undo: Vec<Change>,
    },
    Disarm {
        name: String,
    },
}

/// A condition that another change can be waited on.
#[derive(Clone, Debug)]
pub struct Wait {
    pub until: Until,
    /// Seconds; the first try comes after `delay`, and tries are `sleep` apart.
    pub timeout: f64,
    pub delay: f64,
    pub sleep: f64,
    pub message: String,
}

#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a task has one")]
pub enum Until {
    PortOpen {
        host: String,
        port: u16,
        connect_timeout: f64,
        search: Option<String>,
    },
    PortClosed {
        host: String,
        port: u16,
        connect_timeout: f64,
    },
    /// No connection is left on the port, as /proc/net/tcp shows.
    Drained {
        host: String,
        port: u16,
        states: Vec<String>,
        exclude: Vec<String>,
    },
    FilePresent {
        path: PathBuf,
        search: Option<String>,
    },
    FileAbsent {
        path: PathBuf,
    },
    /// The answer's body, trimmed, or the string under `key` of a JSON body, is `value`.
    Answers {
        request: Request,
        key: Option<String>,
        value: String,
    },
    /// Only the time passes.
    Elapsed,
}

/// What came of a change.
#[derive(Clone, Debug)]
pub enum Outcome {
    Done,
    Ran(Output),
    Answered(Response),
    /// Seconds waited, and what a search matched.
    Waited {
        elapsed: f64,
        groups: Vec<Option<String>>,
        named: Vec<(String, Option<String>)>,
    },
    /// A backup was made, here.
    Backed(PathBuf),
}

/// What a module found must be done, and what the task returns.
#[derive(Default)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// The task's result, without `changed`, `failed`, `diff`.
    pub result: Map<String, Json>,
    /// `None`: changed where there are changes (also of later stages). `Some` says otherwise (a command that only reads).
    pub changed: Option<bool>,
    pub warnings: Vec<String>,
    /// Only what this module can say of its own change: shown under --diff beside what the applier shows for writes.
    pub diff: Vec<Diff>,
    /// What a check run cannot foresee (any command): the task is then reported as skipped with this reason,
    /// or as changed where `changed` says so.
    pub unforeseeable: Option<String>,
    /// Plans on, with what came of the changes so far. Not called in check mode where this stage has changes.
    pub next: Option<Next>,
}

pub type Next = Box<dyn FnOnce(&dyn Look, &[Outcome]) -> Result<Plan, Failure> + Send>;

impl Plan {
    /// Nothing to do.
    pub fn unchanged() -> Plan {
        Plan::default()
    }

    pub fn of(changes: Vec<Change>) -> Plan {
        Plan { changes, ..Plan::default() }
    }

    /// Something is missing that an earlier task may bring: a check run, in which that task did nothing, says so and
    /// goes on; a real run fails.
    pub fn missing(failure: Failure) -> Plan {
        Plan { unforeseeable: Some(format!("{}; an earlier task may change that", failure.msg)), ..Plan::default() }
            .then(move |_, _| Err(failure))
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Plan {
        self.result.insert(key.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn then(mut self, next: impl FnOnce(&dyn Look, &[Outcome]) -> Result<Plan, Failure> + Send + 'static) -> Plan {
        self.next = Some(Box::new(next));
        self
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("changes", &self.changes).field("result", &self.result).finish_non_exhaustive()
    }
}

/// What changes in a text, or in a state written as text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diff {
    pub before_header: String,
    pub after_header: String,
    pub before: String,
    pub after: String,
}

/// A task that could not be planned or carried out: a sentence for the user, the argument it is about, and what else the result holds.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    pub msg: String,
    /// The controller points at this argument in the playbook.
    pub argument: Option<String>,
    pub result: Map<String, Json>,
}

impl Failure {
    pub fn new(msg: impl Into<String>) -> Failure {
        Failure { msg: msg.into(), ..Failure::default() }
    }

    pub fn argument(name: &str, msg: impl Into<String>) -> Failure {
        Failure { msg: msg.into(), argument: Some(name.to_owned()), ..Failure::default() }
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Failure {
        self.result.insert(key.to_owned(), value.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.msg)
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::new(error.to_string())
    }
}
