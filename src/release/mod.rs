//! What a deploy does on the controller: from a revision's name to objects and assets where they are needed.
//!
//! `revision` chooses the commit, `files` reads it, `pack` makes of it what a host lacks; `cache` is where builds happen,
//! `build` makes a bundle, `assets` says what its files are, `upload` publishes it, `record` remembers that; `lease` keeps
//! two deploys of one environment apart. Nothing here talks to a host or knows of plays: `actions` and `cli` use it.

pub mod assets;
pub mod build;
pub mod cache;
pub mod files;
pub mod lease;
pub mod pack;
pub mod record;
pub mod remote;
pub mod revision;
pub mod upload;
