//! A bundle: a clean checkout of the commit, and the application's own build command in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::cache::{self, Cache, failed};
use super::{files, revision};
use crate::diag::Diagnostic;

/// How the application makes its bundle.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// For `sh -c`.
    pub command: String,
    /// Where it runs, within the repository.
    pub dir: String,
    /// What it fills, within the repository.
    pub output: String,
    /// Within the output; empty for none.
    pub manifest: String,
    /// Added to the command's environment.
    pub environment: Vec<(String, String)>,
}

impl Recipe {
    /// Changes whenever something in the recipe does: 12 hex digits.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let fields = [&self.command, &self.dir, &self.output, &self.manifest];
        for part in fields.into_iter().chain(self.environment.iter().flat_map(|(name, value)| [name, value])) {
            hasher.update(part.as_bytes()).update(b"\0");
        }
        hasher.finalize().to_hex()[..12].to_owned()
    }
}

/// Builds the commit, or finds what was built before, and returns the folder with the output. `said` hears the command's lines.
///
/// # Errors
/// The commit is not there; the command fails (with the end of what it printed); the output or the manifest is missing.
pub async fn output(
    repository: &Path,
    sha: &str,
    recipe: &Recipe,
    cache: &Cache,
    again: bool,
    said: impl Fn(&str),
) -> Result<PathBuf, Diagnostic> {
    let done = cache.output(sha, &recipe.fingerprint());
    if !again && done.is_dir() {
        return Ok(done);
    }
    let holding = cache.clone();
    let _held = off_thread(move || holding.hold()).await?;
    if !again && done.is_dir() {
        return Ok(done);
    }
    let checkout = cache.checkout();
    {
        let (repository, sha, checkout) = (repository.to_owned(), sha.to_owned(), checkout.clone());
        off_thread(move || clean_checkout(&repository, &sha, &checkout)).await?;
    }
    let dir = inside(&checkout, &recipe.dir, "deploy_bundle_dir")?;
    if !dir.is_dir() {
        return Err(Diagnostic::error(format!("commit {sha:.12} has no folder {}", recipe.dir)).help("correct deploy_bundle_dir"));
    }
    let kept = kept_modules(&dir, recipe, cache);
    if let Some(kept) = &kept {
        // A move within one file system; where it fails the build simply installs anew.
        let _ = fs::rename(kept, dir.join("node_modules"));
    }
    run(sha, recipe, &dir, &cache.log(sha), said).await?;

    let output = inside(&checkout, &recipe.output, "deploy_bundle_output")?;
    let manifest = output.join(&recipe.manifest);
    if !output.is_dir() {
        return Err(Diagnostic::error(format!("the build command succeeded but made no folder {}", recipe.output))
            .help("correct deploy_bundle_output"));
    }
    if !recipe.manifest.is_empty() && !manifest.is_file() {
        return Err(Diagnostic::error(format!("the build made no {} in {}", recipe.manifest, recipe.output)).help(
            "let the bundler write a manifest (Vite: build.manifest; webpack: webpack-manifest-plugin), or correct deploy_bundle_manifest",
        ));
    }
    if let Some(kept) = &kept {
        let _ = fs::create_dir_all(kept.parent().unwrap_or(kept));
        let _ = fs::rename(dir.join("node_modules"), kept);
        cache.thin_out("node_modules", 2);
    }
    // Whole or not at all: what has the final name was finished.
    fs::create_dir_all(done.parent().unwrap_or(&done)).map_err(|error| failed("make", &done, &error))?;
    cache::remove(&done).and_then(|()| fs::rename(&output, &done)).map_err(|error| failed("keep the build in", &done, &error))?;
    Ok(done)
}

/// git2 and locks block.
pub(super) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, Diagnostic> + Send + 'static) -> Result<T, Diagnostic> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Diagnostic::error(format!("the work was broken off: {error}"))))
}

fn clean_checkout(repository: &Path, sha: &str, checkout: &Path) -> Result<(), Diagnostic> {
    let repository = revision::open(Some(repository))?;
    let entries = files::of(&repository, sha)?;
    cache::remove(checkout).map_err(|error| failed("clear", checkout, &error))?;
    fs::create_dir_all(checkout).map_err(|error| failed("make", checkout, &error))?;
    files::write(&repository, &entries, checkout)
}

/// Where `node_modules` of this lock file are kept between builds. `npm ci` begins by removing them, so that keeping gains nothing.
fn kept_modules(dir: &Path, recipe: &Recipe, cache: &Cache) -> Option<PathBuf> {
    let cleans = ["npm ci", "npm clean-install", "--frozen-store"].iter().any(|words| recipe.command.contains(words));
    let locks = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"];
    let lock = locks.iter().find_map(|name| fs::read(dir.join(name)).ok()).filter(|_| !cleans)?;
    Some(cache.modules(&blake3::hash(&lock).to_hex()[..16]))
}

async fn run(sha: &str, recipe: &Recipe, dir: &Path, log: &Path, said: impl Fn(&str)) -> Result<(), Diagnostic> {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    fs::create_dir_all(log.parent().unwrap_or(log)).map_err(|error| failed("make", log, &error))?;
    let file = File::create(log).map_err(|error| failed("write", log, &error))?;
    let mut file = tokio::fs::File::from_std(file);
    // One pipe for both streams, in the order in which the command wrote.
    let (reader, writer) = std::io::pipe().map_err(|error| failed("write", log, &error))?;
    let second = writer.try_clone().map_err(|error| failed("write", log, &error))?;
    let mut command = tokio::process::Command::new("/bin/sh");
    command.args(["-c", &recipe.command]).current_dir(dir).env_clear().envs(environment(sha)).envs(recipe.environment.iter().cloned());
    command.stdin(Stdio::null()).stdout(writer).stderr(second).process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| Diagnostic::error(format!("the build command does not start: {error}")))?;
    drop(command);
    let _group = child.id().map(Group);
    let reader = tokio::fs::File::from_std(File::from(std::os::fd::OwnedFd::from(reader)));
    let mut lines = BufReader::new(reader).split(b'\n');
    let mut tail = std::collections::VecDeque::new();
    while let Ok(Some(line)) = lines.next_segment().await {
        let text = plain(&String::from_utf8_lossy(&line));
        // A log that cannot be written is no reason to stop a build that runs.
        let _ = file.write_all(format!("{text}\n").as_bytes()).await;
        said(&text);
        tail.push_back(text);
        if tail.len() > 20 {
            tail.pop_front();
        }
    }
    let _ = file.flush().await;
    let status = child.wait().await.map_err(|error| Diagnostic::error(format!("the build command cannot be waited for: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().map_or_else(|| "was killed".to_owned(), |code| format!("ended with exit code {code}"));
    let end: Vec<String> = tail.into_iter().filter(|line| !line.trim().is_empty()).collect();
    Err(Diagnostic::error(format!("the build of {sha:.12} failed: `{}` {code}\n{}", recipe.command, end.join("\n")))
        .help(format!("its whole output: {}", log.display())))
}

/// What the command started goes with it when the deploy is broken off.
struct Group(u32);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.0).ok().and_then(rustix::process::Pid::from_raw) {
            // It mostly is over already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        }
    }
}

/// What a build may see: who and where it is, how it reaches the network, and how npm and its kin are set up. No credentials of
/// the deploy, and none of the surprises of the shell that it was called from.
fn environment(sha: &str) -> Vec<(String, String)> {
    const NAMES: &[&str] = &[
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "TZ",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NODE_EXTRA_CA_CERTS",
        "NODE_OPTIONS",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "NVM_DIR",
        "VOLTA_HOME",
        "PNPM_HOME",
    ];
    const BEGINNINGS: &[&str] = &["LC_", "XDG_CACHE", "XDG_CONFIG", "npm_config_", "NPM_CONFIG_", "YARN_", "COREPACK_"];
    let wanted = |name: &str| NAMES.contains(&name) || BEGINNINGS.iter().any(|begin| name.starts_with(begin));
    let mut all: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| wanted(name))
        .collect();
    // No NODE_ENV: production makes npm leave out the very tools that build.
    for (name, value) in [("CI", "1"), ("NO_COLOR", "1"), ("TERM", "dumb"), ("DEPLOY_REVISION", sha)] {
        all.push((name.into(), value.into()));
    }
    all
}

/// A path that stays within the checkout.
fn inside(checkout: &Path, path: &str, variable: &str) -> Result<PathBuf, Diagnostic> {
    use std::path::Component;
    let stays = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if stays {
        Ok(checkout.join(path))
    } else {
        Err(Diagnostic::error(format!("{variable} must be a path within the repository, not {path:?}")))
    }
}

/// Without escape sequences: the log is read as text.
fn plain(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // ECMA-48: a control sequence ends with a byte from @ to ~, after the [.
            let _ = chars.by_ref().skip_while(|c| *c == '[').find(|c| ('@'..='~').contains(c));
        } else if c != '\r' {
            clean.push(c);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_no_colours() {
        assert_eq!(plain("\u{1b}[32m✓ built\u{1b}[0m in 1s\r"), "✓ built in 1s");
    }
}
