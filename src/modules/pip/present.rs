//! What is installed, read from the folders of metadata that every package leaves (packaging.python.org, "Recording
//! installed projects"): no need to start Python.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Pip;
use super::requirement::normal;
use crate::plan::{Failure, Look};

/// Normal name and version of each package; `None` where it is not known in which folders to look.
pub(super) fn packages(pip: &Pip, target: &dyn Look) -> Result<Option<BTreeMap<String, String>>, Failure> {
    let folders = match (&pip.virtualenv, &pip.executable) {
        (Some(environment), _) => {
            if sees_the_system(environment, target)? {
                return Ok(None);
            }
            of_python(&environment.join("lib"), "site-packages", target)
        }
        (None, Some(_)) => return Ok(None),
        (None, None) => {
            let mut all = of_python(Path::new("/usr/local/lib"), "dist-packages", target);
            all.push(PathBuf::from("/usr/lib/python3/dist-packages"));
            all.retain(|folder| matches!(target.stat(folder, true), Ok(Some(_))));
            // Not Debian's layout: ask pip.
            if all.is_empty() || target.uid() != 0 {
                return Ok(None);
            }
            all
        }
    };
    let mut found = BTreeMap::new();
    for name in folders.iter().flat_map(|folder| target.list(folder).unwrap_or_default()) {
        let stem = name.strip_suffix(".dist-info").or_else(|| name.strip_suffix(".egg-info"));
        if let Some((package, version)) = stem.and_then(|stem| stem.split_once('-')) {
            // An egg's name ends with the Python that it is for.
            let version = version.split("-py").next().unwrap_or(version);
            found.entry(normal(package)).or_insert_with(|| version.to_owned());
        }
    }
    Ok(Some(found))
}

fn of_python(lib: &Path, packages: &str, target: &dyn Look) -> Vec<PathBuf> {
    let versions = target.list(lib).unwrap_or_default();
    versions.iter().filter(|name| name.starts_with("python3")).map(|name| lib.join(name).join(packages)).collect()
}

fn sees_the_system(environment: &Path, target: &dyn Look) -> Result<bool, Failure> {
    let config = target.read(&environment.join("pyvenv.cfg"))?.unwrap_or_default();
    let config = String::from_utf8_lossy(&config).to_lowercase();
    let is_true = |line: &str| {
        line.split_once('=').is_some_and(|(name, value)| name.trim() == "include-system-site-packages" && value.trim() == "true")
    };
    Ok(config.lines().any(is_true))
}
