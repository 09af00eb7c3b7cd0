//! Views of a run: each makes of the engine's events what one of Ansible's callbacks makes of them.
//!
//! - `default`: banners, a line a host, a recap; results as JSON or YAML. `minimal`, `oneline`: the result of one module.
//! - `json`: one document at the end. `junit`: files for CI. `profile`: how long it took. `tree`: a file for each host.
//! - `results`: results as text, for all of them.

mod default;
mod json;
mod junit;
mod minimal;
mod profile;
mod results;
mod tree;

pub use default::Default;
pub use json::Json;
pub use junit::Junit;
pub use minimal::{Minimal, OneLine};
pub use profile::{ProfileTasks, Timer};
pub use tree::Tree;
