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
    if !style.yaml {
        let json = Json::Object(map);
        return if wide { indented(&json, style.indent) } else { spaced(&json) };
    }
    if style.pretty == Some(false) {
        return below(&template::yaml(&Value::from_json(&Json::Object(map)), 2), style.indent);
    }
    yaml(map, style.indent)
}

/// A result as lines of YAML, each indented, after a line feed. Made to be read: what lines say twice, blanks at their ends and
/// control characters are left out.
fn yaml(mut map: Map<String, Json>, indent: usize) -> String {
    for stream in ["stdout", "stderr"] {
        if map.contains_key(stream)
            && let Some(lines) = map.get_mut(&format!("{stream}_lines"))
        {
            *lines = "<omitted>".into();
        }
    }
    below(&template::yaml(&Value::from_json(&eased(Json::Object(map))), indent), indent)
}

fn below(text: &str, indent: usize) -> String {
    let lines: Vec<String> =
        text.trim_end().lines().map(|line| if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(indent)) }).collect();
    format!("\n{}", lines.join("\n"))
}

fn eased(json: Json) -> Json {
    match json {
        Json::String(text) if text.contains('\n') => {
            let lines = text.trim_end().split('\n').map(|line| without_tabs(line).trim_end().to_owned());
            Json::String(lines.collect::<Vec<_>>().join("\n"))
        }
        Json::Array(items) => items.into_iter().map(eased).collect(),
        Json::Object(map) => map.into_iter().map(|(key, value)| (key, eased(value))).collect::<Map<_, _>>().into(),
        other => other,
    }
}

/// Tabs as blanks up to the next multiple of eight columns; other control characters left out.
fn without_tabs(line: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for c in line.chars() {
        match c {
            '\t' => {
                let blanks = 8 - column % 8;
                out.push_str(&" ".repeat(blanks));
                column += blanks;
            }
            c if c.is_control() => {}
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
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
