//! The host that a task works on: how it is reached, as whom, with which environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use super::attempt::Attempt;
use super::frame::Frame;
use super::play::{Host, PlayRun};
use super::run::Run;
use crate::actions::{Answer, Supply, Target, Unreachable};
use crate::diag::Diagnostic;
use crate::plan::Output;
use crate::playbook::Task;
use crate::remote::{Connection, Password, Settings};
use crate::template::{Var, render};
use crate::value::Value;
use crate::vars::TaskScope;
use crate::wire::{self, Become, TaskResult};

/// Seconds.
const LONGEST: f64 = 100_000_000.0;

pub(super) struct TaskTarget<'a> {
    attempt: &'a Attempt,
    pub(super) settings: Settings,
    become_: Option<Become>,
    environment: BTreeMap<String, String>,
    pub check: bool,
    pub diff: bool,
    pub(super) timeout: Option<f64>,
    pub(super) background: Option<wire::Background>,
    pub delegated_to: Option<String>,
}

impl<'a> TaskTarget<'a> {
    /// `local`: an action that needs no host; its connection is not looked at.
    ///
    /// # Errors
    /// A template in a keyword or a connection variable fails.
    pub(super) fn prepare(attempt: &'a Attempt, scope: &TaskScope, local: bool) -> Result<TaskTarget<'a>, Diagnostic> {
        let (frame, run) = (&attempt.frame, &attempt.play.run);
        let delegated_to = frame.delegate(scope)?;
        let check = frame.flag("check_mode", scope)?.unwrap_or(run.options.check);
        let diff = frame.flag("diff", scope)?.unwrap_or(run.options.diff);
        let mut target = TaskTarget {
            attempt,
            settings: Settings::default(),
            become_: None,
            environment: BTreeMap::new(),
            check,
            diff,
            timeout: None,
            background: None,
            delegated_to,
        };
        target.timeout = timeout(run, frame, scope)?;
        target.background = attempt.background(scope)?;
        if local {
            return Ok(target);
        }
        let reach = match &target.delegated_to {
            None => scope.clone(),
            // Connection variables are those of the other host; what the task itself says still counts.
            Some(other) => {
                TaskScope::new(&run.world, &attempt.play.vars, &run.world.host(other), &frame.chain()).with((*scope.locals).clone())
            }
        };
        target.settings = settings(run, frame, &reach, target.delegated_to.is_some())?;
        target.become_ = become_(run, frame, &reach)?;
        target.environment = attempt.environment(scope)?;
        Ok(target)
    }

    /// The command that makes another user of us there.
    pub(super) fn becoming(&self) -> Option<String> {
        self.become_.as_ref().map(crate::agent::becoming)
    }

    /// The message for the host's agent.
    pub(super) fn wire(&self, module: &str, arguments: JsonMap<String, Json>) -> wire::Task {
        wire::Task {
            id: 0,
            module: module.to_owned(),
            arguments: Json::Object(arguments).to_string().into_bytes(),
            become_: self.become_.clone(),
            environment: self.environment.clone(),
            check: self.check,
            diff: self.diff,
            no_log: self.attempt.info.no_log,
            timeout: self.timeout,
            ahead: false,
            background: self.background.clone(),
        }
    }

    async fn connection(&self) -> Result<Arc<dyn Connection>, Unreachable> {
        self.attempt.play.run.connections.get(&self.settings).await
    }
}

impl Target for TaskTarget<'_> {
    fn module<'a>(&'a self, name: &'a str, arguments: JsonMap<String, Json>, supplies: Vec<Supply>) -> Answer<'a, TaskResult> {
        Box::pin(async move {
            let (task, ahead) = (self.wire(name, arguments), &self.attempt.play.ahead);
            let host = &self.attempt.host.name;
            if supplies.is_empty()
                && let Some(result) = ahead.take(host, &self.settings, &task).await
            {
                return Ok(result);
            }
            let connection = self.connection().await?;
            let progress = |message: &str, step, of| self.progress(message, step, of);
            let answer = connection.task(task.clone(), supplies, &progress);
            // Polled after the task was sent.
            let look_ahead = async {
                if self.delegated_to.is_none() {
                    self.attempt.play.look_ahead(self.attempt, &*connection, &self.settings, &task);
                }
            };
            let (result, ()) = tokio::join!(answer, look_ahead);
            if result.as_ref().map_or(true, |result| result.changed && !self.check) {
                ahead.changed();
            }
            result
        })
    }

    fn raw<'a>(&'a self, command: &'a str, executable: Option<&'a str>) -> Answer<'a, Output> {
        Box::pin(async move {
            let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
            let mut line = match executable {
                Some(shell) => format!("{shell} -c {}", quote(command)),
                None => command.to_owned(),
            };
            if !self.environment.is_empty() {
                let pairs: Vec<String> = self.environment.iter().map(|(k, v)| format!("{k}={}", quote(v))).collect();
                line = format!("env {} sh -c {}", pairs.join(" "), quote(&line));
            }
            if let Some(become_) = &self.become_ {
                let program = become_.executable.as_deref().unwrap_or(&become_.method);
                line = match become_.method.as_str() {
                    "su" => format!("{program} {} -c {}", quote(&become_.user), quote(&format!("sh -c {}", quote(&line)))),
                    _ => format!("{program} -n -H -u {} sh -c {}", quote(&become_.user), quote(&line)),
                };
            }
            let result = self.connection().await?.raw(&line).await;
            self.attempt.play.ahead.changed();
            result
        })
    }

    fn renew<'a>(&'a self, timeout: u32) -> Answer<'a, ()> {
        Box::pin(async move {
            let connections = &self.attempt.play.run.connections;
            connections.reset(&self.settings).await;
            // The socket of its ssh is the same whatever the time allowed.
            let hurried = Settings { timeout, ..self.settings.clone() };
            connections.reset(&hurried).await;
            connections.get(&hurried).await.map(drop)
        })
    }

    fn progress(&self, message: &str, step: u64, of: u64) {
        self.attempt.progress(message, step, of);
    }
}

/// The task's `timeout` in seconds; none and 0 are no limit.
fn timeout(run: &Run, frame: &Frame, scope: &TaskScope) -> Result<Option<f64>, Diagnostic> {
    let Some(text) = frame.text("timeout", scope)? else { return Ok(run.options.task_timeout) };
    match text.trim().parse::<f64>() {
        Ok(seconds) if (0.0..=LONGEST).contains(&seconds) => Ok(Some(seconds).filter(|s| *s > 0.0)),
        _ => {
            let problem = Diagnostic::error(format!("Timeout {text} is invalid: it must be a number of seconds, {LONGEST} at the most"));
            Err(problem.or_at(frame.nearest("timeout").map(crate::yaml::Node::span)))
        }
    }
}

/// `meta: reset_connection`.
pub(super) async fn reset_connection(play: &Arc<PlayRun>, task: &Task, frame: &Arc<Frame>, host: &Host) {
    let _ = task;
    if let Ok(settings) = settings(&play.run, frame, &play.scope(host, frame), false) {
        play.run.connections.reset(&settings).await;
    }
}

/// A connection variable as text: docs.ansible.com, "Connecting to hosts: behavioral inventory parameters". The first that is set counts.
pub(super) fn variable(scope: &TaskScope, names: &[&str]) -> Result<Option<String>, Diagnostic> {
    for name in names {
        let value = match scope.plain(name).or_else(|| scope.locals.get(*name).cloned()) {
            None => continue,
            Some(Var::Value(value)) => value,
            Some(Var::Node(node)) => render(&node, scope)?,
        };
        if !matches!(value, Value::Null | Value::Omit) {
            return Ok(Some(value.to_string()));
        }
    }
    Ok(None)
}

fn flag(text: &str) -> bool {
    matches!(text.to_lowercase().as_str(), "yes" | "true" | "on" | "1" | "y" | "t")
}

/// How the host of this scope is reached. Variables win over keywords, keywords over options.
fn settings(run: &Run, frame: &Frame, scope: &TaskScope, delegated: bool) -> Result<Settings, Diagnostic> {
    let options = &run.options;
    let host = scope.host.name.as_ref();
    let keyword = |name: &str| if delegated { Ok(None) } else { frame.text(name, scope) };
    let or_keyword = |names: &[&str], name: &str| -> Result<Option<String>, Diagnostic> { Ok(variable(scope, names)?.or(keyword(name)?)) };
    // Localhost that no inventory has is this machine, whatever a keyword or an option says: as if its variables said so.
    let connection = match variable(scope, &["ansible_connection"])? {
        Some(connection) => connection,
        None if scope.is_implicit_localhost() => "local".into(),
        None => keyword("connection")?.or_else(|| options.connection.clone()).unwrap_or_else(|| "ssh".into()),
    };
    let local = match connection.rsplit('.').next().unwrap_or_default() {
        "local" => true,
        "ssh" | "smart" | "paramiko" | "paramiko_ssh" => false,
        other => {
            return Err(Diagnostic::error(format!("connection `{other}` of host {host} is not supported")).help("use `ssh` or `local`"));
        }
    };
    if local {
        return Ok(Settings { local: true, address: "localhost".into(), ..Settings::default() });
    }
    let mut arguments = Vec::new();
    for text in [
        variable(scope, &["ansible_ssh_args"])?.or_else(|| options.ssh_args.clone()),
        variable(scope, &["ansible_ssh_common_args"])?.or_else(|| options.ssh_common_args.clone()),
        variable(scope, &["ansible_ssh_extra_args"])?.or_else(|| options.ssh_extra_args.clone()),
    ]
    .into_iter()
    .flatten()
    {
        let words = crate::playbook::split_words(&text).map_err(Diagnostic::error)?;
        arguments.extend(words.into_iter().map(|w| w.text.trim_matches(['"', '\'']).to_owned()));
    }
    let port = or_keyword(&["ansible_port", "ansible_ssh_port"], "port")?;
    let port = match port {
        None => options.port,
        Some(text) => Some(
            text.trim()
                .parse()
                .map_err(|_| Diagnostic::error(format!("ansible_port of host {host} is {text:?}, which is no port number")))?,
        ),
    };
    let timeout =
        variable(scope, &["ansible_timeout", "ansible_ssh_timeout"])?.and_then(|t| t.trim().parse().ok()).or(options.timeout).unwrap_or(10);
    Ok(Settings {
        local: false,
        address: variable(scope, &["ansible_host", "ansible_ssh_host"])?.unwrap_or_else(|| host.to_owned()),
        port,
        user: or_keyword(&["ansible_user", "ansible_ssh_user"], "remote_user")?.or_else(|| options.user.clone()),
        private_key: variable(scope, &["ansible_ssh_private_key_file", "ansible_private_key_file"])?
            .map(|key| home(&key).into())
            .or_else(|| options.private_key.clone()),
        password: variable(scope, &["ansible_password", "ansible_ssh_password", "ansible_ssh_pass"])?
            .or_else(|| options.connection_password.clone())
            .map(Password),
        arguments,
        host_key_checking: variable(scope, &["ansible_host_key_checking", "ansible_ssh_host_key_checking"])?
            .map(|t| flag(&t))
            .or(options.host_key_checking),
        timeout,
    })
}

fn become_(run: &Run, frame: &Frame, scope: &TaskScope) -> Result<Option<Become>, Diagnostic> {
    let options = &run.options;
    let wanted = match variable(scope, &["ansible_become"])? {
        Some(text) => flag(&text),
        None => frame.flag("become", scope)?.unwrap_or(options.become_),
    };
    if !wanted {
        return Ok(None);
    }
    let pick = |names: &[&str], keyword: &str, option: &Option<String>| -> Result<Option<String>, Diagnostic> {
        Ok(variable(scope, names)?.or(frame.text(keyword, scope)?).or_else(|| option.clone()))
    };
    let method = pick(&["ansible_become_method"], "become_method", &options.become_method)?.unwrap_or_else(|| "sudo".into());
    let method = method.rsplit('.').next().unwrap_or_default().to_owned();
    if !matches!(method.as_str(), "sudo" | "su") {
        return Err(Diagnostic::error(format!("become method `{method}` is not supported"))
            .suggest(&method, ["sudo", "su"])
            .help("use `sudo` or `su`"));
    }
    let flags = pick(&[&format!("ansible_{method}_flags"), "ansible_become_flags"], "become_flags", &options.become_flags)?;
    Ok(Some(Become {
        user: pick(&["ansible_become_user"], "become_user", &options.become_user)?.unwrap_or_else(|| "root".into()),
        flags: flags.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        executable: pick(&[&format!("ansible_{method}_exe"), "ansible_become_exe"], "become_exe", &options.become_exe)?,
        password: variable(scope, &["ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"])?
            .or_else(|| options.become_password.clone()),
        method,
    }))
}

/// `~/` at the start.
fn home(path: &str) -> String {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => path.to_owned(),
    }
}
