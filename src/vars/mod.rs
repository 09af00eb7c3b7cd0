//! Variables: the levels and their order of precedence, in one place; magic variables; facts.
//!
//! docs.ansible.com, "Understanding variable precedence". Each level is a map; a [`TaskScope`] is a list of maps, highest first.

mod cache;
mod facts;
mod hostvars;
mod magic;
mod scope;
mod world;

pub use cache::FactCache;
pub use facts::HostState;
pub use magic::ANSIBLE_VERSION;
pub use scope::{Chain, Guess, PlayVars, RoleVars, TaskScope};
pub use world::{Settings, Untrusted, World};

pub use crate::template::VarMap;
pub use crate::vault::Decrypt;
