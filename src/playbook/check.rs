//! What can be found wrong with a task before any host is touched: its module, its arguments, its templates.

use super::action::Action;
use super::elsewhere::collection_of;
use super::{Loop, Task};
use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::modules::arguments::{Argument, Rule, check_rules};
use crate::template;
use crate::value::Value;
use crate::yaml::Node;
use crate::{actions, modules};

/// Actions that the engine itself carries out.
pub(super) const ENGINE: &[&str] = &["include_tasks", "import_tasks", "include_role", "import_role", "meta", "include"];

/// What `meta` can do.
pub const META: &[&str] = &[
    "clear_facts",
    "clear_host_errors",
    "end_batch",
    "end_host",
    "end_play",
    "end_role",
    "flush_handlers",
    "noop",
    "refresh_inventory",
    "reset_connection",
];

/// Options of `loop_control`.
const LOOP_CONTROL: &[&str] = &["loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"];

/// Arguments of the actions that take in tasks and roles.
const FILE: &[&str] = &["file", "_raw_params"];
const ROLE: &[&str] = &[
    "name",
    "role",
    "_raw_params",
    "tasks_from",
    "vars_from",
    "defaults_from",
    "handlers_from",
    "public",
    "allow_duplicates",
    "rolespec_validate",
];

/// Checks what a task takes in, as far as it is written down.
pub(super) fn check_taking_in(action: &Action, task: &Span, problems: &mut Diagnostics) {
    let (known, dynamic) = match action.short() {
        "include_tasks" => (FILE, true),
        "import_tasks" => (FILE, false),
        "include_role" => (ROLE, true),
        "import_role" => (ROLE, false),
        _ => return,
    };
    if action.rendered_arguments.is_some() {
        return;
    }
    let name = &action.name;
    let given = |names: &[&str]| names.iter().any(|name| action.get(name).is_some_and(|node| !node.is_null()));
    let of_role = action.short().ends_with("_role");
    if !of_role && !given(FILE) {
        problems.push(Diagnostic::error(format!("No file specified for {name}")).at(task).help("name the file with the tasks"));
    }
    if of_role && !given(&["name", "role"]) {
        problems.push(Diagnostic::error(format!("'name' is a required field for {name}.")).at(task));
    }
    let unknown = |key: &&str| !(known.contains(key) || dynamic && *key == "apply");
    let names: Vec<&str> = action.arguments.iter().map(|(key, _)| key.as_str()).filter(unknown).collect();
    if !names.is_empty() {
        problems.push(Diagnostic::error(format!("Invalid options for {name}: {}", names.join(","))).at(task));
    }
    for (key, node) in &action.arguments {
        let expected = match key.as_str() {
            "tasks_from" | "vars_from" | "defaults_from" | "handlers_from" if node.as_str().is_none() => "string",
            "apply" if node.as_map().is_none() && !node.has_template() => "dict",
            _ => continue,
        };
        problems.push(node.error(format!("Expected a {expected} for {key} but got {} instead", node.kind_name())));
    }
}

/// Checks what a `meta` asks for. `in_role`: a role's tasks, or what they take in.
pub(super) fn check_meta(action: &Action, in_role: bool, in_handlers: bool, problems: &mut Diagnostics) {
    let Some(node) = action.get("_raw_params") else {
        problems.push(
            Diagnostic::error("`meta` needs to be told what to do").at(&action.name_span).help(format!("one of {}", META.join(", "))),
        );
        return;
    };
    match node.scalar_text() {
        Some(_) if node.has_template() => {}
        Some(text) if text == "end_role" && in_handlers => {
            problems.push(node.error("Cannot execute 'end_role' from a handler").help("end_play, end_batch and end_host can be"));
        }
        Some(text) if text == "end_role" && !in_role => {
            problems.push(
                node.error("Cannot execute 'end_role' from outside of a role")
                    .help("end_play, end_batch and end_host end more than a role"),
            );
        }
        Some(text) if META.contains(&text.as_str()) => {}
        other => {
            let text = other.unwrap_or_default();
            problems.push(node.error(format!("`meta` cannot `{text}`")).readable().suggest(&text, META.iter().copied()));
        }
    }
}

/// Whether some module or action has this name.
pub(super) fn known_action(name: &str) -> bool {
    let short = ["ansible.builtin.", "ansible.legacy."].iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
    ENGINE.contains(&short) || actions::find(name).is_some() || modules::find(name).is_some()
}

/// Whether a module of this name is Ansible's, and is not here.
pub(super) fn elsewhere(name: &str) -> bool {
    !known_action(name) && collection_of(name).is_some()
}

/// No module has the name of this action.
pub fn no_module(action: &Action) -> Diagnostic {
    let problem = Diagnostic::error(format!("there is no module `{}`", action.name)).at(&action.name_span);
    match collection_of(&action.name) {
        None => problem.suggest(action.short(), action_names()).help("`deploy doc --list` shows all modules"),
        Some("ansible.builtin") => problem.help("`deploy` does not have this one of Ansible's; `command` may do instead"),
        Some(collection) => problem.help(format!("install the collection {collection}: its modules run where the host has Python")),
    }
}

/// Short names of all, for suggestions.
pub(super) fn action_names() -> impl Iterator<Item = &'static str> {
    let short = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    ENGINE
        .iter()
        .copied()
        .chain(modules::MODULES.iter().map(move |m| short(m.name)))
        .chain(actions::ACTIONS.iter().map(move |a| short(a.name)))
}

/// Checks that the module exists, its arguments' names, the types of constant values, and the rules between them.
///
/// `defaulted`: arguments may come from elsewhere. What only fails the task when its turn comes goes to `own`.
pub fn check_action(action: &Action, defaulted: bool, missing: &mut Diagnostics, own: &mut Diagnostics) {
    let problems = own;
    // A module that a template names is known in its turn.
    if ENGINE.contains(&action.short()) || action.name.contains("{{") {
        return;
    }
    let (known, rules, free_form, open): (&[Argument], &[Rule], Option<&str>, bool) =
        match (actions::find(&action.name), modules::find(&action.name)) {
            (Some(found), _) => (found.arguments, found.rules, found.free_form, found.open),
            (None, Some(found)) => (found.arguments, found.rules, found.free_form, false),
            (None, None) => {
                // A role for many systems names them too, and skips them here: the survey knows.
                if !elsewhere(&action.name) {
                    missing.push(no_module(action));
                }
                return;
            }
        };
    let mut complete = action.rendered_arguments.is_none() && !defaulted;
    for (name, value) in &action.arguments {
        if name == "_raw_params" {
            // What it lacks then, the action says.
            complete &= free_form.is_some();
            if free_form.is_none() && !open {
                problems.push(
                    value
                        .error(format!("Action '{}' does not support raw params", action.name))
                        .help("write its arguments as `name: value`"),
                );
            }
            continue;
        }
        if name.starts_with("_ansible_") {
            missing.push(value.error(format!(
                "Invalid parameter specified beginning with keyword '_ansible_' for action '{}': '{name}'. \
                 The prefix '_ansible_' is reserved for internal use only.",
                action.name
            )));
            continue;
        }
        let Some(argument) = known.iter().find(|a| a.is(name) && !a.internal()) else {
            if !open {
                let names = known.iter().filter(|a| !a.internal()).flat_map(|a| std::iter::once(a.name).chain(a.aliases.iter().copied()));
                problems.push(
                    Diagnostic::error(format!("`{}` has no argument `{name}`", action.name))
                        .at(&key_of(value, name))
                        .suggest(name, names)
                        .help(format!("`deploy doc {}` shows its arguments", action.short())),
                );
            }
            continue;
        };
        if value.has_template() || argument.secret || value.tag().is_some() {
            continue;
        }
        if let Ok(json) = Value::from_node(value).to_json()
            && !json.is_null()
            && let Err(why) = (argument.check)(&json)
        {
            problems.push(value.error(format!("argument `{name}` {why}")));
        }
    }
    if !complete {
        return;
    }
    for argument in known.iter().filter(|a| a.required && !a.internal()) {
        let free = free_form == Some(argument.name) && action.get("_raw_params").is_some();
        if !free && !action.arguments.iter().any(|(name, _)| argument.is(name)) {
            problems.push(
                Diagnostic::error(format!("`{}` needs the argument `{}`", action.name, argument.name))
                    .at(&action.name_span)
                    .help(argument.doc.trim().lines().next().unwrap_or_default().to_owned()),
            );
        }
    }
    let given = |name: &str| {
        let main = known.iter().find(|a| a.name == name);
        let (_, value) = action.arguments.iter().find(|(k, _)| k == name || main.is_some_and(|a| a.is(k)))?;
        // A template's value is not known: it counts as given, and equals nothing.
        if value.has_template() { Some(serde_json::json!("{{ }}")) } else { Value::from_node(value).to_json().ok() }
    };
    if !action.arguments.iter().any(|(_, v)| v.has_template())
        && let Err(failure) = check_rules(rules, &given)
    {
        let place = failure.argument.as_deref().and_then(|name| action.get(name)).map_or(&action.name_span, Node::span);
        problems.push(Diagnostic::error(failure.msg).at(place));
    }
}

/// The key that stands before a value, where it does.
fn key_of(value: &Node, name: &str) -> Span {
    let span = value.span();
    let key = span.source.text[..span.start].trim_end_matches([' ', ':', '=', '"', '\'']);
    if key.ends_with(name) { span.within(key.len() - name.len(), key.len()) } else { span.clone() }
}

/// Checks an entry of `vars_prompt`.
pub(super) fn check_prompt(entry: &Node, problems: &mut Diagnostics) {
    const KNOWN: &[&str] = &["name", "prompt", "default", "private", "confirm", "encrypt", "salt_size", "salt", "unsafe"];
    if entry.get("name").is_none() {
        problems.push(entry.error("Invalid vars_prompt data structure, missing 'name' key"));
    }
    for (key, _) in entry.as_map().unwrap_or_default() {
        let name = key.scalar_text().unwrap_or_default();
        if !KNOWN.contains(&name.as_str()) {
            let what = format!("Invalid vars_prompt data structure, found unsupported key '{name}'");
            problems.push(key.error(what).suggest(&name, KNOWN.iter().copied()));
        }
    }
}

/// Checks that the lookup of `with_…` is there, and the names in `loop_control`.
pub(super) fn check_loop(node: &Node, repeat: Option<&Loop>, problems: &mut Diagnostics) {
    if let Some((name, terms)) = repeat.and_then(|repeat| Some((repeat.lookup.as_deref()?, &repeat.terms))) {
        problems.0.extend(template::missing_lookup(name).map(|problem| problem.at(terms.span())));
    }
    let Some(control) = node.get("loop_control") else { return };
    let Some(entries) = control.as_map() else {
        if !control.is_null() {
            problems.push(control.error("`loop_control` must be a dictionary").label(control.kind_name()));
        }
        return;
    };
    for (key, _) in entries {
        let name = key.scalar_text().unwrap_or_default();
        if !LOOP_CONTROL.contains(&name.as_str()) {
            problems.push(key.error(format!("`{name}` is not an option of loop_control")).suggest(&name, LOOP_CONTROL.iter().copied()));
        }
    }
}

/// Checks the syntax of a task's templates and conditions, and the names of filters, tests and lookups in them.
pub(super) fn check_templates(task: &Task, problems: &mut Diagnostics) {
    let conditions = task.keywords.when.iter().chain(&task.until).chain(&task.changed_when).chain(&task.failed_when);
    for node in conditions {
        problems.0.extend(template::check_expression(node));
    }
    let raw = actions::find(&task.action.name).map_or(&[][..], |a| a.raw);
    for (name, node) in &task.action.arguments {
        if !raw.contains(&name.as_str()) {
            problems.0.extend(template::check(node));
        }
    }
    let nodes = task
        .name
        .iter()
        .chain(task.repeat.iter().map(|l| &l.terms))
        .chain(&task.action.rendered_arguments)
        .chain(&task.keywords.environment);
    for node in nodes {
        problems.0.extend(template::check(node));
    }
    for var in task.keywords.vars.values() {
        if let template::Var::Node(node) = var {
            problems.0.extend(template::check(node));
        }
    }
}
