//! The locale, as Ansible's programs look at it before they do anything: text is UTF-8, or they refuse to start.

use std::process::Command;

use crate::diag::Diagnostic;

/// # Errors
/// LC_ALL, LC_CTYPE or LANG name a locale that is not there, or one of another encoding.
pub(super) fn check() -> Result<(), Diagnostic> {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let Some(locale) = set else { return Ok(()) };
    let encoding = locale.split('@').next().unwrap_or_default().split_once('.').map(|(_, encoding)| plain(encoding));
    // What names no encoding and is no language is ASCII, which Python takes as UTF-8.
    if matches!(locale.as_str(), "C" | "POSIX") || encoding.as_deref() == Some("utf8") {
        return Ok(());
    }
    let listed =
        Command::new("locale").arg("-a").output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let known = |line: &str| {
        let (name, of) = line.split_once('.').unwrap_or((line, ""));
        locale.split('.').next() == Some(name) && encoding.as_deref().unwrap_or_default() == plain(of)
    };
    if listed.is_empty() || listed.lines().any(known) {
        let shown = encoding.unwrap_or_else(|| "none is named".to_owned());
        return Err(Diagnostic::error(format!("Ansible requires the locale encoding to be UTF-8; Detected {shown}.")));
    }
    Err(Diagnostic::error("Ansible could not initialize the preferred locale: unsupported locale setting")
        .help(format!("{locale} is not among those that `locale -a` lists")))
}

/// `UTF-8` and `utf8` are one.
fn plain(encoding: &str) -> String {
    encoding.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}
