//! Roles and collections from where requirements.yml says: git repositories, tarballs, folders; with a lock file of what was taken.
//!
//! docs.ansible.com, "Galaxy User Guide". - `requirements`: what is wanted. `source`: how one is fetched. `lock`: what was taken,
//! so that the next machine gets the same. `place`: where it goes, and what is there. `install`: all of it, one after the other.

mod install;
mod lock;
mod place;
mod requirements;
mod source;

pub use install::{Done, Options, Outcome, install};
pub use place::{Installed, installed, remove};
pub use requirements::{Kind, Requirement, read, spec};
