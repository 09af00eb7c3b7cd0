//! Fetches requirements and puts them in place, those that they depend on too.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::lock::{self, Lock};
use super::place::{self, Identity};
use super::requirements::{self, Kind, Requirement};
use super::source;
use crate::diag::{Diagnostic, Diagnostics};
use crate::yaml::Node;

/// How requirements are to be installed.
#[derive(Clone, Debug)]
pub struct Options {
    pub roles: PathBuf,
    /// Holds `ansible_collections`.
    pub collections: PathBuf,
    /// The file of requirements, beside which the lock file lies; none for the command line.
    pub file: Option<PathBuf>,
    /// Take what is newest, whatever the lock file says.
    pub upgrade: bool,
    /// Take again what is there.
    pub force: bool,
    pub dependencies: bool,
    /// Go on with the others where one fails.
    pub ignore_errors: bool,
}

/// One that is in place.
#[derive(Clone, Debug)]
pub struct Done {
    pub name: String,
    pub path: PathBuf,
    /// A commit or a SHA-256.
    pub pin: Option<String>,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Installed,
    /// It was there as wanted.
    There,
    /// Another version is there; it stays without `force`.
    Kept {
        version: Option<String>,
    },
}

/// Installs all; `tell` hears of each.
///
/// # Errors
/// Those that cannot be fetched; with `ignore_errors` the others are in place all the same, else those before it.
pub fn install(wanted: Vec<Requirement>, options: &Options, tell: &dyn Fn(&Done)) -> Result<Vec<Diagnostic>, Diagnostics> {
    let lock_path = options.file.as_deref().map(lock::path);
    let mut lock = lock_path.as_deref().map(Lock::read).transpose()?.unwrap_or_default();
    let (mut problems, mut warnings) = (Diagnostics::default(), Vec::new());
    let mut waiting: std::collections::VecDeque<Requirement> = wanted.into();
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    while let Some(one) = waiting.pop_front() {
        if !seen.insert((one.kind == Kind::Role, one.src.clone(), one.name.clone())) {
            continue;
        }
        let pin = if options.upgrade { None } else { lock.find(&one).map(str::to_owned) };
        match install_one(&one, pin.as_deref(), options) {
            Ok((done, more)) => {
                if let Some(pin) = &done.pin {
                    lock.set(&one, pin.clone());
                }
                tell(&done);
                if options.dependencies {
                    let (known, unknown): (Vec<_>, Vec<_>) = more.into_iter().partition(|more| more.way().is_ok());
                    waiting.extend(known);
                    warnings.extend(unknown.iter().filter(|more| !is_there(more, options)).map(|more| missing(&done.name, more)));
                }
            }
            Err(problem) => {
                problems.push(problem);
                if !options.ignore_errors {
                    break;
                }
            }
        }
        all.push(one);
    }
    if let Some(path) = lock_path.filter(|_| problems.0.is_empty()) {
        lock.keep(&all);
        lock.write(&path)?;
    }
    warnings.retain(|warning| !problems.0.iter().any(|problem| problem.message == warning.message));
    if problems.has_errors() { Err(problems) } else { Ok(warnings) }
}

fn install_one(wanted: &Requirement, pin: Option<&str>, options: &Options) -> Result<(Done, Vec<Requirement>), Diagnostic> {
    let base = if wanted.kind == Kind::Role { &options.roles } else { &options.collections };
    // A role's name is known before it is fetched, a collection's is not.
    if wanted.kind == Kind::Role {
        let name = wanted.name.clone().unwrap_or_else(|| wanted.default_name());
        let path = place::of(Kind::Role, &name, base);
        if path.exists() && !options.force && !options.upgrade {
            let there = place::recorded(&path, "pin");
            if pin.is_none_or(|pin| there.as_deref() == Some(pin)) {
                let version = place::recorded(&path, "version");
                let same = wanted.version.is_none() || version == wanted.version;
                let outcome = if same { Outcome::There } else { Outcome::Kept { version } };
                let more = dependencies(wanted.kind, &path)?;
                return Ok((Done { name, path, pin: there.or_else(|| pin.map(str::to_owned)), outcome }, more));
            }
        }
    }
    // A collection that is there is known by what it was pinned to.
    let pinned = |path: &Path, pin: &str| !options.force && place::recorded(path, "pin").as_deref() == Some(pin);
    if let (Kind::Collection, Some(pin)) = (wanted.kind, pin)
        && let Some(there) = place::installed(Kind::Collection, base).into_iter().find(|one| pinned(&one.path, pin))
    {
        let more = dependencies(wanted.kind, &there.path)?;
        return Ok((Done { name: there.name, path: there.path, pin: Some(pin.to_owned()), outcome: Outcome::There }, more));
    }
    std::fs::create_dir_all(base).map_err(|error| Diagnostic::error(format!("cannot make the folder {}: {error}", base.display())))?;
    // Beside its place, so that it can be moved there in one step.
    let temporary = tempfile::Builder::new()
        .prefix(".galaxy-")
        .tempdir_in(base)
        .map_err(|error| Diagnostic::error(format!("cannot write into {}: {error}", base.display())))?;
    let fetched = source::fetch(wanted, pin, temporary.path())?;
    let name = match wanted.kind {
        Kind::Role => wanted.name.clone().unwrap_or_else(|| wanted.default_name()),
        Kind::Collection => Identity::of(&fetched.root).map_err(|problem| problem.or_at(Some(&wanted.span)))?.name,
    };
    if wanted.kind == Kind::Role && !["tasks", "meta", "handlers", "defaults", "vars"].iter().any(|part| fetched.root.join(part).is_dir()) {
        return Err(Diagnostic::error(format!("{} is no role: it has neither tasks/ nor meta/", wanted.src)).at(&wanted.span));
    }
    let path = place::of(wanted.kind, &name, base);
    if fetched.pin.as_deref().is_some_and(|pin| pinned(&path, pin)) {
        let more = dependencies(wanted.kind, &path)?;
        return Ok((Done { name, path, pin: fetched.pin, outcome: Outcome::There }, more));
    }
    let cannot = |error: std::io::Error| Diagnostic::error(format!("cannot put {name} into {}: {error}", path.display()));
    place::record(&fetched.root, wanted.version.as_deref(), fetched.pin.as_deref()).map_err(cannot)?;
    put(&fetched.root, &path, temporary.path()).map_err(cannot)?;
    let more = dependencies(wanted.kind, &path)?;
    Ok((Done { name, path, pin: fetched.pin, outcome: Outcome::Installed }, more))
}

/// Moves the folder to its place; what was there before goes only when the new one is there.
fn put(from: &Path, to: &Path, temporary: &Path) -> std::io::Result<()> {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if to.exists() {
        std::fs::rename(to, temporary.with_extension("old"))?;
    }
    std::fs::rename(from, to)?;
    match std::fs::remove_dir_all(temporary.with_extension("old")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        // The temporary folder itself may be what was moved.
        _ => std::fs::create_dir_all(temporary),
    }
}

/// What a role or collection that is in place needs.
fn dependencies(kind: Kind, path: &Path) -> Result<Vec<Requirement>, Diagnostic> {
    if kind == Kind::Collection {
        let needed = Identity::of(path).map(|identity| identity.dependencies).unwrap_or_default();
        return Ok(needed
            .into_iter()
            .map(|(name, version)| Requirement { version: Some(version), ..requirements::spec(&name, kind) })
            .collect());
    }
    let listed = ["meta/requirements.yml", "meta/requirements.yaml"].iter().map(|file| path.join(file)).find(|file| file.is_file());
    if let Some(file) = listed {
        return requirements::read(&file).map_err(|mut all| all.0.remove(0));
    }
    let Some(meta) = place::read(&path.join("meta/main.yml"))? else { return Ok(Vec::new()) };
    let entries = meta.get("dependencies").and_then(Node::as_list).unwrap_or_default();
    let of = |entry: &Node| {
        let text = |key: &str| entry.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty());
        let src = entry.as_str().map(str::to_owned).or_else(|| text("src")).or_else(|| text("role")).or_else(|| text("name"))?;
        let made = requirements::spec(&src, kind);
        Some(Requirement {
            scm: text("scm").or(made.scm),
            version: text("version").or(made.version),
            name: text("name").filter(|name| *name != src).or(made.name),
            span: entry.span().clone(),
            ..made
        })
    };
    Ok(entries.iter().filter_map(of).collect())
}

fn is_there(wanted: &Requirement, options: &Options) -> bool {
    let base = if wanted.kind == Kind::Role { &options.roles } else { &options.collections };
    place::of(wanted.kind, wanted.name.as_deref().unwrap_or(&wanted.src), base).exists()
}

fn missing(name: &str, needs: &Requirement) -> Diagnostic {
    Diagnostic::warning(format!("{name} needs `{}`, which is neither here nor said where it comes from", needs.src))
        .help("add it to the requirements with its repository or tarball, if what you use of it needs that")
}
