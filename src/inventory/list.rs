//! Hosts on the command line: `web1,web2:2222,` and, with ranges, `web[1:3],`.

use super::{Inventory, range};
use crate::diag::{Diagnostic, Diagnostics};
use crate::yaml::{Kind, Node, nowhere};

/// Ansible's names of what reads such lists.
pub(super) const PLUGINS: [&str; 2] = ["host_list", "advanced_host_list"];

pub(super) fn read(inventory: &mut Inventory, source: &str, problems: &mut Diagnostics) {
    for word in source.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let place = nowhere("inventory", word);
        match range::expand(word) {
            Ok((names, port)) => {
                for name in names {
                    let host = inventory.ensure_host(&name, None);
                    if let Some(port) = port {
                        inventory.set_host_var(&host, "ansible_port", Node::new(Kind::Int(i64::from(port)), place.clone()));
                    }
                }
            }
            Err(reason) if reason.starts_with(range::NO_RANGE) || reason.starts_with(range::NO_END) => {
                let told = format!("Unable to parse address from hostname, leaving unchanged: {reason}");
                problems.push(Diagnostic::warning(told).at(&place));
                inventory.ensure_host(word, None);
            }
            Err(reason) => problems.push(Diagnostic::error(reason).at(&place)),
        }
    }
}
