//! Filters, tests and lookups: their names and arguments. What they do is Ansible's and Jinja's documentation.

use super::{Args, ExitCode, Kind, is_chosen, missing};
use crate::template::{self, Part};
use crate::ui;

pub(super) fn show(kind: Kind, args: &Args) -> anyhow::Result<ExitCode> {
    let (word, parts) = match kind {
        Kind::Filter => ("filter", template::filters()),
        Kind::Test => ("test", template::tests()),
        _ => ("lookup", template::lookups()),
    };
    if args.list {
        let listed = parts.iter().filter(|part| is_chosen(part.name, &args.names));
        listed.for_each(|part| ui::line(part.name));
        return Ok(0);
    }
    for wanted in &args.names {
        let short = wanted.rsplit('.').next().unwrap_or(wanted);
        match parts.iter().find(|part| part.name == short) {
            Some(part) => page(word, part, args.json),
            None => missing(word, wanted, parts.iter().map(|part| part.name))?,
        }
    }
    Ok(0)
}

fn page(word: &str, part: &Part, json: bool) {
    if json {
        return ui::line(&serde_json::json!({ (part.name): { "type": word, "arguments": part.parameters } }).to_string());
    }
    ui::line(&format!("{} ({word})", part.name));
    if !part.parameters.is_empty() {
        ui::line(&format!("\nArguments, in this order or by name: {}", part.parameters.join(", ")));
    }
    ui::line(&format!(
        "\nhttps://docs.ansible.com/ansible/latest/collections/index_{word}.html or, of Jinja itself,\n\
         https://jinja.palletsprojects.com/templates/ say what it does."
    ));
}
