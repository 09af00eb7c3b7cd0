//! Hashes of passwords as crypt(3) has them: MD5, SHA-256, SHA-512, bcrypt. And new passwords and salts.

use md5::Md5;
use sha2::Digest;

use super::random;

/// The alphabet of salts and of hashes, but for bcrypt's.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// bcrypt's, in its own order.
const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// How to hash; what is left out is chosen.
#[derive(Default)]
pub(crate) struct Scheme<'a> {
    pub(crate) name: &'a str,
    pub(crate) salt: Option<&'a str>,
    /// Characters of a salt that is made up.
    pub(crate) salt_size: Option<usize>,
    pub(crate) rounds: Option<u64>,
    /// bcrypt's variant: 2, 2a, 2b, 2y.
    pub(crate) ident: Option<&'a str>,
}

/// # Errors
/// What is wrong with the scheme, never with the secret.
pub(crate) fn hash(secret: &str, scheme: &Scheme<'_>) -> Result<String, String> {
    match scheme.name {
        "sha512" | "sha512_crypt" => {
            let (salt, rounds, prefix) = sha(scheme, '6', 656_000)?;
            let digest = sha_crypt::sha512_crypt(secret.as_bytes(), salt.as_bytes(), params(rounds)?);
            let mut out = prefix + &salt + "$";
            let (mut a, mut b, mut c) = (0, 21, 42);
            for _ in 0..21 {
                encode(&[digest[a], digest[b], digest[c]], 4, &mut out);
                (a, b, c) = (b + 1, c + 1, a + 1);
            }
            encode(&[0, 0, digest[63]], 2, &mut out);
            Ok(out)
        }
        "sha256" | "sha256_crypt" => {
            let (salt, rounds, prefix) = sha(scheme, '5', 535_000)?;
            let digest = sha_crypt::sha256_crypt(secret.as_bytes(), salt.as_bytes(), params(rounds)?);
            let mut out = prefix + &salt + "$";
            let (mut a, mut b, mut c) = (0, 10, 20);
            for _ in 0..10 {
                encode(&[digest[a], digest[b], digest[c]], 4, &mut out);
                (a, b, c) = (c + 1, a + 1, b + 1);
            }
            encode(&[0, digest[31], digest[30]], 3, &mut out);
            Ok(out)
        }
        "md5" | "md5_crypt" => {
            let salt = salt(scheme, 8, 8)?;
            if scheme.rounds.is_some() {
                return Err("md5 takes no `rounds`".into());
            }
            Ok(md5_crypt(secret.as_bytes(), &salt))
        }
        "blowfish" | "bcrypt" => bcrypt(secret, scheme),
        other => Err(format!("{other} is not in the list of supported passlib algorithms: md5, blowfish, sha256, sha512")),
    }
}

/// Salt, rounds, and what stands before the salt.
fn sha(scheme: &Scheme<'_>, kind: char, default: u64) -> Result<(String, u32, String), String> {
    let rounds = scheme.rounds.unwrap_or(default);
    if !(1000..=999_999_999).contains(&rounds) {
        return Err(format!("`rounds` is from 1000 to 999999999, not {rounds}"));
    }
    // 5,000 is what is meant where the hash says nothing.
    let prefix = if rounds == 5000 { format!("${kind}$") } else { format!("${kind}$rounds={rounds}$") };
    Ok((salt(scheme, 16, 16)?, rounds as u32, prefix))
}

fn params(rounds: u32) -> Result<sha_crypt::Params, String> {
    sha_crypt::Params::new(rounds).map_err(|error| error.to_string())
}

fn salt(scheme: &Scheme<'_>, size: usize, longest: usize) -> Result<String, String> {
    match scheme.salt.filter(|salt| !salt.is_empty()) {
        Some(salt) if salt.len() > longest => Err(format!("the salt has {} characters, {longest} are the most", salt.len())),
        Some(salt) if salt.bytes().all(|byte| ALPHABET.contains(&byte)) => Ok(salt.to_string()),
        Some(_) => Err("a salt is of letters, digits, `.` and `/`".into()),
        None => {
            let size = scheme.salt_size.unwrap_or(size);
            if size > longest {
                Err(format!("a salt of {size} characters is too long, {longest} are the most"))
            } else {
                random::text(size, ALPHABET)
            }
        }
    }
}

/// Three bytes as so many characters, the last bits first.
fn encode(bytes: &[u8; 3], characters: usize, out: &mut String) {
    let mut bits = u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
    for _ in 0..characters {
        out.push(char::from(ALPHABET[(bits & 63) as usize]));
        bits >>= 6;
    }
}

/// FreeBSD's `$1$`.
fn md5_crypt(secret: &[u8], salt: &str) -> String {
    let once = Md5::new().chain_update(secret).chain_update(salt).chain_update(secret).finalize();
    let mut hasher = Md5::new().chain_update(secret).chain_update("$1$").chain_update(salt);
    for chunk in secret.chunks(16) {
        hasher.update(&once[..chunk.len()]);
    }
    let mut length = secret.len();
    while length > 0 {
        hasher.update(if length & 1 == 1 { &[0] } else { &secret[..1] });
        length >>= 1;
    }
    let mut digest = hasher.finalize();
    for round in 0..1000 {
        let mut hasher = Md5::new();
        if round % 2 == 1 {
            hasher.update(secret)
        } else {
            hasher.update(digest)
        }
        if round % 3 != 0 {
            hasher.update(salt);
        }
        if round % 7 != 0 {
            hasher.update(secret);
        }
        if round % 2 == 1 {
            hasher.update(digest)
        } else {
            hasher.update(secret)
        }
        digest = hasher.finalize();
    }
    let mut out = format!("$1${salt}$");
    for (a, b, c) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
        encode(&[digest[a], digest[b], digest[c]], 4, &mut out);
    }
    encode(&[0, 0, digest[11]], 2, &mut out);
    out
}

fn bcrypt(secret: &str, scheme: &Scheme<'_>) -> Result<String, String> {
    let version = match scheme.ident {
        None | Some("2b") => bcrypt::Version::TwoB,
        Some("2a" | "2") => bcrypt::Version::TwoA,
        Some("2y") => bcrypt::Version::TwoY,
        Some(other) => return Err(format!("`ident` is 2a, 2b or 2y, not {other:?}")),
    };
    let rounds = scheme.rounds.unwrap_or(12);
    if !(4..=31).contains(&rounds) {
        return Err(format!("`rounds` of bcrypt is from 4 to 31, not {rounds}"));
    }
    let salt = match scheme.salt.filter(|salt| !salt.is_empty()) {
        Some(salt) => salt.to_string(),
        None => random::text(22, BCRYPT)?,
    };
    let mut bits: Vec<u32> =
        salt.bytes().filter_map(|byte| BCRYPT.iter().position(|known| *known == byte)).map(|value| value as u32).collect();
    if salt.len() != 22 || bits.len() != 22 {
        return Err("a salt of bcrypt is 22 letters, digits, `.` and `/`".into());
    }
    // 22 characters hold four bits more than 16 bytes.
    bits.extend([0, 0]);
    let bytes: Vec<u8> =
        bits.chunks(4).flat_map(|four| (four[0] << 18 | four[1] << 12 | four[2] << 6 | four[3]).to_be_bytes()[1..].to_vec()).collect();
    let mut raw = [0; 16];
    raw.copy_from_slice(&bytes[..16]);
    let parts = bcrypt::hash_with_salt(secret, rounds as u32, raw).map_err(|error| error.to_string())?;
    Ok(parts.format_for_version(version))
}
