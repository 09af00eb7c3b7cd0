//! Parts of `setup` that need no host; `tests/modules/setup/` holds whole ones.

use serde_json::json;

use super::{chosen, local, time};

fn subset(words: &[&str]) -> Vec<&'static str> {
    let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    chosen(&words).unwrap().iter().map(|f| f.name).collect()
}

#[test]
fn subsets_are_chosen_as_ansible_chooses() {
    assert!(subset(&[]).contains(&"mounts"));
    let network = subset(&["!all", "network"]);
    assert!(network.contains(&"platform") && network.contains(&"network") && !network.contains(&"mounts"));
    assert!(!subset(&["!hardware"]).contains(&"network"));
    assert!(subset(&["all", "!network"]).contains(&"mounts"));
    assert_eq!(subset(&["!all", "!min"]), Vec::<&str>::new());
    assert_eq!(subset(&["!all", "!min", "distribution_version"]), ["distribution"]);
    assert!(chosen(&["nonsense".to_owned()]).err().unwrap().msg.contains("unknown gather_subset `nonsense`"));
}

#[test]
fn facts_in_ini_are_read() {
    let facts = local::ini("# a comment\n[general]\nName = one\nlong: two\n  three\n[empty]\n");
    assert_eq!(facts, Some(json!({ "general": { "name": "one", "long": "two\nthree" }, "empty": {} })));
    assert_eq!(local::ini("no section = 1\n"), None);
}

#[test]
fn moments_are_told_in_utc() {
    assert_eq!(time::utc(1_795_233_879), ("2026-11-21".into(), "04:04:39".into()));
    assert_eq!(time::utc(951_782_400), ("2000-02-29".into(), "00:00:00".into()));
}
