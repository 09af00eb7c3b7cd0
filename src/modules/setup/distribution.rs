//! Which system this is, and how it installs packages.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Facts, exists, text};
use crate::plan::Look;

/// ID in os-release(5), Ansible's name of the distribution, its family.
const KNOWN: &[(&str, &str, &str)] = &[
    ("debian", "Debian", "Debian"),
    ("raspbian", "Debian", "Debian"),
    ("ubuntu", "Ubuntu", "Debian"),
    ("linuxmint", "Linux Mint", "Debian"),
    ("pop", "Pop!_OS", "Debian"),
    ("kali", "Kali", "Debian"),
    ("devuan", "Devuan", "Debian"),
    ("neon", "KDE neon", "Debian"),
    ("parrot", "Parrot", "Debian"),
    ("deepin", "Deepin", "Debian"),
    ("osmc", "OSMC", "Debian"),
    ("rhel", "RedHat", "RedHat"),
    ("centos", "CentOS", "RedHat"),
    ("fedora", "Fedora", "RedHat"),
    ("rocky", "Rocky", "RedHat"),
    ("almalinux", "AlmaLinux", "RedHat"),
    ("ol", "OracleLinux", "RedHat"),
    ("amzn", "Amazon", "RedHat"),
    ("cloudlinux", "CloudLinux", "RedHat"),
    ("eurolinux", "EuroLinux", "RedHat"),
    ("openEuler", "openEuler", "RedHat"),
    ("scientific", "Scientific", "RedHat"),
    ("virtuozzo", "Virtuozzo", "RedHat"),
    ("sles", "SLES", "Suse"),
    ("sled", "SLED", "Suse"),
    ("sles_sap", "SLES_SAP", "Suse"),
    ("opensuse-leap", "openSUSE Leap", "Suse"),
    ("opensuse-tumbleweed", "openSUSE Tumbleweed", "Suse"),
    ("opensuse", "openSUSE", "Suse"),
    ("arch", "Archlinux", "Archlinux"),
    ("archarm", "Archlinux", "Archlinux"),
    ("manjaro", "Manjaro", "Archlinux"),
    ("alpine", "Alpine", "Alpine"),
    ("gentoo", "Gentoo", "Gentoo"),
    ("void", "Void", "Void"),
    ("nixos", "NixOS", "NixOS"),
];

/// File by which Ansible tells a family, and what it calls that file.
const RELEASE_FILES: &[(&str, &str, &str)] = &[
    ("RedHat", "/etc/redhat-release", "RedHat"),
    ("Alpine", "/etc/alpine-release", "Alpine"),
    ("Suse", "/etc/os-release", "SUSE"),
    ("Debian", "/etc/os-release", "Debian"),
    ("Archlinux", "/etc/arch-release", "Archlinux"),
];

pub(super) fn gather(target: &dyn Look) -> Facts {
    let release = os_release(target);
    let field = |name: &str| release.get(name).cloned().filter(|value| !value.is_empty());
    let id = field("ID").unwrap_or_default();
    let (name, family) = named(&id, &field("ID_LIKE").unwrap_or_default(), field("NAME"));
    let version = version(target, &family, &id).or_else(|| field("VERSION_ID")).unwrap_or_else(|| "NA".into());
    let codename = || field("VERSION_CODENAME").or_else(|| field("UBUNTU_CODENAME")).or_else(|| in_brackets(&field("VERSION")?));
    let codename = match family.as_str() {
        "RedHat" if name != "Fedora" => text(target, "/etc/redhat-release").and_then(|line| in_brackets(&line)),
        _ => codename(),
    };
    let mut parts = version.split('.');
    let (major, minor) = (parts.next(), parts.next());
    let mut facts = Facts::new();
    facts.insert("distribution".into(), json!(name));
    facts.insert("distribution_version".into(), json!(version));
    facts.insert("distribution_major_version".into(), json!(major));
    if let Some(minor) = minor {
        facts.insert("distribution_minor_version".into(), json!(minor));
    }
    facts.insert("distribution_release".into(), json!(codename.unwrap_or_else(|| "NA".into())));
    facts.insert("os_family".into(), json!(family));
    if let Some((_, path, variety)) = RELEASE_FILES.iter().find(|(of, path, _)| *of == family && exists(target, path)) {
        facts.insert("distribution_file_path".into(), json!(path));
        facts.insert("distribution_file_variety".into(), json!(variety));
        facts.insert("distribution_file_parsed".into(), json!(true));
    }
    facts
}

fn named(id: &str, like: &str, name: Option<String>) -> (String, String) {
    let known = |id: &str| KNOWN.iter().find(|(known, _, _)| *known == id);
    match known(id) {
        Some((_, name, family)) => ((*name).to_owned(), (*family).to_owned()),
        None => {
            let name = name.unwrap_or_else(|| "Linux".into());
            let family = like.split_whitespace().find_map(known).map_or_else(|| name.clone(), |(_, _, family)| (*family).to_owned());
            (name, family)
        }
    }
}

/// The whole version, where os-release has only the first part of it.
fn version(target: &dyn Look, family: &str, id: &str) -> Option<String> {
    match (family, id) {
        (_, "debian" | "raspbian") => text(target, "/etc/debian_version").filter(|v| v.starts_with(|c: char| c.is_ascii_digit())),
        ("Alpine", _) => text(target, "/etc/alpine-release"),
        ("RedHat", _) if id != "amzn" => {
            let line = text(target, "/etc/redhat-release")?;
            let word = line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
            // CentOS 7 says 7.9.2009, of which Ansible keeps two parts.
            Some(word.split('.').take(2).collect::<Vec<_>>().join("."))
        }
        _ => None,
    }
}

fn in_brackets(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('(')?;
    Some(rest.split_once(')')?.0.to_owned())
}

/// os-release(5): shell assignments.
fn os_release(target: &dyn Look) -> BTreeMap<String, String> {
    let lines = text(target, "/etc/os-release").or_else(|| text(target, "/usr/lib/os-release")).unwrap_or_default();
    assignments(&lines)
}

fn assignments(lines: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| {
        let (name, value) = line.trim().split_once('=')?;
        let value = value.trim();
        let bare = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q)).unwrap_or(value);
        (!name.starts_with('#')).then(|| (name.trim().to_owned(), bare.replace("\\\"", "\"").replace("\\$", "$")))
    };
    lines.lines().filter_map(pair).collect()
}

/// What `lsb_release -a` prints, made of the files that it reads itself.
pub(super) fn lsb(target: &dyn Look) -> Facts {
    let own = assignments(&text(target, "/etc/lsb-release").unwrap_or_default());
    let release = os_release(target);
    let field = |lsb: &str, os: &str| own.get(lsb).or_else(|| release.get(os)).cloned().filter(|value| !value.is_empty());
    let mut facts = Facts::new();
    let id = own.get("DISTRIB_ID").cloned().or_else(|| {
        let id = release.get("ID")?;
        Some(KNOWN.iter().find(|(known, _, _)| known == id).map_or_else(|| id.clone(), |(_, name, _)| (*name).to_owned()))
    });
    let number = field("DISTRIB_RELEASE", "VERSION_ID");
    let major = number.as_deref().and_then(|n| n.split('.').next()).map(str::to_owned);
    let found = [
        ("id", id),
        ("description", field("DISTRIB_DESCRIPTION", "PRETTY_NAME")),
        ("release", number),
        ("codename", field("DISTRIB_CODENAME", "VERSION_CODENAME")),
        ("major_release", major),
    ];
    for (name, value) in found {
        if let Some(value) = value {
            facts.insert(name.into(), json!(value));
        }
    }
    Facts::from_iter([("lsb".to_owned(), facts.into())])
}

/// Program that proves a package manager, and the manager's name, in the order of trust.
const MANAGERS: &[(&str, &str)] = &[
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/dnf5", "dnf5"),
    ("/usr/bin/dnf", "dnf"),
    ("/usr/bin/dnf-3", "dnf"),
    ("/usr/bin/microdnf", "dnf"),
    ("/usr/bin/yum", "yum"),
    ("/usr/bin/zypper", "zypper"),
    ("/usr/bin/pacman", "pacman"),
    ("/sbin/apk", "apk"),
    ("/usr/bin/emerge", "portage"),
    ("/usr/bin/xbps-install", "xbps"),
    ("/usr/bin/rpm-ostree", "atomic_container"),
    ("/run/current-system/sw/bin/nix-env", "nix"),
];

pub(in crate::modules) fn package_manager_name(target: &dyn Look) -> Option<&'static str> {
    let family = gather(target).get("os_family").and_then(|f| f.as_str().map(str::to_owned));
    // apt-get may be installed on a system that is not built from its packages.
    let is_foreign = |name: &str| name == "apt" && matches!(family.as_deref(), Some("RedHat" | "Suse" | "Archlinux" | "Alpine"));
    MANAGERS.iter().find(|(path, name)| !is_foreign(name) && exists(target, path)).map(|(_, name)| *name)
}

pub(super) fn package_manager(target: &dyn Look) -> Facts {
    Facts::from_iter([("pkg_mgr".to_owned(), json!(package_manager_name(target).unwrap_or("unknown")))])
}
