//! One binary that provisions servers from Ansible's own YAML and deploys code by commit.
//!
//! The map, top down; an arrow never points up (`tests/tidy.rs` holds this):
//!
//! - `cli`: one file per command. `ui`: everything printed.
//! - `engine`: runs plays and emits events, prints nothing. `release`: what a deploy does on the controller.
//! - `remote`: connections to hosts. `actions`: tasks that run in the controller.
//! - `playbook`, `inventory`: what users wrote, decoded. `vars`: precedence in one place. `template`: Jinja2. `vault`.
//! - `plugins`: filters, tests and lookups of the user's own, in Python.
//! - `galaxy`: roles and collections from elsewhere. `config`: ansible.cfg and ANSIBLE_*. `ini`: that format.
//! - `yaml`: nodes with positions. `value`: what templates compute with. `diag`: messages with a place.
//! - On the target: `agent` (serve, apply) and `modules` (one file each) over `plan`; `wire` is what both ends speak,
//!   `octets` and `words` are texts as both see them, `bootstrap` the script that puts the agent there.

pub mod agent;
pub mod bootstrap;
#[macro_use]
pub mod modules;
mod octets;
pub mod pattern;
pub mod plan;
pub mod wire;
mod words;

#[cfg(feature = "controller")]
pub mod actions;
#[cfg(feature = "controller")]
pub mod bucket;
#[cfg(feature = "controller")]
pub mod cli;
#[cfg(feature = "controller")]
pub mod config;
#[cfg(feature = "controller")]
pub mod diag;
#[cfg(feature = "controller")]
pub mod engine;
#[cfg(feature = "controller")]
pub mod galaxy;
#[cfg(feature = "controller")]
pub mod ini;
#[cfg(feature = "controller")]
pub mod inventory;
#[cfg(feature = "controller")]
pub mod playbook;
#[cfg(feature = "controller")]
pub mod plugins;
#[cfg(feature = "controller")]
pub mod release;
#[cfg(feature = "controller")]
pub mod remote;
#[cfg(feature = "controller")]
pub mod template;
#[cfg(feature = "controller")]
pub mod ui;
#[cfg(feature = "controller")]
pub mod value;
#[cfg(feature = "controller")]
pub mod vars;
#[cfg(feature = "controller")]
pub mod vault;
#[cfg(feature = "controller")]
pub mod yaml;
