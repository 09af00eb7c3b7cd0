//! Every folder of `tests/yaml/` is a text, `in.yml`, and what PyYAML makes of it (`tests/yaml/record`). A text that it refuses has
//! `error.line`, the line where PyYAML stops, and `error.txt`: what we say instead.

use std::fs;
use std::path::{Path, PathBuf};

use deploy::yaml::{self, Kind, Node};
use serde_json::{Value as Json, json};

#[test]
fn texts_are_what_pyyaml_makes_of_them() {
    let mut wrong = String::new();
    let mut cases: Vec<PathBuf> =
        fs::read_dir("tests/yaml").expect("cases").map(|e| e.expect("entry").path()).filter(|p| p.is_dir()).collect();
    cases.sort();
    assert!(cases.len() > 10);
    for case in cases {
        if let Err(why) = check(&case) {
            wrong += &format!("{}: {why}\n", case.display());
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn check(case: &Path) -> Result<(), String> {
    let read = |name: &str| fs::read_to_string(case.join(name)).map_err(|error| format!("{name}: {error}"));
    let source = yaml::read(&case.join("in.yml")).map_err(|error| error.to_string())?;
    match yaml::load(&source) {
        Ok(loaded) => {
            let recorded: Json = serde_json::from_str(&read("values.json")?).map_err(|error| error.to_string())?;
            let ours = Json::Array(loaded.documents.iter().map(shown).collect());
            if ours == recorded {
                return Ok(());
            }
            let pretty = |json: &Json| serde_json::to_string_pretty(json).expect("JSON");
            Err(similar::TextDiff::from_lines(pretty(&recorded), pretty(&ours)).unified_diff().header("PyYAML", "ours").to_string())
        }
        Err(error) => {
            let (span, help) = (error.span.ok_or("no place")?, error.help.join("\n"));
            let said = format!("{}:{}: {}\n{help}\n", span.line, span.column, error.message);
            if read("error.line").is_err() {
                return Err(format!("refused, but PyYAML takes it: {said}"));
            }
            let expected = read("error.txt").map_err(|why| format!("{why}\n{said}"))?;
            if expected == said { Ok(()) } else { Err(format!("expected\n{expected}said\n{said}")) }
        }
    }
}

/// As `record` writes values.
fn shown(node: &Node) -> Json {
    match node.kind() {
        Kind::Null => Json::Null,
        Kind::Bool(flag) => json!(flag),
        Kind::Int(number) => json!(number),
        Kind::Float(number) if number.is_nan() => json!({ "float": "nan" }),
        Kind::Float(number) => json!({ "float": format!("{:016x}", number.to_bits()) }),
        Kind::Str(text) if !node.quoted() && is_beyond_64_bits(text, node.span().text()) => json!({ "big": text.to_string() }),
        Kind::Str(text) => json!(text.to_string()),
        Kind::List(items) => Json::Array(items.iter().map(shown).collect()),
        Kind::Map(entries) => {
            json!({ "map": entries.iter().map(|(key, value)| json!([shown(key), shown(value)])).collect::<Vec<_>>() })
        }
    }
}

/// We have no such numbers: they are the string of their digits.
fn is_beyond_64_bits(text: &str, written: &str) -> bool {
    let digits = text.trim_start_matches('-');
    digits.len() > 18 && digits.bytes().all(|b| b.is_ascii_digit()) && written.starts_with(|c: char| c.is_ascii_digit() || c == '-')
}
