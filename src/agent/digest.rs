//! Checksums of streams, as lower-case hex.

use std::fmt::Write as _;
use std::io::{self, Read};

use sha2::Digest;

use crate::plan::Algorithm;

pub(crate) fn of(from: impl Read, algorithm: Algorithm) -> io::Result<String> {
    match algorithm {
        Algorithm::Md5 => stream::<md5::Md5>(from),
        Algorithm::Sha1 => stream::<sha1::Sha1>(from),
        Algorithm::Sha224 => stream::<sha2::Sha224>(from),
        Algorithm::Sha256 => stream::<sha2::Sha256>(from),
        Algorithm::Sha384 => stream::<sha2::Sha384>(from),
        Algorithm::Sha512 => stream::<sha2::Sha512>(from),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn stream<D: Digest>(mut from: impl Read) -> io::Result<String> {
    let mut hasher = D::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(n) => hasher.update(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        assert_eq!(of("abc".as_bytes(), Algorithm::Sha1).unwrap(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(of("abc".as_bytes(), Algorithm::Md5).unwrap(), "900150983cd24fb0d6963f7d28e17f72");
    }
}
