//! `deb822_repository`: sources of apt in its newer style, one file each (sources.list(5), "DEB822-STYLE FORMAT").

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Module;
use crate::plan::{Attributes, Change, Content, Failure, Look, Plan, Request};
use crate::{arguments, choices};

choices! {
    /// Whether the source is to be there.
    pub(crate) enum State { Present = "present", Absent = "absent" }
}

choices! {
    /// Binary packages or sources.
    pub(crate) enum Kind { Deb = "deb", DebSrc = "deb-src" }
}

arguments! {
    /// Adds and removes sources of packages, in apt's deb822 style.
    pub(crate) struct Deb822Repository {
        /// Name of the source; its file is called after it.
        name: String,
        /// Whether the source is to be there.
        state: State = State::Present,
        /// Kinds of packages.
        types: Vec<Kind> = vec![Kind::Deb],
        /// Addresses.
        uris: Option<Vec<String>>,
        /// Suites, such as `bookworm`; a path that ends with a slash takes no components.
        suites: Option<Vec<String>>,
        /// Components, such as `main`.
        components: Option<Vec<String>>,
        /// Architectures; all that dpkg knows when not given.
        architectures: Option<Vec<String>>,
        /// The key that signs it: the key itself, its URL, a path on the target, or a fingerprint.
        signed_by: Option<String>,
        /// Whether apt uses it.
        enabled: Option<bool>,
        /// Take it without a valid signature.
        trusted: Option<bool>,
        /// Take it with an insecure signature.
        allow_insecure: Option<bool>,
        /// Take it with a weak signature.
        allow_weak: Option<bool>,
        /// Take it though it was signed before and is no more.
        allow_downgrade_to_insecure: Option<bool>,
        /// Ask for indexes by their hashes.
        by_hash: Option<bool>,
        /// Check the date of the release file.
        check_date: Option<bool>,
        /// Check until when the release file is valid.
        check_valid_until: Option<bool>,
        /// Seconds that the release file's date may be in the future.
        date_max_future: Option<i64>,
        /// Path of the InRelease file.
        inrelease_path: Option<String>,
        /// Languages of descriptions.
        languages: Option<Vec<String>>,
        /// Download differences of indexes.
        pdiffs: Option<bool>,
        /// Which indexes to download.
        targets: Option<Vec<String>>,
        /// Permissions of the file.
        mode: String = "0644".into(),
        /// No effect: nothing of Python is needed.
        install_python_debian: bool = false,
    }
}

impl Module for Deb822Repository {
    const NAME: &'static str = "ansible.builtin.deb822_repository";
    const EXAMPLES: &'static str = r#"
- name: Have a vendor's packages, signed by the vendor's key
  ansible.builtin.deb822_repository:
    name: vendor
    uris: https://packages.example.org/debian
    suites: bookworm
    components: [main]
    signed_by: https://packages.example.org/key.asc
"#;
    const RETURNS: &'static str = "repo: the source as written
dest: the file
key_filename: where the key is";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let slug = self
            .name
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' })
            .collect::<String>();
        let dest = Path::new("/etc/apt/sources.list.d").join(format!("{slug}.sources"));
        let keyring = |ending: &str| Path::new("/etc/apt/keyrings").join(format!("{slug}.{ending}"));
        if self.state == State::Absent {
            let files = [dest.clone(), keyring("asc"), keyring("gpg")];
            let is_there = |path: &&PathBuf| matches!(target.stat(path, false), Ok(Some(_)));
            let changes = files.iter().filter(is_there).map(|path| Change::Remove { path: path.clone() }).collect();
            let key = files[1..].iter().find(is_there).unwrap_or(&files[2]);
            return Ok(Plan::of(changes).with("repo", json!(null)).with("dest", json!(dest)).with("key_filename", json!(key)));
        }
        if self.uris.is_none() || self.suites.is_none() {
            return Err(Failure::argument("uris", "`uris` and `suites` are needed to have a source"));
        }
        let mode = u32::from_str_radix(self.mode.trim_start_matches("0o"), 8)
            .map_err(|_| Failure::argument("mode", format!("`mode` must be octal digits such as \"0644\", not {:?}", self.mode)))?;
        let mut changes = Vec::new();
        let mut key_file = None;
        let mut signed_by = self.signed_by.clone();
        if let Some(url) = self.signed_by.as_ref().filter(|key| key.contains("://")) {
            let key = download(url, target)?;
            let is_armored = key.starts_with(b"-----BEGIN PGP");
            let path = keyring(if is_armored { "asc" } else { "gpg" });
            write(&path, key, 0o644, target, &mut changes)?;
            signed_by = Some(path.display().to_string());
            key_file = Some(path);
        }
        let text = self.text(signed_by);
        write(&dest, text.clone().into_bytes(), mode, target, &mut changes)?;
        Ok(Plan::of(changes).with("repo", text).with("dest", json!(dest)).with("key_filename", json!(key_file)))
    }
}

impl Deb822Repository {
    /// The stanza, in the order in which Ansible writes it.
    fn text(&self, signed_by: Option<String>) -> String {
        let flag = |value: Option<bool>| value.map(|on| if on { "yes" } else { "no" }.to_owned());
        let list = |value: &Option<Vec<String>>| value.as_ref().filter(|list| !list.is_empty()).map(|list| list.join(" "));
        let types: Vec<&str> = self.types.iter().map(|kind| kind.word()).collect();
        // A key in place of its file is a value of several lines, empty ones marked by a dot.
        let key = signed_by.map(|key| {
            let line = |line: &str| if line.trim().is_empty() { "\n    .".to_owned() } else { format!("\n    {line}") };
            if key.contains('\n') { key.trim_end().lines().map(line).collect() } else { format!(" {key}") }
        });
        let plain = |value: Option<String>| value.map(|value| format!(" {value}"));
        let fields = [
            ("Allow-Downgrade-To-Insecure", plain(flag(self.allow_downgrade_to_insecure))),
            ("Allow-Insecure", plain(flag(self.allow_insecure))),
            ("Allow-Weak", plain(flag(self.allow_weak))),
            ("Architectures", plain(list(&self.architectures))),
            ("By-Hash", plain(flag(self.by_hash))),
            ("Check-Date", plain(flag(self.check_date))),
            ("Check-Valid-Until", plain(flag(self.check_valid_until))),
            ("Components", plain(list(&self.components))),
            ("Date-Max-Future", plain(self.date_max_future.map(|seconds| seconds.to_string()))),
            ("Enabled", plain(flag(self.enabled))),
            ("InRelease-Path", plain(self.inrelease_path.clone())),
            ("Languages", plain(list(&self.languages))),
            ("X-Repolib-Name", plain(Some(self.name.clone()))),
            ("PDiffs", plain(flag(self.pdiffs))),
            ("Signed-By", key),
            ("Suites", plain(list(&self.suites))),
            ("Targets", plain(list(&self.targets))),
            ("Trusted", plain(flag(self.trusted))),
            ("Types", plain(Some(types.join(" ")))),
            ("URIs", plain(list(&self.uris))),
        ];
        fields.into_iter().filter_map(|(name, value)| Some(format!("{name}:{}\n", value?))).collect()
    }
}

fn write(path: &Path, content: Vec<u8>, mode: u32, target: &dyn Look, changes: &mut Vec<Change>) -> Result<(), Failure> {
    let attributes = Attributes { mode: Some(mode), ..Attributes::default() };
    if target.read(path)?.as_ref() != Some(&content) {
        if let Some(folder) = path.parent().filter(|folder| !matches!(target.stat(folder, true), Ok(Some(_)))) {
            let attributes = Attributes { mode: Some(0o755), ..Attributes::default() };
            changes.push(Change::Folder { path: folder.to_owned(), attributes });
        }
        changes.push(Change::Write { path: path.to_owned(), content: Content::Bytes(content), attributes, backup: false, validate: None });
    } else if target.stat(path, true)?.is_some_and(|meta| meta.mode != mode) {
        changes.push(Change::Own { path: path.to_owned(), attributes, follow: true });
    }
    Ok(())
}

fn download(url: &str, target: &dyn Look) -> Result<Vec<u8>, Failure> {
    let request =
        Request { method: "GET".into(), url: url.to_owned(), validate_certs: true, redirects: 10, timeout: 30.0, ..Request::default() };
    let answer = target.fetch(&request).map_err(|error| Failure::argument("signed_by", error.to_string()))?;
    if answer.status != 200 {
        return Err(Failure::argument(
            "signed_by",
            format!("cannot download {url}: the server answers {} {}", answer.status, answer.reason),
        ));
    }
    let mut key = Vec::new();
    target.content(&Content::File(answer.body))?.read_to_end(&mut key)?;
    Ok(key)
}
