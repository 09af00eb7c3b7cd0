//! The arguments that all modules share which make or change files: owner, group, mode, flags, SELinux context.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::mode::Mode;
use crate::arguments;
use crate::plan::{Attributes, Change, Command, Failure, Kind, Look, Meta, Plan};

arguments! {
    /// What a file or folder is to have.
    pub(crate) struct FileAttributes {
        /// Permissions: octal digits, quoted (`"0644"`, `"1777"`), or symbols (`u=rwX,g=rX,o=`). Left out, what exists keeps its
        /// own, what is new gets what the umask leaves. A bare number without a leading zero is decimal, as in YAML.
        mode: Option<Mode>,
        /// User who is to own it: a name, or a number.
        owner: Option<String>,
        /// Group that is to own it: a name, or a number.
        group: Option<String>,
        /// Flags of the file system as chattr(1) takes them: `+i`, `-a`, `=e`; without a sign they are to be all there are.
        attributes: Option<String> ["attr"],
        /// User of the SELinux context. Where SELinux is off, the four of them do nothing; `_default` leaves the part alone.
        seuser: Option<String>,
        /// Role of the SELinux context.
        serole: Option<String>,
        /// Type of the SELinux context.
        setype: Option<String>,
        /// Level of the SELinux context (MLS or MCS).
        selevel: Option<String>,
        /// Accepted for Ansible's sake. Files are always replaced whole, and only one that cannot be renamed over, such as a
        /// bind mount in a container, is written in place.
        unsafe_writes: bool = false,
    }
}

impl FileAttributes {
    /// For what is not there yet. A user or group that does not exist (in a check run: yet) is left out;
    /// [`FileAttributes::finish`] refuses it once the thing is made.
    pub(crate) fn fresh(&self, target: &dyn Look, folder: bool, source: Option<u32>) -> Attributes {
        let umask = umask(target);
        let base = if folder { 0o777 } else { 0o666 } & !umask;
        Attributes {
            mode: self.mode.as_ref().map(|mode| mode.bits(base, folder, umask, source)),
            uid: self.uid(target).unwrap_or_default(),
            gid: self.gid(target).unwrap_or_default(),
        }
    }

    /// For what is there: all that was asked for, whether it differs or not.
    pub(crate) fn over(&self, target: &dyn Look, meta: &Meta, source: Option<u32>) -> Result<Attributes, Failure> {
        let mode = self.mode.as_ref().filter(|_| meta.kind != Kind::Link);
        Ok(Attributes {
            mode: mode.map(|mode| mode.bits(meta.mode, meta.kind == Kind::Folder, umask(target), source)),
            uid: self.uid(target)?,
            gid: self.gid(target)?,
        })
    }

    /// The change, if any, that gives something that is there what was asked for.
    pub(crate) fn own(
        &self,
        target: &dyn Look,
        path: &Path,
        meta: &Meta,
        source: Option<u32>,
        follow: bool,
    ) -> Result<Option<Change>, Failure> {
        let wanted = self.over(target, meta, source)?;
        let attributes = Attributes {
            mode: wanted.mode.filter(|mode| *mode != meta.mode),
            uid: wanted.uid.filter(|uid| *uid != meta.uid),
            gid: wanted.gid.filter(|gid| *gid != meta.gid),
        };
        let change = Change::Own { path: path.to_owned(), attributes: attributes.clone(), follow };
        Ok((attributes != Attributes::default()).then_some(change))
    }

    /// Goes on, when the plan's changes are done, with owner (where [`FileAttributes::fresh`] could not name them), flags and
    /// context; then adds the [`facts`] of `path` to the result. They are also there now, for a check run.
    pub(crate) fn finish(self, mut plan: Plan, target: &dyn Look, path: PathBuf) -> Plan {
        for (name, value) in facts(target, &path) {
            plan.result.entry(name).or_insert(value);
        }
        plan.then(move |target, _| {
            let mut plan = Plan::of(self.late(target, &path)?);
            plan.result = facts(target, &path);
            Ok(if plan.changes.is_empty() {
                plan
            } else {
                plan.then(move |target, _| Ok(Plan { result: facts(target, &path), ..Plan::default() }))
            })
        })
    }

    /// What cannot be done in the same step that makes a file.
    pub(crate) fn late(&self, target: &dyn Look, path: &Path) -> Result<Vec<Change>, Failure> {
        let Some(meta) = target.stat(path, false)? else { return Ok(Vec::new()) };
        let owners = FileAttributes { mode: None, ..self.clone() };
        let mut changes: Vec<Change> = Vec::new();
        if meta.kind != Kind::Link {
            changes.extend(owners.own(target, path, &meta, None, false)?);
            changes.extend(self.flags(target, path)?);
        }
        changes.extend(self.context(target, path)?);
        Ok(changes)
    }

    fn uid(&self, target: &dyn Look) -> Result<Option<u32>, Failure> {
        let Some(name) = &self.owner else { return Ok(None) };
        match target.user(name)?.map(|user| user.uid).or_else(|| name.parse().ok()) {
            Some(uid) => Ok(Some(uid)),
            None => {
                let msg = format!("there is no user {name} on this host; make it first, with the module `user`");
                Err(Failure::argument("owner", msg))
            }
        }
    }

    fn gid(&self, target: &dyn Look) -> Result<Option<u32>, Failure> {
        let Some(name) = &self.group else { return Ok(None) };
        match target.group(name)?.map(|group| group.gid).or_else(|| name.parse().ok()) {
            Some(gid) => Ok(Some(gid)),
            None => {
                let msg = format!("there is no group {name} on this host; make it first, with the module `group`");
                Err(Failure::argument("group", msg))
            }
        }
    }

    fn flags(&self, target: &dyn Look, path: &Path) -> Result<Option<Change>, Failure> {
        let Some(wanted) = self.attributes.as_deref().filter(|flags| !flags.is_empty()) else { return Ok(None) };
        let (sign, letters) = match wanted.split_at_checked(1) {
            Some((sign @ ("+" | "-" | "="), letters)) => (sign, letters),
            _ => ("=", wanted),
        };
        let there = flags_of(target, path).map(|(_, flags)| flags).unwrap_or_default();
        let done = match sign {
            "+" => letters.chars().all(|c| there.contains(c)),
            "-" => !letters.chars().any(|c| there.contains(c)),
            // Extents come and go with the file system, not with chattr.
            _ => {
                let sorted = |text: &str| {
                    let mut all: Vec<char> = text.chars().filter(|c| *c != 'e').collect();
                    all.sort_unstable();
                    all
                };
                sorted(letters) == sorted(&there)
            }
        };
        let command = Command::new(["chattr", &format!("{sign}{letters}"), &path.to_string_lossy()]);
        Ok((!done).then_some(Change::Run(command)))
    }

    fn context(&self, target: &dyn Look, path: &Path) -> Result<Option<Change>, Failure> {
        let parts = [("-u", &self.seuser), ("-r", &self.serole), ("-t", &self.setype), ("-l", &self.selevel)];
        let asked = |part: &&Option<String>| part.as_deref().is_some_and(|value| value != "_default");
        if !parts.iter().any(|(_, part)| asked(part)) || target.stat(Path::new("/sys/fs/selinux/enforce"), true)?.is_none() {
            return Ok(None);
        }
        let path = path.to_string_lossy().into_owned();
        let context = target.ask(&Command::new(["stat", "-c", "%C", &path]))?.text();
        // The level has colons of its own.
        let there: Vec<&str> = context.trim().splitn(4, ':').collect();
        let mut argv = vec!["chcon".to_owned(), "-h".to_owned()];
        for (place, (option, part)) in parts.iter().enumerate() {
            if let Some(value) = part.as_ref().filter(|_| asked(part)).filter(|value| there.get(place) != Some(&value.as_str())) {
                argv.extend([(*option).to_owned(), value.clone()]);
            }
        }
        if argv.len() == 2 {
            return Ok(None);
        }
        argv.push(path);
        Ok(Some(Change::Run(Command::new(argv))))
    }
}

/// The process's umask, as Linux tells it.
pub(crate) fn umask(target: &dyn Look) -> u32 {
    let status = target.read(Path::new("/proc/self/status")).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&status);
    let line = text.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|bits| u32::from_str_radix(bits.trim(), 8).ok()).unwrap_or(0o022)
}

/// Letters of a file's flags, as `lsattr` shows them, and its version where that had to be asked.
pub(crate) fn flags_of(target: &dyn Look, path: &Path) -> Option<(Option<String>, String)> {
    match target.flags(path) {
        Ok(Some(bits)) => {
            let letters = FLAGS.iter().filter(|(_, bit, _)| bits & bit != 0);
            return Some((None, letters.map(|(letter, ..)| letter).collect()));
        }
        Ok(None) => {}
        // The file system has none.
        Err(_) => return None,
    }
    target.which("lsattr")?;
    let command = Command { accept: Vec::new(), ..Command::new(["lsattr", "-vd", &path.to_string_lossy()]) };
    let output = target.ask(&command).ok().filter(|output| output.rc == 0)?;
    let text = output.text();
    let mut fields = text.split_whitespace();
    let version = fields.next()?.to_owned();
    Some((Some(version), fields.next()?.chars().filter(|c| *c != '-').collect()))
}

/// Letter, bit (linux/fs.h) and chattr(1)'s word, in the order of `lsattr`.
pub(crate) const FLAGS: &[(char, u32, &str)] = &[
    ('s', 0x1, "zero"),
    ('u', 0x2, "undelete"),
    ('S', 0x8, "synchronous"),
    ('D', 0x1_0000, "dirsync"),
    ('i', 0x10, "immutable"),
    ('a', 0x20, "append"),
    ('d', 0x40, "nodump"),
    ('A', 0x80, "noatime"),
    ('c', 0x4, "compressed"),
    ('B', 0x200, "compresseddirty"),
    ('E', 0x800, "encrypted"),
    ('j', 0x4000, "journalled"),
    ('I', 0x1000, "indexed"),
    ('t', 0x8000, "notail"),
    ('T', 0x2_0000, "blockroot"),
    ('e', 0x8_0000, "extents"),
    ('V', 0x10_0000, "verity"),
    ('C', 0x80_0000, "nocow"),
    ('x', 0x200_0000, "dax"),
    ('F', 0x4000_0000, "casefold"),
    ('N', 0x1000_0000, "inline"),
    ('P', 0x2000_0000, "project"),
    ('m', 0x400, "nocompression"),
];

/// What a result says of a file: `uid`, `gid`, `owner`, `group`, `mode`, `state`, `size`; nothing where nothing is.
pub(crate) fn facts(target: &dyn Look, path: &Path) -> Map<String, Json> {
    let Ok(Some(meta)) = target.stat(path, false) else { return Map::new() };
    let state = match meta.kind {
        Kind::Link => "link",
        Kind::Folder => "directory",
        _ if meta.links > 1 => "hard",
        _ => "file",
    };
    Map::from_iter([
        ("uid".to_owned(), json!(meta.uid)),
        ("gid".to_owned(), json!(meta.gid)),
        ("owner".to_owned(), json!(user_name(target, meta.uid).unwrap_or_else(|| meta.uid.to_string()))),
        ("group".to_owned(), json!(group_name(target, meta.gid).unwrap_or_else(|| meta.gid.to_string()))),
        ("mode".to_owned(), json!(format!("0{:03o}", meta.mode))),
        ("state".to_owned(), json!(state)),
        ("size".to_owned(), json!(meta.size)),
    ])
}

pub(crate) fn user_name(target: &dyn Look, uid: u32) -> Option<String> {
    target.user(&uid.to_string()).ok().flatten().map(|user| user.name)
}

pub(crate) fn group_name(target: &dyn Look, gid: u32) -> Option<String> {
    target.group(&gid.to_string()).ok().flatten().map(|group| group.name)
}
