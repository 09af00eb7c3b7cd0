//! Bytes that are no UTF-8 within a text, each as a private character: what Python's `surrogateescape` (PEP 383) is there.
//!
//! So `b64decode` of a key store can go through a template into the `content` of a file.

use std::borrow::Cow;

/// Stands for the byte 0x80, the next for 0x81: in the last private plane, where no text has anything.
const FIRST: u32 = 0x10_DC80;

/// What is no UTF-8 becomes private characters.
#[cfg(feature = "controller")]
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let mut out = String::new();
        for chunk in error.as_bytes().utf8_chunks() {
            out.push_str(chunk.valid());
            out.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(FIRST + u32::from(*byte) - 0x80)));
        }
        out
    })
}

/// The bytes of a text made by [`text`]; of any other text its UTF-8.
pub(crate) fn bytes(text: &str) -> Cow<'_, [u8]> {
    let byte = |c: char| u32::from(c).checked_sub(FIRST).and_then(|offset| u8::try_from(offset + 0x80).ok());
    if !text.chars().any(|c| byte(c).is_some()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(out)
}
