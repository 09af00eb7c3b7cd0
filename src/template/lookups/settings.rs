//! Settings of Ansible: `config`.

use super::{Lookup, Query};
use crate::config::{self, Config, Kind, Origin};
use crate::diag::Diagnostic;
use crate::template::eval::Result;
use crate::value::Value;

pub(super) const TABLE: &[Lookup] = &[Lookup::new("config", settings)];

fn settings(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let missing = query.text("on_missing").unwrap_or_else(|| "error".into());
    if !matches!(missing.as_str(), "error" | "warn" | "skip") {
        return Err(query.error(format!("Invalid value '{missing}' for `on_missing`, which is error, warn or skip")));
    }
    if query.option("plugin_type").is_some() != query.option("plugin_name").is_some() {
        return Err(query.error("Both plugin_type and plugin_name are required, or neither"));
    }
    let mut out = Vec::new();
    for term in &query.terms {
        let Value::Str(name) = term else {
            return Err(query.error(format!("Invalid setting identifier, {term:?} is no name of a setting")));
        };
        let Some(setting) = config::find(name) else {
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
        let (text, origin) = current.raw(name);
        let list = |items: Vec<String>| Value::list(items.into_iter().map(Value::from));
        let value = match (setting.kind, text) {
            (_, None) => Value::Null,
            (Kind::Flag, Some(text)) => Value::Bool(config::is_true(&text)),
            (Kind::Number, Some(text)) => match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
                (Ok(number), _) => Value::Int(number),
                (_, Ok(number)) => Value::Float(number),
                _ => Value::Null,
            },
            (Kind::List | Kind::PathList, Some(_)) => list(current.list(name)),
            (Kind::Paths, Some(_)) => list(current.paths(name).iter().map(|path| path.display().to_string()).collect()),
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
