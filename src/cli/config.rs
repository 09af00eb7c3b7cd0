//! `deploy config`: which settings count here, and where they come from.

use serde_json::{Map, Value as Json, json};

use super::{ExitCode, persona};
use crate::config::{Config, Kind, Origin, Setting, all};
use crate::diag::Diagnostic;
use crate::ui;

/// Show the settings of ansible.cfg and of the environment.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  deploy config dump --only-changed\n  deploy config list\n  deploy config init > ansible.cfg")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// The value of each setting, and where it comes from.
    Dump(Dump),
    /// All settings, with what they mean here.
    List(Shape),
    /// The file that is read.
    View(Shape),
    /// An ansible.cfg with all settings, as comments.
    Init(Init),
    /// Say what the file or the environment holds that nobody knows.
    Validate(Validate),
}

#[derive(clap::Args, Debug)]
struct Dump {
    /// Only those that differ from the default.
    #[arg(long, visible_alias = "changed-only")]
    only_changed: bool,
    #[command(flatten)]
    shape: Shape,
}

#[derive(clap::Args, Debug)]
struct Shape {
    /// `display`, `json` or `yaml`.
    #[arg(short, long, value_name = "FORMAT", default_value = "display")]
    format: String,
    /// `base`, `all`, or a kind of plugins: here all settings are one list.
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "base", hide = true)]
    kind: String,
    /// The ansible.cfg to read.
    #[arg(short, long, value_name = "FILE", hide = true)]
    config: Option<String>,
    #[arg(short, long, action = clap::ArgAction::Count, hide = true)]
    verbose: u8,
}

#[derive(clap::Args, Debug)]
struct Init {
    /// Comment every setting out.
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    shape: Shape,
}

#[derive(clap::Args, Debug)]
struct Validate {
    /// What to look at: `ini` or `env`.
    #[arg(short, long, value_name = "WHERE", default_value = "ini")]
    format: String,
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "base", hide = true)]
    kind: String,
    #[arg(short, long, action = clap::ArgAction::Count, hide = true)]
    verbose: u8,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let named = match &args.what {
        What::Dump(args) => args.shape.config.as_deref(),
        What::List(shape) | What::View(shape) => shape.config.as_deref(),
        What::Init(_) | What::Validate(_) => None,
    };
    let other = named.map(read).transpose()?;
    let config = other.as_ref().unwrap_or_else(|| Config::current());
    match args.what {
        What::Dump(args) => dump(config, &args)?,
        What::List(shape) => list(&shape)?,
        What::View(_) => match &config.file {
            Some(file) => ui::line(std::fs::read_to_string(file)?.trim_end_matches('\n')),
            None => {
                return Err(Diagnostic::error("no ansible.cfg counts here")
                    .help("it is looked for in ANSIBLE_CONFIG, ./ansible.cfg, ~/.ansible.cfg, /etc/ansible/ansible.cfg")
                    .into());
            }
        },
        What::Init(args) => init(args.disabled),
        What::Validate(args) => return Ok(validate(config, &args.format)),
    }
    Ok(0)
}

/// The settings with another file than the one that counts.
fn read(name: &str) -> anyhow::Result<Config> {
    let path = crate::config::expanded(name);
    let path = std::path::absolute(&path).unwrap_or(path);
    let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    let refused = |what: String| Err(persona::coded(5, Diagnostic::error(what)));
    if !path.is_file() {
        return refused(format!("The provided configuration file is missing or not accessible: {}", path.display()));
    }
    if !matches!(ending.as_str(), "cfg" | "ini") {
        return refused(format!("Unsupported configuration file extension for {}: {ending}", path.display()));
    }
    Ok(Config::of(Some(&path))?)
}

fn dump(config: &Config, args: &Dump) -> anyhow::Result<()> {
    let rows: Vec<(&Setting, Json, Origin)> = all()
        .iter()
        .map(|setting| (setting, value(config, setting), config.raw(setting.name).1))
        .filter(|(_, _, origin)| !args.only_changed || *origin != Origin::Default)
        .collect();
    match args.shape.format.as_str() {
        "display" => {
            ui::line(&format!(
                "CONFIG_FILE() = {}",
                config.file.as_ref().map_or_else(|| "None".to_owned(), |file| file.display().to_string())
            ));
            rows.iter().for_each(|(setting, value, origin)| ui::line(&format!("{}({}) = {}", setting.name, from(origin), python(value))));
        }
        format => {
            let mut all = vec![json!({"name": "CONFIG_FILE", "origin": "", "value": config.file})];
            let rows: Vec<Json> =
                rows.iter().map(|(setting, value, origin)| json!({"name": setting.name, "origin": from(origin), "value": value})).collect();
            all.extend(rows);
            all.push(json!({"GALAXY_SERVERS": galaxy_servers(config)}));
            write(&Json::Array(all), format)?;
        }
    }
    Ok(())
}

/// Servers of `[galaxy_server.NAME]`, each with what is known of it.
fn galaxy_servers(config: &Config) -> Json {
    const OPTIONS: &[&str] =
        &["url", "username", "password", "token", "auth_url", "api_version", "validate_certs", "client_id", "client_secret", "timeout"];
    let origin = config.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    let option = |given: &std::collections::HashMap<String, String>, name: &str| match given.get(name) {
        Some(text) => json!({"name": name, "origin": origin, "value": text}),
        None => json!({"name": name, "origin": "default", "value": null}),
    };
    let servers =
        config.galaxy_servers.iter().map(|(name, given)| (name.clone(), OPTIONS.iter().map(|o| option(given, o)).collect::<Json>()));
    Json::Object(servers.collect::<Map<_, _>>())
}

fn list(shape: &Shape) -> anyhow::Result<()> {
    if shape.format != "display" {
        let entry = |setting: &Setting| {
            let ini: Vec<Json> = setting.ini.iter().map(|(section, key)| json!({"section": section, "key": key})).collect();
            let env: Vec<Json> = setting.env.iter().map(|name| json!({"name": name})).collect();
            (setting.name.to_owned(), json!({"description": [setting.meaning], "default": setting.default, "env": env, "ini": ini}))
        };
        return write(&Json::Object(all().iter().map(entry).collect()), &shape.format);
    }
    for setting in all().iter().filter(|setting| !setting.meaning.is_empty()) {
        ui::line(setting.name);
        ui::line(&format!("  {}", setting.meaning));
        let keys: Vec<String> = setting.ini.iter().map(|(section, key)| format!("[{section}] {key}")).collect();
        ui::line(&format!("  {}", keys.iter().map(String::as_str).chain(setting.env.iter().copied()).collect::<Vec<_>>().join(", ")));
        ui::line(&format!("  default: {}\n", setting.default.unwrap_or("none")));
    }
    ui::line("Other settings of Ansible are accepted and do nothing here: they are about Python, plugins, network devices or cows.");
    Ok(())
}

/// Every key of the file once, in its section.
fn init(disabled: bool) {
    let mut sections: Vec<&str> = all().iter().flat_map(|setting| &setting.ini).map(|(section, _)| *section).collect();
    sections.sort_unstable();
    sections.dedup();
    for section in sections {
        ui::line(&format!("[{section}]"));
        let mut written = Vec::new();
        for setting in all() {
            for (_, key) in setting.ini.iter().filter(|(of, _)| *of == section) {
                if written.contains(key) {
                    continue;
                }
                written.push(key);
                let meaning = if setting.meaning.is_empty() { "Known to Ansible; does nothing here." } else { setting.meaning };
                ui::line(&format!(
                    "# {meaning}\n{}{key}={}\n",
                    if disabled { ";" } else { "" },
                    setting.default.unwrap_or_default().replace("{home}", "~/.ansible")
                ));
            }
        }
    }
}

/// The exit code: 1 where something is unknown.
fn validate(config: &Config, format: &str) -> ExitCode {
    if format == "env" {
        // The first two name the file itself, and what Ansible's own tests are told.
        let known = |name: &str| {
            name == "ANSIBLE_CONFIG" || name.starts_with("ANSIBLE_TEST_") || all().iter().any(|setting| setting.env.contains(&name))
        };
        let unknown: Vec<String> =
            std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("ANSIBLE_") && !known(name)).collect();
        for name in &unknown {
            let names = all().iter().flat_map(|setting| setting.env.iter().copied());
            ui::report(&Diagnostic::error(format!("Found unknown environment variable '{name}'.")).suggest(name, names));
        }
        return u8::from(!unknown.is_empty());
    }
    for problem in &config.unknown {
        ui::report(&Diagnostic { level: crate::diag::Level::Error, ..problem.clone() });
    }
    if config.unknown.is_empty() {
        ui::line("All configurations seem valid!");
    }
    u8::from(!config.unknown.is_empty())
}

fn value(config: &Config, setting: &Setting) -> Json {
    let Some(text) = config.raw(setting.name).0 else { return Json::Null };
    match setting.kind {
        Kind::Flag => Json::Bool(config.flag(setting.name)),
        Kind::Number => {
            text.trim().parse::<i64>().map(Json::from).or_else(|_| text.trim().parse::<f64>().map(Json::from)).unwrap_or(Json::Null)
        }
        Kind::List => json!(config.list(setting.name)),
        Kind::PathList => json!(config.list(setting.name)),
        Kind::Paths => json!(config.paths(setting.name)),
        Kind::Path => config.path(setting.name).map_or(Json::Null, |path| json!(path)),
        Kind::Text => Json::String(text),
    }
}

fn from(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::Environment(name) => format!("env: {name}"),
        Origin::File(path) => path.display().to_string(),
    }
}

/// As Python prints it.
fn python(value: &Json) -> String {
    match value {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            format!("[{}]", items.iter().map(|item| format!("'{}'", item.as_str().unwrap_or_default())).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn write(json: &Json, format: &str) -> anyhow::Result<()> {
    match format {
        "json" => ui::line(&serde_json::to_string_pretty(json)?),
        "yaml" => ui::line(serde_yaml::to_string(json)?.trim_end()),
        other => return Err(Diagnostic::error(format!("there is no format `{other}`")).suggest(other, ["display", "json", "yaml"]).into()),
    }
    Ok(())
}
