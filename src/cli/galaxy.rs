//! `deploy galaxy`: roles and collections from git repositories, tarballs and folders.

use std::path::PathBuf;

use super::ExitCode;
use crate::config::{self, Config};
use crate::diag::{Diagnostic, Diagnostics};
use crate::galaxy::{self, Done, Kind, Options, Outcome, Requirement};
use crate::ui::{self, Colour};

/// Bring roles and collections from where requirements.yml says.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy galaxy install -r requirements.yml\n  deploy galaxy role install git+https://github.com/owner/role.git,v1.2\n  deploy galaxy list\n\n\
The commits and tarballs that were taken are written into requirements.lock.yml: keep it in git, and the next machine gets the same."
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Install what a requirements file, or the command line, names.
    Install(Install),
    /// Show what is installed.
    List(List),
    /// Remove what is installed.
    Remove(Remove),
    /// The same, for roles only.
    Role(Of),
    /// The same, for collections only.
    Collection(Of),
}

#[derive(clap::Args, Debug)]
struct Of {
    #[command(subcommand)]
    what: OfWhat,
}

#[derive(clap::Subcommand, Debug)]
enum OfWhat {
    /// Install what a requirements file, or the command line, names.
    Install(Install),
    /// Show what is installed.
    List(List),
    /// Remove what is installed.
    Remove(Remove),
}

#[derive(clap::Args, Debug)]
struct Install {
    /// Roles (or collections): `git+URL,VERSION,NAME`, the URL or path of a tarball, a folder.
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// The file of requirements.
    #[arg(short, long, visible_alias = "requirements-file", value_name = "FILE")]
    role_file: Option<PathBuf>,
    /// Folder for roles (or for collections, after `collection`); else the first of roles_path and collections_path.
    #[arg(short = 'p', long, visible_aliases = ["roles-path", "collections-path"], value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Take again what is there.
    #[arg(short, long, visible_alias = "force-with-deps")]
    force: bool,
    /// Take what is newest, and write the lock file anew.
    #[arg(short = 'U', long)]
    upgrade: bool,
    /// Leave out what they depend on.
    #[arg(short, long)]
    no_deps: bool,
    /// Go on with the others where one fails.
    #[arg(short, long)]
    ignore_errors: bool,
    #[arg(short, long, action = clap::ArgAction::Count, hide = true)]
    verbose: u8,
}

#[derive(clap::Args, Debug)]
struct List {
    /// Only this one.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[arg(short = 'p', long, visible_aliases = ["roles-path", "collections-path"], value_name = "FOLDER")]
    path: Vec<PathBuf>,
}

#[derive(clap::Args, Debug)]
struct Remove {
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[arg(short = 'p', long, visible_aliases = ["roles-path", "collections-path"], value_name = "FOLDER")]
    path: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Install(args) => install(&args, None),
        What::List(args) => list(&args, &[Kind::Role, Kind::Collection]),
        What::Remove(args) => remove(&args, Kind::Role),
        What::Role(Of { what }) => of_kind(what, Kind::Role),
        What::Collection(Of { what }) => of_kind(what, Kind::Collection),
    }
}

fn of_kind(what: OfWhat, kind: Kind) -> anyhow::Result<ExitCode> {
    match what {
        OfWhat::Install(args) => install(&args, Some(kind)),
        OfWhat::List(args) => list(&args, &[kind]),
        OfWhat::Remove(args) => remove(&args, kind),
    }
}

fn install(args: &Install, only: Option<Kind>) -> anyhow::Result<ExitCode> {
    let kind = only.unwrap_or(Kind::Role);
    let mut wanted: Vec<Requirement> = args.sources.iter().map(|source| galaxy::spec(source, kind)).collect();
    if let Some(file) = &args.role_file {
        wanted.extend(galaxy::read(file)?.into_iter().filter(|one| only.is_none_or(|only| one.kind == only)));
    }
    if wanted.is_empty() && args.role_file.is_none() {
        return Err(Diagnostic::error("nothing to install is named").help("name a requirements file with -r, or a source").into());
    }
    let place = |kind_of: Kind| args.path.clone().filter(|_| kind == kind_of || only.is_none()).unwrap_or_else(|| default_folder(kind_of));
    let options = Options {
        roles: place(Kind::Role),
        // `-p roles` of a file with both says nothing of collections.
        collections: if only == Some(Kind::Collection) { place(Kind::Collection) } else { default_folder(Kind::Collection) },
        file: args.role_file.clone(),
        upgrade: args.upgrade,
        force: args.force,
        dependencies: !args.no_deps,
        ignore_errors: args.ignore_errors,
    };
    match galaxy::install(wanted, &options, &tell) {
        Ok(warnings) => {
            ui::report_all(&warnings);
            Ok(0)
        }
        Err(problems) if args.ignore_errors => {
            ui::report_all(&problems.0);
            Ok(0)
        }
        Err(problems) => Err(Diagnostics::into(problems)),
    }
}

fn tell(done: &Done) {
    let pin = done.pin.as_deref().map(|pin| format!(" ({})", &pin[..pin.len().min(10)])).unwrap_or_default();
    let text = match &done.outcome {
        Outcome::Installed => ui::paint(&format!("- {}{pin} was installed into {}", done.name, done.path.display()), Colour::Yellow),
        Outcome::There => ui::paint(&format!("- {}{pin} is already installed", done.name), Colour::Green),
        Outcome::Kept { version } => {
            let version = version.as_deref().unwrap_or("unknown");
            ui::paint(&format!("- {} stays at version {version}; --force takes the one that is asked for", done.name), Colour::Purple)
        }
    };
    ui::line(&text);
}

fn list(args: &List, kinds: &[Kind]) -> anyhow::Result<ExitCode> {
    let mut any = false;
    for kind in kinds {
        let folders = if args.path.is_empty() { folders(*kind) } else { args.path.clone() };
        for folder in folders {
            let found: Vec<_> = galaxy::installed(*kind, &folder)
                .into_iter()
                .filter(|one| args.name.as_ref().is_none_or(|name| one.name == *name))
                .collect();
            if found.is_empty() {
                continue;
            }
            any = true;
            ui::line(&format!("# {}", folder.display()));
            found.iter().for_each(|one| ui::line(&format!("- {}, {}", one.name, one.version.as_deref().unwrap_or("(unknown version)"))));
        }
    }
    if !any && args.name.is_some() {
        return Err(Diagnostic::error(format!("{} is not installed", args.name.as_deref().unwrap_or_default())).into());
    }
    Ok(0)
}

fn remove(args: &Remove, kind: Kind) -> anyhow::Result<ExitCode> {
    let folder = args.path.clone().unwrap_or_else(|| default_folder(kind));
    for name in &args.names {
        let path = galaxy::remove(kind, name, &folder)?;
        ui::line(&format!("- removed {name} ({})", path.display()));
    }
    Ok(0)
}

fn folders(kind: Kind) -> Vec<PathBuf> {
    Config::current().paths(if kind == Kind::Role { "DEFAULT_ROLES_PATH" } else { "COLLECTIONS_PATHS" })
}

fn default_folder(kind: Kind) -> PathBuf {
    let home = config::expanded(if kind == Kind::Role { "~/.ansible/roles" } else { "~/.ansible/collections" });
    folders(kind).into_iter().next().unwrap_or(home)
}
