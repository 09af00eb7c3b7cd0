//! SELinux, AppArmor, capabilities.

use serde_json::json;

use super::{Facts, exists, text};
use crate::plan::Look;

/// capabilities(7), in the order of their bits.
const CAPABILITIES: &[&str] = &[
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

pub(super) fn selinux(target: &dyn Look) -> Facts {
    let setting = |name: &str| {
        let config = text(target, "/etc/selinux/config")?;
        let line = config.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().strip_prefix('=').map(str::to_owned));
        line.map(|value| value.trim().to_owned())
    };
    let state = match text(target, "/sys/fs/selinux/enforce") {
        None => json!({ "status": "disabled" }),
        Some(enforce) => json!({
            "status": "enabled",
            "mode": if enforce == "1" { "enforcing" } else { "permissive" },
            "config_mode": setting("SELINUX").unwrap_or_else(|| "unknown".into()),
            "type": setting("SELINUXTYPE").unwrap_or_else(|| "unknown".into()),
            "policyvers": text(target, "/sys/fs/selinux/policyvers").and_then(|v| v.parse::<u32>().ok()),
        }),
    };
    Facts::from_iter([("selinux".to_owned(), state), ("selinux_python_present".to_owned(), json!(true))])
}

pub(super) fn apparmor(target: &dyn Look) -> Facts {
    let status = if exists(target, "/sys/kernel/security/apparmor") { "enabled" } else { "disabled" };
    Facts::from_iter([("apparmor".to_owned(), json!({ "status": status }))])
}

/// What `capsh --print` would say, from the bits in /proc.
pub(super) fn capabilities(target: &dyn Look) -> Facts {
    let status = text(target, "/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let Some(bits) = line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()) else {
        return Facts::from_iter(["system_capabilities", "system_capabilities_enforced"].map(|n| (n.to_owned(), json!("N/A"))));
    };
    let last = text(target, "/proc/sys/kernel/cap_last_cap").and_then(|n| n.parse().ok()).unwrap_or(40usize);
    let known = CAPABILITIES.iter().take(last + 1).enumerate();
    let held: Vec<String> = known.clone().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, n)| format!("cap_{n}")).collect();
    let all = held.len() == known.count();
    Facts::from_iter([
        ("system_capabilities_enforced".to_owned(), json!(if all { "False" } else { "True" })),
        ("system_capabilities".to_owned(), if all { json!([]) } else { json!(held) }),
    ])
}
