//! The shell script that puts an agent in place and becomes it: over ssh as the login user, or under sudo as another.
//!
//! It speaks in lines that start with [`MARK`], so that what a login shell prints first does no harm:
//! `have` (frames follow), `need SYSTEM MACHINE` (the gzipped agent is to be sent), `fail WHY SYSTEM MACHINE`.
//! It holds no single quote, newline or exclamation mark, so that it passes whole through bash, dash, zsh, fish and csh.

use std::fmt;

/// What starts our lines.
pub const MARK: &str = "deploy-agent";

/// The argument that makes a binary of ours serve as agent.
pub const SERVE: &str = "agent-serve";

/// The argument that makes it do a job in the background, told through its stdin.
pub const JOB: &str = "agent-job";

/// The best folder for the cached agent.
const FIRST: &str = r#""${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/deploy""#;

/// All folders for it, best first: private ones of the user, never another's.
const PLACES: &str = r#""${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/deploy" "/var/tmp/deploy-$(id -u)" "/tmp/deploy-$(id -u)" "/dev/shm/deploy-$(id -u)""#;

/// How many agents are kept in a folder.
const KEPT: u32 = 3;

/// What the agent's first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Have,
    Need { system: String, machine: String },
    Fail { why: Why, machine: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The agent's own program cannot be reached.
    Own,
    /// No folder can be written to.
    Place,
    /// Programs may not be run from any of the folders.
    Noexec,
    /// What was sent could not be written, or not unpacked.
    Write,
    /// What was written is not what was sent.
    Hash,
}

impl fmt::Display for Why {
    /// With the remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Own => "the agent of the login user cannot be reached",
            Why::Place => {
                "there is no folder for the agent: neither ~/.cache, /var/tmp, /tmp nor /dev/shm can be written to (a full disk or a read-only file system? `df -h ~ /tmp` shows it)"
            }
            Why::Noexec => {
                "the agent may not run: ~/.cache, /var/tmp, /tmp and /dev/shm are all mounted noexec; mount one without, or set XDG_CACHE_HOME for the login to a folder that allows programs"
            }
            Why::Write => "the agent could not be written: probably the disk is full (`df -h ~ /tmp` shows it); free some space, then run again",
            Why::Hash => "the agent arrived damaged; run again",
        })
    }
}

/// How the agent comes through stdin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Gzipped,
    Plain,
}

/// Becomes the program at `path`, or says that it cannot ([`Why::Own`]). `None` where the path cannot be quoted.
pub fn own(path: &str) -> Option<String> {
    let plain = !path.contains(['\'', '"', '!', '\n', '$', '`', '\\']);
    plain.then(|| {
        format!(
            r#"cd . 2>/dev/null || cd 2>/dev/null || cd /; p="{path}"; if [ -r "$p" ] && [ -x "$p" ]; then echo {MARK} have; exec "$p" {SERVE}; fi; echo {MARK} fail own x x"#
        )
    })
}

/// Becomes the cached agent, or asks for it, keeps it, and becomes it. `hash`: its SHA-256 in hex; `size`: bytes to be sent.
///
/// What is sent is checked by its SHA-256. What is found in the user's private folder is checked by the sum that `cksum` made of it
/// then: that finds a damaged file in 4 ms where sha256sum takes 35, for every host and command.
pub fn script(hash: &str, size: usize, sent: Sent) -> String {
    let have = format!("echo {MARK} have; umask $u; exec");
    let unpack = match sent {
        Sent::Gzipped => "gzip -dc",
        Sent::Plain => "cat",
    };
    let mut all = String::from("u=$(umask); umask 077; cd . 2>/dev/null || cd 2>/dev/null || cd /; ");
    all += &format!(
        concat!(
            r#"h={hash}; d={first}; f="$d/$h"; s=; if [ -O "$d" ] && [ -O "$f" ] && {{ read -r s <"$f.sum"; }} 2>/dev/null && [ "$(cksum <"$f")" = "$s" ]; then {have} "$f" {serve}; fi; "#,
            r#"for d in {places}; do f="$d/$h"; "#,
            r#"if [ -O "$d" ] && [ -O "$f" ] && [ "$(sha256sum <"$f")" = "$h  -" ]; then {have} "$f" {serve}; fi; done; "#,
            r#"m="$(uname -s) $(uname -m)"; w=place; t=; "#,
            r#"for d in {places}; do if [ -h "$d" ]; then continue; fi; mkdir -p "$d" 2>/dev/null; if [ -O "$d" ]; then chmod 700 "$d"; t="$d/.$h.$$"; "#,
            r##"if {{ printf "#\041/bin/sh\n" >"$t" && chmod 700 "$t"; }} 2>/dev/null; then if "$t" 2>/dev/null; then w=; break; else w=noexec; fi; fi; rm -f "$t"; fi; done; "##,
            r#"if [ -n "$w" ]; then echo {mark} fail $w $m; exit 1; fi; "#,
            r#"echo {mark} need $m; "#,
            r#"if head -c {size} | {unpack} >"$t"; then :; else rm -f "$t"; echo {mark} fail write $m; exit 1; fi; "#,
            r#"if [ "$(sha256sum <"$t")" = "$h  -" ]; then :; else rm -f "$t"; echo {mark} fail hash $m; exit 1; fi; "#,
            r#"mv -f "$t" "$d/$h" && cksum <"$d/$h" >"$d/$h.sum" 2>/dev/null; "#,
            r#"ls -t "$d" | grep -x "[0-9a-f]*" | tail -n +{next} | while read -r o; do rm -f "$d/$o" "$d/$o.sum"; done; "#,
            r#"{have} "$d/$h" {serve}"#,
        ),
        hash = hash,
        first = FIRST,
        places = PLACES,
        have = have,
        serve = SERVE,
        mark = MARK,
        size = size,
        unpack = unpack,
        next = KEPT + 1,
    );
    all
}

/// `None` where the line is somebody else's.
pub fn read(line: &str) -> Option<Said> {
    let mut words = line.trim_end().strip_prefix(MARK)?.split_whitespace();
    match words.next()? {
        "have" => Some(Said::Have),
        "need" => Some(Said::Need { system: words.next()?.to_owned(), machine: words.next()?.to_owned() }),
        "fail" => {
            let why = match words.next()? {
                "place" => Why::Place,
                "noexec" => Why::Noexec,
                "hash" => Why::Hash,
                "own" => Why::Own,
                _ => Why::Write,
            };
            Some(Said::Fail { why, machine: words.nth(1).unwrap_or_default().to_owned() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_through_any_shell() {
        assert!(!script("ab12", 9, Sent::Gzipped).contains(['\'', '\n', '!']));
        assert!(!own("/home/u/.cache/deploy/ab12").unwrap().contains(['\'', '\n', '!']));
    }

    #[test]
    fn other_lines_are_passed_over() {
        assert_eq!(read("Welcome to Debian"), None);
        assert_eq!(read("deploy-agent have\n"), Some(Said::Have));
        assert_eq!(read("deploy-agent fail noexec Linux x86_64"), Some(Said::Fail { why: Why::Noexec, machine: "x86_64".into() }));
    }
}
