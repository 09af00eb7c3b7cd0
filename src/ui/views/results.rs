//! Results as text: JSON as Python writes it, or YAML.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use crate::engine::{Outcome, Status};
use crate::template;
use crate::ui::colour::{Colour, paint};
use crate::ui::{Style, note};
use crate::value::Value;

/// What a module warned of, each text once.
pub(super) fn warn(outcome: &Outcome, said: &mut HashSet<String>) {
    for warning in &outcome.warnings {
        if said.insert(warning.clone()) {
            let text = warning.replace("\r\n", "\n");
            note(&paint(&format!("[WARNING]: {text}"), Colour::Purple));
        }
    }
}

/// The keys of a result that people are shown.
pub(super) fn shown(outcome: &Outcome, level: u8) -> Map<String, Json> {
    let Ok(Json::Object(mut map)) = outcome.result.to_json() else { return Map::new() };
    // Warnings are said apart.
    map.retain(|key, _| !key.starts_with("_ansible") && !matches!(key.as_str(), "_quiet" | "warnings" | "deprecations"));
    if outcome.status == Status::Skipped {
        map.shift_remove("skipped");
        map.shift_remove("results");
    }
    if level < 3 {
        map.shift_remove("invocation");
        map.shift_remove("diff");
        map.shift_remove("exception");
        map.shift_remove("failed_when_suppressed_exception");
    }
    map.values_mut().for_each(Json::sort_all_objects);
    map.sort_keys();
    map.values_mut().for_each(Json::sort_all_objects);
    map
}

/// Of what `debug` gives, what it was made to show: its message, or else what was asked for.
pub(super) fn of_debug(map: &mut Map<String, Json>) {
    if map.contains_key("msg") {
        map.retain(|key, _| key == "msg");
        return;
    }
    const NOISE: &[&str] =
        &["ansible_loop_var", "ansible_index_var", "ansible_loop", "skipped", "changed", "failed_when_result", "attempts", "skip_reason"];
    map.retain(|key, _| !NOISE.contains(&key.as_str()));
}

/// After ` => `, or ` =>` and lines below it in YAML. `wide`: made to be read, over several lines.
pub(super) fn text(map: Map<String, Json>, style: &Style, wide: bool) -> String {
    let wide = style.pretty.unwrap_or(wide || style.verbosity.level > 2);
    let json = Json::Object(map);
    if !style.yaml {
        return if wide { indented(&json, style.indent) } else { spaced(&json) };
    }
    yaml(&json, style.indent)
}

/// Lines of YAML, each indented, after a line feed.
pub(super) fn yaml(json: &Json, indent: usize) -> String {
    let text = template::yaml(&Value::from_json(json), indent);
    let lines: Vec<String> =
        text.trim_end().lines().map(|line| if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(indent)) }).collect();
    format!("\n{}", lines.join("\n"))
}

/// JSON over many lines.
pub(super) fn indented(json: &Json, indent: usize) -> String {
    let mut bytes = Vec::new();
    let blanks = " ".repeat(indent);
    let formatter = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    match serde::Serialize::serialize(json, &mut writer) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => json.to_string(),
    }
}

/// JSON with a blank after `:` and `,`, as Python writes it.
pub(super) fn spaced(json: &Json) -> String {
    match json {
        Json::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(k, v)| format!("{}: {}", Json::from(k.as_str()), spaced(v))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        scalar => scalar.to_string(),
    }
}
