//! Files and roles that an include names in so many words: they are read before the run, so that what is wrong with them is told then.

use std::sync::{Arc, PoisonError};

use super::super::load::Inside;
use super::{Place, Survey};
use crate::diag::{Diagnostics, Level};
use crate::playbook::{Step, Task};

/// Options of the includes that name files.
const NAMES: &[&str] = &["file", "_raw_params", "name", "role", "tasks_from", "vars_from", "defaults_from", "handlers_from"];

impl Survey<'_> {
    /// What is included for certain, and needs no host to be known.
    pub(super) fn include(&mut self, task: &Task, place: &Place) {
        // Of a whole repository every file is read by itself.
        if self.whole || !matches!(task.action.short(), "include_tasks" | "include_role") {
            return;
        }
        let dynamic = |name: &&str| task.action.get(name).is_some_and(|node| node.has_template());
        if task.repeat.is_some() || task.action.rendered_arguments.is_some() || NAMES.iter().any(dynamic) {
            self.unseen = true;
            return;
        }
        let inside = Inside {
            folder: task.folder.clone(),
            playbook: place.playbook.clone(),
            role: place.roles.first().cloned(),
            taken_in: true,
            collections: place.collections.clone(),
            ..Inside::default()
        };
        let warnings = || self.loader.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        // What it warns of is told when its turn comes.
        let before = warnings().len();
        let mut problems = Diagnostics::default();
        let steps = match task.action.short() {
            "include_tasks" => {
                let file = ["file", "_raw_params"].iter().find_map(|name| task.action.get(name)?.scalar_text());
                let path = file.and_then(|file| self.loader.find_tasks(&file, &inside).ok());
                path.filter(|path| self.included.insert(path.clone())).map(|path| self.loader.tasks_file(&path, &inside, &mut problems).0)
            }
            _ => {
                let name = ["name", "role"].iter().find_map(|name| task.action.get(name)?.scalar_text());
                let path = name.and_then(|name| self.loader.find_role(&name, &inside).ok());
                path.filter(|path| self.included.insert(path.clone()))
                    .and_then(|_| self.loader.role_of_action(task, &inside, &mut problems))
                    .map(|used| vec![Step::Role(Arc::new(used))])
            }
        };
        warnings().truncate(before);
        if !self.unseen {
            self.missing.extend(problems.0.into_iter().filter(|problem| problem.level == Level::Error));
        }
        self.steps(&steps.unwrap_or_default(), place);
    }
}
