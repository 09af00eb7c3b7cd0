//! A folder from the controller.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::{Copy, Source, ends_with_slash};
use crate::modules::arguments::Value;
use crate::modules::mode::Mode;
use crate::plan::{Blob, Change, Content, Failure, Kind, Look, Plan};

/// One thing in the folder.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    path: PathBuf,
    is: Is,
    mode: Option<u32>,
}

#[derive(Clone, Debug)]
enum Is {
    File(Blob),
    Link(PathBuf),
    Folder,
}

impl Value for Item {
    const KIND: &'static str = "dictionary";

    fn parse(value: &Json) -> Result<Item, String> {
        let mode = match value.get("mode").filter(|mode| !mode.is_null()).map(Mode::parse).transpose()? {
            Some(Mode::Bits(bits)) => Some(bits),
            _ => None,
        };
        let is = match (value.get("blob"), value.get("link")) {
            (Some(blob), _) => Is::File(Blob::parse(blob)?),
            (None, Some(link)) => Is::Link(PathBuf::parse(link)?),
            (None, None) => Is::Folder,
        };
        let path = value.get("path").ok_or("has an entry without path")?;
        Ok(Item { path: PathBuf::parse(path)?, is, mode })
    }
}

pub(super) fn plan(copy: Copy, items: &[Item], target: &dyn Look) -> Result<Plan, Failure> {
    let src = PathBuf::from(copy.src.clone().unwrap_or_default());
    let base = match src.file_name().filter(|_| !ends_with_slash(&src)) {
        Some(name) => copy.dest.join(name),
        None => copy.dest.clone(),
    };
    let mut changes = Vec::new();
    if target.stat(&base, true)?.is_none() {
        changes.push(copy.folder(target, &base));
    }
    for item in items {
        changes.extend(one(&copy, item, &base.join(&item.path), target)?);
    }
    let dest = format!("{}/", copy.dest.to_string_lossy().trim_end_matches('/'));
    let plan = Plan::of(changes).with("dest", dest).with("src", json!(copy.src));
    let attributes = copy.attributes;
    // An owner whom the host lacks was left out so far.
    Ok(plan.then(move |target, _| attributes.late(target, &base).map(|_| Plan::unchanged())))
}

fn one(copy: &Copy, item: &Item, path: &Path, target: &dyn Look) -> Result<Option<Change>, Failure> {
    let there = target.stat(path, copy.follow)?;
    if there.is_some() && !copy.force {
        return Ok(None);
    }
    match &item.is {
        Is::Folder if there.as_ref().is_some_and(|meta| meta.kind == Kind::Folder) => Ok(None),
        Is::Folder => Ok(Some(copy.folder(target, path))),
        Is::Link(to) if there.as_ref().and_then(|meta| meta.target.as_ref()) == Some(to) => Ok(None),
        Is::Link(to) => Ok(Some(Change::Link { path: path.to_owned(), target: to.clone() })),
        Is::File(blob) => {
            let source = Source { content: Content::Blob(blob.clone()), sha1: blob.sha1.clone(), mode: item.mode };
            copy.write(&source, path, there.as_ref(), target).map(|(change, _)| change)
        }
    }
}
