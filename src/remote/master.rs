//! The ssh process of a host: started with the user's own configuration, kept for a while after its last use, found again.
//!
//! Two processes that need the same one agree by a lock beside its socket.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::process::Command;

use super::hidden::ASKPASS;
use super::{Settings, sockets, trouble};

/// After the connection is made: for what the server takes to let us in.
const AUTHENTICATION: Duration = Duration::from_secs(30);

/// A master that is not to be kept lives this long without use, so that it goes even if we are killed.
const BRIEF: Duration = Duration::from_secs(10);

/// A host's master.
pub(super) struct Master {
    pub(super) socket: PathBuf,
    /// Found, not started by us: its network may be gone without its knowing.
    pub(super) found: bool,
}

/// Finds the host's master, or starts it. The error is a sentence.
pub(super) async fn open(settings: &Settings, keep: Duration) -> Result<Master, String> {
    let socket = sockets::socket(settings, keep)?;
    if listens(&socket).await {
        return Ok(Master { socket, found: true });
    }
    let _lock = lock(&socket).await?;
    // Somebody else may have started it while we waited.
    if listens(&socket).await {
        return Ok(Master { socket, found: true });
    }
    let _ = std::fs::remove_file(&socket);
    start(settings, &socket, keep).await?;
    Ok(Master { socket, found: false })
}

/// Ends the host's master, if there is one.
pub(super) async fn close(settings: &Settings, keep: Duration) {
    if let Ok(socket) = sockets::socket(settings, keep)
        && listens(&socket).await
    {
        end(&socket).await;
    }
}

/// Ends the master at a socket; what is left of a dead one goes too.
pub(super) async fn end(socket: &Path) {
    let exit = Command::new("ssh")
        .args(["-O", "exit", "-S"])
        .arg(socket)
        .arg("-")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let _ = tokio::time::timeout(Duration::from_secs(2), exit).await;
    let _ = std::fs::remove_file(socket);
}

async fn listens(socket: &Path) -> bool {
    UnixStream::connect(socket).await.is_ok()
}

/// Held until dropped; the file stays, as removing it would split those who wait.
async fn lock(socket: &Path) -> Result<File, String> {
    let path = socket.with_extension("lock");
    let locked = tokio::task::spawn_blocking({
        let path = path.clone();
        move || {
            let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
            file.lock()?;
            Ok::<_, std::io::Error>(file)
        }
    });
    match locked.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) => Err(format!("cannot lock {}: {error}", path.display())),
        Err(error) => Err(format!("cannot lock {}: {error}", path.display())),
    }
}

async fn start(settings: &Settings, socket: &Path, keep: Duration) -> Result<(), String> {
    let mut command = Command::new("ssh");
    command.args(arguments(settings, socket, keep)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let secret = settings.password.as_ref().map(|password| Secret::write(socket, &password.0)).transpose()?;
    if let Some(secret) = &secret {
        let own = std::env::current_exe().map_err(|error| format!("cannot find our own program: {error}"))?;
        command.env("SSH_ASKPASS", own).env("SSH_ASKPASS_REQUIRE", "force").env(ASKPASS, &secret.0);
    }
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            "there is no `ssh` on this machine: install OpenSSH's client (Debian: apt install openssh-client)".to_owned()
        }
        _ => format!("cannot start ssh: {error}"),
    })?;
    let stderr = child.stderr.take();
    let said = tokio::spawn(async move {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.read_to_end(&mut said).await;
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    let patience = Duration::from_secs(seconds(settings).into()) + AUTHENTICATION;
    match tokio::time::timeout(patience, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(_)) => {
            // It has ended; a program that it started may still hold its stderr.
            let said = tokio::time::timeout(Duration::from_secs(1), said).await.ok().and_then(Result::ok).unwrap_or_default();
            Err(trouble::sentence(settings, &said))
        }
        Ok(Err(error)) => Err(format!("cannot wait for ssh: {error}")),
        Err(_) => Err(format!(
            "{} did not let us in within {} seconds: is the host overloaded, or does it ask something else?",
            settings.address,
            patience.as_secs()
        )),
    }
}

fn seconds(settings: &Settings) -> u32 {
    if settings.timeout == 0 { 10 } else { settings.timeout }
}

/// ssh takes the first value of an option: what makes it a master comes before what users add.
fn arguments(settings: &Settings, socket: &Path, keep: Duration) -> Vec<String> {
    let keep = if keep.is_zero() { BRIEF } else { keep };
    let mut all: Vec<String> = ["-M", "-N", "-f", "-S"].map(String::from).into();
    all.push(socket.to_string_lossy().into_owned());
    let mut option = |text: String| all.extend(["-o".into(), text]);
    option(format!("ControlPersist={}", keep.as_secs().max(1)));
    match &settings.password {
        None => option("BatchMode=yes".into()),
        Some(_) => {
            option("BatchMode=no".into());
            option("NumberOfPasswordPrompts=1".into());
        }
    }
    if let Some(checking) = settings.host_key_checking {
        option(format!("StrictHostKeyChecking={}", if checking { "yes" } else { "no" }));
    }
    if let Some(port) = settings.port {
        option(format!("Port={port}"));
    }
    if let Some(user) = &settings.user {
        option(format!("User={user}"));
    }
    if let Some(key) = &settings.private_key {
        option(format!("IdentityFile=\"{}\"", key.display()));
    }
    option(format!("ConnectTimeout={}", seconds(settings)));
    all.extend(settings.arguments.iter().cloned());
    // Last, so that what users say counts: a dead network is noticed after a minute.
    all.extend(["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4", "--"].map(String::from));
    all.push(settings.address.clone());
    all
}

/// A password in a private file for as long as ssh may ask: not in a process list, not in an environment.
struct Secret(PathBuf);

impl Secret {
    fn write(socket: &Path, password: &str) -> Result<Secret, String> {
        let path = socket.with_extension(format!("{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(format!("{password}\n").as_bytes()));
        let secret = Secret(path);
        written.map(|()| secret).map_err(|error| format!("cannot hand the password to ssh: {error}"))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_it_a_master_comes_first() {
        let settings = Settings {
            address: "web-1".into(),
            port: Some(2222),
            arguments: ["-o", "ControlPersist=60s"].map(String::from).into(),
            ..Settings::default()
        };
        let line = arguments(&settings, Path::new("/run/s"), Duration::from_secs(600)).join(" ");
        assert_eq!(
            line,
            "-M -N -f -S /run/s -o ControlPersist=600 -o BatchMode=yes -o Port=2222 -o ConnectTimeout=10 -o ControlPersist=60s -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -- web-1"
        );
    }
}
