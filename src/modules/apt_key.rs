//! `apt_key`: keys in apt's old keyring. `deb822_repository` with `signed_by` does better: it trusts a key for one source only.

use std::io::Read;
use std::path::PathBuf;

use serde_json::json;

use super::Module;
use super::arguments::Rule;
use crate::plan::{Change, Command, Content, Failure, Look, Plan, Request};
use crate::{arguments, choices};

choices! {
    /// Whether the key is to be there.
    pub(crate) enum State { Present = "present", Absent = "absent" }
}

arguments! {
    /// Adds and removes keys that apt trusts for every source, by apt-key.
    pub(crate) struct AptKey {
        /// Identifier of the key: its fingerprint, or the end of it. Found out of the key when not given.
        id: Option<String>,
        /// Whether the key is to be there.
        state: State = State::Present,
        /// Where to download the key.
        url: Option<String>,
        /// A file on the target that holds the key.
        file: Option<PathBuf>,
        /// The key itself.
        data: Option<String>,
        /// A server of keys to get it from. Needs `id`.
        keyserver: Option<String>,
        /// The keyring to change, in place of apt's own.
        keyring: Option<PathBuf>,
        /// Check the certificate of `url`.
        validate_certs: bool = true,
    }
}

impl Module for AptKey {
    const NAME: &'static str = "ansible.builtin.apt_key";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["data", "file", "keyserver", "url"])];
    const OUTWARD: bool = true;
    const EXAMPLES: &'static str = r#"
- name: Trust a vendor's key
  ansible.builtin.apt_key:
    url: https://packages.example.org/key.asc
    id: 0123456789ABCDEF0123456789ABCDEF01234567
"#;
    const RETURNS: &'static str = "id: the key as given
key_id: its last 16 digits
short_id: its last 8 digits
fp: its fingerprint
before: keys there before
after: keys there after";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        for program in ["apt-key", "gpg"] {
            if target.which(program).is_none() {
                let msg = format!("this host has no {program}; `deb822_repository` with `signed_by` needs neither apt-key nor gpg");
                return Ok(Plan::missing(Failure::new(msg)));
            }
        }
        let before = self.keys(target)?;
        let mut key = None;
        if self.state == State::Present && (self.url.is_some() || self.file.is_some() || self.data.is_some()) {
            // What is known to be there needs no download.
            let is_known = self.id.as_ref().is_some_and(|id| has(&before, id));
            key = if is_known { None } else { Some(self.content(target)?) };
        }
        let id = match (&self.id, &key) {
            (Some(id), _) => id.clone(),
            (None, Some(key)) => identify(key, target)?,
            (None, None) => return Err(Failure::argument("id", "`id` is needed: there is no key to find it out of")),
        };
        let bare = id.trim().trim_start_matches("0x").replace(' ', "").to_uppercase();
        if bare.len() < 8 || !bare.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Failure::argument("id", format!("{id:?} is no identifier of a key: at least 8 hexadecimal digits")));
        }
        let end = |digits: usize| bare[bare.len().saturating_sub(digits)..].to_owned();
        let is_there = has(&before, &bare);
        let mut plan = Plan::unchanged().with("id", id.clone()).with("key_id", end(16)).with("short_id", end(8)).with("fp", bare.clone());
        let change = match (self.state, is_there) {
            (State::Present, true) | (State::Absent, false) => None,
            (State::Absent, true) => Some(self.apt_key(&["del", &end(16)])),
            (State::Present, false) => Some(match (&self.keyserver, key) {
                (Some(server), _) => self.apt_key(&["adv", "--no-tty", "--batch", "--keyserver", server, "--recv", &bare]),
                (None, Some(key)) => Command { stdin: Some(Content::Bytes(key)), ..self.apt_key(&["add", "-"]) },
                (None, None) => {
                    return Err(Failure::argument("id", "the key is not there: give `url`, `file`, `data` or `keyserver` to get it from"));
                }
            }),
        };
        plan = plan.with("before", json!(before)).with("after", json!(before));
        let Some(change) = change else { return Ok(plan) };
        plan.changes = vec![Change::Run(change)];
        Ok(plan.then(move |target, _| {
            let after = self.keys(target)?;
            if has(&after, &bare) != (self.state == State::Present) {
                return Err(Failure::argument(
                    "id",
                    format!(
                        "apt-key did what was asked, but the key {id} is {}",
                        if self.state == State::Present { "not there" } else { "still there" }
                    ),
                ));
            }
            Ok(Plan::unchanged().with("after", json!(after)))
        }))
    }
}

impl AptKey {
    fn apt_key(&self, words: &[&str]) -> Command {
        let mut argv = vec!["apt-key".to_owned()];
        argv.extend(self.keyring.iter().flat_map(|path| ["--keyring".to_owned(), path.display().to_string()]));
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        let mut command = Command::new(argv);
        command.env.insert("APT_KEY_DONT_WARN_ON_DANGEROUS_USAGE".into(), "1".into());
        command
    }

    /// Fingerprints of the keys that are there, subkeys too.
    fn keys(&self, target: &dyn Look) -> Result<Vec<String>, Failure> {
        let command = self.apt_key(&["adv", "--no-tty", "--batch", "--list-public-keys", "--with-colons", "--with-subkey-fingerprint"]);
        Ok(fingerprints(&target.ask(&Command { accept: Vec::new(), ..command })?.text()))
    }

    fn content(&self, target: &dyn Look) -> Result<Vec<u8>, Failure> {
        if let Some(data) = &self.data {
            return Ok(data.clone().into_bytes());
        }
        if let Some(path) = &self.file {
            let found = target.read(path)?;
            return found.ok_or_else(|| Failure::argument("file", format!("there is no file {} on this host", path.display())));
        }
        let url = self.url.clone().unwrap_or_default();
        let request = Request {
            method: "GET".into(),
            url: url.clone(),
            validate_certs: self.validate_certs,
            redirects: 10,
            timeout: 30.0,
            ..Request::default()
        };
        let answer = target.fetch(&request).map_err(|error| Failure::argument("url", error.to_string()))?;
        if answer.status != 200 {
            return Err(Failure::argument("url", format!("cannot download {url}: the server answers {} {}", answer.status, answer.reason)));
        }
        let mut key = Vec::new();
        target.content(&Content::File(answer.body))?.read_to_end(&mut key)?;
        Ok(key)
    }
}

/// The fingerprint of a key.
fn identify(key: &[u8], target: &dyn Look) -> Result<String, Failure> {
    let command = Command::new(["gpg", "--no-tty", "--batch", "--with-colons", "--show-keys"]);
    let answer = target.ask(&Command { stdin: Some(Content::Bytes(key.to_vec())), accept: Vec::new(), ..command })?;
    let found = fingerprints(&answer.text()).into_iter().next();
    found.ok_or_else(|| Failure::new(format!("what was given is no key: {}", answer.errors().trim())))
}

/// gnupg, doc/DETAILS: the tenth field of `fpr` records.
fn fingerprints(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with("fpr:")).filter_map(|line| line.split(':').nth(9).map(str::to_owned)).collect()
}

fn has(keys: &[String], id: &str) -> bool {
    let id = id.trim().trim_start_matches("0x").replace(' ', "").to_uppercase();
    keys.iter().any(|key| key.ends_with(&id))
}
