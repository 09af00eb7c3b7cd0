//! The variable `deploy_bucket`.

use std::fmt;

use serde::Deserialize;
use serde_json::Value as Json;

/// Which bucket, where, and as whom. The keys of roles/release/meta/argument_specs.yml.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub name: String,
    /// URL of the service where it is not Amazon's.
    #[serde(default)]
    pub endpoint: Option<String>,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub path_style: bool,
    /// What all names begin with; a `/` is added where it does not end so.
    #[serde(default)]
    pub prefix: String,
    #[serde(default)]
    pub access_key: Option<String>,
    #[serde(default)]
    pub secret_key: Option<String>,
    #[serde(default)]
    pub session_token: Option<String>,
}

impl Settings {
    /// From the value of the variable. The error is a sentence that shows no value.
    pub fn decode(value: &Json) -> Result<Settings, String> {
        let Json::Object(map) = value else { return Err("deploy_bucket must be a dictionary with at least `name`".into()) };
        // `endpoint: ''` means none, as an absent key does.
        let given: serde_json::Map<String, Json> =
            map.iter().filter(|(_, v)| !v.is_null() && v.as_str() != Some("")).map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut settings: Settings = serde_json::from_value(Json::Object(given))
            .map_err(|error| format!("deploy_bucket: {}", without_values(&error.to_string())))?;
        if settings.access_key.is_some() != settings.secret_key.is_some() {
            return Err("deploy_bucket: access_key and secret_key go together; without both, the usual AWS sources are asked".into());
        }
        if let Some(endpoint) = &settings.endpoint
            && !endpoint.starts_with("http://")
            && !endpoint.starts_with("https://")
        {
            return Err(format!("deploy_bucket: endpoint must start with http:// or https://, not {endpoint:?}"));
        }
        let prefix = settings.prefix.trim_matches('/');
        settings.prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(settings)
    }

    /// Where its objects begin, for people; not what pages ask for, which may be a CDN.
    pub fn url(&self) -> String {
        let region = self.region.as_deref().unwrap_or("us-east-1");
        let service = self.endpoint.clone().unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        format!("{}/{}/{}", service.trim_end_matches('/'), self.name, self.prefix)
    }
}

/// Serde shows what it found where it wanted something else; a key could be among it.
fn without_values(message: &str) -> String {
    if message.starts_with("invalid type") {
        "a value has the wrong type (texts, and true or false for path_style)".into()
    } else {
        message.into()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bucket {}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_the_variable() {
        let settings = Settings::decode(&json!({"name": "b", "endpoint": "", "prefix": "/app/x"})).unwrap();
        assert_eq!((settings.endpoint, settings.prefix.as_str(), settings.path_style), (None, "app/x/", false));
    }

    #[test]
    fn no_key_shows_in_an_error() {
        for value in [
            json!({"name": "b", "access_key": "AKIA", "secret_key": ["hunter2"]}),
            json!({"name": "b", "secret_key": "hunter2"}),
            json!("hunter2"),
        ] {
            assert!(!Settings::decode(&value).unwrap_err().contains("hunter2"));
        }
        let typo = Settings::decode(&json!({"name": "b", "secret": "hunter2"})).unwrap_err();
        assert!(typo.contains("unknown field `secret`") && !typo.contains("hunter2"), "{typo}");
    }
}
