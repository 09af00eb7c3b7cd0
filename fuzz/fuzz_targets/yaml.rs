//! Any text through the YAML reader, then, where it is one, through the reader of playbooks: no panic, and every place lies inside.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use deploy::diag::Source;
use deploy::playbook::{Loader, Roots};
use deploy::yaml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Arc::new(Source { path: "t.yml".into(), text: text.into() });
    let loaded = yaml::load(&source);
    let _ = yaml::load_secret(&source);
    if let Err(error) = &loaded {
        assert!(error.span.is_some());
    }
    let loader = Loader::new(Roots::default());
    if let Err(problems) = loader.playbook_text(&source, Path::new("/nonexistent")) {
        for span in problems.0.iter().filter_map(|problem| problem.span.as_ref()) {
            assert!(span.source.text.get(span.start..span.end).is_some());
        }
    }
});
