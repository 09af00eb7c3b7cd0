//! How inventories are read: ansible.cfg and the environment as the inventory's own settings.

use std::path::Path;
use std::sync::Arc;

use fancy_regex::Regex;

use crate::cli::persona;
use crate::config::Config;
use crate::diag::Diagnostic;
use crate::inventory::{GroupNames, Settings, Unmatched, Unparsed};
use crate::template::VarMap;
use crate::vault::Decrypt;

/// # Errors
/// A pattern of files to pass over is no regular expression.
pub(in crate::cli) fn settings(playbook_folder: &Path, decrypt: Option<Arc<Decrypt>>, extra: &VarMap) -> Result<Settings, Diagnostic> {
    let config = Config::current();
    let set = |name: &str| config.given(name).is_some();
    let pattern = |text: &String| {
        Regex::new(text).map_err(|error| {
            Diagnostic::error(format!("`{text}` is no regular expression: {error}"))
                .help("inventory_ignore_patterns of ansible.cfg names it")
        })
    };
    Ok(Settings {
        playbook_folders: vec![playbook_folder.to_owned()],
        decrypt,
        extra: Arc::new(extra.clone()),
        plugins: config.list("INVENTORY_ENABLED"),
        // Ansible goes on with what it could read; we do so where somebody decided about it.
        unparsed: if config.flag("INVENTORY_ANY_UNPARSED_IS_FAILED") {
            Unparsed::RefuseAny
        } else if config.flag("INVENTORY_UNPARSED_IS_FAILED") {
            Unparsed::RefuseIfAll
        } else if persona::is_ansible() || set("INVENTORY_ANY_UNPARSED_IS_FAILED") || set("INVENTORY_UNPARSED_IS_FAILED") {
            Unparsed::Warn
        } else {
            Unparsed::RefuseBroken
        },
        warn_unparsed: persona::is_ansible() && config.flag("INVENTORY_UNPARSED_WARNING"),
        group_names: match config.text("TRANSFORM_INVALID_GROUP_CHARS").unwrap_or_default().as_str() {
            "always" => GroupNames::Replace,
            "silently" => GroupNames::ReplaceSilently,
            // No name is a danger to us: only who set it, or calls us Ansible, wants to hear of it.
            "never" if persona::is_ansible() || set("TRANSFORM_INVALID_GROUP_CHARS") => GroupNames::Warn,
            _ => GroupNames::Ignore,
        },
        unmatched: match config.text("HOST_PATTERN_MISMATCH").as_deref() {
            Some("error") => Unmatched::Refuse,
            Some("ignore") => Unmatched::Ignore,
            _ => Unmatched::Warn,
        },
        ignored_ends: config.list("INVENTORY_IGNORE_EXTS"),
        ignored_patterns: config.list("INVENTORY_IGNORE_PATTERNS").iter().map(pattern).collect::<Result<_, _>>()?,
        extensions: config.list("YAML_FILENAME_EXTENSIONS"),
        script_errors: config.flag("INVENTORY_SCRIPT_STDERR"),
        use_extra_vars: config.flag("INVENTORY_USE_EXTRA_VARS"),
        merge_hashes: super::merges_hashes(config),
    })
}
