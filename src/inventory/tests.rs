//! What the engine may rely on while plays run.

use super::*;

fn inventory(text: &str) -> (tempfile::TempDir, Inventory) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("group_vars")).expect("a folder");
    std::fs::write(folder.path().join("group_vars/os_Debian.yml"), "package: apt\n").expect("written");
    std::fs::write(folder.path().join("hosts.yml"), text).expect("written");
    let (inventory, warnings) =
        Inventory::load(&[folder.path().join("hosts.yml").display().to_string()], Settings::default()).expect("loads");
    assert!(warnings.is_empty(), "{warnings:?}");
    (folder, inventory)
}

fn names(hosts: &[Arc<str>]) -> String {
    hosts.join(" ")
}

const FLEET: &str = "web: {hosts: {w1: , w2: }, vars: {port: 80}}\ndb: {hosts: {d1: }}\n";

#[test]
fn hosts_and_groups_are_added_while_plays_run() {
    let (_folder, mut inventory) = inventory(FLEET);
    assert!(!inventory.vars_of("w1").contains_key("package"));
    inventory.add_to_group("os_Debian", &["os".into()], "w1").expect("added");
    assert_eq!(names(&inventory.hosts_of("os")), "w1");
    assert_eq!(names(&inventory.groups_of("w1")), "os os_Debian web");
    assert!(inventory.vars_of("w1").contains_key("package"), "group_vars of a new group are read");

    inventory.add_host("new:2222", &["web".into(), "fresh".into()], vec![("x".into(), Value::Int(1))]).expect("added");
    let vars = inventory.vars_of("new");
    assert!(["port", "x", "ansible_port"].iter().all(|name| vars.contains_key(*name)));
    assert_eq!(names(&inventory.matching("fresh:&web", None).expect("matches")), "new");
    inventory.add_host("alone", &[], Vec::new()).expect("added");
    assert_eq!(names(&inventory.hosts_of("ungrouped")), "alone");
    inventory.add_host("alone", &["db".into()], Vec::new()).expect("added");
    assert_eq!(names(&inventory.hosts_of("ungrouped")), "");
    assert_eq!(names(&inventory.hosts_of("all")), "new alone w1 w2 d1");
    assert!(inventory.add_to_group("os", &["os_Debian".into()], "w1").is_err(), "no circles");
}

#[test]
fn what_matches_nothing_warns_or_is_refused() {
    let (_folder, inventory) = inventory(FLEET);
    assert_eq!(names(&inventory.matching("web:wbe", None).expect("matches")), "w1 w2");
    let warnings = inventory.take_warnings();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].message, "Could not match supplied host pattern, ignoring: wbe");
    assert!(inventory.take_warnings().is_empty());
    let error = inventory.matching_known("wbe", None).expect_err("refused");
    assert_eq!(error.help, ["did you mean `web`?", "groups: all, ungrouped, web, db"]);
    assert!(inventory.matching_known("web:!w9", None).is_err());
    assert_eq!(inventory.matching("~(", None).expect_err("no regex").message.split(':').next(), Some("`~(` is no regular expression"));
    assert_eq!(names(&inventory.matching("all", Some("w2:d1")).expect("matches")), "w2 d1");
}

#[test]
fn a_limit_may_be_in_a_file() {
    let (folder, inventory) = inventory(FLEET);
    let file = folder.path().join("limit");
    std::fs::write(&file, "# failed last time\nw2\nd1\n").expect("written");
    assert_eq!(names(&inventory.matching("all", Some(&format!("@{}", file.display()))).expect("matches")), "w2 d1");
    assert!(inventory.matching("all", Some("@/nowhere")).is_err());
}

#[test]
fn this_machine_is_known_without_an_inventory() {
    let (inventory, _) = Inventory::load(&[], Settings::default()).expect("loads");
    assert_eq!(names(&inventory.matching("localhost", None).expect("matches")), "localhost");
    assert!(!inventory.has_host("localhost"));
    assert_eq!(names(&inventory.matching("all", None).expect("matches")), "");
    assert!(inventory.take_warnings().is_empty());
}

#[test]
fn every_variable_keeps_its_place() {
    let (_folder, inventory) = inventory(FLEET);
    let vars = inventory.vars_of("w1");
    let Some(Var::Node(port)) = vars.get("port") else { panic!("a node") };
    assert_eq!((port.span().line, port.span().column, port.span().text()), (1, 41, "80"));
}

#[test]
fn files_that_no_password_opens_matter_only_to_their_hosts() {
    let (folder, _) = inventory(FLEET);
    std::fs::write(folder.path().join("group_vars/db.yml"), "$ANSIBLE_VAULT;1.1;AES256\n6162\n").expect("written");
    let (inventory, _) = Inventory::load(&[folder.path().join("hosts.yml").display().to_string()], Settings::default()).expect("loads");
    assert!(inventory.readable(&inventory.hosts_of("web")).is_ok());
    let problems = inventory.readable(&inventory.hosts_of("all")).expect_err("locked");
    assert!(problems.0.len() == 1 && problems.0[0].message.contains("group_vars/db.yml is encrypted"), "{problems}");
}
