//! The modules of a deploy: what happens on a host between 'the commit is chosen' and 'the commit is proved'.
//!
//! `layout` says what lies where, `account` runs commands as the owner of it; every other file is one module.

mod account;
pub(super) mod finish;
pub(super) mod flip;
pub(super) mod info;
mod layout;
pub(super) mod link;
pub(super) mod prepare;
pub(super) mod prune;
pub(super) mod restore;
pub(super) mod verify;
pub(super) mod virtualenv;
