//! `stat`: facts about a file.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::Module;
use super::attributes::{FLAGS, flags_of, group_name, user_name};
use super::realpath::resolve;
use crate::arguments;
use crate::plan::{Algorithm, Command, Failure, Kind, Look, Meta, Plan};

arguments! {
    /// Reads what is known of a file: existence, kind, owner, permissions, times, checksum.
    pub(crate) struct Stat {
        /// Full path of the file.
        path: PathBuf ["dest", "name"],
        /// Follow a link to what it points at.
        follow: bool = false,
        /// Compute the checksum of a regular file.
        get_checksum: bool = true,
        /// With which algorithm.
        checksum_algorithm: Algorithm ["checksum", "checksum_algo"] = Algorithm::Sha1,
        /// Find out the MIME type by `file`.
        get_mime: bool ["mime", "mime_type", "mime-type"] = true,
        /// Read the attributes of the file system by `lsattr`.
        get_attributes: bool ["attr", "attributes"] = true,
    }
}

impl Module for Stat {
    const NAME: &'static str = "ansible.builtin.stat";
    const EXAMPLES: &'static str = r#"
- name: Look at the configuration
  ansible.builtin.stat:
    path: /etc/app.conf
  register: configuration

- name: Look for the folder, nothing else
  ansible.builtin.stat:
    path: /srv/app
    get_checksum: false
    get_mime: false
    get_attributes: false
"#;
    const RETURNS: &'static str = "\
stat.exists: whether anything is there; nothing else is told where it is not
stat.path: the path
stat.isreg, isdir, islnk, isfifo, issock, ischr, isblk: what it is
stat.mode: permissions, four octal digits
stat.rusr, wusr, xusr, rgrp, wgrp, xgrp, roth, woth, xoth, isuid, isgid: the same one by one
stat.uid, gid, pw_name, gr_name: owner and group
stat.size, blocks, block_size, inode, dev, device_type, nlink: as stat(2) tells them
stat.mtime, atime, ctime: seconds since the epoch
stat.readable, writeable, executable: to the user that the task runs as
stat.lnk_target, lnk_source: where a link points, as written, and followed to its end
stat.checksum: of a regular file
stat.mimetype, charset: as `file` says; `unknown` where it is missing
stat.attributes, attr_flags: flags of the file system, as words and as the letters of `lsattr`
stat.version: as `lsattr` says, where it had to be asked
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let Some(meta) = target.stat(&self.path, self.follow)? else {
            return Ok(Plan::unchanged().with("stat", json!({ "exists": false })));
        };
        let mut stat = described(target, &self.path, &meta)?;
        stat.insert("exists".into(), true.into());
        if let Some(to) = &meta.target {
            stat.insert("lnk_target".into(), json!(to));
            stat.insert("lnk_source".into(), json!(resolve(target, &self.path)));
        }
        if self.get_checksum && meta.kind == Kind::File && stat["readable"] == true {
            stat.insert("checksum".into(), json!(target.digest(&self.path, self.checksum_algorithm)?));
        }
        if self.get_mime {
            let (mimetype, charset) = mime(target, &self.path, &meta, self.follow);
            stat.insert("mimetype".into(), mimetype.into());
            stat.insert("charset".into(), charset.into());
        }
        if self.get_attributes
            && has_flags(meta.kind)
            && let Some((version, flags)) = flags_of(target, &self.path)
        {
            let name = |letter| FLAGS.iter().find(|(known, ..)| *known == letter).map(|(.., name)| *name);
            let names: Vec<&str> = flags.chars().filter_map(name).collect();
            stat.extend(version.map(|version| ("version".to_owned(), version.into())));
            stat.insert("attr_flags".into(), flags.into());
            stat.insert("attributes".into(), json!(names));
        }
        Ok(Plan::unchanged().with("stat", stat))
    }
}

/// What a look without opening the file tells; `find` shows the same.
pub(super) fn described(target: &dyn Look, path: &Path, meta: &Meta) -> Result<Map<String, Json>, Failure> {
    let bit = |mask: u32| meta.mode & mask != 0;
    let [readable, writeable, executable] = access(target, meta)?;
    let all = json!({
        "path": path,
        "mode": format!("{:04o}", meta.mode),
        "isdir": meta.kind == Kind::Folder,
        "ischr": meta.kind == Kind::Char,
        "isblk": meta.kind == Kind::Block,
        "isreg": meta.kind == Kind::File,
        "isfifo": meta.kind == Kind::Fifo,
        "islnk": meta.kind == Kind::Link,
        "issock": meta.kind == Kind::Socket,
        "uid": meta.uid,
        "gid": meta.gid,
        "size": meta.size,
        "inode": meta.inode,
        "dev": meta.device,
        "nlink": meta.links,
        "atime": meta.atime,
        "mtime": meta.mtime,
        "ctime": meta.ctime,
        "wusr": bit(0o200), "rusr": bit(0o400), "xusr": bit(0o100),
        "wgrp": bit(0o020), "rgrp": bit(0o040), "xgrp": bit(0o010),
        "woth": bit(0o002), "roth": bit(0o004), "xoth": bit(0o001),
        "isuid": bit(0o4000), "isgid": bit(0o2000),
        "blocks": meta.blocks,
        "block_size": meta.block_size,
        "device_type": meta.rdev,
        "readable": readable,
        "writeable": writeable,
        "executable": executable,
    });
    let Json::Object(mut all) = all else { return Ok(Map::new()) };
    all.extend(user_name(target, meta.uid).map(|name| ("pw_name".to_owned(), name.into())));
    all.extend(group_name(target, meta.gid).map(|name| ("gr_name".to_owned(), name.into())));
    Ok(all)
}

/// What the user that the task runs as may do, by the permission bits (path_resolution(7)).
fn access(target: &dyn Look, meta: &Meta) -> Result<[bool; 3], Failure> {
    let uid = target.uid();
    if uid == 0 {
        return Ok([true, true, meta.mode & 0o111 != 0 || meta.kind == Kind::Link]);
    }
    let shift = if uid == meta.uid { 6 } else { if groups(target)?.contains(&meta.gid) { 3 } else { 0 } };
    Ok([4, 2, 1].map(|bit| meta.mode >> shift & bit != 0))
}

/// The groups of the process, as Linux tells them (proc_pid_status(5)).
fn groups(target: &dyn Look) -> Result<Vec<u32>, Failure> {
    let status = target.read(Path::new("/proc/self/status"))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&status).into_owned();
    let lines = text.lines().filter_map(|line| line.strip_prefix("Groups:").or_else(|| line.strip_prefix("Gid:")));
    Ok(lines.flat_map(str::split_whitespace).filter_map(|gid| gid.parse().ok()).collect())
}

fn has_flags(kind: Kind) -> bool {
    matches!(kind, Kind::File | Kind::Folder)
}

/// Only regular files need a look by `file`: a process costs more than all else here.
fn mime(target: &dyn Look, path: &Path, meta: &Meta, follow: bool) -> (String, String) {
    let unknown = || ("unknown".to_owned(), "unknown".to_owned());
    if target.which("file").is_none() {
        return unknown();
    }
    let known = match meta.kind {
        Kind::Folder => Some("inode/directory"),
        Kind::Link => Some("inode/symlink"),
        Kind::File if meta.size == 0 => Some("inode/x-empty"),
        _ => None,
    };
    if let Some(known) = known {
        return (known.to_owned(), "binary".to_owned());
    }
    let mut argv = vec!["file", "--mime-type", "--mime-encoding"];
    if follow {
        argv.push("-L");
    }
    let shown = path.to_string_lossy();
    argv.push(&shown);
    let Ok(output) = target.ask(&Command { accept: Vec::new(), ..Command::new(argv) }) else { return unknown() };
    let text = output.text();
    match text.rsplit_once(':').and_then(|(_, said)| said.split_once(';')) {
        Some((mimetype, charset)) if output.rc == 0 => {
            (mimetype.trim().to_owned(), charset.trim().trim_start_matches("charset=").to_owned())
        }
        _ => unknown(),
    }
}
