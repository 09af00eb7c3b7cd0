//! What is to be done about the packages that a task names.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::command::apt_get;
use super::policy::{self, Policy};
use super::spec::{Relation, Spec};
use super::status::Installed;
use super::version::compare;
use super::{Apt, State};
use crate::modules::glob::Glob;
use crate::plan::{Change, Command, Diff, Failure, Look, Plan};

pub(super) fn plan(options: &Apt, names: &[&str], target: &dyn Look) -> Result<Plan, Failure> {
    let installed = Installed::read(target)?;
    let specs: Vec<Spec> = names.iter().map(|name| Spec::parse(name)).collect();
    match options.state {
        State::Absent => remove(options, &specs, &installed, target),
        _ => install(options, specs, &installed, target),
    }
}

fn remove(options: &Apt, specs: &[Spec], installed: &Installed, target: &dyn Look) -> Result<Plan, Failure> {
    let is_there = |p: &super::status::Package| if options.purge { p.has_files() } else { p.is_installed() };
    let mut gone = BTreeMap::new();
    for spec in specs {
        if spec.is_pattern() {
            let pattern = pattern(spec)?;
            let found = installed.all().filter(|p| pattern.fits(&p.name) && is_there(p));
            gone.extend(found.map(|p| (p.name.clone(), p.version.clone())));
        } else if let Some(found) = installed.find(&spec.name, spec.architecture.as_deref()).filter(|p| is_there(p)) {
            gone.insert(spec.package(), found.version.clone());
        }
    }
    if gone.is_empty() {
        return Ok(Plan::unchanged());
    }
    let mut words = vec!["remove"];
    words.extend(options.purge.then_some("--purge"));
    words.extend(options.autoremove.then_some("--auto-remove"));
    words.extend(gone.keys().map(String::as_str));
    let before = gone.iter().map(|(name, version)| format!("{name} {version}\n")).collect();
    let mut plan = options.run(apt_get(options, &words), target);
    plan.diff.push(diff(before, String::new()));
    Ok(plan)
}

fn install(options: &Apt, mut specs: Vec<Spec>, installed: &Installed, target: &dyn Look) -> Result<Plan, Failure> {
    if specs.iter().any(Spec::is_pattern) {
        specs = matched(specs, target)?;
    }
    let version_of = |spec: &Spec| {
        let found = installed.find(&spec.name, spec.architecture.as_deref()).filter(|p| p.is_installed());
        found.map(|p| p.version.clone())
    };
    let is_unsatisfied = |spec: &&Spec| match version_of(spec) {
        Some(version) => !spec.accepts(&version) || options.state == State::Latest && spec.version.is_none(),
        None => !options.only_upgrade,
    };
    let open: Vec<&Spec> = specs.iter().filter(is_unsatisfied).collect();
    let asked: BTreeSet<String> = open.iter().map(|spec| spec.package()).collect();
    let asked: Vec<String> = asked.into_iter().collect();
    let policies = policy::of(target, &asked, options.default_release.as_deref())?;
    let (mut words, mut before, mut after) = (Vec::new(), String::new(), String::new());
    for spec in open {
        let own = version_of(spec);
        let policy = policies.get(&spec.package());
        let Some((word, version)) = candidate(spec, own.as_deref(), policy, options, installed, target)? else { continue };
        if words.contains(&word) {
            continue;
        }
        if let Some(own) = own {
            before += &format!("{} {own}\n", spec.package());
        }
        after += &format!("{} {version}\n", spec.package());
        words.push(word);
    }
    if words.is_empty() {
        return Ok(mark_manual(&specs, installed, target));
    }
    let mut all = vec!["install"];
    all.extend(options.autoremove.then_some("--auto-remove"));
    all.extend(words.iter().map(String::as_str));
    let mut plan = options.run(apt_get(options, &all), target);
    plan.diff.push(diff(before, after));
    Ok(plan)
}

/// The word for apt-get and the version that it brings; `None` where what is there will do.
fn candidate(
    spec: &Spec,
    own: Option<&str>,
    policy: Option<&Policy>,
    options: &Apt,
    installed: &Installed,
    target: &dyn Look,
) -> Result<Option<(String, String)>, Failure> {
    let Some(policy) = policy else {
        return match (own, installed.provider(&spec.name)) {
            (None, None) => Err(Failure::argument("name", format!("No package matching '{}' is available", spec.text))),
            _ => Ok(None),
        };
    };
    if let Some((relation, wanted)) = &spec.version {
        let found = policy.candidate.iter().chain(&policy.versions).find(|version| spec.accepts(version));
        let Some(found) = found else {
            let had = if policy.versions.is_empty() { String::new() } else { format!("; apt has {}", policy.versions.join(", ")) };
            let msg = format!("no available installation candidate for {}{had}", spec.text);
            return Err(Failure::argument("name", msg));
        };
        let is_older = own.is_some_and(|own| compare(found, own) == Ordering::Less);
        if is_older && !options.allow_downgrade && !options.force {
            let sign = if *relation == Relation::Is { "=" } else { ">=" };
            let msg = format!(
                "{} is installed as {}, newer than {sign}{wanted}: set `allow_downgrade: true` to go back",
                spec.package(),
                own.unwrap_or_default()
            );
            return Err(Failure::argument("name", msg));
        }
        return Ok(Some((format!("{}={found}", spec.package()), found.clone())));
    }
    let Some(candidate) = &policy.candidate else {
        if own.is_some() || installed.provider(&spec.name).is_some() {
            return Ok(None);
        }
        return provided(spec, target);
    };
    let word = spec.release.as_ref().map_or_else(|| spec.package(), |release| format!("{}/{release}", spec.package()));
    // For `latest`: the candidate already obeys pins; one that is older needs their blessing or the user's.
    let is_due = own.is_none_or(|own| compare(candidate, own) == Ordering::Greater || options.allow_downgrade && candidate != own);
    Ok(is_due.then(|| (word, candidate.clone())))
}

/// A name that other packages provide can be installed where only one does.
fn provided(spec: &Spec, target: &dyn Look) -> Result<Option<(String, String)>, Failure> {
    let answer = target.ask(&Command { accept: Vec::new(), ..Command::new(["apt-cache", "showpkg", &spec.name]) })?.text();
    let rows = answer.lines().skip_while(|line| !line.starts_with("Reverse Provides:")).skip(1);
    let found: BTreeMap<&str, &str> = rows.filter_map(|line| line.split_once(' ')).collect();
    match found.len() {
        0 => Err(Failure::argument("name", format!("No package matching '{}' is available", spec.text))),
        1 => Ok(found
            .first_key_value()
            .map(|(name, version)| ((*name).to_owned(), version.split(' ').next().unwrap_or_default().to_owned()))),
        _ => {
            let names: Vec<&str> = found.keys().copied().collect();
            Err(Failure::argument("name", format!("'{}' is provided by several packages, name one: {}", spec.name, names.join(", "))))
        }
    }
}

fn pattern(spec: &Spec) -> Result<Glob, Failure> {
    Glob::new(&spec.name).map_err(|why| Failure::argument("name", why))
}

/// Patterns replaced by what can be had.
fn matched(specs: Vec<Spec>, target: &dyn Look) -> Result<Vec<Spec>, Failure> {
    let known = target.ask(&Command::new(["apt-cache", "pkgnames"]))?.text();
    let mut all = Vec::new();
    for spec in specs {
        if !spec.is_pattern() {
            all.push(spec);
            continue;
        }
        let pattern = pattern(&spec)?;
        let mut found: Vec<Spec> = known.lines().filter(|name| pattern.fits(name)).map(|name| spec.named(name)).collect();
        if found.is_empty() {
            return Err(Failure::argument("name", format!("No package(s) matching '{}' available", spec.text)));
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        all.extend(found);
    }
    Ok(all)
}

/// What a task asks for by name must survive `autoremove`, though it came as a dependency.
fn mark_manual(specs: &[Spec], installed: &Installed, target: &dyn Look) -> Plan {
    let states = target.read(Path::new("/var/lib/apt/extended_states")).ok().flatten().unwrap_or_default();
    let states = String::from_utf8_lossy(&states);
    let automatic: BTreeSet<&str> = states
        .split("\n\n")
        .filter(|stanza| stanza.contains("Auto-Installed: 1"))
        .filter_map(|stanza| stanza.trim_start().lines().next()?.strip_prefix("Package: "))
        .collect();
    let is_installed = |spec: &&Spec| installed.find(&spec.name, spec.architecture.as_deref()).is_some_and(|p| p.is_installed());
    let marked: Vec<String> =
        specs.iter().filter(is_installed).filter(|s| automatic.contains(s.name.as_str())).map(Spec::package).collect();
    if marked.is_empty() {
        return Plan::unchanged();
    }
    let words = ["apt-mark", "manual"].map(str::to_owned).into_iter().chain(marked);
    // Ansible does it without a word, too: nothing is notified for it.
    Plan { changed: Some(false), ..Plan::of(vec![Change::Run(Command::new(words))]) }
}

fn diff(before: String, after: String) -> Diff {
    Diff { before_header: "packages".into(), after_header: "packages".into(), before, after }
}
