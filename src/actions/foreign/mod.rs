//! Modules of the user's own, in Python or any other language: docs.ansible.com, "Developing modules" and "Module architecture".
//!
//! A module in Python that uses AnsibleModule gets ours (`python/`), and needs Python on the host; so does no other module. What it
//! is told goes through its standard input. `imports` finds the module_utils that it needs.

mod imports;

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::{Action, Context, Done, Supply};
use crate::modules::Module as _;
use crate::modules::arguments::{Argument, Arguments};
use crate::modules::foreign::{Foreign as Module, Way};
use crate::plan::Failure;
use crate::template::{self, Scope};

/// Any arguments: the module knows them.
pub(crate) struct Foreign;

impl Arguments for Foreign {
    const SUMMARY: &'static str = Module::SUMMARY;
    const ARGUMENTS: &'static [Argument] = &[];

    fn decode(_: &Map<String, Json>) -> Result<Foreign, Failure> {
        Ok(Foreign)
    }
}

impl Action for Foreign {
    const NAME: &'static str = Module::NAME;
    const OPEN: bool = true;
    const LOCAL: bool = false;

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let Some(module) = context.foreign else { return Err(Failure::new("no module of your own is named")) };
        let text = std::fs::read(&module.path)
            .map_err(|error| Failure::new(format!("cannot read the module {}: {error}", module.path.display())))?;
        let name = module.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let arguments = with_internals(&context, &name);
        let way = way(&text);
        let first_line = first_line(&text);
        let language = if way == Way::Python { "python" } else { language(&first_line) };
        let blob = match way {
            Way::Python => imports::job(module, &name, &String::from_utf8_lossy(&text), &arguments)?,
            _ => text,
        };
        let supply = Supply::Memory(Arc::from(blob));
        let mut sent = Map::new();
        sent.insert("name".into(), name.into());
        sent.insert("way".into(), way.word().into());
        sent.insert("interpreter".into(), interpreter(&context, language)?);
        sent.insert("boot".into(), if way == Way::Python { include_str!("python/boot.py").into() } else { Json::Null });
        sent.insert("first_line".into(), first_line.into());
        sent.insert("check".into(), context.check.into());
        sent.insert(
            "arguments".into(),
            Json::String(if way == Way::Words { words(&arguments) } else { Json::Object(arguments).to_string() }),
        );
        sent.insert("_blob".into(), json!(supply.blob(0).map_err(|error| Failure::new(error.to_string()))?));
        Ok(Done::by_module(context.target.module(Self::NAME, sent, vec![supply]).await?))
    }
}

/// What modules are told beside their arguments.
fn with_internals(context: &Context<'_>, name: &str) -> Map<String, Json> {
    let mut all = context.others.clone();
    for (key, value) in [
        ("_ansible_check_mode", json!(context.check)),
        ("_ansible_diff", json!(context.diff)),
        ("_ansible_verbosity", json!(context.verbosity)),
        ("_ansible_no_log", json!(false)),
        ("_ansible_debug", json!(false)),
        ("_ansible_module_name", json!(name)),
        ("_ansible_version", json!(crate::vars::ANSIBLE_VERSION)),
    ] {
        all.insert(key.into(), value);
    }
    all
}

/// How the module wants to be run, as its text says.
fn way(text: &[u8]) -> Way {
    let Ok(text) = std::str::from_utf8(text) else { return Way::Binary };
    let uses = |word: &str| text.contains(word);
    match () {
        () if uses("AnsibleModule(")
            || uses("from ansible.module_utils")
            || uses("import ansible.module_utils")
            || uses("ansible_collections.") =>
        {
            Way::Python
        }
        () if uses("WANT_JSON") => Way::Json,
        () => Way::Words,
    }
}

/// `name=value …`, quoted as a shell would.
fn words(arguments: &Map<String, Json>) -> String {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let quoted = |text: String| format!("'{}'", text.replace('\'', "'\"'\"'"));
    arguments.iter().map(|(name, value)| format!("{name}={}", quoted(text(value)))).collect::<Vec<_>>().join(" ")
}

/// The variable that names the host's interpreter of a language; nothing where it is to be found there.
fn interpreter(context: &Context<'_>, language: &str) -> Result<Json, Failure> {
    let value = match context.scope.get(&format!("ansible_{language}_interpreter")) {
        Some(var) => template::variable(&var, context.scope as &dyn Scope).map_err(|problem| Failure::new(problem.message))?.to_string(),
        None => String::new(),
    };
    Ok(if value.is_empty() || language == "python" && value.starts_with("auto") { Json::Null } else { Json::String(value) })
}

/// `#!/usr/bin/env bash` of a script: what runs it.
fn first_line(text: &[u8]) -> String {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).strip_prefix("#!").map(|line| line.trim().to_owned()).unwrap_or_default()
}

/// The name of the program that runs a script.
fn language(first_line: &str) -> &str {
    let mut names = first_line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    names.find(|name| *name != "env").unwrap_or_default()
}
