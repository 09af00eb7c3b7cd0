//! No text makes a reader panic, hang or point outside of it. Texts are the cases of these tests, broken at random from a fixed seed:
//! pieces cut, doubled, swapped, and characters that mean something put in. `SURVIVE_ROUNDS` says how many (for a long run by hand).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deploy::diag::{Diagnostic, Source};
use deploy::inventory::{Inventory, Settings, Shown};
use deploy::vault::{Secret, open};
use deploy::yaml::{self, Kind, Node};

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

#[test]
fn the_yaml_reader_survives() {
    let texts = texts(&["yml", "yaml", "json"]);
    let mut chance = Chance(SEED);
    for _ in 0..rounds(600) {
        let text = chance.broken(&texts);
        let source = Arc::new(Source { path: "t.yml".into(), text: text.as_str().into() });
        match yaml::load(&source) {
            Ok(loaded) => {
                loaded.documents.iter().for_each(|node| spans_are_inside(node, &text));
                loaded.warnings.iter().for_each(|warning| places_are_inside(warning, &text));
            }
            Err(error) => {
                assert!(error.span.is_some(), "no place: {error}\n{text}");
                places_are_inside(&error, &text);
            }
        }
        let _ = yaml::load_secret(&source);
    }
}

#[test]
fn the_inventory_reader_survives() {
    let texts = texts(&["yml", "ini", ""]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut chance = Chance(SEED);
    for _ in 0..rounds(250) {
        let text = chance.broken(&texts);
        if text.starts_with("#!") {
            continue;
        }
        for name in ["hosts.yml", "hosts.ini"] {
            let path = folder.path().join(name);
            fs::write(&path, &text).expect("written");
            match Inventory::load(&[path.display().to_string()], Settings::default()) {
                Ok((inventory, warnings)) => {
                    warnings.iter().for_each(|warning| places_are_inside(warning, &text));
                    let _ = inventory.to_json(&Shown::default());
                }
                Err(problems) => problems.0.iter().for_each(|problem| places_are_inside(problem, &text)),
            }
        }
    }
}

#[test]
fn patterns_survive() {
    let (inventory, _) = Inventory::load(&["tests/inventory/yaml_groups/hosts.yml".into()], Settings::default()).expect("loads");
    let texts = vec![fs::read_to_string("tests/inventory/yaml_groups/patterns").expect("patterns").replace('\n', ":")];
    let mut chance = Chance(SEED);
    for _ in 0..rounds(600) {
        let pattern = chance.broken(&texts).replace('@', "");
        let _ = inventory.matching(&pattern, None);
    }
}

#[test]
fn the_vault_reader_survives() {
    let texts = vec![fs::read_to_string("tests/vault/text.yml.2").expect("a vault text")];
    let mut chance = Chance(SEED);
    // Without a password only the format is read, which is what can go wrong.
    for _ in 0..rounds(250) {
        let _ = open(&chance.broken(&texts), &[]);
    }
    let _ = open(&chance.broken(&texts), &[Secret::from_text("x")]);
}

fn rounds(usual: usize) -> usize {
    std::env::var("SURVIVE_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn spans_are_inside(node: &Node, text: &str) {
    let span = node.span();
    assert!(span.start <= span.end && text.get(span.start..span.end).is_some(), "{span}\n{text}");
    match node.kind() {
        Kind::List(items) => items.iter().for_each(|item| spans_are_inside(item, text)),
        Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
            spans_are_inside(key, text);
            spans_are_inside(value, text);
        }),
        _ => {}
    }
}

fn places_are_inside(diagnostic: &Diagnostic, text: &str) {
    for span in diagnostic.span.iter().chain(diagnostic.related.iter().map(|(span, _)| span)) {
        // An error about a list of hosts has its own little source.
        assert!(span.source.text.get(span.start..span.end).is_some(), "{diagnostic}\n{text}");
    }
}

/// Small texts below `tests/` and the shipped content, by extension.
fn texts(extensions: &[&str]) -> Vec<String> {
    let mut paths = Vec::new();
    for folder in ["tests/inventory", "tests/yaml", "inventories", "playbooks", "roles"] {
        files(Path::new(folder), &mut paths);
    }
    paths.retain(|path| extensions.contains(&path.extension().and_then(|e| e.to_str()).unwrap_or("")));
    paths.sort();
    let texts: Vec<String> = paths.iter().filter_map(|path| fs::read_to_string(path).ok()).filter(|text| text.len() < 4000).collect();
    assert!(texts.len() > 5);
    texts
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Marsaglia's xorshift: the same texts on every machine.
struct Chance(u64);

/// Pieces that mean something in YAML, INI, templates or patterns.
const PIECES: &[&str] = &[
    "\t",
    "\n",
    " ",
    ": ",
    ":",
    "- ",
    "{{",
    "}}",
    "{",
    "}",
    "[",
    "]",
    "&a",
    "*a",
    "!x",
    "!!int",
    "!vault |",
    "!",
    "|",
    ">-",
    "'",
    "\"",
    "\\",
    "#",
    "%",
    "@",
    "`",
    ",",
    "<<: ",
    "? ",
    "---\n",
    "...\n",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "é",
    "\u{1F600}",
    "\r\n",
    "\r",
    "\u{0}",
    "=",
    "[1:",
    "[a:f]",
    "1_0",
    "0x",
    "(",
    ")",
    "~",
    "*",
    "[!",
    "&",
    "-1",
    "%ff",
    "\\x",
    "\\U0010",
    "[x:vars]",
    "[x:children]",
];

impl Chance {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }

    fn place(&mut self, text: &str) -> usize {
        let mut at = self.next(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn broken(&mut self, texts: &[String]) -> String {
        let mut text = texts[self.next(texts.len())].clone();
        for _ in 0..=self.next(6) {
            let (a, b) = (self.place(&text), self.place(&text));
            let (from, to) = (a.min(b), a.max(b));
            match self.next(6) {
                0 => text.replace_range(from..to, ""),
                1 => {
                    let piece = text[from..to].to_owned();
                    text.insert_str(from, &piece);
                }
                2 => text.truncate(to),
                _ => text.insert_str(from, PIECES[self.next(PIECES.len())]),
            }
            if text.len() > 20_000 {
                let end = (0..20_000).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
                text.truncate(end);
            }
        }
        text
    }
}
