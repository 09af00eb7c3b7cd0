//! The Python that plugins get: an `ansible` package of our own, sent to `python3` as it starts, and what runs them there.
//!
//! A file holds several modules; `#: NAME` begins each.

use serde_json::{Map, Value as Json, json};

/// Reads the rest from standard input.
pub(super) const BOOT: &str = include_str!("python/boot.py");

const FILES: &[&str] = &[
    include_str!("python/base.py"),
    include_str!("python/checks.py"),
    include_str!("python/files.py"),
    include_str!("python/host.py"),
    include_str!("python/jinja.py"),
    include_str!("python/lookup.py"),
    include_str!("python/templating.py"),
    include_str!("python/text.py"),
    include_str!("python/utils.py"),
];

/// What modules on the hosts always have too, by the names under which they are imported.
pub(crate) const SHARED: &[(&str, &str)] = &[
    ("ansible.module_utils._text", include_str!("../actions/foreign/python/converters.py")),
    ("ansible.module_utils.arguments", include_str!("../actions/foreign/python/arguments.py")),
    ("ansible.module_utils.basic", include_str!("../actions/foreign/python/basic.py")),
    ("ansible.module_utils.common.text.converters", include_str!("../actions/foreign/python/converters.py")),
    ("ansible.module_utils.files", include_str!("../actions/foreign/python/files.py")),
    ("ansible.module_utils.parsing.convert_bool", include_str!("../actions/foreign/python/convert_bool.py")),
    ("ansible.module_utils.six", include_str!("../actions/foreign/python/six.py")),
    ("ansible.module_utils.urls", include_str!("../actions/foreign/python/urls.py")),
];

/// The sources, by the names under which they are imported.
pub(super) fn modules() -> Json {
    let mut all = Map::new();
    for (name, source) in FILES.iter().flat_map(|file| sections(file)).chain(SHARED.iter().copied()) {
        all.insert(name.to_owned(), json!(source));
    }
    Json::Object(all)
}

/// The source of one of Ansible's module_utils, which modules on hosts may import too.
pub(crate) fn module_util(name: &str) -> Option<&'static str> {
    let mut all = SHARED.iter().copied().chain(FILES.iter().flat_map(|file| sections(file)));
    name.starts_with("ansible.module_utils.").then(|| all.find(|(known, _)| *known == name)).flatten().map(|(_, source)| source)
}

fn sections(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.split("\n#: ").skip(1).filter_map(|section| section.split_once('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_holds_modules() {
        for file in FILES {
            assert!(sections(file).count() > 0, "{file}");
        }
        assert!(modules().as_object().is_some_and(|all| all.contains_key("ansible.errors") && all.contains_key("deploy_host")));
    }
}
