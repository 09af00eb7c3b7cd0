//! Which views show a run: the settings of ansible.cfg and the environment choose them.

use std::path::Path;
use std::sync::Arc;

use crate::config::{Config, is_true};
use crate::diag::Diagnostic;
use crate::engine::{Several, Sink};
use crate::ui::views::{Default as DefaultView, Json, Junit, Minimal, OneLine, ProfileTasks, Timer, Tree};
use crate::ui::{Style, Verbosity, line};

const VIEWS: &[&str] = &["default", "yaml", "json", "minimal", "oneline", "junit"];

/// The views of a run of playbooks.
///
/// # Errors
/// The settings name a view that there is not.
pub(super) fn of_playbooks(verbosity: Verbosity) -> anyhow::Result<Arc<dyn Sink>> {
    tell_source(verbosity);
    let name = Config::current().text("DEFAULT_STDOUT_CALLBACK").unwrap_or_default();
    let main = view(&name, &style(verbosity))?;
    Ok(with_others(main))
}

/// The views of `deploy run`.
///
/// # Errors
/// As [`of_playbooks`]; or the folder of --tree cannot be made.
pub(super) fn of_module(verbosity: Verbosity, one_line: bool, tree: Option<&Path>) -> anyhow::Result<Arc<dyn Sink>> {
    tell_source(verbosity);
    let config = Config::current();
    let style = style(verbosity);
    // As `ansible` does: the main view of playbooks only where it is asked for.
    let asked = config.flag("DEFAULT_LOAD_CALLBACK_PLUGINS").then(|| config.text("DEFAULT_STDOUT_CALLBACK")).flatten();
    let main = match (asked, one_line) {
        (Some(name), _) if name != "default" => view(&name, &style)?,
        (_, true) => Arc::new(OneLine::new(style)),
        _ => Arc::new(Minimal::new(style)),
    };
    let mut all = vec![main];
    if let Some(folder) = tree {
        all.push(Arc::new(Tree::new(folder)?));
    }
    Ok(if config.flag("DEFAULT_LOAD_CALLBACK_PLUGINS") { with_others(Arc::new(Several(all))) } else { Arc::new(Several(all)) })
}

/// Where the settings come from, for those who ask for more.
fn tell_source(verbosity: Verbosity) {
    if verbosity.level >= 1 {
        line(&match &Config::current().file {
            Some(file) => format!("Using {} as config file", file.display()),
            None => "No config file found; using defaults".to_owned(),
        });
    }
}

fn view(name: &str, style: &Style) -> anyhow::Result<Arc<dyn Sink>> {
    let style = style.clone();
    Ok(match name.rsplit('.').next().unwrap_or_default() {
        "default" | "debug" | "" => Arc::new(DefaultView::new(style)),
        "yaml" => Arc::new(DefaultView::new(Style { yaml: true, changed_first: true, indent: 2, pretty: None, ..style })),
        "json" => Arc::new(Json::default()),
        "minimal" => Arc::new(Minimal::new(style)),
        "oneline" => Arc::new(OneLine::new(style)),
        "junit" => Arc::new(Several(vec![Arc::new(DefaultView::new(style)), junit()])),
        other => {
            return Err(Diagnostic::error(format!("there is no output `{other}`"))
                .suggest(other, VIEWS.iter().copied())
                .help("stdout_callback of ansible.cfg, or ANSIBLE_STDOUT_CALLBACK, names it")
                .into());
        }
    })
}

/// With what CALLBACKS_ENABLED adds; what is not known here is left out.
fn with_others(main: Arc<dyn Sink>) -> Arc<dyn Sink> {
    let mut all = vec![main];
    for name in Config::current().list("CALLBACKS_ENABLED") {
        match name.rsplit('.').next().unwrap_or_default() {
            "junit" => all.push(junit()),
            "timer" => all.push(Arc::new(Timer::default())),
            "profile_tasks" => all.push(Arc::new(profile())),
            // They are a main view already.
            name if VIEWS.contains(&name) => {}
            other => crate::ui::report(&Diagnostic::warning(format!("there is no callback `{other}` here; it is left out"))),
        }
    }
    if all.len() == 1 { all.remove(0) } else { Arc::new(Several(all)) }
}

fn junit() -> Arc<dyn Sink> {
    Arc::new(Junit::new(Config::current().path("JUNIT_OUTPUT_DIR").unwrap_or_else(|| ".".into())))
}

fn profile() -> ProfileTasks {
    let config = Config::current();
    let limit = config.text("PROFILE_TASKS_TASK_OUTPUT_LIMIT").and_then(|text| text.parse().ok());
    ProfileTasks::new(&config.text("PROFILE_TASKS_SORT_ORDER").unwrap_or_default(), limit)
}

fn style(verbosity: Verbosity) -> Style {
    let config = Config::current();
    Style {
        verbosity,
        changed_first: false,
        yaml: config.text("CALLBACK_RESULT_FORMAT").as_deref() == Some("yaml"),
        pretty: config.given("CALLBACK_FORMAT_PRETTY").map(is_true),
        indent: config.number("CALLBACK_RESULT_INDENTATION").unwrap_or(4.0) as usize,
        ok: config.flag("DISPLAY_OK_HOSTS"),
        skipped: config.flag("DISPLAY_SKIPPED_HOSTS"),
        failed_on_stderr: config.flag("DISPLAY_FAILED_STDERR"),
        arguments: config.flag("DISPLAY_ARGS_TO_STDOUT"),
        check_markers: config.flag("CHECK_MODE_MARKERS"),
        host_start: config.flag("SHOW_PER_HOST_START"),
        path_on_failure: config.flag("SHOW_TASK_PATH_ON_FAILURE"),
        custom_stats: config.flag("SHOW_CUSTOM_STATS"),
        diff_context: config.number("DIFF_CONTEXT").unwrap_or(3.0) as usize,
    }
}
