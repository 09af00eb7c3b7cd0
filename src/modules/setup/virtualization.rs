//! What the target runs in, and what it can run.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Facts, exists, text};
use crate::plan::Look;

/// A word in a board's description (product, vendor or BIOS), and the hypervisor that writes it.
const BOARDS: &[(&str, &str, &str)] = &[
    ("product_name", "KVM", "kvm"),
    ("product_name", "OpenStack", "openstack"),
    ("product_name", "HVM domU", "xen"),
    ("product_name", "VMware", "VMware"),
    ("product_name", "VirtualBox", "virtualbox"),
    ("product_name", "Bochs", "kvm"),
    ("product_name", "RHEV Hypervisor", "RHEV"),
    ("product_name", "oVirt", "oVirt"),
    ("product_name", "AHV", "kvm"),
    ("product_name", "Parallels Virtual Platform", "parallels"),
    ("bios_vendor", "Xen", "xen"),
    ("bios_vendor", "innotek GmbH", "virtualbox"),
    ("bios_vendor", "Bochs", "kvm"),
    ("bios_vendor", "Amazon EC2", "kvm"),
    ("sys_vendor", "QEMU", "kvm"),
    ("sys_vendor", "Amazon EC2", "kvm"),
    ("sys_vendor", "DigitalOcean", "kvm"),
    ("sys_vendor", "Google", "kvm"),
    ("sys_vendor", "Hetzner", "kvm"),
    ("sys_vendor", "Scaleway", "kvm"),
    ("sys_vendor", "Vultr", "kvm"),
    ("sys_vendor", "Linode", "kvm"),
    ("sys_vendor", "Nutanix", "kvm"),
    ("sys_vendor", "oVirt", "kvm"),
    ("sys_vendor", "VMware, Inc.", "VMware"),
    ("sys_vendor", "Parallels", "parallels"),
    ("sys_vendor", "Microsoft Corporation", "VirtualPC"),
    ("sys_vendor", "OpenStack Foundation", "openstack"),
    ("sys_vendor", "Apple Inc.", "kvm"),
];

pub(super) fn gather(target: &dyn Look) -> Facts {
    let mut guest: BTreeSet<&str> = BTreeSet::new();
    let mut host: BTreeSet<&str> = BTreeSet::new();
    let mut first: Option<&str> = None;
    let mut found = |name: &'static str, guest: &mut BTreeSet<&str>| {
        guest.insert(name);
        first.get_or_insert(name);
    };
    if let Some(name) = container(target) {
        found(name, &mut guest);
        guest.insert("container");
    }
    if exists(target, "/proc/vz") && !exists(target, "/proc/lve") {
        match exists(target, "/proc/bc") {
            true => _ = host.insert("openvz"),
            false => found("openvz", &mut guest),
        }
    }
    if exists(target, "/proc/xen") {
        let controls = text(target, "/proc/xen/capabilities").is_some_and(|c| c.contains("control_d"));
        match controls {
            true => _ = host.insert("xen"),
            false => found("xen", &mut guest),
        }
    }
    for (file, word, name) in BOARDS {
        let line = text(target, format!("/sys/devices/virtual/dmi/id/{file}"));
        if line.is_some_and(|line| line.contains(word)) {
            found(name, &mut guest);
        }
    }
    let cpu = text(target, "/proc/cpuinfo").unwrap_or_default();
    if cpu.contains("QEMU Virtual CPU") || cpu.contains("Common KVM processor") {
        found("kvm", &mut guest);
    } else if cpu.contains("User Mode Linux") {
        found("uml", &mut guest);
    } else if cpu.contains("PowerVM Lx86") {
        found("powervm_lx86", &mut guest);
    }
    let modules = text(target, "/proc/modules").unwrap_or_default();
    let loaded = |name: &str| modules.lines().any(|line| line.split(' ').next() == Some(name));
    if exists(target, "/dev/kvm") || loaded("kvm") {
        host.insert("kvm");
    }
    if loaded("vboxdrv") {
        host.insert("virtualbox");
    }
    if loaded("virtio") && guest.is_empty() {
        found("kvm", &mut guest);
    }
    let (kind, role) = match (first, host.iter().next()) {
        (Some(kind), _) => (kind, "guest"),
        (None, Some(kind)) => (*kind, "host"),
        (None, None) => ("NA", "NA"),
    };
    Facts::from_iter([
        ("virtualization_type".to_owned(), json!(kind)),
        ("virtualization_role".to_owned(), json!(role)),
        ("virtualization_tech_guest".to_owned(), json!(guest)),
        ("virtualization_tech_host".to_owned(), json!(host)),
    ])
}

fn container(target: &dyn Look) -> Option<&'static str> {
    let cgroups = text(target, "/proc/1/cgroup").unwrap_or_default();
    let environment = text(target, "/proc/1/environ").unwrap_or_default();
    let named = environment.split('\0').find_map(|pair| pair.strip_prefix("container="));
    if exists(target, "/.dockerenv") || exists(target, "/.dockerinit") || cgroups.contains("/docker/") || cgroups.contains("/docker-") {
        return Some("docker");
    }
    match named {
        Some("docker") => Some("docker"),
        Some("podman" | "oci") => Some("podman"),
        Some("lxc") => Some("lxc"),
        Some("systemd-nspawn") => Some("systemd-nspawn"),
        _ if exists(target, "/run/.containerenv") => Some("podman"),
        _ if cgroups.contains("/lxc/") => Some("lxc"),
        Some(name) if !name.is_empty() => Some("container"),
        _ => None,
    }
}
