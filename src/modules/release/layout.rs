//! What a deploy folder holds, and how its records are read and written.
//!
//! ```text
//! releases/20261121101500/   checkout, REVISION, .deploy/release.json
//! current -> releases/20261121101500
//! shared/ venvs/ repo/       what outlives a release
//! .deploy/state.json         what is live, and what was before: recorded, never guessed from names or times
//! deploy.log                 one JSON line per event
//! ```

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::plan::{Attributes, Change, Content, Failure, Kind, Look};

/// The paths of one deploy folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
}

/// `.deploy/state.json`: what this host ran with success, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The release that was last proved to run.
    #[serde(default)]
    pub(super) current: Option<String>,
    /// What ran before, newest first, each release once.
    #[serde(default)]
    pub(super) previous: Vec<String>,
    /// Flipped to, and not proved yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pending: Option<Pending>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) release: String,
    /// The folder name that `current` goes back to; none where nothing ran before.
    pub(super) from: Option<String>,
}

/// `.deploy/release.json` of a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) release: String,
    pub(super) revision: String,
    pub(super) state: Stage,
    #[serde(default)]
    pub(super) by: String,
    /// The machine that deployed.
    #[serde(default)]
    pub(super) from: String,
    /// When it was prepared, UTC, RFC 3339.
    #[serde(default)]
    pub(super) at: String,
    /// When it was last proved to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) live_at: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// Being filled; where it stays so, the deploy was interrupted.
    Preparing,
    Prepared,
    /// Was proved to run, now or once.
    Live,
    Failed,
}

impl Stage {
    pub(super) fn word(self) -> &'static str {
        match self {
            Stage::Preparing => "preparing",
            Stage::Prepared => "prepared",
            Stage::Live => "live",
            Stage::Failed => "failed",
        }
    }
}

impl Layout {
    pub(super) fn new(root: &Path) -> Result<Layout, Failure> {
        if !root.is_absolute() {
            return Err(Failure::argument("path", format!("`path` must start with /, not {:?}", root.display())));
        }
        Ok(Layout { root: root.to_owned() })
    }

    pub(super) fn releases(&self) -> PathBuf {
        self.root.join("releases")
    }

    pub(super) fn release(&self, name: &str) -> PathBuf {
        self.releases().join(name)
    }

    pub(super) fn current(&self) -> PathBuf {
        self.root.join("current")
    }

    pub(super) fn shared(&self) -> PathBuf {
        self.root.join("shared")
    }

    pub(super) fn repo(&self) -> PathBuf {
        self.root.join("repo")
    }

    pub(super) fn venvs(&self) -> PathBuf {
        self.root.join("venvs")
    }

    fn state_file(&self) -> PathBuf {
        self.root.join(".deploy/state.json")
    }

    fn record_file(&self, release: &str) -> PathBuf {
        self.release(release).join(".deploy/release.json")
    }

    /// Under which name the way back is armed.
    pub(super) fn undo_name(&self) -> String {
        format!("release {}", self.root.display())
    }

    pub(super) fn state(&self, target: &dyn Look) -> Result<State, Failure> {
        let path = self.state_file();
        let Some(bytes) = target.read(&path)? else { return Ok(State::default()) };
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(format!("{} is damaged ({error}): correct it, or remove it where nothing of it is to be kept", path.display()))
        })
    }

    /// `None` where the release has none (not ours, or gone) or where it cannot be read as one.
    pub(super) fn record(&self, target: &dyn Look, release: &str) -> Result<Option<Record>, Failure> {
        let bytes = target.read(&self.record_file(release))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// All releases with a record of ours, by name.
    pub(super) fn records(&self, target: &dyn Look) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        for name in self.names(target, &self.releases())? {
            if let Some(record) = self.record(target, &name)? {
                records.push(Record { release: name, ..record });
            }
        }
        Ok(records)
    }

    /// Names in a folder of ours; none where the folder is not there.
    pub(super) fn names(&self, target: &dyn Look, folder: &Path) -> Result<Vec<String>, Failure> {
        match target.stat(folder, true)? {
            Some(meta) if meta.kind == Kind::Folder => Ok(target.list(folder)?),
            _ => Ok(Vec::new()),
        }
    }

    /// The name of the release that `current` points at; `None` where it is no link into `releases/` or points at nothing.
    pub(super) fn linked(&self, target: &dyn Look) -> Result<Option<String>, Failure> {
        let Some(meta) = target.stat(&self.current(), false)? else { return Ok(None) };
        if meta.kind != Kind::Link {
            let what = self.current();
            return Err(Failure::new(format!("{} is no link: move it away, a deploy makes a link of that name", what.display())));
        }
        let to = meta.target.unwrap_or_default();
        let full = if to.is_absolute() { to } else { self.root.join(to) };
        let inside = full.parent().is_some_and(|parent| parent == self.releases());
        let there = inside && target.stat(&full, true)?.is_some_and(|meta| meta.kind == Kind::Folder);
        Ok(full.file_name().filter(|_| there).map(|name| name.to_string_lossy().into_owned()))
    }

    /// What this host ran last with success: as recorded, and where nothing is recorded (another tool deployed before), what
    /// `current` points at. `None` where that folder is gone.
    pub(super) fn good(&self, target: &dyn Look, state: &State) -> Result<Option<String>, Failure> {
        if let Some(name) = &state.current
            && target.stat(&self.release(name), true)?.is_some()
        {
            return Ok(Some(name.clone()));
        }
        let linked = self.linked(target)?;
        Ok(linked.filter(|name| state.pending.as_ref().is_none_or(|pending| pending.release != *name)))
    }

    /// The SHA of a release: its record's, else its REVISION file's.
    pub(super) fn revision(&self, target: &dyn Look, release: &str) -> Result<Option<String>, Failure> {
        if let Some(record) = self.record(target, release)? {
            return Ok(Some(record.revision));
        }
        let text = target.read(&self.release(release).join("REVISION"))?;
        Ok(text.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|text| !text.is_empty()))
    }

    pub(super) fn point(&self, release: Option<&str>) -> Change {
        match release {
            // Relative, so that the folder may be moved or looked at from outside a container.
            Some(name) => Change::Link { path: self.current(), target: Path::new("releases").join(name) },
            None => Change::Remove { path: self.current() },
        }
    }

    pub(super) fn write_state(&self, state: &State, owner: &Attributes) -> Vec<Change> {
        let path = self.state_file();
        vec![Change::Folder { path: self.root.join(".deploy"), attributes: folder(owner) }, write(path, pretty(state), owner)]
    }

    pub(super) fn write_record(&self, record: &Record, owner: &Attributes) -> Vec<Change> {
        let path = self.record_file(&record.release);
        vec![
            Change::Folder { path: self.release(&record.release).join(".deploy"), attributes: folder(owner) },
            write(path, pretty(record), owner),
        ]
    }

    /// The change that adds a line to `deploy.log`; the newest 1,000 lines stay.
    pub(super) fn log(
        &self,
        target: &dyn Look,
        event: &str,
        release: Option<&str>,
        more: Json,
        owner: &Attributes,
    ) -> Result<Change, Failure> {
        let path = self.root.join("deploy.log");
        let old = target.read(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let mut line = json!({ "at": now(target), "event": event, "release": release });
        if let (Some(line), Json::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        let lines: Vec<&str> = old.lines().collect();
        let mut text = lines[lines.len().saturating_sub(999)..].join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        Ok(write(path, format!("{text}{line}\n"), owner))
    }
}

/// A release's name: the UTC time as 14 digits.
pub(super) fn check_name(release: &str) -> Result<(), Failure> {
    if release.len() == 14 && release.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Failure::argument("release", format!("`release` must be a UTC time as YYYYMMDDHHMMSS, not {release:?}")))
}

/// A path inside a release or inside `shared/`: relative, and not out of it.
pub(super) fn check_inside(argument: &str, path: &str) -> Result<PathBuf, Failure> {
    use std::path::Component;
    let clean: PathBuf = Path::new(path).components().filter(|part| *part != Component::CurDir).collect();
    let inside = clean.components().all(|part| matches!(part, Component::Normal(_)));
    if inside && clean.components().next().is_some() {
        return Ok(clean);
    }
    Err(Failure::argument(
        argument,
        format!("`{argument}` holds {path:?}: it must be a path inside the release, without `..` and without a leading /"),
    ))
}

pub(super) fn write(path: PathBuf, text: String, owner: &Attributes) -> Change {
    Change::Write {
        path,
        content: Content::Bytes(text.into_bytes()),
        attributes: Attributes { mode: Some(0o644), ..owner.clone() },
        backup: false,
        validate: None,
    }
}

pub(super) fn folder(owner: &Attributes) -> Attributes {
    Attributes { mode: Some(0o755), ..owner.clone() }
}

/// Now in UTC, RFC 3339. SOURCE_DATE_EPOCH (reproducible-builds.org) stands for the clock where it is set.
pub(super) fn now(target: &dyn Look) -> String {
    let set = target.env("SOURCE_DATE_EPOCH").and_then(|text| text.parse::<u64>().ok());
    let seconds = set.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()));
    utc(seconds)
}

/// Howard Hinnant's civil_from_days (howardhinnant.github.io/date_algorithms.html): the agent carries no time library.
fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

fn pretty(value: &impl Serialize) -> String {
    // Plain structs of strings: this cannot fail.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_795_255_261), "2026-11-21T10:01:01Z");
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(check_inside("dirs", "./media/a").unwrap(), Path::new("media/a"));
        for bad in ["", ".", "/etc", "../x", "a/../../b"] {
            assert!(check_inside("dirs", bad).is_err(), "{bad:?}");
        }
    }
}
