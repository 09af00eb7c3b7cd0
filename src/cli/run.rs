//! `deploy run`: one module on some hosts.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::options::{Prepared, RunOptions};
use super::{ExitCode, output, persona, runtime};
use crate::config::Config;
use crate::diag::{Diagnostic, Source};
use crate::template::render_text;
use crate::ui;
use crate::vars::TaskScope;
use crate::yaml::{self, Node};

/// Run one module on the hosts of a pattern.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  deploy run -i inventories/production web -m command -a 'uptime'\n  deploy run -i inventories/production all -b -m apt -a 'name=curl state=present'"
)]
pub(super) struct Args {
    /// Which hosts: a group, a host, or a pattern like `web:!web-3`.
    #[arg(value_name = "HOSTS")]
    pattern: String,
    /// The module; `deploy doc --list` shows all. `command` if not given.
    #[arg(short, long = "module-name", value_name = "MODULE")]
    module: Option<String>,
    /// Its arguments: `key=value …`, free text, or JSON.
    #[arg(short, long = "args", value_name = "ARGS", allow_hyphen_values = true)]
    arguments: Option<String>,
    #[command(flatten)]
    options: RunOptions,
    /// Each result on one line.
    #[arg(short, long)]
    one_line: bool,
    /// Folder that gets the result of each host, as a file of its name.
    #[arg(short, long, value_name = "FOLDER")]
    tree: Option<PathBuf>,
    /// Let it run in the background of the host for so many seconds at most.
    #[arg(short = 'B', long, value_name = "SECONDS")]
    background: Option<u64>,
    /// With -B: seconds between looks; 0: do not wait.
    #[arg(short = 'P', long, value_name = "SECONDS")]
    poll: Option<u64>,
    /// Seconds that the module may take.
    #[arg(long, value_name = "SECONDS")]
    task_timeout: Option<f64>,
    /// Folder that stands for the playbook: its group_vars, roles and files count.
    #[arg(long, value_name = "FOLDER")]
    playbook_dir: Option<PathBuf>,
    /// Folder with modules of your own.
    #[arg(short = 'M', long, value_name = "FOLDER", hide = true)]
    module_path: Vec<String>,
}

/// Actions that belong into playbooks.
const ONLY_IN_PLAYBOOKS: &[&str] = &["include", "import_playbook"];

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::current();
    let folder = args.playbook_dir.clone().or_else(|| config.path("PLAYBOOK_DIR")).unwrap_or_else(|| PathBuf::from("."));
    let prepared = args.options.prepare(&folder, &[], &[])?;
    if args.options.list_hosts {
        prepared.show_warnings();
        let hosts = prepared.world.read_inventory(|inventory| inventory.matching(&args.pattern, args.options.limit.as_deref()))?;
        ui::line(&format!("  hosts ({}):", hosts.len()));
        hosts.iter().for_each(|host| ui::line(&format!("    {host}")));
        return Ok(0);
    }
    let module = module(&args, &prepared)?;
    let text = play(&args, module)?.to_string();
    let source = Arc::new(Source { path: "<command line>".into(), text: text.into() });
    // Ansible hears of a wrong module or argument from each host: a failure of hosts.
    let plays = prepared.loader.playbook_text(&source, &folder).map_err(|problems| persona::coded(2, problems))?;
    prepared.show_warnings();
    let mut options = args.options.engine()?;
    options.task_timeout = args.task_timeout.or(options.task_timeout);
    let view = output::of_module(args.options.verbosity(), args.one_line, args.tree.as_deref())?;
    let ended = runtime()?.block_on(prepared.plays(&plays, options, view))?;
    Ok(if ended.interrupted { persona::code(130, 99) } else { ended.exit_code() })
}

/// The module's name, which may be a template over extra variables.
fn module(args: &Args, prepared: &Prepared) -> Result<String, Diagnostic> {
    let name = args.module.clone().or_else(|| Config::current().text("DEFAULT_MODULE_NAME")).unwrap_or_else(|| "command".into());
    let node = Node::string(&name, &yaml::nowhere("command line", &name));
    render_text(&node, &TaskScope::outside(&prepared.world))
}

/// The play of the one task. JSON is YAML: quoting needs no thought.
fn play(args: &Args, module: String) -> anyhow::Result<Json> {
    let config = Config::current();
    let short = module.rsplit('.').next().unwrap_or_default();
    if ONLY_IN_PLAYBOOKS.contains(&short) {
        return Err(persona::coded(
            5,
            Diagnostic::error(format!("`{module}` is for playbooks")).help("run a playbook with `deploy playbook`"),
        ));
    }
    let given = args.arguments.clone().or_else(|| config.text("DEFAULT_MODULE_ARGS")).unwrap_or_default();
    if given.trim().is_empty() && matches!(short, "command" | "shell" | "script" | "raw") {
        let more = if args.pattern.ends_with(".yml") { " (did you mean to run `deploy playbook`?)" } else { "" };
        return Err(persona::coded(5, Diagnostic::error(format!("no argument passed to {module} module{more}")).help("give it with -a")));
    }
    let arguments = match serde_json::from_str::<Map<String, Json>>(&given) {
        Ok(map) => Json::Object(map),
        Err(_) if given.trim().is_empty() => Json::Null,
        Err(_) => Json::String(given),
    };
    let mut task = Map::from_iter([(module, arguments)]);
    if let Some(seconds) = args.background {
        task.insert("async".into(), json!(seconds));
        let poll = args.poll.or_else(|| config.number("DEFAULT_POLL_INTERVAL").map(|seconds| seconds as u64)).unwrap_or(15);
        task.insert("poll".into(), json!(poll));
    }
    Ok(json!([{"name": "Ansible Ad-Hoc", "hosts": args.pattern, "gather_facts": false, "tasks": [task]}]))
}
