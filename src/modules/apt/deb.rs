//! Package files: `deb: /path/to/x.deb`, or a URL.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::Apt;
use super::command::apt_get;
use super::status::Installed;
use super::version::compare;
use crate::plan::{Attributes, Change, Command, Content, Failure, Look, Plan, Request};

/// Where apt keeps package files itself; what was downloaded lies here while it is installed.
const ARCHIVES: &str = "/var/cache/apt/archives";

pub(super) fn plan(options: &Apt, files: &str, target: &dyn Look) -> Result<Plan, Failure> {
    let installed = Installed::read(target)?;
    let (mut before, mut after, mut words) = (Vec::new(), Vec::new(), vec!["install".to_owned()]);
    for file in files.split(',').map(str::trim).filter(|file| !file.is_empty()) {
        let is_url = file.contains("://");
        let local = if is_url { download(file, target)? } else { PathBuf::from(file) };
        let [package, version, architecture] = fields(file, &local, target)?;
        let own = installed.find(&package, Some(&architecture)).filter(|p| p.is_installed());
        match own.map(|own| (compare(&version, &own.version), own)) {
            Some((Ordering::Equal, _)) => continue,
            Some((Ordering::Less, own)) if !options.allow_downgrade && !options.force => {
                let msg = format!(
                    "{package} {} is installed, newer than the {version} of {file}: set `allow_downgrade: true` to go back",
                    own.version
                );
                return Err(Failure::argument("deb", msg));
            }
            _ => {}
        }
        if is_url {
            // apt-get takes only files whose name ends so.
            let path = Path::new(ARCHIVES).join(format!("{package}_{}_{architecture}.deb", version.replace(':', "%3a")));
            let attributes = Attributes { mode: Some(0o644), ..Attributes::default() };
            before.push(Change::Write { path: path.clone(), content: Content::File(local), attributes, backup: false, validate: None });
            words.push(path.display().to_string());
            after.push(Change::Remove { path });
        } else {
            words.push(local.display().to_string());
        }
    }
    if words.len() == 1 {
        return Ok(Plan::unchanged());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut plan = options.run(apt_get(options, &words), target);
    plan.changes.splice(0..0, before);
    plan.changes.extend(after);
    Ok(plan)
}

fn download(url: &str, target: &dyn Look) -> Result<PathBuf, Failure> {
    let request =
        Request { method: "GET".into(), url: url.to_owned(), validate_certs: true, redirects: 10, timeout: 600.0, ..Request::default() };
    let answer = target.fetch(&request).map_err(|e| Failure::argument("deb", e.to_string()))?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(Failure::argument("deb", format!("cannot download {url}: the server answers {status} {}", answer.reason))),
    }
}

/// Package, version, architecture of a package file.
fn fields(shown: &str, file: &Path, target: &dyn Look) -> Result<[String; 3], Failure> {
    if !matches!(target.stat(file, true), Ok(Some(_))) {
        return Err(Failure::argument("deb", format!("there is no file {shown} on this host")));
    }
    let names = ["Package", "Version", "Architecture"];
    let command = ["dpkg-deb".to_owned(), "-f".to_owned(), file.display().to_string()].into_iter().chain(names.map(str::to_owned));
    let answer = target.ask(&Command { accept: Vec::new(), ..Command::new(command) })?;
    let text = answer.text();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
    match names.map(field) {
        [Some(package), Some(version), Some(architecture)] if answer.rc == 0 => Ok([package, version, architecture]),
        _ => Err(Failure::argument("deb", format!("{shown} is no package file: {}", answer.errors().trim()))),
    }
}
