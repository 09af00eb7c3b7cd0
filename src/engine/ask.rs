//! What is asked of the person at the terminal: `vars_prompt`, and each task with --step.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::event::{Event, TaskInfo};
use super::play::PlayRun;
use super::run::Run;
use crate::diag::Diagnostic;
use crate::playbook::{Play, VarMap, word_flag};
use crate::template::{Scope, Var, render, render_text};
use crate::value::Value;
use crate::yaml::Node;

/// Variables that the play asks for; what is given with -e is not asked.
///
/// # Errors
/// An entry is wrong, or cannot be asked for.
pub(super) fn vars_prompt(run: &Run, play: &Play, scope: &dyn Scope) -> Result<VarMap, Diagnostic> {
    let mut vars = VarMap::new();
    for entry in &play.vars_prompt {
        let name = entry.get("name").and_then(Node::as_str).ok_or_else(|| entry.error("an entry of `vars_prompt` needs `name`"))?;
        if run.world.extra.contains_key(name) {
            continue;
        }
        let text = |key: &str| entry.get(key).filter(|node| !node.is_null()).map(|node| render_text(node, scope)).transpose();
        let flag = |key: &str, default: bool| entry.get(key).and_then(word_flag).unwrap_or(default);
        let default = entry.get("default").filter(|node| !node.is_null()).map(|node| render(node, scope)).transpose()?;
        let prompt = text("prompt")?.unwrap_or_else(|| name.to_owned());
        let given = if run.ask.is_there() {
            let question = match &default {
                Some(value) => format!("{prompt} [{value}]: "),
                None => format!("{prompt}: "),
            };
            asked(run, entry, &question, flag("private", true), flag("confirm", false).then(|| format!("confirm {question}")))?
        } else {
            run.emit(Event::Warning(Diagnostic::warning("Not prompting as we are not in interactive mode").at(entry.span())));
            String::new()
        };
        let value = if given.is_empty() { default.unwrap_or_else(|| Value::str("")) } else { Value::str(given) };
        let value = match text("encrypt")? {
            Some(scheme) => encrypted(entry, value, &scheme, text("salt")?, scope)?,
            None => value,
        };
        vars.insert(name.into(), Var::Value(value));
    }
    Ok(vars)
}

fn asked(run: &Run, entry: &Node, question: &str, hidden: bool, confirm: Option<String>) -> Result<String, Diagnostic> {
    let line = |question: &str| {
        let answer = run.ask.line(question, hidden).map_err(|error| entry.error(format!("nobody can be asked: {error}")))?;
        answer.ok_or_else(|| entry.error("there was no answer").help("give the variable with -e"))
    };
    loop {
        let answer = line(question)?;
        match &confirm {
            Some(again) if line(again)? != answer => run.ask.tell("***** VALUES ENTERED DO NOT MATCH ****"),
            _ => return Ok(answer),
        }
    }
}

/// By the filter that playbooks have for it.
fn encrypted(entry: &Node, value: Value, scheme: &str, salt: Option<String>, scope: &dyn Scope) -> Result<Value, Diagnostic> {
    let salt = salt.map(|salt| format!(", {salt:?}")).unwrap_or_default();
    let expression = Node::string(&format!("{{{{ {:?} | password_hash({scheme:?}{salt}) }}}}", value.to_string()), entry.span());
    render(&expression, scope)
}

impl PlayRun {
    /// With --step: whether the task is to be done.
    pub(super) async fn steps_into(&self, info: &Arc<TaskInfo>) -> bool {
        let run = &self.run;
        if !run.options.step || run.stepped_out.load(Ordering::SeqCst) {
            return true;
        }
        let role = info.role.as_ref().map(|role| format!("{role} : ")).unwrap_or_default();
        let question = format!("Perform task: TASK: {role}{} (N)o/(y)es/(c)ontinue: ", info.name);
        let ask = run.ask.clone();
        let answer = tokio::task::spawn_blocking(move || ask.line(&question, false)).await;
        match answer.ok().and_then(Result::ok).flatten().unwrap_or_default().trim().to_lowercase().as_str() {
            "y" | "yes" => true,
            "c" | "continue" => {
                run.stepped_out.store(true, Ordering::SeqCst);
                true
            }
            _ => false,
        }
    }
}
