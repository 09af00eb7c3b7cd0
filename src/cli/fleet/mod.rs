//! What the commands share that look at, or change, what a fleet runs.
//!
//! - `project`: where inventories and playbooks are. `options`: what all of these commands take. `settings`: the inventory's
//!   variables that the commands themselves need. `look`: asks the hosts what they run. `seen`: what happened while a deploy
//!   ran, host by host. `ending`: what came of it, and the exit code.

pub(super) mod ending;
pub(super) mod look;
pub(super) mod options;
pub(super) mod project;
pub(super) mod seen;
pub(super) mod settings;
