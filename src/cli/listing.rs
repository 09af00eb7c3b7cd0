//! What plays would do, without doing it: --list-hosts, --list-tasks, --list-tags; and the file of hosts that failed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexSet;

use super::options::Prepared;
use crate::config::Config;
use crate::diag::{Diagnostic, Diagnostics};
use crate::engine::{Ended, name_of_hosts, pattern, rendered_tags, scope_of_play, selected};
use crate::playbook::{Keywords, Play, Step};
use crate::template::render_text;
use crate::ui;
use crate::yaml::Node;

/// What is asked for.
pub(super) struct What {
    pub(super) hosts: bool,
    pub(super) tasks: bool,
    pub(super) tags: bool,
}

impl What {
    pub(super) fn anything(&self) -> bool {
        self.hosts || self.tasks || self.tags
    }
}

/// A task as it is listed.
struct Row {
    name: String,
    tags: BTreeSet<String>,
}

/// Writes the plays of a playbook in ansible-playbook's form.
///
/// # Errors
/// The hosts of a play cannot be worked out.
pub(super) fn show(
    path: &Path,
    plays: &[Play],
    prepared: &Prepared,
    what: &What,
    tags: &[String],
    skip: &[String],
    limit: Option<&str>,
) -> Result<(), Diagnostic> {
    // Tags are shown to be chosen from: those that only run when asked for too.
    let all = ["all".to_owned(), "never".to_owned()];
    let only = if what.tags && tags.is_empty() { &all[..] } else { tags };
    ui::line(&format!("\nplaybook: {}", path.display()));
    for (number, play) in plays.iter().enumerate() {
        let scope = scope_of_play(&prepared.world, &prepared.loader, play);
        let pattern = pattern(&play.hosts, &scope)?;
        let written = |node: &Node| render_text(node, &scope).ok().or_else(|| node.scalar_text()).unwrap_or_default();
        let name = match &play.name {
            Some(node) => written(node),
            None => name_of_hosts(&play.hosts, &scope)?,
        };
        let own: BTreeSet<String> = play.keywords.tags.iter().cloned().collect();
        // These stand as they were written.
        let tags: IndexSet<String> = rendered_tags(play.keywords.tags.iter().map(String::as_str), &scope).into_iter().collect();
        let tags = tags.into_iter().collect::<Vec<_>>().join(",");
        ui::line(&format!("\n  play #{} ({}): {name}\tTAGS: [{tags}]", number + 1, pattern.join(",")));
        if what.hosts {
            let quoted: Vec<String> = pattern.iter().map(|part| format!("'{part}'")).collect();
            let hosts = hosts_of(play, prepared, limit)?;
            ui::line(&format!("    pattern: [{}]\n    hosts ({}):", quoted.join(", "), hosts.len()));
            hosts.iter().for_each(|host| ui::line(&format!("      {host}")));
        }
        let mut rows = Vec::new();
        for steps in [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks] {
            collect(steps, &own, None, &mut rows);
        }
        for row in &mut rows {
            row.tags = rendered_tags(row.tags.iter().map(String::as_str), &scope).into_iter().collect();
        }
        rows.retain(|row| selected(&row.tags.iter().map(String::as_str).collect::<Vec<_>>(), only, skip));
        if what.tasks {
            ui::line("    tasks:");
            rows.iter().for_each(|row| ui::line(&format!("      {}\tTAGS: [{}]", row.name, joined(&row.tags))));
        }
        if what.tags {
            let all: BTreeSet<String> = rows.into_iter().flat_map(|row| row.tags).collect();
            ui::line(&format!("      TASK TAGS: [{}]", joined(&all)));
        }
    }
    Ok(())
}

/// The hosts that a play would run on.
///
/// # Errors
/// They cannot be worked out.
pub(super) fn hosts_of(play: &Play, prepared: &Prepared, limit: Option<&str>) -> Result<Vec<Arc<str>>, Diagnostic> {
    let pattern = pattern(&play.hosts, &scope_of_play(&prepared.world, &prepared.loader, play))?;
    prepared.world.read_inventory(|inventory| inventory.matching(&pattern.join(","), limit))
}

/// Tasks of the list, without those of `rescue` and `always`, as ansible-playbook lists them.
fn collect(steps: &[Step], above: &BTreeSet<String>, role: Option<&str>, rows: &mut Vec<Row>) {
    let with = |keywords: &Keywords| above.iter().chain(&keywords.tags).cloned().collect::<BTreeSet<String>>();
    for step in steps {
        match step {
            Step::Task(task) => {
                let name = task.name.as_ref().and_then(Node::scalar_text).filter(|name| !name.is_empty());
                let role = role.filter(|_| task.action.short() != "include_role");
                let named = name.map(|name| role.map_or(name.clone(), |role| format!("{role} : {name}")));
                let name = named.unwrap_or_else(|| task.action.name.clone());
                rows.push(Row { name, tags: with(&task.keywords) });
            }
            Step::Block(block) => collect(&block.steps, &with(&block.keywords), role, rows),
            Step::Role(used) => {
                let tags = with(&used.keywords);
                for dependency in &used.role.dependencies {
                    collect(&[Step::Role(dependency.clone())], &tags, role, rows);
                }
                collect(&used.role.tasks, &tags, Some(&used.role.name), rows);
            }
        }
    }
}

fn joined(tags: &BTreeSet<String>) -> String {
    tags.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// `PLAYBOOK.retry`: the hosts that failed or were unreachable, a line each, for `--limit @FILE`.
///
/// # Errors
/// It cannot be written.
pub(super) fn write_retry_file(playbook: &Path, ended: &Ended) -> Result<(), Diagnostics> {
    let lost: Vec<String> =
        ended.recap.iter().filter(|(_, counts)| counts.failed > 0 || counts.unreachable > 0).map(|(host, _)| format!("{host}\n")).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let file = playbook.with_extension("retry");
    let file =
        Config::current().path("RETRY_FILES_SAVE_PATH").map_or(file.clone(), |folder| folder.join(file.file_name().unwrap_or_default()));
    let written = file.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&file, lost.concat()));
    written.map_err(|error| Diagnostic::error(format!("cannot write {}: {error}", file.display())))?;
    ui::line(&format!("\tto retry, use: --limit @{}\n", file.display()));
    Ok(())
}
