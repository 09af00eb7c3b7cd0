//! The format itself, 1.1 and 1.2: a header, and hexadecimal lines that hold salt, HMAC and ciphertext, hexadecimal once more.
//! AES-256 in counter mode, keys by PBKDF2 (HMAC-SHA256, 10,000 rounds), HMAC-SHA256 over the ciphertext, checked first.

use std::fmt::Write as _;
use std::io::Read as _;

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(super) const MAGIC: &str = "$ANSIBLE_VAULT";

const ROUNDS: u32 = 10_000;
const SALT: usize = 32;
/// Key of the cipher, key of the HMAC, first counter.
const DERIVED: usize = 32 + 32 + 16;
/// The cipher's block, to which the content is padded.
const BLOCK: usize = 16;
/// Characters in a line of the body.
const WIDTH: usize = 80;

/// A vault text taken apart, not yet opened.
pub(super) struct Envelope {
    pub(super) id: Option<String>,
    salt: Vec<u8>,
    seal: Vec<u8>,
    content: Vec<u8>,
}

/// The error says what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<Envelope, String> {
    let text = text.trim_start();
    let (header, body) = text.split_once('\n').unwrap_or((text, ""));
    let fields: Vec<&str> = header.trim_end().split(';').map(str::trim).collect();
    let id = match fields[..] {
        [MAGIC, "1.1", "AES256"] => None,
        [MAGIC, "1.2", "AES256", id] => Some(id.to_owned()),
        [MAGIC, "1.0" | "1.1" | "1.2", "AES", ..] => return Err("its cipher `AES` is no longer supported, only AES256".into()),
        [MAGIC, "1.1" | "1.2", cipher, ..] if cipher != "AES256" => {
            return Err(format!("its cipher `{cipher}` is not known, only AES256"));
        }
        [MAGIC, version, ..] if !matches!(version, "1.1" | "1.2") => {
            return Err(format!("its format `{version}` is not known, only 1.1 and 1.2"));
        }
        [MAGIC, ..] => return Err("its first line is incomplete".into()),
        _ => return Err(format!("it does not begin with `{MAGIC};`")),
    };
    let digits: String = body.split_whitespace().collect();
    let inner = unhex(digits.as_bytes()).ok_or_else(|| {
        // The words of Python, by which scripts know it.
        let why = if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) { "Odd-length string" } else { "Non-hexadecimal digit found" };
        format!("it holds something else than hexadecimal digits, or was cut off (Vault format unhexlify error: {why})")
    })?;
    let mut parts = inner.split(|byte| *byte == b'\n').map(unhex);
    let (Some(Some(salt)), Some(Some(seal)), Some(Some(content)), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("it is incomplete".into());
    };
    Ok(Envelope { id, salt, seal, content })
}

impl Envelope {
    /// The content; none where the password is another one (or the text was changed: that cannot be told apart).
    pub(super) fn open(&self, password: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let keys = derive(password, &self.salt);
        if mac(&keys, &self.content).verify_slice(&self.seal).is_err() {
            return Ok(None);
        }
        let mut content = self.content.clone();
        apply_cipher(&keys, &mut content);
        let padding = content.last().map_or(0, |last| usize::from(*last));
        let sound = (1..=BLOCK).contains(&padding)
            && padding <= content.len()
            && content[content.len() - padding..].iter().all(|b| usize::from(*b) == padding);
        if !sound {
            return Err("its padding is wrong".into());
        }
        content.truncate(content.len() - padding);
        Ok(Some(content))
    }
}

pub(super) fn seal(content: &[u8], password: &[u8], id: Option<&str>) -> std::io::Result<String> {
    let mut salt = [0u8; SALT];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut salt)?;
    Ok(seal_with(content, password, id, &salt))
}

/// The same salt gives the same text.
pub(super) fn seal_with(content: &[u8], password: &[u8], id: Option<&str>, salt: &[u8]) -> String {
    let keys = derive(password, salt);
    let padding = BLOCK - content.len() % BLOCK;
    let mut sealed = content.to_vec();
    sealed.resize(content.len() + padding, padding as u8);
    apply_cipher(&keys, &mut sealed);
    let seal = mac(&keys, &sealed).finalize().into_bytes();
    let inner = format!("{}\n{}\n{}", hex(salt), hex(&seal), hex(&sealed));
    let mut text = match id {
        None => format!("{MAGIC};1.1;AES256\n"),
        Some(id) => format!("{MAGIC};1.2;AES256;{id}\n"),
    };
    let digits = hex(inner.as_bytes());
    for line in digits.as_bytes().chunks(WIDTH) {
        text.extend(line.iter().map(|digit| char::from(*digit)));
        text.push('\n');
    }
    text
}

fn derive(password: &[u8], salt: &[u8]) -> [u8; DERIVED] {
    let mut keys = [0u8; DERIVED];
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, ROUNDS, &mut keys);
    keys
}

fn mac(keys: &[u8; DERIVED], content: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&keys[32..64]).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(content);
    mac
}

/// The same in both directions.
fn apply_cipher(keys: &[u8; DERIVED], content: &mut [u8]) {
    let mut cipher = Ctr128BE::<Aes256>::new_from_slices(&keys[..32], &keys[64..])
        .unwrap_or_else(|_| unreachable!("32 and 16 bytes are right for AES-256"));
    cipher.apply_keystream(content);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |d: u8| char::from(d).to_digit(16);
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)).collect()
}
