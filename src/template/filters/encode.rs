//! Base64, UUIDs, and the parts and escapes of URLs.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sha1::{Digest, Sha1};

use super::{Filter, Invocation};
use crate::template::eval::Result;
use crate::template::eval::objects::{plain, type_name};
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("b64encode", &["encoding", "urlsafe"], |call| {
        let bytes = encoding(call, 0)?.encode(&call.input_text()?).map_err(|why| call.error(why))?;
        Ok(Value::from(if call.flag(1, false) { URL_SAFE.encode(bytes) } else { STANDARD.encode(bytes) }))
    }),
    Filter::new("b64decode", &["encoding", "urlsafe"], b64decode),
    Filter::new("to_uuid", &["namespace"], to_uuid),
    Filter::new("urlencode", &[], urlencode),
    Filter::new("urldecode", &[], |call| Ok(Value::from(unquote(&call.input_text()?.replace('+', " "))))),
    Filter::new("urlsplit", &["query"], urlsplit),
];

/// How characters become bytes, by Python's names.
#[derive(Clone, Copy)]
pub(crate) enum Encoding {
    Utf8,
    Utf16 { little: bool, mark: bool },
    Latin1,
    Ascii,
}

impl Encoding {
    pub(crate) fn named(name: &str) -> Option<Encoding> {
        Some(match name.to_ascii_lowercase().replace('_', "-").as_str() {
            "utf-8" | "utf8" => Encoding::Utf8,
            "utf-16" | "utf16" => Encoding::Utf16 { little: true, mark: true },
            "utf-16-le" | "utf-16le" => Encoding::Utf16 { little: true, mark: false },
            "utf-16-be" | "utf-16be" => Encoding::Utf16 { little: false, mark: false },
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => Encoding::Latin1,
            "ascii" | "us-ascii" => Encoding::Ascii,
            _ => return None,
        })
    }

    fn encode(self, text: &str) -> std::result::Result<Vec<u8>, String> {
        Ok(match self {
            Encoding::Utf8 => crate::octets::bytes(text).into_owned(),
            Encoding::Utf16 { little, mark } => {
                let text = if mark { format!("\u{feff}{text}") } else { text.to_string() };
                text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
            }
            Encoding::Latin1 | Encoding::Ascii => {
                let limit = if matches!(self, Encoding::Ascii) { 0x7f } else { 0xff };
                let byte = |c: char| {
                    u8::try_from(u32::from(c)).ok().filter(|byte| *byte <= limit).ok_or_else(|| format!("the encoding has no {c:?}"))
                };
                text.chars().map(byte).collect::<std::result::Result<_, _>>()?
            }
        })
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> std::result::Result<String, String> {
        match self {
            Encoding::Utf8 => String::from_utf8(bytes.to_vec()).map_err(|_| "the bytes are no UTF-8".into()),
            Encoding::Ascii if !bytes.is_ascii() => Err("the bytes are no ASCII".into()),
            Encoding::Latin1 | Encoding::Ascii => Ok(crate::pattern::latin(bytes)),
            Encoding::Utf16 { little, mark } => {
                let units = bytes.chunks(2).map(|pair| {
                    let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
                    if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
                });
                let text = String::from_utf16(&units.collect::<Vec<_>>()).map_err(|_| "the bytes are no UTF-16".to_string())?;
                Ok(if mark { text.trim_start_matches('\u{feff}').to_string() } else { text })
            }
        }
    }
}

fn encoding(call: &Invocation<'_, '_>, index: usize) -> Result<Encoding> {
    match call.text(index)? {
        None => Ok(Encoding::Utf8),
        Some(name) => Encoding::named(&name)
            .ok_or_else(|| call.error(format!("there is no encoding {name:?}; there are utf-8, utf-16, latin-1, ascii"))),
    }
}

fn b64decode(call: &Invocation<'_, '_>) -> Result<Value> {
    let encoding = encoding(call, 0)?;
    let mut text: String = call.input_text()?.to_string();
    if call.flag(1, false) {
        text = text.replace('-', "+").replace('_', "/");
    }
    // Python skips whatever is not of the alphabet, and stops at the padding.
    let mut digits: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
    if let Some(end) = digits.find('=') {
        let padding = digits[end..].chars().take_while(|c| *c == '=').count();
        digits.truncate(end + padding);
    }
    if !digits.len().is_multiple_of(4) {
        return Err(call.error("the length of the base64 text is wrong: it was cut off, or its `=` are missing"));
    }
    let lax = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let bytes = lax.decode(digits).map_err(|error| call.error(format!("this is no base64: {error}")))?;
    if matches!(encoding, Encoding::Utf8) {
        return Ok(Value::from(crate::octets::text(bytes)));
    }
    encoding.decode(&bytes).map(Value::from).map_err(|why| call.error(why))
}

/// Version 5 (RFC 9562) in Ansible's own namespace, or another.
fn to_uuid(call: &Invocation<'_, '_>) -> Result<Value> {
    let namespace = call.text(0)?.unwrap_or_else(|| "361E6D51-FAEC-444A-9079-341386DA8E2E".into());
    let digits: String = namespace.chars().filter(|c| !"-{}".contains(*c)).collect();
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    let number = number.ok_or_else(|| call.error(format!("Invalid value {namespace:?} for `namespace`, which is a UUID")))?;
    let digest = Sha1::new().chain_update(number.to_be_bytes()).chain_update(call.input_text()?.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    Ok(Value::from(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])))
}

/// Everything but letters, digits and `_.-~` as `%XX`; `also` stays too.
fn quote(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) || also.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unquote(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text, or the pairs of a query.
fn urlencode(call: &Invocation<'_, '_>) -> Result<Value> {
    let pairs: Vec<(Value, Value)> = match plain(&call.input)? {
        Value::Map(map) => map.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        Value::List(items) | Value::Tuple(items) => {
            let pair = |item: &Value| match item.as_list() {
                Some([key, value]) => Ok((key.clone(), value.clone())),
                _ => Err(call.error(format!("takes a text, a dictionary or pairs, not {item:?}"))),
            };
            items.iter().map(pair).collect::<Result<_>>()?
        }
        other => return Ok(Value::from(quote(&other.to_string(), "/"))),
    };
    let plus = |value: &Value| quote(&value.to_string(), " ").replace(' ', "+");
    Ok(Value::from(pairs.iter().map(|(key, value)| format!("{}={}", plus(key), plus(value))).collect::<Vec<_>>().join("&")))
}

/// Scheme, `user@host:port` and the rest of a URL; none where the brackets of an address do not match.
pub(in crate::template) fn url_head(url: &str) -> Option<(String, &str, &str)> {
    let (mut scheme, mut rest) = (String::new(), url);
    if let Some((head, tail)) = rest.split_once(':')
        && head.starts_with(|c: char| c.is_ascii_alphabetic())
        && head.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    {
        (scheme, rest) = (head.to_ascii_lowercase(), tail);
    }
    let mut netloc = "";
    if let Some(after) = rest.strip_prefix("//") {
        (netloc, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
    }
    (netloc.contains('[') == netloc.contains(']')).then_some((scheme, netloc, rest))
}

/// As Python's `urlsplit`: all parts, or the one that is asked for.
fn urlsplit(call: &Invocation<'_, '_>) -> Result<Value> {
    let Value::Str(url) = &call.input else {
        return Err(call.error(format!("takes a URL, not an object of type '{}'", type_name(&call.input))));
    };
    let Some((scheme, netloc, mut rest)) = url_head(url) else {
        return Err(call.error(format!("the brackets of the address in {url:?} do not match")));
    };
    let (mut fragment, mut query) = ("", "");
    if let Some((head, tail)) = rest.split_once('#') {
        (rest, fragment) = (head, tail);
    }
    if let Some((head, tail)) = rest.split_once('?') {
        (rest, query) = (head, tail);
    }
    let (user, host) = netloc.rsplit_once('@').map_or((None, netloc), |(user, host)| (Some(user), host));
    let (username, password) = match user.map(|user| user.split_once(':').map_or((user, None), |(name, word)| (name, Some(word)))) {
        Some((name, word)) => (Some(name), word),
        None => (None, None),
    };
    let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((name, after)) => (name, after.strip_prefix(':')),
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let port = match port.filter(|port| !port.is_empty()) {
        None => Value::Null,
        Some(port) => match port.parse::<u16>() {
            Ok(number) => Value::Int(i64::from(number)),
            Err(_) => return Err(call.error(format!("{port:?} in {url:?} is no port"))),
        },
    };
    let text = |part: Option<&str>| part.map_or(Value::Null, Value::str);
    let parts = [
        ("fragment", Value::str(fragment)),
        ("hostname", if name.is_empty() { Value::Null } else { Value::from(name.to_lowercase()) }),
        ("netloc", Value::str(netloc)),
        ("password", text(password)),
        ("path", Value::str(rest)),
        ("port", port),
        ("query", Value::str(query)),
        ("scheme", Value::from(scheme)),
        ("username", text(username)),
    ];
    match call.text(0)?.filter(|wanted| !wanted.is_empty()) {
        None => Ok(Value::map(parts.map(|(name, part)| (Value::str(name), part)))),
        Some(wanted) => match parts.iter().find(|(name, _)| **name == *wanted) {
            Some((_, part)) => Ok(part.clone()),
            None => Err(call.error(format!("unknown URL component: {wanted}; there are {}", parts.map(|(name, _)| name).join(", ")))),
        },
    }
}
