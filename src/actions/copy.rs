//! `copy`: finds the file or folder here; the module of the same name writes it there.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::as_given::AsGiven;
use super::{Action, Context, Done, Supply};
use crate::modules::arguments::{Rule, Value as _};
use crate::modules::copy::Copy as Module;
use crate::plan::Failure;

pub(crate) type Copy = AsGiven<Module>;

impl Action for Copy {
    const NAME: &'static str = "ansible.builtin.copy";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["src", "content"])];
    const EXAMPLES: &'static str = <Module as crate::modules::Module>::EXAMPLES;
    const RETURNS: &'static str = <Module as crate::modules::Module>::RETURNS;
    const LOCAL: bool = false;

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let mut arguments = self.0;
        let flag = |name: &str, default: bool| {
            arguments.get(name).map_or(Ok(default), |v| bool::parse(v).map_err(|why| Failure::argument(name, format!("`{name}` {why}"))))
        };
        let here = arguments.contains_key("src") && !flag("remote_src", false)?;
        let (decrypt, follow) = (flag("decrypt", true)?, flag("local_follow", true)?);
        let mut supplies = Vec::new();
        if here {
            let src = arguments.get("src").and_then(Json::as_str).unwrap_or_default().to_owned();
            let path = find(&context, &src)?;
            if path.is_dir() {
                let files = folder(&path, follow, decrypt, &context, &mut supplies)?;
                arguments.insert("_files".into(), files.into());
            } else {
                let (supply, mode) = file(&path, decrypt, &context)?;
                arguments.insert("_blob".into(), json!(supply.blob(0).map_err(|error| unreadable(&path, &error))?));
                arguments.insert("_mode".into(), format!("{mode:04o}").into());
                supplies.push(supply);
            }
        }
        Ok(Done::by_module(context.target.module(Self::NAME, arguments, supplies).await?))
    }
}

/// The file or folder that `src` means: in `files/`, or beside the tasks, or beside the playbook.
pub(super) fn find(context: &Context<'_>, src: &str) -> Result<PathBuf, Failure> {
    let paths = context.scope.paths();
    paths.find("files", &super::home(src)).ok_or_else(|| {
        let places: Vec<String> = paths.candidates("files", src).iter().map(|p| p.display().to_string()).collect();
        Failure::argument("src", format!("could not find `{src}` on the controller; looked for {}", places.join(", ")))
    })
}

/// A file's bytes and permission bits; a vault text is opened.
pub(super) fn file(path: &Path, decrypt: bool, context: &Context<'_>) -> Result<(Supply, u32), Failure> {
    let meta = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let mode = meta.permissions().mode() & 0o7777;
    if decrypt && meta.size() < (64 << 20) && begins_as_vault(path) {
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let opened = context.scope.decrypt(&text).map_err(|problem| Failure::argument("src", problem.message))?;
        return Ok((Supply::Memory(opened.into_bytes().into()), mode));
    }
    Ok((Supply::File(path.to_owned()), mode))
}

fn begins_as_vault(path: &Path) -> bool {
    let mut head = [0; 15];
    std::fs::File::open(path).and_then(|mut f| std::io::Read::read_exact(&mut f, &mut head)).is_ok() && &head == b"$ANSIBLE_VAULT;"
}

/// All that a folder holds, in the order that the module wants: folders before what is in them.
fn folder(root: &Path, follow: bool, decrypt: bool, context: &Context<'_>, supplies: &mut Vec<Supply>) -> Result<Vec<Json>, Failure> {
    let mut items = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(relative) = waiting.pop() {
        let here = root.join(&relative);
        let mut names: Vec<_> =
            std::fs::read_dir(&here).map_err(|error| unreadable(&here, &error))?.flatten().map(|e| e.file_name()).collect();
        names.sort();
        for name in names {
            let (path, full) = (relative.join(&name), here.join(&name));
            let link = full.symlink_metadata().is_ok_and(|m| m.is_symlink());
            if link && (!follow || !full.exists()) {
                let to = std::fs::read_link(&full).map_err(|error| unreadable(&full, &error))?;
                items.push(json!({ "path": path, "link": to }));
            } else if full.is_dir() {
                let mode = full.metadata().map_or(0o755, |m| m.permissions().mode() & 0o7777);
                items.push(json!({ "path": path, "folder": true, "mode": format!("{mode:04o}") }));
                waiting.push(path);
            } else {
                let (supply, mode) = file(&full, decrypt, context)?;
                let blob = supply.blob(u32::try_from(supplies.len()).unwrap_or(u32::MAX)).map_err(|error| unreadable(&full, &error))?;
                items.push(json!({ "path": path, "blob": blob, "mode": format!("{mode:04o}") }));
                supplies.push(supply);
            }
        }
    }
    Ok(items)
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::argument("src", format!("cannot read {}: {error}", path.display()))
}
