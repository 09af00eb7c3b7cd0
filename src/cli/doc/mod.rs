//! `deploy doc`: what modules do and which arguments they take, from the same declarations that check playbooks; also which
//! filters, tests and lookups there are, and what the user's own roles take.

mod parts;
mod role;

use std::path::PathBuf;

use super::{ExitCode, persona};
use crate::actions::ACTIONS;
use crate::diag::Diagnostic;
use crate::modules::MODULES;
use crate::modules::arguments::{Argument, Rule};
use crate::ui;

/// Show what a module does, its arguments, examples and results; or a role's arguments; or the filters, tests and lookups.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy doc --list\n  deploy doc release_flip\n  deploy doc --snippet copy\n  deploy doc -t role nginx\n  deploy doc -t filter --list"
)]
pub(super) struct Args {
    /// What is to be shown.
    #[arg(value_name = "NAME", required_unless_present = "list")]
    names: Vec<String>,
    /// What the names are names of.
    #[arg(short, long = "type", value_name = "TYPE", default_value = "module", ignore_case = true)]
    t: Kind,
    /// All there are, a line each; a name only has those of a collection.
    #[arg(short, long)]
    list: bool,
    /// As JSON.
    #[arg(short, long)]
    json: bool,
    /// As a task to fill in.
    #[arg(short, long)]
    snippet: bool,
    /// Only this entry point of the roles.
    #[arg(short, long, value_name = "NAME")]
    entry_point: Option<String>,
    /// Where roles are; before the configured folders.
    #[arg(short, long, value_name = "FOLDER")]
    roles_path: Vec<PathBuf>,
    /// The folder that playbooks would be in.
    #[arg(long, value_name = "FOLDER")]
    playbook_dir: Option<PathBuf>,
    /// Where modules of one's own are. Accepted for ansible-doc's sake: they have no page here.
    #[arg(short = 'M', long, value_name = "FOLDER", hide = true)]
    module_path: Vec<PathBuf>,
    /// Accepted for ansible-doc's sake.
    #[arg(short, long, action = clap::ArgAction::Count, hide = true)]
    verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Module,
    Filter,
    Test,
    Lookup,
    Role,
}

/// A module or an action: for who writes playbooks there is no difference.
struct Page {
    name: &'static str,
    summary: &'static str,
    arguments: Vec<&'static Argument>,
    rules: &'static [Rule],
    examples: &'static str,
    returns: &'static str,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.t {
        Kind::Module => modules(&args),
        Kind::Role => role::show(&args),
        kind => parts::show(kind, &args),
    }
}

fn modules(args: &Args) -> anyhow::Result<ExitCode> {
    let pages = pages();
    if args.list {
        for page in pages.iter().filter(|page| is_chosen(page.name, &args.names)) {
            ui::line(&format!("{:<42} {}", page.name, first_line(page.summary)));
        }
        return Ok(0);
    }
    for wanted in &args.names {
        let Some(page) = pages.iter().find(|p| p.name == wanted || p.name.rsplit('.').next() == Some(wanted)) else {
            let names = pages.iter().filter_map(|p| p.name.rsplit('.').next());
            missing("module", wanted, names)?;
            continue;
        };
        match (args.json, args.snippet) {
            (true, _) => ui::line(&page.json()),
            (_, true) => ui::line(&page.snippet()),
            _ => page.text(),
        }
    }
    Ok(0)
}

/// With a list: whether a name is one of these, or in one of these collections.
fn is_chosen(name: &str, wanted: &[String]) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| name == one || name.strip_prefix(one.as_str()).is_some_and(|rest| rest.starts_with('.')))
}

/// An error; ansible-doc only warns, and goes on with the next name.
fn missing<'a>(kind: &str, wanted: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Diagnostic> {
    if persona::is_ansible() {
        ui::report(&Diagnostic::warning(format!("{wanted} was not found")));
        return Ok(());
    }
    Err(Diagnostic::error(format!("there is no {kind} `{wanted}`"))
        .suggest(wanted, names)
        .help(format!("`deploy doc -t {kind} --list` shows all")))
}

fn pages() -> Vec<Page> {
    let actions = ACTIONS.iter().map(|a| Page {
        name: a.name,
        summary: a.summary,
        arguments: visible(a.arguments),
        rules: a.rules,
        examples: a.examples,
        returns: a.returns,
    });
    let modules =
        MODULES.iter().filter(|m| !m.name.starts_with("deploy.internal.") && !ACTIONS.iter().any(|a| a.name == m.name)).map(|m| Page {
            name: m.name,
            summary: m.summary,
            arguments: visible(m.arguments),
            rules: m.rules,
            examples: m.examples,
            returns: m.returns,
        });
    let mut pages: Vec<Page> = actions.chain(modules).collect();
    pages.sort_by_key(|p| p.name);
    pages
}

fn visible(arguments: &'static [Argument]) -> Vec<&'static Argument> {
    arguments.iter().filter(|a| !a.internal()).collect()
}

impl Page {
    fn text(&self) {
        ui::line(&format!("{}\n\n{}", self.name, indented(self.summary, 2)));
        ui::line("\nArguments (* is needed):");
        for argument in &self.arguments {
            let mark = if argument.required { "*" } else { " " };
            ui::line(&format!("{mark} {} ({}){}", argument.name, argument.kind, default(argument)));
            ui::line(&indented(argument.doc, 6));
            if !argument.choices.is_empty() {
                ui::line(&format!("      one of: {}", argument.choices.join(", ")));
            }
            if !argument.aliases.is_empty() {
                ui::line(&format!("      also called: {}", argument.aliases.join(", ")));
            }
        }
        for rule in self.rules {
            ui::line(&format!("  {}", in_words(rule)));
        }
        for (title, part) in [("Results", self.returns), ("Examples", self.examples)] {
            if !part.is_empty() {
                ui::line(&format!("\n{title}:\n{}", indented(part, 2)));
            }
        }
    }

    /// A task with every argument, what each is for behind it.
    fn snippet(&self) -> String {
        let mut out = format!("- name: {}\n  {}:\n", first_line(self.summary).trim_end_matches('.'), self.name);
        for argument in &self.arguments {
            let needed = if argument.required { "(required) " } else { "" };
            out += &format!("      {:<22} # {needed}{}\n", format!("{}:", argument.name), first_line(argument.doc));
        }
        out
    }

    fn json(&self) -> String {
        let arguments: serde_json::Map<_, _> = self
            .arguments
            .iter()
            .map(|a| {
                let about = serde_json::json!({
                    "description": a.doc.trim(), "type": a.kind, "required": a.required, "default": a.default, "choices": a.choices, "aliases": a.aliases,
                });
                (a.name.to_owned(), about)
            })
            .collect();
        let page = serde_json::json!({
            "module": self.name, "short_description": first_line(self.summary), "description": self.summary.trim(), "options": arguments,
            "examples": self.examples, "returns": self.returns,
        });
        serde_json::to_string_pretty(&page).unwrap_or_default()
    }
}

fn default(argument: &Argument) -> String {
    // As declared in Rust: the plain ones read well, the rest say nothing to a user.
    let text = argument.default;
    let word = text.rsplit("::").next().unwrap_or(text);
    match text {
        "" => String::new(),
        "true" | "false" => format!(", {text} if not given"),
        _ if text.parse::<f64>().is_ok() => format!(", {text} if not given"),
        _ if text.starts_with('"') => format!(", {} if not given", text.split('"').nth(1).unwrap_or_default()),
        _ if text.contains("::") && !text.contains('(') => format!(", {} if not given", word.to_lowercase()),
        _ => String::new(),
    }
}

fn in_words(rule: &Rule) -> String {
    match rule {
        Rule::Exclusive(names) => format!("only one of: {}", names.join(", ")),
        Rule::OneOf(names) => format!("at least one of: {}", names.join(", ")),
        Rule::Together(names) => format!("all or none of: {}", names.join(", ")),
        Rule::If(name, value, needed) => format!("{name}={value} needs: {}", needed.join(", ")),
        Rule::IfAny(name, value, needed) => format!("{name}={value} needs one of: {}", needed.join(", ")),
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

fn indented(text: &str, by: usize) -> String {
    text.trim_matches('\n').lines().map(|l| format!("{:by$}{}", "", l.strip_prefix(' ').unwrap_or(l))).collect::<Vec<_>>().join("\n")
}
