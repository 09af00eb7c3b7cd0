//! Names of variables: which are none, and which stand for something else already.

use crate::actions::valid_name;
use crate::diag::{Diagnostic, Diagnostics};
use crate::yaml::{Kind, Node};

/// Keywords, and functions of templates: a variable of such a name works, but not where the name means something else.
const RESERVED: &[&str] = &[
    "action",
    "always",
    "any_errors_fatal",
    "args",
    "async",
    "become",
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "block",
    "changed_when",
    "check_mode",
    "collections",
    "connection",
    "cycler",
    "debugger",
    "delay",
    "delegate_facts",
    "delegate_to",
    "dict",
    "diff",
    "environment",
    "fact_path",
    "failed_when",
    "force_handlers",
    "gather_facts",
    "gather_timeout",
    "handlers",
    "hosts",
    "ignore_errors",
    "ignore_unreachable",
    "joiner",
    "lipsum",
    "local_action",
    "lookup",
    "loop",
    "loop_control",
    "loop_with",
    "max_fail_percentage",
    "module_defaults",
    "name",
    "namespace",
    "no_log",
    "notify",
    "now",
    "omit",
    "order",
    "poll",
    "port",
    "post_tasks",
    "pre_tasks",
    "q",
    "query",
    "range",
    "register",
    "remote_user",
    "rescue",
    "retries",
    "roles",
    "run_once",
    "serial",
    "strategy",
    "tags",
    "tasks",
    "throttle",
    "timeout",
    "undef",
    "until",
    "vars_files",
    "vars_prompt",
    "when",
];

/// What is to be told of a variable of this name, where it stands for something else already.
pub fn reserved(name: &str) -> Option<Diagnostic> {
    RESERVED.contains(&name).then(|| Diagnostic::warning(format!("Found variable using reserved name '{name}'.")))
}

/// A name that a variable cannot have: the start of the sentence.
fn invalid(node: &Node) -> Option<String> {
    match node.kind() {
        Kind::Str(name) => (!valid_name(name)).then(|| format!("Invalid variable name '{name}'.")),
        _ => Some(format!("Invalid variable name '{}' of type '{}'.", node.scalar_text().unwrap_or_default(), node.kind_name())),
    }
}

/// Checks the names in `vars`.
pub(super) fn check_vars(vars: &Node, problems: &mut Diagnostics) {
    for part in super::list_or_one(vars) {
        for (key, _) in part.as_map().unwrap_or_default() {
            if let Some(why) = invalid(key) {
                let help = "names of variables begin with a letter or _ and have only letters, digits and _";
                problems.push(key.error(why).readable().help(help));
            }
            if let Some(warning) = key.as_str().and_then(reserved) {
                problems.push(warning.at(key.span()));
            }
        }
    }
}
