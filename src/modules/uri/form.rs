//! Bodies of requests: as they are, JSON, forms.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::Format;
use crate::modules::json_text::python_json;
use crate::modules::web::text;
use crate::plan::{Failure, Look};

/// The bytes, and their Content-Type where the format knows it.
pub(super) fn body(format: Format, body: &Json, target: &dyn Look) -> Result<(Vec<u8>, Option<String>), Failure> {
    match format {
        Format::Raw => match body {
            Json::String(text) => Ok((text.clone().into_bytes(), None)),
            Json::Object(_) | Json::Array(_) => {
                Err(Failure::argument("body", "values need a `body_format` (json, form-urlencoded, form-multipart)"))
            }
            other => Ok((text(other).into_bytes(), None)),
        },
        Format::Json => {
            let written = match body {
                Json::String(text) => text.clone(),
                other => python_json(other),
            };
            Ok((written.into_bytes(), Some("application/json".into())))
        }
        Format::Form => {
            let written = match body {
                Json::String(text) => text.clone(),
                other => fields(other)?,
            };
            Ok((written.into_bytes(), Some("application/x-www-form-urlencoded".into())))
        }
        Format::Multipart => multipart(body, target),
    }
}

/// A dictionary, or a list of pairs; a list as a value is the name again and again.
fn fields(body: &Json) -> Result<String, Failure> {
    let wrong = || Failure::argument("body", "a form needs a dictionary, or a list of pairs");
    let pairs: Vec<(String, &Json)> = match body {
        Json::Object(map) => map.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Json::Array(items) => {
            let pair = |item: &Json| Some((text(item.get(0)?), item.get(1)?.clone()));
            if !items.iter().all(|item| pair(item).is_some()) {
                return Err(wrong());
            }
            items.iter().filter_map(|item| Some((text(item.get(0)?), item.get(1)?))).collect()
        }
        _ => return Err(wrong()),
    };
    let mut all = Vec::new();
    for (name, value) in pairs {
        match value {
            Json::Array(values) => all.extend(values.iter().map(|value| (name.clone(), text(value)))),
            value => all.push((name, text(value))),
        }
    }
    let written = all.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    Ok(written.collect::<Vec<_>>().join("&"))
}

/// As browsers send forms (url.spec.whatwg.org, application/x-www-form-urlencoded).
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// RFC 7578. The boundary comes from the content, so that a test can know it.
fn multipart(body: &Json, target: &dyn Look) -> Result<(Vec<u8>, Option<String>), Failure> {
    use sha1::Digest as _;
    let Json::Object(fields) = body else {
        return Err(Failure::argument("body", "form-multipart needs a dictionary"));
    };
    let mut parts = Vec::new();
    for (name, field) in fields {
        parts.push(part(name, field, target)?);
    }
    let digest = sha1::Sha1::digest(parts.concat());
    let boundary: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let boundary = format!("=============={boundary}==");
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        out.extend_from_slice(&part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((out, Some(format!("multipart/form-data; boundary=\"{boundary}\""))))
}

fn part(name: &str, field: &Json, target: &dyn Look) -> Result<Vec<u8>, Failure> {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\r', '\n'], " ");
    let Json::Object(field) = field else {
        let head = format!("Content-Type: text/plain\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n", quoted(name));
        return Ok([head.as_bytes(), text(field).as_bytes()].concat());
    };
    let word = |key: &str| field.get(key).filter(|value| !value.is_null()).map(text);
    let (filename, content) = (word("filename"), word("content"));
    let shown = filename.as_deref().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
    let kind = word("mime_type").unwrap_or_else(|| "application/octet-stream".into());
    let mut head = format!("Content-Type: {kind}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(name));
    if let Some(shown) = shown {
        head.push_str(&format!("; filename=\"{}\"", quoted(&shown)));
    }
    match (content, filename) {
        (Some(content), _) => Ok([head.as_bytes(), b"\r\n\r\n", content.as_bytes()].concat()),
        (None, Some(path)) => {
            let Some(bytes) = target.read(Path::new(&target.expand(&path)))? else {
                return Err(Failure::argument("body", format!("the file {path} of the field {name} is not on the host")));
            };
            if word("multipart_encoding").as_deref() == Some("7or8bit") {
                return Ok([head.as_bytes(), b"\r\n\r\n", &bytes].concat());
            }
            let encoded = STANDARD.encode(bytes);
            let lines: Vec<&[u8]> = encoded.as_bytes().chunks(76).collect();
            let head = format!("Content-Transfer-Encoding: base64\r\n{head}\r\n\r\n");
            Ok([head.as_bytes(), &lines.join(&b"\r\n"[..]), b"\r\n"].concat())
        }
        (None, None) => Err(Failure::argument("body", format!("the field {name} needs `content` or `filename`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_as_browsers_send_them() {
        assert_eq!(fields(&json!({"a": "1 2", "b": ["x", "y"]})).unwrap(), "a=1+2&b=x&b=y");
        assert_eq!(fields(&json!([["a", "1 &"], ["b", "é"]])).unwrap(), "a=1+%26&b=%C3%A9");
        assert!(fields(&json!([1])).is_err());
    }
}
