//! The types that arguments have, and Ansible's coercions: "yes" is true, "a,b" is a list.

use std::path::PathBuf;

use serde_json::{Map, Value as Json};

use super::{Value, kind_of, shown};
use crate::plan::Algorithm;

impl Value for String {
    const KIND: &'static str = "string";
    fn parse(value: &Json) -> Result<Self, String> {
        match value {
            Json::String(text) => Ok(text.clone()),
            // As Python writes them, which is what Ansible's users get.
            Json::Bool(true) => Ok("True".into()),
            Json::Bool(false) => Ok("False".into()),
            Json::Number(number) => Ok(number.to_string()),
            Json::Null => Ok(String::new()),
            Json::Array(_) | Json::Object(_) => Ok(value.to_string()),
        }
    }
}

/// A path; `~` and `~user` at its start and `$VARIABLES` in it are expanded on the target by who reads it.
impl Value for PathBuf {
    const KIND: &'static str = "path";
    fn parse(value: &Json) -> Result<Self, String> {
        match value {
            Json::Array(_) | Json::Object(_) => Err(format!("must be a path, not {}", kind_of(value))),
            other => String::parse(other).map(PathBuf::from),
        }
    }
}

impl Value for bool {
    const KIND: &'static str = "boolean";
    /// docs.ansible.com, "YAML syntax": the words that count as booleans.
    fn parse(value: &Json) -> Result<Self, String> {
        let no = || Err(format!("must be true or false, not {}", shown(value)));
        match value {
            Json::Bool(flag) => Ok(*flag),
            Json::Number(number) if number.as_f64() == Some(1.0) => Ok(true),
            Json::Number(number) if number.as_f64() == Some(0.0) => Ok(false),
            Json::String(text) => match text.to_lowercase().trim() {
                "yes" | "on" | "true" | "t" | "y" | "1" | "1.0" => Ok(true),
                "no" | "off" | "false" | "f" | "n" | "0" | "0.0" => Ok(false),
                _ => no(),
            },
            _ => no(),
        }
    }
}

impl Value for i64 {
    const KIND: &'static str = "integer";
    fn parse(value: &Json) -> Result<Self, String> {
        let no = || format!("must be a whole number, not {}", shown(value));
        match value {
            Json::Number(number) => {
                number.as_i64().or_else(|| number.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64)).ok_or_else(no)
            }
            Json::String(text) => text.trim().parse().map_err(|_| no()),
            _ => Err(no()),
        }
    }
}

impl Value for u32 {
    const KIND: &'static str = "integer";
    fn parse(value: &Json) -> Result<Self, String> {
        u32::try_from(i64::parse(value)?).map_err(|_| format!("must be a whole number from 0, not {}", shown(value)))
    }
}

impl Value for f64 {
    const KIND: &'static str = "number";
    fn parse(value: &Json) -> Result<Self, String> {
        let no = || format!("must be a number, not {}", shown(value));
        match value {
            Json::Number(number) => number.as_f64().ok_or_else(no),
            Json::String(text) => text.trim().parse().map_err(|_| no()),
            _ => Err(no()),
        }
    }
}

/// A list; a string is split at its commas, a single value is a list of one.
impl<T: Value> Value for Vec<T> {
    const KIND: &'static str = "list";
    const CHOICES: &'static [&'static str] = T::CHOICES;
    fn parse(value: &Json) -> Result<Self, String> {
        match value {
            Json::Array(items) => items.iter().map(T::parse).collect(),
            Json::String(text) if text.is_empty() => Ok(Vec::new()),
            Json::String(text) => text.split(',').map(|part| T::parse(&Json::String(part.trim().to_owned()))).collect(),
            Json::Object(_) => Err(format!("must be a list, not {}", kind_of(value))),
            Json::Null => Ok(Vec::new()),
            one => Ok(vec![T::parse(one)?]),
        }
    }
}

/// A dictionary; a string is read as JSON or as `k=v` pairs.
impl Value for Map<String, Json> {
    const KIND: &'static str = "dictionary";
    fn parse(value: &Json) -> Result<Self, String> {
        match value {
            Json::Object(map) => Ok(map.clone()),
            Json::String(text) if text.trim_start().starts_with('{') => {
                serde_json::from_str(text).map_err(|error| format!("is no JSON object: {error}"))
            }
            Json::String(text) => text
                .split([',', ' '])
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    pair.split_once('=')
                        .map(|(k, v)| (k.trim().to_owned(), Json::String(v.trim().to_owned())))
                        .ok_or_else(|| format!("must be a dictionary, or k=v pairs; {pair:?} is neither"))
                })
                .collect(),
            _ => Err(format!("must be a dictionary, not {}", kind_of(value))),
        }
    }
}

/// Anything.
impl Value for Json {
    const KIND: &'static str = "any";
    fn parse(value: &Json) -> Result<Self, String> {
        Ok(value.clone())
    }
}

/// A string that no log, diff or process list may show.
#[derive(Clone)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Value for Secret {
    const KIND: &'static str = "string";
    const SECRET: bool = true;
    fn parse(value: &Json) -> Result<Self, String> {
        String::parse(value).map(Secret)
    }
}

impl Value for Algorithm {
    const KIND: &'static str = "string";
    const CHOICES: &'static [&'static str] = &["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
    fn parse(value: &Json) -> Result<Self, String> {
        match String::parse(value)?.as_str() {
            "md5" => Ok(Algorithm::Md5),
            "sha1" | "sha" => Ok(Algorithm::Sha1),
            "sha224" => Ok(Algorithm::Sha224),
            "sha256" => Ok(Algorithm::Sha256),
            "sha384" => Ok(Algorithm::Sha384),
            "sha512" => Ok(Algorithm::Sha512),
            _ => Err(format!("must be one of {}, not {}", Self::CHOICES.join(", "), shown(value))),
        }
    }
}

/// Bytes that the controller holds (set by actions such as `copy`, never by users): a position in the task's blobs.
impl Value for crate::plan::Blob {
    const KIND: &'static str = "blob";
    fn parse(value: &Json) -> Result<Self, String> {
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())
    }
}
