//! `add_host` and `group_by`: hosts and groups that come up while plays run.

use serde_json::Value as Json;

use super::{Action, Context, Done, Effect};
use crate::arguments;
use crate::modules::arguments::Value as _;
use crate::plan::Failure;
use crate::value::Value;

arguments! {
    /// Adds a host, with variables, to the inventory of this run; each other argument is a variable of it.
    pub(crate) struct AddHost {
        /// Its name; `name:port` sets the port.
        name: String ["host", "hostname"],
        /// Groups to add it to.
        groups: Vec<String> ["group", "groupname"] = Vec::new(),
    }
}

impl Action for AddHost {
    const NAME: &'static str = "ansible.builtin.add_host";
    const OPEN: bool = true;
    const EXAMPLES: &'static str = "- ansible.builtin.add_host:\n    name: web-9\n    groups: [web]\n    ansible_host: 192.0.2.9\n";
    const RETURNS: &'static str = "add_host: name, groups and variables of the host";

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let (name, port) = match self.name.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') && port.parse::<u16>().is_ok() => (name.to_owned(), port.parse::<i64>().ok()),
            _ => (self.name.clone(), None),
        };
        let own = ["name", "host", "hostname", "groups", "group", "groupname"];
        let mut given: serde_json::Map<String, Json> = context.others.into_iter().filter(|(k, _)| !own.contains(&k.as_str())).collect();
        if let Some(port) = port {
            given.insert("ansible_ssh_port".into(), port.into());
        }
        let vars = given.iter().map(|(k, v)| (k.as_str().into(), Value::from_json(v))).collect();
        let groups: Vec<String> = self.groups.into_iter().filter(|g| !g.is_empty()).collect();
        let shown = serde_json::json!({ "host_name": name, "groups": groups, "host_vars": given });
        let done = Done { effects: vec![Effect::AddHost { name, groups, vars }], ..Done::default() };
        Ok(done.with("add_host", shown))
    }
}

arguments! {
    /// Puts the host into a group named by a value, for later plays.
    pub(crate) struct GroupBy {
        /// The group's name; blanks become `-`.
        key: String,
        /// Groups above it.
        parents: Json = Json::from("all"),
    }
}

impl Action for GroupBy {
    const NAME: &'static str = "ansible.builtin.group_by";
    const TERSE: bool = true;
    const FREE_FORM: Option<&'static str> = None;
    const EXAMPLES: &'static str = "- ansible.builtin.group_by:\n    key: os_{{ ansible_facts.distribution }}\n";

    async fn run(self, _: Context<'_>) -> Result<Done, Failure> {
        let clean = |name: &str| name.replace(' ', "-");
        let group = clean(&self.key);
        let parents: Vec<String> = Vec::parse(&self.parents).map_err(|why| Failure::argument("parents", why))?;
        let parents: Vec<String> = parents.iter().map(|p| clean(p)).collect();
        let done = Done { effects: vec![Effect::AddToGroup { group: group.clone(), parents: parents.clone() }], ..Done::default() };
        Ok(done.with("add_group", group).with("parent_groups", parents))
    }
}
