//! Kernel, host names, init system, boot line.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::{Facts, exists, link, names, text};
use crate::plan::{Command, Look};

pub(super) fn platform(target: &dyn Look) -> Facts {
    let mut facts = Facts::new();
    let kernel = |name: &str| text(target, format!("/proc/sys/kernel/{name}"));
    // /proc/sys/kernel/arch is as new as Linux 6.1; before, this program's own architecture is the machine's.
    let machine = kernel("arch").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let is_32_bit_x86 = machine.len() == 4 && machine.starts_with('i') && machine.ends_with("86");
    let architecture = if is_32_bit_x86 || machine == "x86" { "i386".to_owned() } else { machine.clone() };
    let node = kernel("hostname").unwrap_or_default();
    let full = full_name(target, &node);
    facts.insert("system".into(), json!(kernel("ostype").unwrap_or_else(|| "Linux".into())));
    facts.insert("kernel".into(), json!(kernel("osrelease")));
    facts.insert("kernel_version".into(), json!(kernel("version")));
    facts.insert("machine".into(), json!(machine));
    facts.insert("architecture".into(), json!(architecture));
    facts.insert("userspace_architecture".into(), json!(architecture));
    facts.insert("userspace_bits".into(), json!(usize::BITS.to_string()));
    facts.insert("nodename".into(), json!(node));
    facts.insert("hostname".into(), json!(node.split('.').next()));
    facts.insert("fqdn".into(), json!(full));
    facts.insert("domain".into(), json!(full.split_once('.').map_or("", |(_, domain)| domain)));
    if let Some(id) = text(target, "/var/lib/dbus/machine-id").or_else(|| text(target, "/etc/machine-id")) {
        facts.insert("machine_id".into(), json!(id));
    }
    facts
}

/// The name with the domain: from the host's own line in /etc/hosts, else from the name services, which get two seconds.
fn full_name(target: &dyn Look, node: &str) -> String {
    if node.contains('.') || node.is_empty() {
        return node.to_owned();
    }
    let with_dot = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        let hosts: Vec<&str> = line.split_whitespace().skip(1).collect();
        let found = hosts.contains(&node).then(|| hosts.iter().find(|h| h.contains('.')).or(hosts.first()).copied());
        found.flatten().map(str::to_owned)
    };
    let mut lines = text(target, "/etc/hosts").unwrap_or_default();
    if let Some(name) = lines.lines().find_map(with_dot) {
        return name;
    }
    let question = Command { accept: Vec::new(), ..Command::new(["timeout", "2", "getent", "hosts", node]) };
    lines = target.ask(&question).map(|out| out.text()).unwrap_or_default();
    lines.lines().find_map(with_dot).unwrap_or_else(|| node.to_owned())
}

/// What a playbook may want to know of Python, where there is one; nothing here needs it.
pub(super) fn python(target: &dyn Look) -> Facts {
    let mut facts = Facts::new();
    let usual = PathBuf::from("/usr/bin/python3");
    let Some(program) = Some(usual).filter(|p| exists(target, p)).or_else(|| target.which("python3")) else {
        return facts;
    };
    let question = Command::new([program.display().to_string(), "-V".into()]);
    let Ok(answer) = target.ask(&question) else { return facts };
    let Some(version) = answer.text().trim().strip_prefix("Python ").map(str::to_owned) else { return facts };
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    let number = |at: usize| version.split('.').nth(at).and_then(|part| digits(part).parse().ok()).unwrap_or(0u32);
    let (major, minor, micro) = (number(0), number(1), number(2));
    facts.insert("python_version".into(), json!(format!("{major}.{minor}.{micro}")));
    facts.insert(
        "python".into(),
        json!({
            "version": { "major": major, "minor": minor, "micro": micro, "releaselevel": "final", "serial": 0 },
            "version_info": [major, minor, micro, "final", 0],
            "executable": program,
            "has_sslcontext": true,
            "type": "cpython",
        }),
    );
    facts
}

/// `systemd`, or what else starts services here.
pub(in crate::modules) fn service_manager(target: &dyn Look) -> String {
    if exists(target, "/run/systemd/system") {
        return "systemd".into();
    }
    let first = text(target, "/proc/1/comm").unwrap_or_else(|| "init".into());
    match first.as_str() {
        "systemd" | "runit-init" | "s6-svscan" => first,
        "init" | "openrc-init" if exists(target, "/sbin/openrc") => "openrc".into(),
        "init" if exists(target, "/sbin/initctl") && exists(target, "/etc/init") => "upstart".into(),
        "init" if exists(target, "/etc/init.d") => "sysvinit".into(),
        "init" | "sh" | "bash" => "service".into(),
        _ => first,
    }
}

pub(super) fn service_mgr(target: &dyn Look) -> Facts {
    Facts::from_iter([("service_mgr".to_owned(), json!(service_manager(target)))])
}

/// The version is in the name of systemd's own library: no need to start systemctl.
pub(super) fn systemd(target: &dyn Look) -> Facts {
    if !exists(target, "/run/systemd/system") {
        return Facts::new();
    }
    let folders = ["/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd", "/usr/lib/x86_64-linux-gnu/systemd"];
    let version = folders.iter().flat_map(|folder| names(target, folder)).find_map(|name| {
        let rest = name.strip_prefix("libsystemd-shared-")?;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().ok()
    });
    Facts::from_iter(version.map(|version| ("systemd".to_owned(), json!({ "version": version }))))
}

pub(super) fn cmdline(target: &dyn Look) -> Facts {
    let line = text(target, "/proc/cmdline").unwrap_or_default();
    let (mut last, mut all) = (Facts::new(), Facts::new());
    for word in line.split_whitespace() {
        let (name, value) = word.split_once('=').map_or((word, json!(true)), |(n, v)| (n, json!(v.trim_matches('"'))));
        last.insert(name.to_owned(), value.clone());
        match all.get_mut(name) {
            None => drop(all.insert(name.to_owned(), value)),
            Some(Json::Array(several)) => several.push(value),
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    Facts::from_iter([("cmdline".to_owned(), last.into()), ("proc_cmdline".to_owned(), all.into())])
}

pub(super) fn fips(target: &dyn Look) -> Facts {
    let on = text(target, "/proc/sys/crypto/fips_enabled").as_deref() == Some("1");
    Facts::from_iter([("fips".to_owned(), json!(on))])
}

/// In a chroot `/` is not the root of process 1; where that cannot be read, its inode number tells.
pub(super) fn chroot(target: &dyn Look) -> Facts {
    let meta = |path: &str| target.stat(Path::new(path), true).ok().flatten();
    let answer = match (meta("/"), meta("/proc/1/root/.")) {
        _ if target.env("debian_chroot").is_some() => true,
        (Some(own), Some(first)) => (own.inode, own.device) != (first.inode, first.device),
        (Some(own), None) => ![2, 128, 256].contains(&own.inode) && link(target, "/proc/1/root").is_some_and(|to| to != "/"),
        (None, _) => false,
    };
    Facts::from_iter([("is_chroot".to_owned(), json!(answer))])
}

pub(super) fn load(target: &dyn Look) -> Facts {
    let line = text(target, "/proc/loadavg").unwrap_or_default();
    let numbers: Vec<f64> = line.split_whitespace().take(3).filter_map(|n| n.parse().ok()).collect();
    let [one, five, fifteen] = numbers[..] else { return Facts::new() };
    Facts::from_iter([("loadavg".to_owned(), json!({ "1m": one, "5m": five, "15m": fifteen }))])
}
