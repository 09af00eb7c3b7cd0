//! `release_link`: what outlives a release is a link into `shared/`.

use std::path::{Path, PathBuf};

use super::account::Owner;
use super::layout::{self, Layout};
use super::prepare::check_release_path;
use crate::arguments;
use crate::modules::Module;
use crate::plan::{Change, Failure, Kind, Look, Plan};

arguments! {
    /// Makes files and folders of a release links into `shared/`, so that they outlive it.
    pub(crate) struct ReleaseLink {
        /// The release's folder.
        release_path: PathBuf,
        /// The deploy folder.
        path: PathBuf,
        /// Files, as in the release. Each must be in `shared/` already: provisioning writes them.
        files: Vec<String> = Vec::new(),
        /// Folders, as in the release. Made in `shared/` where they are missing.
        dirs: Vec<String> = Vec::new(),
    }
}

impl Module for ReleaseLink {
    const NAME: &'static str = "release_link";
    const EXAMPLES: &'static str = "\
- name: Link what outlives a release
  release_link:
    release_path: /srv/searchapp/releases/20261121101500
    path: /srv/searchapp
    files: [config/env]
    dirs: [media, log]
";
    const RETURNS: &'static str = "links: the links, as in the release\n";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let layout = Layout::new(&self.path)?;
        check_release_path(&layout, &self.release_path)?;
        let owner = Owner::of_folder(target, &self.release_path)?;
        let attributes = layout::folder(&owner.attributes);
        let mut changes = Vec::new();
        let mut links = Vec::new();
        for (argument, names) in [("files", &self.files), ("dirs", &self.dirs)] {
            for name in names {
                let name = layout::check_inside(argument, name)?;
                let shared = layout.shared().join(&name);
                match (argument, target.stat(&shared, true)?.map(|meta| meta.kind)) {
                    ("files", None) => {
                        let what = format!("{} is not on this host: provisioning writes it, run that first", shared.display());
                        return Err(Failure::argument("files", what));
                    }
                    ("files", Some(Kind::Folder)) => {
                        return Err(Failure::argument(
                            "files",
                            format!("{} is a folder: put it under deploy_shared_dirs", shared.display()),
                        ));
                    }
                    ("dirs", None) => changes.push(Change::Folder { path: shared, attributes: attributes.clone() }),
                    ("dirs", Some(kind)) if kind != Kind::Folder => {
                        return Err(Failure::argument("dirs", format!("{} is no folder", shared.display())));
                    }
                    _ => {}
                }
                changes.extend(link(target, &self.release_path, &name, &attributes)?);
                links.push(name.to_string_lossy().into_owned());
            }
        }
        Ok(Plan::of(changes).with("links", links))
    }
}

fn link(target: &dyn Look, release: &Path, name: &Path, attributes: &crate::plan::Attributes) -> Result<Vec<Change>, Failure> {
    let path = release.join(name);
    // releases/<name> lies two below the deploy folder.
    let up: PathBuf = std::iter::repeat_n("..", name.components().count() + 1).collect();
    let to = up.join("shared").join(name);
    let mut changes = Vec::new();
    let folder = path.parent().unwrap_or(release);
    if target.stat(folder, true)?.is_none() {
        changes.push(Change::Folder { path: folder.to_owned(), attributes: attributes.clone() });
    }
    match target.stat(&path, false)? {
        Some(meta) if meta.kind == Kind::Link && meta.target.as_ref() == Some(&to) => return Ok(Vec::new()),
        // rename(2) puts no link in a folder's place. What the commit has there gives way to what is shared.
        Some(meta) if meta.kind == Kind::Folder => changes.push(Change::Remove { path: path.clone() }),
        _ => {}
    }
    changes.push(Change::Link { path, target: to });
    Ok(changes)
}
