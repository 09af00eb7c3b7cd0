//! The trees of case folders: copied into a stand-in host, read back, compared as text, written as `after/`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use deploy::agent::Target;
use deploy::agent::rooted::{Rooted, SCRATCH};
use deploy::plan::{Kind, Look};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// 2026-01-01T00:00:00Z
const MOMENT: f64 = 1_767_225_600.0;

/// Values that no two runs have in common.
const VOLATILE: &[&str] =
    &["start", "end", "delta", "elapsed", "ctime", "atime", "inode", "dev", "block_size", "blocks", "backup_file", "device"];

/// What git cannot hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Facts {
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtime: Option<f64>,
}

struct Item {
    kind: Kind,
    mode: u32,
    uid: u32,
    gid: u32,
    mtime: Option<f64>,
    target: Option<PathBuf>,
    content: Vec<u8>,
}

pub(crate) struct Tree(BTreeMap<PathBuf, Item>);

/// Fills the stand-in for `/` at `root`.
pub(crate) fn copy(from: &Path, root: &Path, facts: &BTreeMap<PathBuf, Facts>, host: &Rooted) -> io::Result<()> {
    fs::create_dir_all(root)?;
    if from.exists() {
        fill(from, root)?;
    }
    let mut all = Vec::new();
    walk(root, Path::new("/"), &mut all)?;
    for path in all.into_iter().rev() {
        let known = facts.get(&path).cloned().unwrap_or_default();
        let at = host.tree().at(&path, false)?;
        host.tree().own(&at, known.uid, known.gid, false)?;
        if fs::symlink_metadata(&at)?.is_symlink() {
            continue;
        }
        if let Some(mode) = known.mode {
            fs::set_permissions(&at, fs::Permissions::from_mode(u32::from_str_radix(&mode, 8).map_err(io::Error::other)?))?;
        }
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(known.mtime.unwrap_or(MOMENT));
        fs::File::open(&at)?.set_times(fs::FileTimes::new().set_modified(moment).set_accessed(moment))?;
    }
    for path in facts.keys() {
        if fs::symlink_metadata(host.tree().at(path, false)?).is_err() && from.ends_with("before") {
            return Err(io::Error::other(format!("the .yml beside it names {}, which is not there", path.display())));
        }
    }
    Ok(())
}

fn fill(from: &Path, to: &Path) -> io::Result<()> {
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        // git holds no folder of its own kind inside a repository: `dot-git` stands for it.
        let name = entry.file_name();
        let dest = to.join(if name == "dot-git" { ".git".as_ref() } else { name.as_os_str() });
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, dest)?;
        } else if kind.is_dir() {
            fs::create_dir(&dest)?;
            fill(&entry.path(), &dest)?;
        } else if entry.file_name() != ".gitkeep" {
            fs::copy(entry.path(), &dest)?;
            let executable = entry.metadata()?.permissions().mode() & 0o111 != 0;
            fs::set_permissions(&dest, fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
        }
    }
    Ok(())
}

fn walk(root: &Path, below: &Path, all: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below.strip_prefix("/").unwrap_or(below)))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if path == Path::new(SCRATCH) {
            continue;
        }
        all.push(path.clone());
        if entry.file_type()?.is_dir() {
            walk(root, &path, all)?;
        }
    }
    Ok(())
}

/// The same name for every backup of a file (`f.1234.2026-01-31@12:00:00~`): `f.backup~`.
fn steady(path: PathBuf) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut parts: Vec<&str> = name.split('.').collect();
    match parts.pop() {
        Some(time) if time.ends_with('~') && time.contains('@') && parts.len() > 1 => {
            parts.pop();
            path.with_file_name(format!("{}.backup~", parts.join(".")))
        }
        _ => path,
    }
}

impl Tree {
    /// `times`: remember when things were changed, too.
    pub(crate) fn read(root: &Path, host: &Rooted, times: bool) -> Result<Tree, String> {
        let mut all = Vec::new();
        walk(root, Path::new("/"), &mut all).map_err(|e| e.to_string())?;
        let mut items = BTreeMap::new();
        for path in all {
            let meta = host.stat(&path, false).map_err(|e| e.to_string())?.ok_or_else(|| format!("{} vanished", path.display()))?;
            let content =
                if meta.kind == Kind::File { fs::read(host.tree().at(&path, false).unwrap()).unwrap_or_default() } else { Vec::new() };
            let mtime = times.then_some(meta.mtime);
            items.insert(
                steady(path),
                Item { kind: meta.kind, mode: meta.mode, uid: meta.uid, gid: meta.gid, mtime, target: meta.target, content },
            );
        }
        Ok(Tree(items))
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (path, item) in &self.0 {
            let mode = if item.kind == Kind::Link { String::new() } else { format!(" {:04o}", item.mode) };
            let target = item.target.as_ref().map(|t| format!(" -> {}", t.display())).unwrap_or_default();
            let mtime = item.mtime.map(|t| format!(" {t}")).unwrap_or_default();
            text += &format!("{} {:?}{mode} {}:{}{mtime}{target}\n", path.display(), item.kind, item.uid, item.gid);
            text.extend(
                String::from_utf8_lossy(&item.content)
                    .split_inclusive('\n')
                    .map(|line| format!("    {}\n", line.trim_end_matches('\n').replace('\r', "\\r"))),
            );
            if item.kind == Kind::File && !item.content.is_empty() && !item.content.ends_with(b"\n") {
                text += "    (no newline at the end)\n";
            }
        }
        text
    }

    /// As `after/` and `after.yml`.
    pub(crate) fn write(&self, folder: &Path, facts: &Path, before: &BTreeMap<PathBuf, Facts>) -> io::Result<()> {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        let mut special = BTreeMap::new();
        for (path, item) in &self.0 {
            let to = folder.join(path.strip_prefix("/").unwrap_or(path));
            let usual = match item.kind {
                Kind::Folder => {
                    fs::create_dir_all(&to)?;
                    if !self.0.keys().any(|other| other.parent() == Some(path)) {
                        fs::write(to.join(".gitkeep"), "")?;
                    }
                    0o755
                }
                Kind::Link => {
                    std::os::unix::fs::symlink(item.target.as_deref().unwrap_or(Path::new("")), &to)?;
                    item.mode
                }
                _ => {
                    fs::write(&to, &item.content)?;
                    let mode = if item.mode & 0o111 == 0 { 0o644 } else { 0o755 };
                    fs::set_permissions(&to, fs::Permissions::from_mode(mode))?;
                    mode
                }
            };
            let known = before.get(path);
            let found = Facts {
                mode: (item.mode != usual || known.is_some_and(|f| f.mode.is_some())).then(|| format!("{:04o}", item.mode)),
                uid: (item.uid != 0 || known.is_some_and(|f| f.uid.is_some())).then_some(item.uid),
                gid: (item.gid != 0 || known.is_some_and(|f| f.gid.is_some())).then_some(item.gid),
                mtime: known.and_then(|f| f.mtime),
            };
            if found != known.cloned().unwrap_or_default() {
                special.insert(path, found);
            }
        }
        let _ = fs::remove_file(facts);
        if special.is_empty() { Ok(()) } else { fs::write(facts, serde_yaml::to_string(&special).map_err(io::Error::other)?) }
    }
}

/// `found` with `"*"` where `expected` says so.
pub(crate) fn starred(expected: &Json, found: &Json) -> Json {
    match (expected, found) {
        (Json::String(star), _) if star == "*" => expected.clone(),
        (Json::Object(expected), Json::Object(found)) => {
            // In the order of what is expected, so that order does not matter.
            let known = expected.iter().filter_map(|(name, e)| Some((name.clone(), starred(e, found.get(name)?))));
            let new = found.iter().filter(|(name, _)| !expected.contains_key(*name)).map(|(name, f)| (name.clone(), f.clone()));
            Json::Object(known.chain(new).collect())
        }
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            Json::Array(expected.iter().zip(found).map(|(e, f)| starred(e, f)).collect())
        }
        _ => found.clone(),
    }
}

/// `found`, with `"*"` where the old file had it or no two runs agree.
pub(crate) fn blessed(old: &Json, found: &Json) -> Json {
    match found {
        Json::Object(map) => Json::Object(
            map.iter()
                .map(|(name, value)| {
                    let star = VOLATILE.contains(&name.as_str()) || old[name] == "*";
                    (name.clone(), if star { Json::String("*".into()) } else { blessed(&old[name], value) })
                })
                .collect(),
        ),
        Json::Array(items) => Json::Array(items.iter().enumerate().map(|(i, value)| blessed(&old[i], value)).collect()),
        other => other.clone(),
    }
}
