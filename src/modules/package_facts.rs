//! `package_facts`: what is installed, as facts.

use serde_json::{Map, Value as Json, json};

use super::Module;
use super::apt::status::Installed;
use crate::arguments;
use crate::plan::{Command, Failure, Look, Plan};

arguments! {
    /// Reads which packages are installed into the fact `packages`.
    pub(crate) struct PackageFacts {
        /// Package managers to ask: `auto`, `apt`, `rpm`. Others are not known here.
        manager: Vec<String> = vec!["auto".into()],
        /// `first` stops at the first manager that is there, `all` asks all of them.
        strategy: String = "first".into(),
    }
}

impl Module for PackageFacts {
    const NAME: &'static str = "ansible.builtin.package_facts";
    const EXAMPLES: &'static str = r#"
- name: Learn which packages there are
  ansible.builtin.package_facts:
    manager: auto
"#;
    const RETURNS: &'static str = "ansible_facts: packages: by name a list of versions, each with name, version, arch, source";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let asked: Vec<String> = self.manager.iter().map(|name| name.to_lowercase()).collect();
        let is_asked = |names: &[&str]| asked.iter().any(|name| name == "auto" || names.contains(&name.as_str()));
        let mut packages: Map<String, Json> = Map::new();
        let mut found = false;
        if is_asked(&["apt"]) && target.stat("/var/lib/dpkg/status".as_ref(), true)?.is_some() {
            found = true;
            for package in Installed::read(target)?.all().filter(|package| package.is_installed()) {
                let entry = json!({
                    "name": package.name, "version": package.version, "arch": package.architecture,
                    "category": package.section, "source": "apt",
                });
                add(&mut packages, &package.name, entry);
            }
        }
        if is_asked(&["rpm", "yum", "dnf", "dnf5", "zypper"]) && (!found || self.strategy == "all") && target.which("rpm").is_some() {
            found = true;
            let format = "%{NAME}\t%{VERSION}\t%{RELEASE}\t%{EPOCH}\t%{ARCH}\n";
            for line in target.ask(&Command::new(["rpm", "-qa", "--qf", format]))?.text().lines() {
                let fields: Vec<&str> = line.split('\t').collect();
                let [name, version, release, epoch, arch] = fields[..] else { continue };
                let entry = json!({
                    "name": name, "version": version, "release": release, "epoch": epoch.parse::<i64>().ok(),
                    "arch": arch, "source": "rpm",
                });
                add(&mut packages, name, entry);
            }
        }
        if !found {
            return Err(Failure::argument(
                "manager",
                format!("Could not detect a supported package manager from the following list: {asked:?}"),
            ));
        }
        packages.sort_keys();
        Ok(Plan::unchanged().with("ansible_facts", json!({ "packages": packages })))
    }
}

fn add(packages: &mut Map<String, Json>, name: &str, entry: Json) {
    let list = packages.entry(name).or_insert_with(|| json!([]));
    list.as_array_mut().into_iter().for_each(|list| list.push(entry.clone()));
}
