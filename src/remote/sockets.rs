//! Where the sockets of ssh masters lie: a folder that only we can enter, names short enough for a socket's address.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Settings;

/// sun_path holds 108 bytes, and ssh appends 17 of its own to the name while it makes the socket (unix(7), OpenSSH mux.c).
const LONGEST: usize = 90;

/// The socket for these settings, in a folder that is made and checked. The error is a sentence.
pub(super) fn socket(settings: &Settings, keep: Duration) -> Result<PathBuf, String> {
    let name = name(settings, keep);
    let uid = rustix::process::geteuid().as_raw();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("deploy"));
    let own = runtime.filter(|folder| folder.as_os_str().len() + name.len() < LONGEST && folder.parent().is_some_and(Path::is_dir));
    let mut last = String::new();
    for folder in own.into_iter().chain([format!("/tmp/deploy-{uid}").into()]) {
        match private(&folder, uid) {
            Ok(()) => return Ok(folder.join(name)),
            Err(why) => last = why,
        }
    }
    Err(last)
}

/// Made with mode 0700, or already ours and closed to all others.
fn private(folder: &Path, uid: u32) -> Result<(), String> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(format!(
                "cannot make {} for the sockets of ssh: {error}; set XDG_RUNTIME_DIR to a private folder",
                folder.display()
            ));
        }
        _ => {}
    }
    let meta = fs::symlink_metadata(folder).map_err(|error| format!("cannot look at {}: {error}", folder.display()))?;
    if !meta.is_dir() || meta.uid() != uid || meta.mode() & 0o077 != 0 {
        return Err(format!(
            "{} must be a folder that is yours and closed to all others (mode 0700), as the sockets of ssh lie there: remove it, or set XDG_RUNTIME_DIR to a private folder",
            folder.display()
        ));
    }
    Ok(())
}

/// The same for the same way to the same host, whoever asks. One that is not to be kept is nobody else's.
fn name(settings: &Settings, keep: Duration) -> String {
    let Settings { local: _, address, port, user, private_key, password, arguments, host_key_checking, timeout: _ } = settings;
    let who = (keep.is_zero()).then(std::process::id);
    let told = format!("{:?}", (address, port, user, private_key, password.is_some(), arguments, host_key_checking, who));
    Sha256::digest(told.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_for_one_way() {
        let web = Settings { address: "web-1".into(), ..Settings::default() };
        let slow = Settings { timeout: 60, ..web.clone() };
        let other = Settings { port: Some(2222), ..web.clone() };
        let keep = Duration::from_secs(1);
        assert_eq!(name(&web, keep), name(&slow, keep));
        assert_ne!(name(&web, keep), name(&other, keep));
        assert_ne!(name(&web, keep), name(&web, Duration::ZERO));
    }
}
