//! Facts that the host's owner wrote: `*.fact` in /etc/ansible/facts.d.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::{Facts, names};
use crate::plan::{Command, Look};

pub(super) fn gather(target: &dyn Look, folder: &Path) -> Facts {
    let mut local = Facts::new();
    for file in names(target, folder).iter().filter(|name| name.ends_with(".fact")) {
        let name = file.trim_end_matches(".fact").to_owned();
        let value = read(target, &folder.join(file)).unwrap_or_else(|why| json!(why));
        local.insert(name, value);
    }
    Facts::from_iter([("local".to_owned(), local.into())])
}

/// JSON or INI, from the file itself or, where it is executable, from what it prints. `Err` is a sentence that
/// becomes the fact, as Ansible does.
fn read(target: &dyn Look, path: &Path) -> Result<Json, String> {
    let shown = path.display();
    let meta = target
        .stat(path, true)
        .map_err(|e| e.to_string())?
        .ok_or_else(|| format!("Could not stat fact ({shown}): there is nothing where the link leads"))?;
    let text = if meta.mode & 0o111 == 0 {
        let bytes = target.read(path).map_err(|e| format!("error loading facts from {shown}: {e}"))?;
        String::from_utf8(bytes.unwrap_or_default()).map_err(|_| format!("error loading facts from {shown}: it is not UTF-8"))?
    } else {
        let question = Command { accept: Vec::new(), ..Command::new([shown.to_string()]) };
        let answer = target.ask(&question).map_err(|e| format!("Could not execute fact script {shown}: {e}"))?;
        if answer.rc != 0 {
            return Err(format!("Failure executing fact script ({shown}), rc: {}, err: {}", answer.rc, answer.errors().trim()));
        }
        answer.text()
    };
    match serde_json::from_str(&text) {
        Ok(value) => Ok(value),
        Err(_) if text.trim().is_empty() => Ok(json!({})),
        Err(_) => ini(&text).ok_or_else(|| format!("error loading facts as ini: {shown} is neither JSON nor INI")),
    }
}

/// Sections of `key = value` or `key: value`; keys in lower case, lines that are indented continue the value before.
pub(super) fn ini(text: &str) -> Option<Json> {
    let mut sections = Facts::new();
    let mut section: Option<String> = None;
    let mut last: Option<String> = None;
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.entry(name).or_insert_with(|| json!({}));
            (section, last) = (Some(name.to_owned()), None);
            continue;
        }
        let values = sections.get_mut(section.as_ref()?)?.as_object_mut()?;
        if let Some(key) = last.as_ref().filter(|_| line.starts_with([' ', '\t'])) {
            let before = values.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            values.insert(key.clone(), json!(format!("{before}\n{bare}")));
            continue;
        }
        let (key, value) = bare.split_at(bare.find(['=', ':'])?);
        let key = key.trim().to_lowercase();
        values.insert(key.clone(), json!(value[1..].trim()));
        last = Some(key);
    }
    section.map(|_| Json::Object(sections))
}
