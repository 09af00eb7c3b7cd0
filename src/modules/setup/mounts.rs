//! Mounted file systems with their sizes.

use serde_json::json;

use super::hardware::disk_links;
use super::{Facts, link, text};
use crate::plan::{Command, Look};

struct Mount {
    device: String,
    path: String,
    kind: String,
    options: String,
    dump: u32,
    pass: u32,
}

pub(super) fn gather(target: &dyn Look) -> Facts {
    let table = text(target, "/proc/self/mounts").or_else(|| text(target, "/proc/mounts")).unwrap_or_default();
    let is_storage = |m: &Mount| m.device.starts_with(['/', '\\']) || m.device.contains(":/");
    let mounts: Vec<Mount> = table.lines().filter_map(parse).filter(|m| is_storage(m) && m.kind != "none").collect();
    let sizes = sizes(target, &mounts);
    let uuids = disk_links(target, "by-uuid");
    let described = |mount: &Mount| {
        let device = mount.device.rsplit('/').next().unwrap_or_default();
        // /dev/mapper/NAME is a link to dm-N, which is what by-uuid names.
        let real = link(target, &mount.device).and_then(|to| to.rsplit('/').next().map(str::to_owned));
        let uuid = uuids.iter().find(|(name, _)| name == device || Some(name) == real.as_ref()).map(|(_, uuid)| uuid.as_str());
        let mut fact = json!({
            "mount": mount.path, "device": mount.device, "fstype": mount.kind, "options": mount.options,
            "dump": mount.dump, "passno": mount.pass, "uuid": uuid.unwrap_or("N/A"),
        });
        if let Some((_, size)) = sizes.iter().find(|(path, _)| *path == mount.path)
            && let (Some(fact), Some(size)) = (fact.as_object_mut(), size.as_object())
        {
            fact.extend(size.clone());
        }
        fact
    };
    Facts::from_iter([("mounts".to_owned(), mounts.iter().map(described).collect())])
}

/// A line of /proc/mounts, fstab(5): octal escapes stand for white space.
fn parse(line: &str) -> Option<Mount> {
    let fields: Vec<String> = line.split(' ').map(unescape).collect();
    let [device, path, kind, options, dump, pass] = <[String; 6]>::try_from(fields).ok()?;
    Some(Mount { device, path, kind, options, dump: dump.parse().ok()?, pass: pass.parse().ok()? })
}

fn unescape(field: &str) -> String {
    field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

/// statfs(2) of each, by one `stat -f`; network file systems are left out, for a dead server would hang it.
fn sizes(target: &dyn Look, mounts: &[Mount]) -> Vec<(String, serde_json::Value)> {
    let is_local = |m: &&Mount| !m.device.contains(":/") && !m.kind.starts_with("nfs") && m.kind != "cifs" && !m.kind.starts_with("fuse");
    let paths: Vec<String> = mounts.iter().filter(is_local).map(|m| m.path.clone()).collect();
    if paths.is_empty() {
        return Vec::new();
    }
    let arguments = ["stat", "-f", "-c", "%s %S %b %f %a %c %d %n", "--"].map(str::to_owned);
    let question = Command { accept: Vec::new(), ..Command::new(arguments.into_iter().chain(paths)) };
    let Ok(answer) = target.ask(&question) else { return Vec::new() };
    let size = |line: &str| {
        let mut fields = line.splitn(8, ' ');
        let numbers: Vec<u64> = fields.by_ref().take(7).map_while(|n| n.parse().ok()).collect();
        let [block, fragment, total, _, available, inodes, inodes_free] = numbers[..] else { return None };
        let fact = json!({
            "size_total": fragment * total, "size_available": fragment * available,
            "block_size": block, "block_total": total, "block_available": available,
            "block_used": total.saturating_sub(available),
            "inode_total": inodes, "inode_available": inodes_free, "inode_used": inodes.saturating_sub(inodes_free),
        });
        Some((fields.next()?.to_owned(), fact))
    };
    answer.text().lines().filter_map(size).collect()
}
