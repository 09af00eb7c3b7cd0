//! What dpkg has installed, read from its own database: faster than asking dpkg-query, and the same (dpkg(1), FILES).

use std::collections::HashMap;
use std::path::Path;

use crate::plan::{Command, Failure, Look};

#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::modules) struct Package {
    pub(in crate::modules) name: String,
    pub(in crate::modules) architecture: String,
    pub(in crate::modules) version: String,
    /// The three words of `Status`: what is wanted, whether it is sound, how far it is installed.
    pub(in crate::modules) status: String,
    pub(in crate::modules) section: String,
    /// Names that it stands for.
    pub(in crate::modules) provides: Vec<String>,
}

impl Package {
    pub(in crate::modules) fn is_installed(&self) -> bool {
        // A package whose triggers are outstanding is unpacked and configured.
        matches!(self.state(), "installed" | "triggers-awaited" | "triggers-pending")
    }

    /// Something of it is left: its files, or only its configuration.
    pub(in crate::modules) fn has_files(&self) -> bool {
        !matches!(self.state(), "not-installed" | "")
    }

    fn state(&self) -> &str {
        self.status.split(' ').nth(2).unwrap_or_default()
    }
}

/// All that dpkg knows of, by name.
#[derive(Default)]
pub(in crate::modules) struct Installed {
    packages: HashMap<String, Vec<Package>>,
    /// The machine's own architecture, in Debian's words.
    architecture: String,
}

const FORMAT: &str = "Package: ${Package}\\nStatus: ${Status}\\nArchitecture: ${Architecture}\\nVersion: ${Version}\\nSection: ${Section}\\nProvides: ${Provides}\\n\\n";

impl Installed {
    pub(in crate::modules) fn read(target: &dyn Look) -> Result<Installed, Failure> {
        let database = target.read(Path::new("/var/lib/dpkg/status"))?;
        let database = database.ok_or_else(|| Failure::new("this host has no dpkg: /var/lib/dpkg/status is not there"))?;
        // After an interrupted run part of the truth lies in dpkg's journal, which only dpkg can read.
        let has_journal = target.list(Path::new("/var/lib/dpkg/updates")).is_ok_and(|names| !names.is_empty());
        let text = match has_journal {
            true => target.ask(&Command::new(["dpkg-query", "-W", "-f", FORMAT]))?.stdout,
            false => database,
        };
        let mut installed = Installed { packages: parse(&String::from_utf8_lossy(&text)), architecture: String::new() };
        let own = target.read(Path::new("/var/lib/dpkg/arch")).ok().flatten().unwrap_or_default();
        let first = String::from_utf8_lossy(&own).lines().next().unwrap_or_default().trim().to_owned();
        let of_dpkg = || installed.packages.get("dpkg").and_then(|p| p.first()).map(|p| p.architecture.clone());
        installed.architecture = if first.is_empty() { of_dpkg().unwrap_or_default() } else { first };
        Ok(installed)
    }

    /// The package of a name and, if it is given, an architecture; without one that of the machine itself.
    pub(in crate::modules) fn find(&self, name: &str, architecture: Option<&str>) -> Option<&Package> {
        let all = self.packages.get(name)?;
        match architecture {
            Some("any") => all.iter().find(|p| p.is_installed()).or(all.first()),
            Some("native") | None => all.iter().find(|p| p.architecture == self.architecture || p.architecture == "all"),
            Some(wanted) => all.iter().find(|p| p.architecture == wanted || p.architecture == "all"),
        }
    }

    pub(in crate::modules) fn all(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().flatten()
    }

    /// An installed package that stands for `name`.
    pub(in crate::modules) fn provider(&self, name: &str) -> Option<&Package> {
        self.all().find(|p| p.is_installed() && p.provides.iter().any(|provided| provided == name))
    }
}

fn parse(text: &str) -> HashMap<String, Vec<Package>> {
    let mut packages: HashMap<String, Vec<Package>> = HashMap::new();
    for stanza in text.split("\n\n") {
        let mut package = Package::default();
        for line in stanza.lines() {
            let Some((field, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match field {
                "Package" => package.name = value.to_owned(),
                "Status" => package.status = value.to_owned(),
                "Architecture" => package.architecture = value.to_owned(),
                "Version" => package.version = value.to_owned(),
                "Section" => package.section = value.to_owned(),
                "Provides" => {
                    let bare = |one: &str| one.split(['(', ' ', ':']).find(|word| !word.is_empty()).map(str::to_owned);
                    package.provides = value.split(',').filter_map(|one| bare(one.trim())).collect();
                }
                _ => {}
            }
        }
        if !package.name.is_empty() {
            packages.entry(package.name.clone()).or_default().push(package);
        }
    }
    packages
}
