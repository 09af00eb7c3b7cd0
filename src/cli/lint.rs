//! `deploy lint`: all that can be found wrong in a repository without touching a host.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ExitCode;
use super::options::roots;
use super::secrets::VaultOptions;
use crate::config::Config;
use crate::diag::{Diagnostic, Diagnostics, Level, Source};
use crate::inventory::{Inventory, Settings};
use crate::playbook::{From, Inside, Loader, RoleUse, Survey, Way};
use crate::plugins;
use crate::template::{self, Syntax};
use crate::ui;
use crate::vars::{self, TaskScope, VarMap, World};
use crate::yaml;

/// Check playbooks, roles, inventories and templates of a repository; no host is touched.
///
/// Unknown modules, wrong arguments, missing roles and files, bad templates and conditions are errors; variables that are defined
/// nowhere in the repository are warnings, for `-e` may define them. Exit code: 0 nothing is wrong, 1 something is.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  deploy lint\n  deploy lint playbooks/site.yml roles/nginx")]
pub(super) struct Args {
    /// Playbooks, roles, folders; the current folder if none is given.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Warnings count as errors.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    vault: VaultOptions,
}

/// What a repository holds.
#[derive(Default)]
struct Found {
    playbooks: Vec<PathBuf>,
    roles: BTreeSet<PathBuf>,
    inventories: Vec<PathBuf>,
    templates: Vec<PathBuf>,
    variables: Vec<PathBuf>,
    /// Files of tasks that are in no role.
    tasks: Vec<PathBuf>,
    /// Folders that hold `ansible_collections/`.
    collections: Vec<PathBuf>,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut found = Found::default();
    let here = [PathBuf::from(".")];
    for path in if args.paths.is_empty() { &here[..] } else { &args.paths } {
        if !path.exists() {
            return Err(Diagnostic::error(format!("there is no {}", path.display())).into());
        }
        found.look(path, 0);
    }
    let mut roots = roots(Config::current());
    roots.collections.splice(0..0, found.collections.iter().cloned());
    let mut loader = Loader::new(roots);
    loader.decrypt = args.vault.opener()?;
    let mut problems = Diagnostics::default();
    let names = found.names(&loader, &mut problems);
    let world = Arc::new(World::new(Inventory::default(), VarMap::new(), vars::Settings::default(), loader.decrypt.clone()));
    loader.constants = Some(Arc::new(TaskScope::outside(&world)));
    let mut survey = Survey::new(&loader, names).of_whole_repository();
    let root = args.paths.first().filter(|path| path.is_dir()).cloned().unwrap_or_else(|| PathBuf::from("."));
    // Which collection it lies in, the whole path tells.
    let root = root.canonicalize().unwrap_or(root);
    // In one repository they belong together.
    found.playbooks.iter().filter_map(|path| path.parent()).chain([&*root]).for_each(plugins::of_playbook);
    found.roles.iter().for_each(|path| plugins::of_role(path));
    for path in &found.roles {
        check_role(&loader, path, &root, &mut survey, &mut problems);
    }
    for path in &found.tasks {
        let inside = Inside { folder: path.parent().map(Path::to_owned).unwrap_or_default(), playbook: root.clone(), ..Inside::default() };
        survey.tasks(&loader.tasks_file(path, &inside, &mut problems).0, None);
    }
    let playbooks: Vec<_> =
        found.playbooks.iter().filter_map(|path| loader.playbook(path).map_err(|more| problems.0.extend(more.0)).ok()).collect();
    playbooks.iter().flatten().for_each(|play| survey.play(play, true));
    problems.0.extend(survey.missing_modules());
    problems.0.extend(survey.missing_files());
    problems.0.extend(survey.undefined().into_iter().map(|problem| Diagnostic { level: Level::Warning, ..problem }));
    for path in &found.templates {
        problems.0.extend(check_template(path));
    }
    problems.0.extend(plugins::warnings());
    problems.0.append(&mut loader.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    Ok(show(&found, problems.0, args.strict))
}

fn show(found: &Found, problems: Vec<Diagnostic>, strict: bool) -> ExitCode {
    let mut told = BTreeSet::new();
    let (mut errors, mut warnings) = (0, 0);
    for problem in problems {
        // What several playbooks use is read several times, and wrong once.
        let place = problem.span.as_ref().map(ToString::to_string).unwrap_or_default();
        if !told.insert(format!("{} {}", place.trim_start_matches("./"), problem.message)) {
            continue;
        }
        if problem.level == Level::Error {
            errors += 1
        } else {
            warnings += 1
        }
        ui::report(&problem);
    }
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let seen = [
        count(found.playbooks.len(), "playbook"),
        count(found.roles.len(), "role"),
        count(found.templates.len(), "template"),
        if found.inventories.len() == 1 { "1 inventory".to_owned() } else { format!("{} inventories", found.inventories.len()) },
    ];
    let good = errors == 0 && (warnings == 0 || !strict);
    let end = if errors + warnings == 0 {
        "nothing is wrong".to_owned()
    } else {
        format!("{}, {}", count(errors, "error"), count(warnings, "warning"))
    };
    ui::deploy::closing(&format!("{}: {end}", seen.join(", ")), good);
    u8::from(!good)
}

impl Found {
    fn look(&mut self, path: &Path, depth: usize) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() {
            return self.file(path);
        }
        let skipped = (name.starts_with('.') && name != "." && name != "..")
            || matches!(name.as_str(), "node_modules" | "target" | "venv" | "__pycache__" | "molecule");
        // A link may lead back up.
        let code = name == "plugins" && ["galaxy.yml", "MANIFEST.json"].iter().any(|mark| path.with_file_name(mark).is_file());
        if depth > 12 || code || (depth > 0 && (skipped || path.is_symlink())) {
            return;
        }
        if name == "ansible_collections" {
            self.collections.extend(path.parent().map(Path::to_owned));
        }
        let main = |part: &&str| ["main.yml", "main.yaml"].iter().any(|name| path.join(part).join(name).is_file());
        let is_role = ["tasks", "meta", "handlers", "defaults"].iter().any(main);
        let parent = path.parent().and_then(Path::file_name).unwrap_or_default();
        if is_role && (parent == "roles" || depth == 0) {
            self.roles.insert(path.to_owned());
            return self.templates_below(&path.join("templates"));
        }
        if parent == "inventories"
            || matches!(name.as_str(), "inventory" | "inventories")
                && !children(path).iter().any(|child| child.is_dir() && !child.ends_with("group_vars") && !child.ends_with("host_vars"))
                && children(path).iter().any(|child| child.extension().is_none_or(|ending| ending != "py"))
        {
            self.inventories.push(path.to_owned());
            return;
        }
        if name == "templates" {
            return self.templates_below(path);
        }
        for child in children(path) {
            self.look(&child, depth + 1);
        }
    }

    fn file(&mut self, path: &Path) {
        let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
        if !matches!(ending.as_str(), "yml" | "yaml") {
            return;
        }
        let Ok(text) = std::fs::read_to_string(path) else { return };
        // A playbook is a list of plays; all else is somebody else's, or variables.
        let of_play = |line: &str| {
            ["hosts:", "import_playbook:", "ansible.builtin.import_playbook:"]
                .iter()
                .any(|key| line.trim_start_matches(['-', ' ']).starts_with(key))
        };
        if text.lines().any(of_play) && text.lines().any(|line| line.starts_with("- ") || line.starts_with('-')) {
            self.playbooks.push(path.to_owned());
        } else if path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "tasks" || folder == "handlers") {
            self.tasks.push(path.to_owned());
        } else if path.components().any(|part| matches!(part.as_os_str().to_str(), Some("vars" | "group_vars" | "host_vars"))) {
            self.variables.push(path.to_owned());
        }
    }

    fn templates_below(&mut self, folder: &Path) {
        for path in children(folder) {
            if path.is_dir() { self.templates_below(&path) } else { self.templates.push(path) }
        }
    }

    /// The names of all variables that inventories and files of variables define.
    fn names(&self, loader: &Loader, problems: &mut Diagnostics) -> Vec<Arc<str>> {
        let mut names = BTreeSet::new();
        for source in &self.inventories {
            match Inventory::load(&[source.display().to_string()], Settings { decrypt: loader.decrypt.clone(), ..Settings::default() }) {
                Ok((inventory, warnings)) => {
                    problems.0.extend(warnings);
                    let hosts = inventory.hosts_of("all");
                    names.extend(hosts.iter().flat_map(|host| inventory.vars_of(host).keys().cloned().collect::<Vec<_>>()));
                }
                Err(more) => problems.0.extend(more.0),
            }
        }
        for path in &self.variables {
            match loader.file(path).and_then(|node| template::var_map(&node, "variables")) {
                Ok(vars) => names.extend(vars.keys().cloned()),
                Err(problem) => problems.push(problem),
            }
        }
        names.into_iter().collect()
    }
}

fn check_role(loader: &Loader, path: &Path, root: &Path, survey: &mut Survey<'_>, problems: &mut Diagnostics) {
    let inside = Inside { folder: path.to_owned(), playbook: root.to_owned(), ..Inside::default() };
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Some(role) =
        problems.collect_all(loader.role(&full.to_string_lossy(), &From::default(), &inside), &yaml::nowhere("lint", "role"))
    {
        survey.role(&RoleUse {
            role,
            params: VarMap::new(),
            keywords: Arc::default(),
            public: true,
            allow_duplicates: true,
            validate: true,
            way: Way::Entry,
        });
    }
    // Files that only an include names are checked too.
    for part in ["tasks", "handlers"] {
        for file in children(&path.join(part))
            .into_iter()
            .filter(|file| file.is_file() && file.extension().is_some_and(|e| e == "yml" || e == "yaml"))
        {
            let inside = Inside { role: Some(path.to_owned()), handlers: part == "handlers", ..inside.clone() };
            survey.tasks(&loader.tasks_file(&file, &inside, problems).0, Some(path));
        }
    }
    // `vars/` and `defaults/` may hold more than `main`, for include_vars.
    for file in ["vars", "defaults"].iter().flat_map(|part| children(&path.join(part))).filter(|file| file.is_file()) {
        if let Some(vars) = problems.collect(loader.file(&file).and_then(|node| template::var_map(&node, "variables"))) {
            survey.define(&vars);
        }
    }
}

fn check_template(path: &Path) -> Vec<Diagnostic> {
    // What is no text is no template: pictures lie beside them.
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    template::check_file(&Arc::new(Source { path: path.to_owned(), text: text.into() }), &Syntax::default())
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    all.sort();
    all.into_iter().map(|path| path.strip_prefix("./").map(Path::to_path_buf).unwrap_or(path)).collect()
}
