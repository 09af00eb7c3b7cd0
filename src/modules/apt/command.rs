//! The command lines of apt-get: built here, run by the applier.

use super::Apt;
use crate::plan::Command;

/// `apt-get` with what its options ask of every run, then `words`.
pub(super) fn apt_get(options: &Apt, words: &[&str]) -> Command {
    let mut argv = vec!["apt-get".to_owned(), "-y".to_owned()];
    let mut set = |name: &str, value: &str| argv.extend(["-o".to_owned(), format!("{name}={value}")]);
    for option in options.dpkg_options.split(',').map(str::trim).filter(|o| !o.is_empty()) {
        set("Dpkg::Options::", &format!("--{option}"));
    }
    // Without a terminal of its own dpkg prints no progress.
    set("Dpkg::Use-Pty", "0");
    set("DPkg::Lock::Timeout", &options.lock_timeout.to_string());
    if let Some(recommends) = options.install_recommends {
        set("APT::Install-Recommends", if recommends { "yes" } else { "no" });
    }
    if let Some(release) = &options.default_release {
        argv.extend(["-t".to_owned(), release.clone()]);
    }
    let force = options.force;
    let flags = [
        (options.allow_unauthenticated || force, "--allow-unauthenticated"),
        (options.allow_downgrade || force, "--allow-downgrades"),
        (options.allow_change_held_packages || force, "--allow-change-held-packages"),
        (force, "--allow-remove-essential"),
        (options.fail_on_autoremove, "--no-remove"),
        (options.only_upgrade, "--only-upgrade"),
    ];
    argv.extend(flags.iter().filter(|(on, _)| *on).map(|(_, flag)| (*flag).to_owned()));
    argv.extend(words.iter().map(|word| (*word).to_owned()));
    quiet(Command::new(argv))
}

/// No questions, and answers in English.
pub(super) fn quiet(mut command: Command) -> Command {
    for (name, value) in [("DEBIAN_FRONTEND", "noninteractive"), ("DEBIAN_PRIORITY", "critical"), ("LC_ALL", "C.UTF-8"), ("LANGUAGE", "")] {
        command.env.insert(name.into(), value.into());
    }
    command
}

/// The same, only pretended: reads, takes no lock.
pub(super) fn simulated(command: &Command) -> Command {
    let mut command = command.clone();
    command.argv.insert(1, "--simulate".into());
    command
}

/// Whether the summary of a run says that it changes nothing.
pub(super) fn changes_nothing(stdout: &str) -> bool {
    stdout.lines().any(|line| line.starts_with("0 upgraded, 0 newly installed, 0 to remove"))
        && !stdout.lines().any(|line| line.contains("not fully installed or removed"))
}
