//! `group`: groups of users.

use serde_json::json;

use super::Module;
use crate::plan::{Change, Command, Failure, Group as Found, Look, Plan};
use crate::{arguments, choices};

choices! {
    /// Whether the group is to be there.
    pub(crate) enum State { Present = "present", Absent = "absent" }
}

arguments! {
    /// Makes, changes and removes groups.
    pub(crate) struct Group {
        /// Name of the group.
        name: String,
        /// Whether the group is to be there.
        state: State = State::Present,
        /// Its number. When not given, a new group gets the next free one.
        gid: Option<u32>,
        /// Take the number of a new group from the range of the system's own.
        system: bool = false,
        /// Allow a number that another group has already. Needs `gid`.
        non_unique: bool = false,
        /// Look only into /etc/group, not into other sources of groups such as LDAP.
        local: bool = false,
        /// Remove it even if it is some user's primary group.
        force: bool = false,
        /// Smallest number for a new group.
        gid_min: Option<u32>,
        /// Largest number for a new group.
        gid_max: Option<u32>,
    }
}

impl Module for Group {
    const NAME: &'static str = "ansible.builtin.group";
    const EXAMPLES: &'static str = r#"
- name: Have a group
  ansible.builtin.group:
    name: deployers
    gid: 1750
"#;
    const RETURNS: &'static str = "name: the group
gid: its number
state: whether it is there
system: whether its number was to be one of the system's own";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let result = |gid: Option<u32>| {
            let mut plan = Plan::unchanged().with("name", self.name.clone()).with("state", self.state.word());
            if let Some(gid) = gid {
                plan = plan.with("gid", gid).with("system", self.system);
            }
            plan
        };
        let found = if self.local { in_file(&self.name, target)? } else { target.group(&self.name)?.filter(|g| g.name == self.name) };
        match (self.state, found) {
            (State::Absent, None) => Ok(result(None)),
            (State::Absent, Some(_)) => {
                let mut argv = vec!["groupdel"];
                argv.extend(self.force.then_some("--force"));
                argv.push(&self.name);
                Ok(Plan { changes: vec![Change::Run(Command::new(argv))], ..result(None) })
            }
            (State::Present, Some(group)) if self.gid.is_none_or(|gid| gid == group.gid) => Ok(result(Some(group.gid))),
            (State::Present, Some(_)) => {
                let mut argv = vec!["groupmod".to_owned()];
                argv.extend(self.number());
                argv.push(self.name.clone());
                Ok(Plan { changes: vec![Change::Run(Command::new(argv))], ..result(self.gid) })
            }
            (State::Present, None) => {
                let mut argv = vec!["groupadd".to_owned()];
                argv.extend(self.system.then(|| "--system".to_owned()));
                argv.extend(self.number());
                for (key, bound) in [("GID_MIN", self.gid_min), ("GID_MAX", self.gid_max)] {
                    argv.extend(bound.into_iter().flat_map(|bound| ["-K".to_owned(), format!("{key}={bound}")]));
                }
                argv.push(self.name.clone());
                let plan = Plan { changes: vec![Change::Run(Command::new(argv))], ..result(self.gid).with("system", self.system) };
                Ok(plan.then(move |target, _| {
                    let gid = in_file(&self.name, target)?.map(|group| group.gid);
                    Ok(Plan::unchanged().with("gid", json!(gid)))
                }))
            }
        }
    }
}

impl Group {
    fn number(&self) -> Vec<String> {
        let Some(gid) = self.gid else { return Vec::new() };
        let mut words = vec!["--gid".to_owned(), gid.to_string()];
        words.extend(self.non_unique.then(|| "--non-unique".to_owned()));
        words
    }
}

/// From /etc/group alone (group(5)).
fn in_file(name: &str, target: &dyn Look) -> Result<Option<Found>, Failure> {
    let text = target.read("/etc/group".as_ref())?.unwrap_or_default();
    let row = |line: &str| {
        let mut fields = line.split(':');
        let found = fields.next().filter(|n| *n == name)?;
        let gid = fields.nth(1)?.parse().ok()?;
        let members = fields.next().unwrap_or_default().split(',').filter(|m| !m.is_empty()).map(str::to_owned).collect();
        Some(Found { name: found.to_owned(), gid, members })
    };
    Ok(String::from_utf8_lossy(&text).lines().find_map(row))
}
