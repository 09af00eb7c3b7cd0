//! Modules that Ansible's users have and this program does not: a role for many systems names them, and skips them here.
//!
//! `elsewhere.txt` is written by `tests/language/elsewhere` from what ansible-doc lists: a collection and its modules in a line; of
//! collections for appliances and clouds only the name.

const LISTED: &str = include_str!("elsewhere.txt");

/// Old names, which ansible-core leads to others (docs.ansible.com, "Porting guide for Ansible-core 2.17").
const FORMER: &[&str] = &["yum"];

/// The collection of a module of this name, which may be a short one.
pub(super) fn collection_of(name: &str) -> Option<&'static str> {
    let short = ["ansible.builtin.", "ansible.legacy."].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    if FORMER.contains(&short) {
        return Some("ansible.builtin");
    }
    let (collection, module) = short.rsplit_once('.').map_or((None, short), |(collection, module)| (Some(collection), module));
    LISTED.lines().find_map(|line| {
        let (listed, modules) = line.split_once(' ').unwrap_or((line, ""));
        let here = collection.is_none_or(|wanted| wanted == listed);
        let has = modules.split(' ').any(|known| known == module) || modules.is_empty() && collection.is_some();
        (here && has).then_some(listed)
    })
}

#[cfg(test)]
mod tests {
    use super::collection_of;

    #[test]
    fn names_lead_to_collections() {
        let cases = [
            ("dnf", Some("ansible.builtin")),
            ("ansible.builtin.yum", Some("ansible.builtin")),
            ("firewalld", Some("ansible.posix")),
            ("ansible.posix.firewalld", Some("ansible.posix")),
            ("amazon.aws.anything", Some("amazon.aws")),
            ("ansible.posix.firewald", None),
            ("coppy", None),
            ("own.collection.module", None),
        ];
        for (name, collection) in cases {
            assert_eq!(collection_of(name), collection, "{name}");
        }
    }
}
