//! Any text as an inventory in YAML, INI and TOML, then all of it shown, and patterns matched.
#![no_main]

use deploy::inventory::{Inventory, Settings, Shown};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // Scripts are programs to run, not texts to read.
    if text.starts_with("#!") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["hosts.yml", "hosts.ini", "hosts.toml"] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        if let Ok((inventory, _)) = Inventory::load(&[path.display().to_string()], Settings::default()) {
            let _ = inventory.to_json(&Shown::default());
            let _ = inventory.graph("all", true);
            if let Some(line) = text.lines().next().filter(|line| !line.contains('@')) {
                let _ = inventory.matching(line, None);
            }
        }
    }
});
