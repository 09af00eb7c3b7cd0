//! Chance: repeatable where a seed is given, from the system where it is to be secret.

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher;
use std::io::Read as _;

use sha2::{Digest, Sha256};

/// splitmix64 from a hash of the seed. Not Python's generator: a seed gives other numbers than Ansible's.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn fresh() -> Random {
        // The standard library's hasher keys come from the system's randomness.
        Random(RandomState::new().hash_one(std::time::SystemTime::now()))
    }

    pub(crate) fn seeded(seed: &str) -> Random {
        let digest = Sha256::digest(seed.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Random(u64::from_le_bytes(first))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `limit`, each as likely.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}

/// So many characters of an alphabet of up to 256, from the system's own randomness: for passwords and salts.
pub(crate) fn text(size: usize, alphabet: &[u8]) -> Result<String, String> {
    let no_bytes = |error: std::io::Error| format!("no random bytes from the system: {error}");
    let mut source = File::open("/dev/urandom").map_err(no_bytes)?;
    // Bytes beyond the last whole multiple would make some characters likelier than others.
    let limit = 256 - 256 % alphabet.len();
    let mut out = String::with_capacity(size);
    let mut buffer = [0; 64];
    while out.len() < size {
        source.read_exact(&mut buffer).map_err(no_bytes)?;
        let fair = buffer.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
        let missing = size - out.len();
        out.extend(fair.take(missing).map(|byte| char::from(alphabet[byte % alphabet.len()])));
    }
    Ok(out)
}
