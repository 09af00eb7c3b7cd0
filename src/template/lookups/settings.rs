//! Settings of Ansible: `config`.

use super::{Lookup, Query};
use crate::config::{self, Config, Kind, Origin};
use crate::diag::Diagnostic;
use crate::template::eval::Result;
use crate::value::Value;

pub(super) const TABLE: &[Lookup] = &[Lookup::new("config", settings)];

/// Options of plugins that are settings here: kind of plugin, its name, the option's name, the setting.
const OF_PLUGINS: &[(&str, &[&str], &str, &str)] = &[
    ("become", &["sudo", "su"], "become_exe", "DEFAULT_BECOME_EXE"),
    ("become", &["sudo", "su"], "become_flags", "DEFAULT_BECOME_FLAGS"),
    ("become", &["sudo", "su"], "become_user", "DEFAULT_BECOME_USER"),
    ("connection", &["ssh"], "control_path", "SSH_CONTROL_PATH"),
    ("connection", &["ssh"], "control_path_dir", "SSH_CONTROL_PATH_DIR"),
    ("connection", &["ssh"], "host_key_checking", "HOST_KEY_CHECKING"),
    ("connection", &["ssh"], "pipelining", "SSH_PIPELINING"),
    ("connection", &["ssh"], "port", "DEFAULT_REMOTE_PORT"),
    ("connection", &["ssh"], "private_key_file", "DEFAULT_PRIVATE_KEY_FILE"),
    ("connection", &["ssh"], "reconnection_retries", "SSH_RETRIES"),
    ("connection", &["ssh"], "remote_user", "DEFAULT_REMOTE_USER"),
    ("connection", &["ssh"], "ssh_args", "SSH_ARGS"),
    ("connection", &["ssh"], "ssh_common_args", "SSH_COMMON_ARGS"),
    ("connection", &["ssh"], "ssh_executable", "SSH_EXECUTABLE"),
    ("connection", &["ssh"], "ssh_extra_args", "SSH_EXTRA_ARGS"),
    ("connection", &["ssh"], "timeout", "DEFAULT_TIMEOUT"),
    ("shell", &["sh"], "remote_tmp", "REMOTE_TMP"),
];

fn settings(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let missing = query.text("on_missing").unwrap_or_else(|| "error".into());
    if !matches!(missing.as_str(), "error" | "warn" | "skip") {
        return Err(query.error(format!("Invalid value '{missing}' for `on_missing`, which is error, warn or skip")));
    }
    let plugin = match (query.text("plugin_type"), query.text("plugin_name")) {
        (Some(kind), Some(name)) => Some((kind, name)),
        (None, None) => None,
        _ => return Err(query.error("Both plugin_type and plugin_name are required, or neither")),
    };
    let mut out = Vec::new();
    for term in &query.terms {
        let Value::Str(name) = term else {
            return Err(query.error(format!("Invalid setting identifier, {term:?} is no name of a setting")));
        };
        let of_plugin = |(kind, plugin): &(String, String)| {
            let short = plugin.rsplit('.').next().unwrap_or(plugin);
            let option = OF_PLUGINS.iter().find(|(k, names, option, _)| k == kind && names.contains(&short) && *option == &**name);
            option.and_then(|(.., setting)| config::find(setting))
        };
        let Some(setting) = plugin.as_ref().map_or_else(|| config::find(name), of_plugin) else {
            let error = Diagnostic::error(format!("lookup `config`: No config definition exists for '{name}'"))
                .suggest(name, config::all().iter().map(|setting| setting.name));
            match missing.as_str() {
                "error" => return Err(error.into()),
                "warn" => query.context.scope.warn(Diagnostic::warning(error.message)),
                _ => {}
            }
            continue;
        };
        let current = Config::current();
        let (text, origin) = current.raw(setting.name);
        let list = |items: Vec<String>| Value::list(items.into_iter().map(Value::from));
        let value = match (setting.kind, text) {
            (_, None) => Value::Null,
            (Kind::Flag, Some(text)) => Value::Bool(config::is_true(&text)),
            (Kind::Number, Some(text)) => match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
                (Ok(number), _) => Value::Int(number),
                (_, Ok(number)) => Value::Float(number),
                _ => Value::Null,
            },
            (Kind::List | Kind::PathList, Some(_)) => list(current.list(setting.name)),
            (Kind::Paths, Some(_)) => list(current.paths(setting.name).iter().map(|path| path.display().to_string()).collect()),
            (Kind::Path, Some(text)) => Value::from(config::expanded(&text).display().to_string()),
            (Kind::Text, Some(text)) => Value::from(text),
        };
        out.push(if query.flag("show_origin", false) {
            let origin = match origin {
                Origin::Default => "default".to_string(),
                Origin::Environment(name) => format!("env: {name}"),
                Origin::File(path) => path.display().to_string(),
            };
            Value::Tuple(vec![value, Value::from(origin)].into())
        } else {
            value
        });
    }
    Ok(out)
}
