//! What changes would do, as text: before and after of files, and the state of all else.

use std::io::Read;
use std::path::Path;

use super::look::word;
use super::target::Target;
use crate::plan::{Attributes, Change, Content, Diff, Kind, Meta};

/// Texts longer than this are only named.
const MOST: usize = 1 << 20;

/// Of all changes of a stage, against the target as it is before the first of them: the same in check mode and for real.
pub(crate) fn of(changes: &[Change], target: &dyn Target) -> Vec<Diff> {
    changes.iter().flat_map(|change| one(change, target)).collect()
}

fn one(change: &Change, target: &dyn Target) -> Vec<Diff> {
    let look = |path: &Path, follow: bool| target.tree().stat(path, follow).ok().flatten();
    match change {
        Change::Write { path, content, attributes, .. } => {
            let existing = look(path, false).filter(|meta| meta.kind == Kind::File);
            let before = existing.as_ref().map(|_| Content::File(path.clone()));
            let mut all: Vec<Diff> = texts(path, before.as_ref(), content, target).into_iter().collect();
            all.extend(existing.and_then(|meta| ownership(path, &meta, attributes)));
            all
        }
        Change::Folder { path, .. } if look(path, true).is_none() => {
            vec![state(path, "absent", "directory")]
        }
        Change::Link { path, target: to } => {
            vec![state(path, &described(look(path, false).as_ref()), &format!("link\ntarget: {}", to.display()))]
        }
        Change::Hardlink { path, target: to } => {
            vec![state(path, &described(look(path, false).as_ref()), &format!("hard\ntarget: {}", to.display()))]
        }
        Change::Remove { path } => look(path, false).map(|meta| state(path, &described(Some(&meta)), "absent")).into_iter().collect(),
        Change::Rename { from, to } => vec![Diff {
            before_header: from.display().to_string(),
            after_header: to.display().to_string(),
            before: format!("path: {}\n", from.display()),
            after: format!("path: {}\n", to.display()),
        }],
        Change::Own { path, attributes, follow } => {
            look(path, *follow).and_then(|meta| ownership(path, &meta, attributes)).into_iter().collect()
        }
        Change::Touch { path, .. } if look(path, true).is_none() => {
            vec![state(path, "absent", "file")]
        }
        Change::Folder { .. }
        | Change::Touch { .. }
        | Change::Run(_)
        | Change::Send(_)
        | Change::Wait(_)
        | Change::Arm { .. }
        | Change::Disarm { .. } => Vec::new(),
    }
}

fn described(meta: Option<&Meta>) -> String {
    match meta {
        None => "absent".into(),
        Some(Meta { kind: Kind::Link, target: Some(to), .. }) => format!("link\ntarget: {}", to.display()),
        Some(meta) => word(meta.kind).into(),
    }
}

fn pair(path: &Path, before: String, after: String) -> Diff {
    let header = path.display().to_string();
    Diff { before_header: header.clone(), after_header: header, before, after }
}

fn state(path: &Path, before: &str, after: &str) -> Diff {
    pair(path, format!("state: {before}\n"), format!("state: {after}\n"))
}

/// Only what differs.
fn ownership(path: &Path, meta: &Meta, wanted: &Attributes) -> Option<Diff> {
    let (mut before, mut after) = (String::new(), String::new());
    let mut add = |name: &str, old: String, new: Option<String>| {
        if let Some(new) = new.filter(|new| *new != old) {
            before.push_str(&format!("{name}: {old}\n"));
            after.push_str(&format!("{name}: {new}\n"));
        }
    };
    let mode = |bits: u32| format!("{bits:04o}");
    if meta.kind != Kind::Link {
        add("mode", mode(meta.mode), wanted.mode.map(mode));
    }
    add("owner", meta.uid.to_string(), wanted.uid.map(|id| id.to_string()));
    add("group", meta.gid.to_string(), wanted.gid.map(|id| id.to_string()));
    (!after.is_empty()).then(|| pair(path, before, after))
}

fn texts(path: &Path, before: Option<&Content>, after: &Content, target: &dyn Target) -> Option<Diff> {
    let before = before.map_or(Text::Is(String::new()), |content| text(content, target));
    let after = text(after, target);
    match (before, after) {
        (Text::Is(before), Text::Is(after)) if before == after => None,
        (Text::Is(before), Text::Is(after)) => Some(pair(path, before, after)),
        (before, after) => Some(pair(path, before.named(), after.named())),
    }
}

enum Text {
    Is(String),
    Binary,
    Long,
    /// Made by an earlier change of the same plan, or not readable.
    Unknown,
}

impl Text {
    fn named(self) -> String {
        match self {
            Text::Is(text) => text,
            Text::Binary => "(binary)\n".into(),
            Text::Long => format!("(longer than {MOST} bytes)\n"),
            Text::Unknown => "(not known before the task runs)\n".into(),
        }
    }
}

fn text(content: &Content, target: &dyn Target) -> Text {
    if matches!(content, Content::Blob(blob) if blob.size > MOST as u64) {
        return Text::Long;
    }
    // A file on the target is named as the target sees it.
    let mut bytes = Vec::new();
    let read = target.content(content).and_then(|from| from.take(MOST as u64 + 1).read_to_end(&mut bytes));
    match read {
        Err(_) => Text::Unknown,
        Ok(_) if bytes.len() > MOST => Text::Long,
        Ok(_) if bytes.contains(&0) => Text::Binary,
        Ok(_) => String::from_utf8(bytes).map_or(Text::Binary, Text::Is),
    }
}
