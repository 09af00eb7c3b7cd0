//! Processors, memory, the board's own description, disks.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{Facts, link, names, text};
use crate::plan::Look;

pub(super) fn gather(target: &dyn Look) -> Facts {
    let mut facts = processors(target);
    facts.extend(memory(target));
    facts.extend(board(target));
    let uptime = text(target, "/proc/uptime").and_then(|line| line.split('.').next()?.parse::<u64>().ok());
    if let Some(uptime) = uptime {
        facts.insert("uptime_seconds".into(), json!(uptime));
    }
    facts
}

fn processors(target: &dyn Look) -> Facts {
    let lines = text(target, "/proc/cpuinfo").unwrap_or_default();
    let mut list: Vec<String> = Vec::new();
    let (mut sockets, mut flags, mut logical) = (BTreeSet::new(), Vec::new(), 0u64);
    let (mut cores, mut siblings) = (1u64, 1u64);
    for (name, value) in lines.lines().filter_map(|line| line.split_once(':')).map(|(n, v)| (n.trim(), v.trim())) {
        match name {
            "processor" => {
                logical += 1;
                list.push(value.to_owned());
            }
            "model name" | "Processor" | "vendor_id" | "cpu" | "Vendor" => list.push(value.to_owned()),
            "physical id" => drop(sockets.insert(value.to_owned())),
            "cpu cores" => cores = value.parse().unwrap_or(1),
            "siblings" => siblings = value.parse().unwrap_or(1),
            "flags" | "Features" if flags.is_empty() => flags = value.split_whitespace().map(str::to_owned).collect(),
            _ => {}
        }
    }
    // Processors that name no socket (arm) count as one each.
    let count = if sockets.is_empty() { logical.max(1) } else { sockets.len() as u64 };
    let (cores, siblings) = if sockets.is_empty() { (1, 1) } else { (cores.max(1), siblings.max(1)) };
    let threads = (siblings / cores).max(1);
    let mut facts = Facts::from_iter([
        ("processor".to_owned(), json!(list)),
        ("processor_count".to_owned(), json!(count)),
        ("processor_cores".to_owned(), json!(cores)),
        ("processor_threads_per_core".to_owned(), json!(threads)),
        ("processor_vcpus".to_owned(), json!(threads * count * cores)),
        ("processor_nproc".to_owned(), json!(allowed(target).unwrap_or(logical))),
    ]);
    if !flags.is_empty() {
        facts.insert("flags".into(), json!(flags));
    }
    facts
}

/// How many processors this process may use, from a list such as `0-3,8`.
fn allowed(target: &dyn Look) -> Option<u64> {
    let status = text(target, "/proc/self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let width = |part: &str| -> Option<u64> {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(to.trim().parse::<u64>().ok()? - from.trim().parse::<u64>().ok()? + 1)
    };
    list.trim().split(',').map(width).sum()
}

fn memory(target: &dyn Look) -> Facts {
    let lines = text(target, "/proc/meminfo").unwrap_or_default();
    let mb = |name: &str| -> i64 {
        let line = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|l| l.split_whitespace().next()?.parse::<i64>().ok()).unwrap_or(0) / 1024
    };
    let (total, free, cached) = (mb("MemTotal"), mb("MemFree"), mb("Cached") + mb("Buffers"));
    let (swap, swap_free) = (mb("SwapTotal"), mb("SwapFree"));
    let detail = json!({
        "real": { "total": total, "used": total - free, "free": free },
        "nocache": { "free": free + cached, "used": total - free - cached },
        "swap": { "total": swap, "free": swap_free, "used": swap - swap_free, "cached": mb("SwapCached") },
    });
    Facts::from_iter([
        ("memtotal_mb".to_owned(), json!(total)),
        ("memfree_mb".to_owned(), json!(free)),
        ("swaptotal_mb".to_owned(), json!(swap)),
        ("swapfree_mb".to_owned(), json!(swap_free)),
        ("memory_mb".to_owned(), detail),
    ])
}

/// SMBIOS 3.6, table 17 "System enclosure or chassis types"; the first is number 1.
const CHASSIS: &[&str] = &[
    "Other",
    "Unknown",
    "Desktop",
    "Low Profile Desktop",
    "Pizza Box",
    "Mini Tower",
    "Tower",
    "Portable",
    "Laptop",
    "Notebook",
    "Hand Held",
    "Docking Station",
    "All in One",
    "Sub Notebook",
    "Space-saving",
    "Lunch Box",
    "Main Server Chassis",
    "Expansion Chassis",
    "Sub Chassis",
    "Bus Expansion Chassis",
    "Peripheral Chassis",
    "RAID Chassis",
    "Rack Mount Chassis",
    "Sealed-case PC",
    "Multi-system",
    "CompactPCI",
    "AdvancedTCA",
    "Blade",
    "Blade Enclosure",
    "Tablet",
    "Convertible",
    "Detachable",
    "IoT Gateway",
    "Embedded PC",
    "Mini PC",
    "Stick PC",
];

fn board(target: &dyn Look) -> Facts {
    const NAMES: &[(&str, &str)] = &[
        ("bios_date", "bios_date"),
        ("bios_vendor", "bios_vendor"),
        ("bios_version", "bios_version"),
        ("board_asset_tag", "board_asset_tag"),
        ("board_name", "board_name"),
        ("board_serial", "board_serial"),
        ("board_vendor", "board_vendor"),
        ("board_version", "board_version"),
        ("chassis_asset_tag", "chassis_asset_tag"),
        ("chassis_serial", "chassis_serial"),
        ("chassis_vendor", "chassis_vendor"),
        ("chassis_version", "chassis_version"),
        ("product_name", "product_name"),
        ("product_serial", "product_serial"),
        ("product_uuid", "product_uuid"),
        ("product_version", "product_version"),
        ("system_vendor", "sys_vendor"),
    ];
    let read = |file: &str| text(target, format!("/sys/devices/virtual/dmi/id/{file}"));
    let described = |(fact, file): &(&str, &str)| ((*fact).to_owned(), json!(read(file).unwrap_or_else(|| "NA".into())));
    let mut facts: Facts = NAMES.iter().map(described).collect();
    let form = read("chassis_type").and_then(|number| CHASSIS.get(number.parse::<usize>().ok()?.checked_sub(1)?));
    facts.insert("form_factor".into(), json!(form.unwrap_or(&"NA")));
    facts
}

pub(super) fn devices(target: &dyn Look) -> Facts {
    let links: Vec<(&str, Vec<(String, String)>)> =
        [("ids", "by-id"), ("uuids", "by-uuid"), ("labels", "by-label")].map(|(kind, folder)| (kind, disk_links(target, folder))).to_vec();
    let links_of = |device: &str| {
        let named = |(kind, list): &(&str, Vec<(String, String)>)| {
            let found: Vec<&str> = list.iter().filter(|(to, _)| to == device).map(|(_, name)| name.as_str()).collect();
            ((*kind).to_owned(), json!(found))
        };
        let mut all: Facts = links.iter().map(named).collect();
        let masters = names(target, format!("/sys/class/block/{device}/holders"));
        all.insert("masters".into(), json!(masters));
        Json::Object(all)
    };
    let mut by_device = Facts::new();
    for (kind, list) in &links {
        let mut of_kind = serde_json::Map::new();
        for (device, name) in list {
            let several = of_kind.entry(device.clone()).or_insert_with(|| json!([]));
            several.as_array_mut().into_iter().for_each(|several| several.push(json!(name)));
        }
        by_device.insert((*kind).to_owned(), of_kind.into());
    }
    by_device.insert("masters".into(), json!({}));
    let disks = names(target, "/sys/block");
    let described: Facts = disks.iter().map(|disk| (disk.clone(), device(target, disk, &links_of))).collect();
    Facts::from_iter([
        ("devices".to_owned(), described.into()),
        ("device_links".to_owned(), by_device.into()),
        ("lvm".to_owned(), json!("N/A")),
    ])
}

fn device(target: &dyn Look, disk: &str, links_of: &dyn Fn(&str) -> Json) -> Json {
    let base = format!("/sys/block/{disk}");
    let read = |file: &str| text(target, format!("{base}/{file}"));
    let sectors = |path: String| text(target, path).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    let total = sectors(format!("{base}/size"));
    let sector_size = read("queue/logical_block_size").unwrap_or_else(|| "512".into());
    let mut partitions = Facts::new();
    for part in names(target, &base).into_iter().filter(|name| name.starts_with(disk)) {
        let count = sectors(format!("{base}/{part}/size"));
        let links = links_of(&part);
        let uuid = links["uuids"].get(0).cloned().unwrap_or(Json::Null);
        let start = text(target, format!("{base}/{part}/start"));
        let holders = names(target, format!("{base}/{part}/holders"));
        partitions.insert(
            part,
            json!({
                "links": links, "start": start, "sectors": count, "sectorsize": sector_size.parse::<u64>().ok(),
                "size": human(count * 512), "uuid": uuid, "holders": holders,
            }),
        );
    }
    let scheduler = read("queue/scheduler").unwrap_or_default();
    let mode = scheduler.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(mode, _)| mode).to_owned();
    json!({
        "virtual": u8::from(link(target, &base).is_none_or(|to| to.contains("/virtual/"))),
        "links": links_of(disk),
        "vendor": read("device/vendor"),
        "model": read("device/model"),
        "sas_address": read("device/sas_address"),
        "sas_device_handle": read("device/sas_device_handle"),
        "removable": read("removable"),
        "support_discard": read("queue/discard_granularity"),
        "partitions": partitions,
        "rotational": read("queue/rotational"),
        "scheduler_mode": mode,
        "sectors": total,
        "sectorsize": sector_size,
        "size": human(total * 512),
        "host": "",
        "holders": names(target, format!("{base}/holders")),
    })
}

/// Links in a folder of /dev/disk: (kernel's name of the device, link's name).
pub(super) fn disk_links(target: &dyn Look, folder: &str) -> Vec<(String, String)> {
    let folder = format!("/dev/disk/{folder}");
    let named = |name: String| Some((link(target, format!("{folder}/{name}"))?.rsplit('/').next()?.to_owned(), name));
    names(target, &folder).into_iter().filter_map(named).collect()
}

fn human(bytes: u64) -> String {
    let units = [("TB", 40), ("GB", 30), ("MB", 20), ("KB", 10)];
    let unit = units.iter().find(|(_, shift)| bytes >> shift > 0);
    match unit {
        Some((unit, shift)) => format!("{:.2} {unit}", bytes as f64 / (1u64 << shift) as f64),
        None => format!("{bytes:.2} Bytes", bytes = bytes as f64),
    }
}

/// Names by which storage networks know the host.
pub(super) fn storage_names(target: &dyn Look) -> Facts {
    let config = text(target, "/etc/iscsi/initiatorname.iscsi").unwrap_or_default();
    let iqn = config.lines().find_map(|line| line.trim().strip_prefix("InitiatorName=").map(str::to_owned));
    let wwn = |host: String| text(target, format!("/sys/class/fc_host/{host}/port_name"));
    let wwns: Vec<String> = names(target, "/sys/class/fc_host").into_iter().filter_map(wwn).collect();
    Facts::from_iter([
        ("iscsi_iqn".to_owned(), json!(iqn.unwrap_or_default())),
        ("hostnqn".to_owned(), json!(text(target, "/etc/nvme/hostnqn").unwrap_or_default())),
        ("fibre_channel_wwn".to_owned(), json!(wwns)),
    ])
}
