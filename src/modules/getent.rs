//! `getent`: entries of the host's databases, as facts.

use serde_json::{Map, Value as Json, json};

use super::Module;
use crate::arguments;
use crate::plan::{Command, Failure, Look, Plan};

arguments! {
    /// Reads entries of a database such as passwd, group or hosts into facts named `getent_DATABASE`.
    pub(crate) struct Getent {
        /// The database: passwd, group, shadow, hosts, services, …
        database: String,
        /// Only the entry of this key.
        key: Option<String>,
        /// Fail where there is no such key; otherwise its fact is null.
        fail_key: bool = true,
        /// What separates the fields; `:` for passwd, group, shadow and gshadow, white space for others, when not given.
        split: Option<String>,
        /// Ask only this service, such as `files`.
        service: Option<String>,
    }
}

impl Module for Getent {
    const NAME: &'static str = "ansible.builtin.getent";
    const EXAMPLES: &'static str = r#"
- name: Learn where root is at home
  ansible.builtin.getent:
    database: passwd
    key: root
"#;
    const RETURNS: &'static str = "ansible_facts: getent_DATABASE: by key the list of the other fields";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let mut argv = vec!["getent".to_owned()];
        argv.extend(self.service.iter().flat_map(|service| ["-s".to_owned(), service.clone()]));
        argv.push(self.database.clone());
        argv.extend(self.key.clone());
        let answer = target.ask(&Command { accept: Vec::new(), ..Command::new(argv) })?;
        let fact = format!("getent_{}", self.database);
        // getent(1), EXIT STATUS.
        match answer.rc {
            0 => {}
            1 => return Err(Failure::argument("database", format!("Missing arguments, or database unknown: {}", self.database))),
            2 if !self.fail_key => {
                let key = self.key.unwrap_or_default();
                return Ok(Plan::unchanged().with("ansible_facts", json!({ fact: { key: null } })));
            }
            2 => return Err(Failure::argument("key", "One or more supplied key could not be found in the database.")),
            3 => {
                return Err(Failure::argument("database", format!("Enumeration not supported on this database: {}", self.database)));
            }
            rc => return Err(Failure::new(format!("getent failed: {}", answer.errors().trim())).with("rc", rc)),
        }
        let colon = matches!(self.database.as_str(), "passwd" | "shadow" | "group" | "gshadow").then(|| ":".to_owned());
        let separator = self.split.or(colon);
        let mut entries: Map<String, Json> = Map::new();
        for line in answer.text().lines() {
            let fields: Vec<&str> = match &separator {
                Some(separator) => line.split(separator.as_str()).collect(),
                None => line.split_whitespace().collect(),
            };
            let Some((key, rest)) = fields.split_first() else { continue };
            // A key that comes again (an address with several lines) collects its entries.
            match entries.get_mut(*key) {
                Some(Json::Array(all)) if all.first().is_some_and(Json::is_array) => all.push(json!(rest)),
                Some(one) => *one = json!([one.take(), rest]),
                None => drop(entries.insert((*key).to_owned(), json!(rest))),
            }
        }
        Ok(Plan::unchanged().with("ansible_facts", json!({ fact: entries })))
    }
}
