//! What a result tells of an answer.

use serde_json::{Map, Value as Json, json};

use crate::modules::web::message;
use crate::plan::Response;

/// Status, URL, message, cookies, and each header.
pub(super) fn result(asked: &str, response: &Response) -> Map<String, Json> {
    let mut result = Map::new();
    for (name, value) in &response.headers {
        let key = name.to_lowercase().replace('-', "_");
        let value = match result.get(&key).and_then(Json::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.clone(),
        };
        result.insert(key, value.into());
    }
    let cookies = cookies(response);
    let line = cookies.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    result.insert("cookies_string".into(), line.collect::<Vec<_>>().join("; ").into());
    result.insert("cookies".into(), cookies.into());
    result.insert("redirected".into(), json!(response.url != asked));
    result.insert("url".into(), json!(response.url));
    result.insert("status".into(), json!(response.status));
    result.insert("msg".into(), json!(message(response)));
    result
}

/// The value of a body that says it is JSON; `None` where it is not.
pub(super) fn json(response: &Response, body: &str) -> Option<Json> {
    let kind = crate::modules::web::header(response, "content-type")?.to_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_json = matches!(kind, "application/json" | "application/javascript" | "text/json") || kind.ends_with("+json");
    is_json.then(|| serde_json::from_str(body).ok()).flatten()
}

fn cookies(response: &Response) -> Map<String, Json> {
    let set = response.headers.iter().filter(|(name, _)| name == "set-cookie");
    set.filter_map(|(_, value)| {
        let (name, value) = value.split(';').next()?.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().into()))
    })
    .collect()
}
