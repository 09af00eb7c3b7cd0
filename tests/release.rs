//! What a deploy does on the controller, with real repositories, a real S3 server and real builds.

#[path = "release/repository.rs"]
mod repository;
#[path = "release/s3.rs"]
mod s3;

use std::process::{Command, Stdio};
use std::time::Duration;

use deploy::bucket::{Body, Bucket, Headers, Put, Settings, When};
use deploy::release::assets::{self, Asset};
use deploy::release::build::{self, Recipe};
use deploy::release::cache::Cache;
use deploy::release::lease::{self, Holder, Refused, Times};
use deploy::release::record::Record;
use deploy::release::revision::{self, Between};
use deploy::release::{files, pack, remote, upload};
use repository::{Work, files as files_of, git};
use serde_json::json;

fn helps(work: &Work, name: &str) -> String {
    let error = revision::resolve(&work.open(), name).expect_err("no commit");
    std::iter::once(&error.message).chain(&error.help).map(String::as_str).collect::<Vec<_>>().join("\n")
}

#[test]
fn resolves_what_people_type() {
    let work = Work::new();
    let first = work.write("a", "1").commit("first");
    let second = work.write("a", "2").commit("second\n\nbody");
    work.git(&["tag", "-a", "v1", "-m", "annotated", &first]);
    work.git(&["tag", "light", &first]);
    work.git(&["branch", "feature/search", &first]);
    work.git(&["update-ref", "refs/remotes/origin/main", &second]);
    let sha = |name: &str| revision::resolve(&work.open(), name).unwrap_or_else(|error| panic!("{name}: {error}")).sha;
    for name in ["HEAD", "main", "refs/heads/main", "origin/main", &second, &second[..8], "@"] {
        assert_eq!(sha(name), second, "{name}");
    }
    for name in ["HEAD~1", "HEAD^", "v1", "light", "feature/search", "main~1"] {
        assert_eq!(sha(name), first, "{name}");
    }
    let found = revision::resolve(&work.open(), "main").expect("a commit");
    assert_eq!((found.subject.as_str(), found.author.as_str()), ("second", "Anna"));
}

#[test]
fn refuses_with_a_way_out() {
    let work = Work::new();
    assert!(helps(&work, "HEAD").contains("no commit yet"), "{}", helps(&work, "HEAD"));
    let sha = work.write("a", "1").write("dir/b", "1").commit("first");
    work.git(&["branch", "feature/search"]);
    work.git(&["update-ref", "refs/remotes/origin/fix", &sha]);
    assert!(helps(&work, "feature/serach").contains("did you mean `feature/search`?"));
    assert!(helps(&work, "fix").contains("did you mean `origin/fix`?"));
    let far = helps(&work, "HEAD~7");
    assert!(far.contains("`HEAD` is there, but its history does not go back so far"), "{far}");
    assert!(helps(&work, "deadbeef").contains("git fetch"));
    assert!(helps(&work, "HEAD:dir").contains("no commit but a tree"));
    work.git(&["tag", "same"]);
    work.write("a", "2").commit("second");
    work.git(&["branch", "same"]);
    assert!(helps(&work, "same").contains("a branch") && helps(&work, "same").contains("refs/tags/same"));
}

#[test]
fn an_ambiguous_sha_shows_the_candidates() {
    let work = Work::new();
    work.write("a", "1").commit("first");
    // Until two commits begin with the same four digits.
    let mut seen = std::collections::HashMap::new();
    let tree = work.git(&["rev-parse", "HEAD^{tree}"]);
    let clash = (0..2000).find_map(|n| {
        let sha = work.git(&["commit-tree", &tree, "-m", &format!("number {n}")]);
        let begin = sha[..4].to_owned();
        seen.insert(begin.clone(), n).map(|_| begin)
    });
    let clash = clash.expect("65,536 beginnings and 2,000 commits: one is there twice");
    let text = helps(&work, &clash);
    assert!(text.contains("several objects") && text.matches("number ").count() == 2, "{text}");
}

#[test]
fn bare_and_shallow_repositories_do() {
    let work = Work::new();
    let first = work.write("a", "1").commit("first");
    let second = work.write("a", "2").commit("second");
    let other = tempfile::tempdir().expect("a folder");
    let (bare, shallow) = (other.path().join("bare.git"), other.path().join("shallow"));
    git(work.path(), &["clone", "-q", "--bare", ".", bare.to_str().expect("utf-8")]);
    git(work.path(), &["clone", "-q", "--depth", "1", &format!("file://{}", work.path().display()), shallow.to_str().expect("utf-8")]);
    let bare = revision::open(Some(&bare)).expect("a repository");
    assert_eq!(revision::resolve(&bare, "main~1").expect("a commit").sha, first);
    assert_eq!(revision::uncommitted(&bare).expect("nothing"), Vec::<String>::new());
    let shallow = revision::open(Some(&shallow)).expect("a repository");
    assert_eq!(revision::resolve(&shallow, "HEAD").expect("a commit").sha, second);
    let error = revision::resolve(&shallow, &first).expect_err("not there");
    assert!(error.help.iter().any(|help| help.contains("--unshallow")), "{error:?}");
    assert!(pack::make(&shallow, &second, &[]).is_ok());
}

#[test]
fn says_what_is_not_committed_and_what_lies_between() {
    let work = Work::new();
    let first = work.write("a", "1").commit("first");
    let second = work.write("a", "2").commit("second");
    assert!(revision::uncommitted(&work.open()).expect("status").is_empty());
    work.write("a", "3").write("new", "1");
    assert_eq!(revision::uncommitted(&work.open()).expect("status"), ["a", "new"]);
    let repository = work.open();
    let subjects = |between: Between| match between {
        Between::Ahead(list) | Between::Back(list) => list.into_iter().map(|commit| commit.subject).collect(),
        other => vec![format!("{other:?}")],
    };
    assert_eq!(subjects(revision::between(&repository, &first, &second, 9)), ["second"]);
    assert!(matches!(revision::between(&repository, &second, &first, 9), Between::Back(_)));
    assert_eq!(revision::between(&repository, &"0".repeat(40), &first, 9), Between::Unknown);
}

#[test]
fn the_remote_must_have_what_hosts_fetch() {
    let work = Work::new();
    work.write("a", "1").commit("first");
    let other = tempfile::tempdir().expect("a folder");
    let bare = other.path().join("origin.git");
    git(work.path(), &["clone", "-q", "--bare", ".", bare.to_str().expect("utf-8")]);
    let url = bare.to_str().expect("utf-8");
    let pushed = work.git(&["rev-parse", "HEAD"]);
    assert_eq!(remote::check(&work.open(), url, &pushed).expect("it is there").map(|w| w.message), None);
    let local = work.write("a", "2").commit("not pushed");
    let error = remote::check(&work.open(), url, &local).expect_err("it is not there");
    assert!(error.message.contains("is not on") && error.help[0].contains("git push"), "{error:?}");
    let error = remote::check(&work.open(), "https://me:hunter2@127.0.0.1:1/x.git", &local).expect_err("nobody answers");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

/// What a host does with a pack: index-pack, shallow, read-tree.
fn receive(host: &std::path::Path, repository: &git2::Repository, sha: &str) -> (usize, u64, Vec<(String, String)>) {
    let tips: Vec<String> = git(host, &["for-each-ref", "--format=%(objectname)"]).lines().map(str::to_owned).collect();
    let made = pack::make(repository, sha, &tips).expect("a pack");
    let input = std::fs::File::open(made.file.path()).expect("the pack");
    let done = Command::new("git")
        .arg("-C")
        .arg(host)
        .args(["index-pack", "--stdin", "--fix-thin"])
        .stdin(Stdio::from(input))
        .output()
        .expect("git runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let shallow = std::fs::read_to_string(host.join("shallow")).unwrap_or_default();
    std::fs::write(host.join("shallow"), format!("{shallow}{sha}\n")).expect("shallow");
    git(host, &["update-ref", &format!("refs/deploy/{sha}"), sha]);
    let tree = tempfile::tempdir().expect("a folder");
    let index = host.join("index-x");
    let done = Command::new("git")
        .arg("-C")
        .arg(host)
        .args(["read-tree", "--reset", "-u", sha])
        .envs([("GIT_DIR", host), ("GIT_WORK_TREE", tree.path()), ("GIT_INDEX_FILE", index.as_path())])
        .output()
        .expect("git runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::remove_file(index).expect("the index goes");
    (made.objects, made.bytes, files_of(tree.path()))
}

#[test]
fn packs_hold_what_a_host_lacks() {
    let work = Work::new();
    work.write("app.py", "print(1)\n").write("deep/er/file", "x").write("run", "#!/bin/sh\n");
    std::os::unix::fs::symlink("app.py", work.path().join("link")).expect("a link");
    let chmod = Command::new("chmod").arg("+x").arg(work.path().join("run")).status();
    assert!(chmod.is_ok_and(|status| status.success()));
    for n in 0..200 {
        work.write(&format!("data/{n}"), &format!("file {n}\n"));
    }
    let first = work.commit("first");
    let second = work.write("app.py", "print(2)\n").commit("second");
    let host = tempfile::tempdir().expect("a folder");
    git(host.path(), &["init", "-q", "--bare"]);

    let (objects, _, there) = receive(host.path(), &work.open(), &first);
    assert!(objects > 200, "{objects}");
    let at_first = |name: &str| there.iter().find(|(file, _)| file == name).map(|(_, text)| text.as_str());
    assert_eq!(at_first("run"), Some("x #!/bin/sh\n"));
    assert_eq!(at_first("link"), Some("-> app.py"));
    assert_eq!(there.len(), 204);

    // The next one brings a commit, a tree and a file.
    let (objects, bytes, there) = receive(host.path(), &work.open(), &second);
    assert_eq!(objects, 3);
    assert!(bytes < 2000, "{bytes}");
    assert!(there.contains(&("app.py".into(), "print(2)\n".into())));
    git(host.path(), &["fsck", "--strict", "--no-dangling"]);
    git(host.path(), &["gc", "--quiet"]);

    // The same files as the controller writes for a build.
    let clean = tempfile::tempdir().expect("a folder");
    let entries = files::of(&work.open(), &second).expect("files");
    files::write(&work.open(), &entries, clean.path()).expect("written");
    assert_eq!(files_of(clean.path()), there);
}

#[test]
fn submodules_and_lfs_are_refused_by_name() {
    let work = Work::new();
    let sha = work.write("a", "1").commit("first");
    work.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{sha},vendor/lib")]);
    work.git(&["commit", "-q", "-m", "a submodule"]);
    let head = work.git(&["rev-parse", "HEAD"]);
    let error = pack::make(&work.open(), &head, &[]).expect_err("a submodule");
    assert!(error.message.contains("vendor/lib"), "{error}");

    let work = Work::new();
    work.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    work.write("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
    let head = work.commit("lfs");
    let error = pack::make(&work.open(), &head, &[]).expect_err("LFS");
    assert!(error.message.contains("model.bin"), "{error}");
}

fn recipe(command: &str) -> Recipe {
    Recipe {
        command: command.into(),
        dir: "frontend".into(),
        output: "frontend/dist".into(),
        manifest: "manifest.json".into(),
        environment: Vec::new(),
    }
}

/// A build without npm: its output depends on the source only.
const BUILD: &str = r#"mkdir -p dist/assets && h=$(sha256sum main.js | cut -c1-9) && cp main.js dist/assets/main-x$h.js && cp robots.txt dist/ &&
    echo "{\"main.js\": {\"file\": \"assets/main-x$h.js\"}}" > dist/manifest.json; env > dist/../env.txt; echo "key is ${AWS_SECRET_ACCESS_KEY:-hidden}""#;

fn application() -> Work {
    let work = Work::new();
    work.write("frontend/main.js", "console.log(1)\n").write("frontend/robots.txt", "one\n").commit("first");
    work
}

#[tokio::test]
async fn builds_the_commit_and_not_the_working_tree() {
    let work = application();
    let sha = work.git(&["rev-parse", "HEAD"]);
    work.write("frontend/main.js", "dirty\n").write("frontend/extra.js", "untracked\n");
    let root = tempfile::tempdir().expect("a folder");
    let cache = Cache::at(root.path()).expect("a cache");
    let said = std::sync::Mutex::new(Vec::new());
    let hear = |line: &str| said.lock().expect("lock").push(line.to_owned());
    let output = build::output(work.path(), &sha, &recipe(BUILD), &cache, false, hear).await.expect("built");
    let names: Vec<String> = files_of(&output).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(files_of(&output).iter().any(|(_, text)| text == "console.log(1)\n"));
    assert_eq!(*said.lock().expect("lock"), ["key is hidden"]);
    // Once more: nothing runs.
    let again = build::output(work.path(), &sha, &recipe(BUILD), &cache, false, |_| panic!("it was built")).await.expect("there");
    assert_eq!(again, output);
}

#[tokio::test]
async fn a_failed_build_shows_the_end_of_its_log() {
    let work = application();
    let sha = work.git(&["rev-parse", "HEAD"]);
    let root = tempfile::tempdir().expect("a folder");
    let cache = Cache::at(root.path()).expect("a cache");
    let fails = recipe("for i in $(seq 30); do echo line $i; done; echo 'src/main.js: \u{1b}[31mboom\u{1b}[0m' >&2; exit 7");
    let error = build::output(work.path(), &sha, &fails, &cache, false, |_| {}).await.expect_err("it fails");
    assert!(error.message.contains("exit code 7") && error.message.ends_with("src/main.js: boom"), "{error}");
    assert!(!error.message.contains("line 5\n") && error.help[0].ends_with(&format!("{sha}.log")), "{error:?}");
    for (command, want) in [("true", "made no folder"), ("mkdir -p dist", "made no manifest.json")] {
        let error = build::output(work.path(), &sha, &recipe(command), &cache, false, |_| {}).await.expect_err("no output");
        assert!(error.message.contains(want), "{error}");
    }
}

#[tokio::test]
async fn what_was_installed_is_kept_for_the_same_lock_file() {
    let work = application();
    work.write("frontend/yarn.lock", "react@19\n");
    let first = work.commit("lock");
    let second = work.write("frontend/main.js", "console.log(2)\n").commit("second");
    let root = tempfile::tempdir().expect("a folder");
    let cache = Cache::at(root.path()).expect("a cache");
    let install = recipe(&format!("test -e node_modules/react || {{ mkdir -p node_modules/react; echo installed; }}; {BUILD}"));
    let said = std::sync::Mutex::new(0);
    for sha in [&first, &second] {
        let hear = |line: &str| *said.lock().expect("lock") += usize::from(line == "installed");
        build::output(work.path(), sha, &install, &cache, false, hear).await.expect("built");
    }
    assert_eq!(*said.lock().expect("lock"), 1);
}

fn record(work: &Work, output: &std::path::Path) -> Record {
    let manifest = serde_json::from_slice(&std::fs::read(output.join("manifest.json")).expect("a manifest")).expect("JSON");
    let files = assets::of(output, Some(&manifest)).expect("files");
    Record { revision: work.git(&["rev-parse", "HEAD"]), recipe: recipe(BUILD).fingerprint(), at: String::new(), manifest, files }
}

async fn built(work: &Work) -> (tempfile::TempDir, std::path::PathBuf) {
    let root = tempfile::tempdir().expect("a folder");
    let cache = Cache::at(root.path()).expect("a cache");
    let sha = work.git(&["rev-parse", "HEAD"]);
    let output = build::output(work.path(), &sha, &recipe(BUILD), &cache, false, |_| {}).await.expect("built");
    (root, output)
}

#[tokio::test]
async fn publishes_in_order_with_headers_and_once() {
    let Some(server) = s3::server() else { return };
    let settings = s3::bucket(server);
    let bucket = s3::open(&settings).await;
    let work = application();
    let (_one, output) = built(&work).await;
    let first = record(&work, &output);
    let published = upload::publish(&bucket, &output, &first, |_, _| {}).await.expect("published");
    assert_eq!((published.uploaded, published.skipped), (1 + 2 * 2, 0));

    let asset = |name: &str| -> Asset { first.files.iter().find(|asset| asset.name.contains(name)).expect("an asset").clone() };
    let main = asset("main-x");
    // As a browser gets it, not as our client says.
    let answer =
        ureq::get(format!("{}/{}/app/{}", server.url, settings["name"].as_str().expect("a name"), main.name)).call().expect("it is served");
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header("content-type"), "text/javascript; charset=utf-8");
    let plain = bucket.headers("robots.txt").await.expect("asked").expect("there");
    assert_eq!(plain.cache_control, "no-cache");

    // The same again: hashed assets are skipped, and wrong headers are put right.
    let wrong = Headers { content_type: "binary/octet-stream".into(), cache_control: String::new(), sha256: main.sha256.clone() };
    bucket.put(&main.name, &Body::File(output.join(&main.name)), &wrong, &When::Always).await.expect("put");
    let again = upload::publish(&bucket, &output, &first, |_, _| {}).await.expect("published");
    assert_eq!((again.uploaded, again.skipped), (5, 0));
    assert_eq!(bucket.headers(&main.name).await.expect("asked").expect("there"), main.headers());
    let third = upload::publish(&bucket, &output, &first, |_, _| {}).await.expect("published");
    assert_eq!((third.uploaded, third.skipped), (4, 1));

    // A second commit changes robots.txt; going back brings the first one's content back without a build.
    work.write("frontend/main.js", "console.log(2)\n").write("frontend/robots.txt", "two\n").commit("second");
    let (_two, output) = built(&work).await;
    upload::publish(&bucket, &output, &record(&work, &output), |_, _| {}).await.expect("published");
    let kept = Record::read(&bucket, &first.revision).await.expect("read").expect("a record");
    assert_eq!(kept, first);
    assert!(upload::restore(&bucket, &kept).await.expect("restored").is_some());
    assert_eq!(bucket.get("robots.txt").await.expect("read").expect("there").bytes, b"one\n");

    // Where an asset is not what it was, it must be built again.
    bucket.put(&main.name, &Body::Bytes(b"damaged".to_vec()), &main.headers(), &When::Always).await.expect("put");
    assert_eq!(upload::restore(&bucket, &kept).await.expect("asked"), None);
}

#[tokio::test]
async fn a_name_without_its_hash_is_no_write_once_asset() {
    let Some(server) = s3::server() else { return };
    let bucket = s3::open(&s3::bucket(server)).await;
    let work = application();
    let (_root, output) = built(&work).await;
    let record = record(&work, &output);
    let name = &record.files.iter().find(|asset| asset.hashed).expect("one is hashed").name;
    bucket.put(name, &Body::Bytes(b"other".to_vec()), &Headers::default(), &When::Always).await.expect("put");
    let error = upload::publish(&bucket, &output, &record, |_, _| {}).await.expect_err("refused");
    assert!(error.message.contains("already with other content"), "{error}");
    assert!(bucket.get("robots.txt").await.expect("asked").is_none(), "what names the assets came before them");
}

#[tokio::test]
async fn conditions_hold_in_the_bucket() {
    let Some(server) = s3::server() else { return };
    let bucket = s3::open(&s3::bucket(server)).await;
    let put = async |text: &str, when: When| bucket.put("a/b", &Body::Bytes(text.into()), &Headers::default(), &when).await.expect("asked");
    let Put::Done(tag) = put("1", When::Absent).await else { panic!("not written") };
    assert_eq!(put("2", When::Absent).await, Put::Refused);
    let Put::Done(_) = put("2", When::Unchanged(tag.clone())).await else { panic!("not written") };
    assert_eq!(put("3", When::Unchanged(tag)).await, Put::Refused);
    assert_eq!(bucket.get("a/b").await.expect("read").expect("there").bytes, b"2");
    assert!(bucket.get("a/c").await.expect("read").is_none());
    assert_eq!(bucket.list("a/").await.expect("listed").len(), 1);
}

#[tokio::test]
async fn a_bucket_that_refuses_says_what_to_do() {
    let unreachable =
        json!({"name": "b", "endpoint": "http://127.0.0.1:1", "path_style": true, "access_key": "k", "secret_key": "hunter2"});
    let error = s3::open(&unreachable).await.list("").await.expect_err("nobody answers");
    assert!(error.message.contains("does not answer") && !error.to_string().contains("hunter2"), "{error}");
    let Some(server) = s3::server() else { return };
    let mut missing = s3::bucket(server);
    missing["name"] = json!("never-made");
    let bucket = s3::open(&missing).await;
    for error in [
        bucket.list("").await.expect_err("no bucket"),
        bucket.get("x").await.expect_err("no bucket"),
        bucket.put("x", &Body::Bytes(Vec::new()), &Headers::default(), &When::Always).await.expect_err("no bucket"),
    ] {
        assert!(error.message.starts_with("there is no bucket never-made"), "{error}");
    }
    assert!(Settings::decode(&json!({"name": "b", "acces_key": "x"})).is_err());
}

const QUICK: Times = Times { renew: Duration::from_millis(200), expire: Duration::from_millis(1500) };

async fn lease_of(bucket: &Bucket, who: &str) -> Result<lease::Lease, Refused> {
    lease::in_bucket(bucket, "app-test", Holder::new(who, "deploy test HEAD web"), QUICK).await
}

#[tokio::test]
async fn one_deploy_of_an_environment_at_a_time() {
    let Some(server) = s3::server() else { return };
    let bucket = s3::open(&s3::bucket(server)).await;
    let mine = lease_of(&bucket, "anna@laptop").await.expect("free");
    let Err(Refused::Held(other)) = lease_of(&bucket, "ben@ci").await else { panic!("two hold it") };
    assert_eq!((other.owner.as_str(), other.what.as_str()), ("anna@laptop", "deploy test HEAD web"));
    mine.release().await;
    assert_eq!(lease::holder(&bucket, "app-test").await.expect("asked"), None);
    let second = lease_of(&bucket, "ben@ci").await.expect("free again");
    // Somebody breaks it open: its holder hears of it.
    lease::break_open(&bucket, "app-test").await.expect("asked").expect("ben held it");
    assert!(second.lost().await.contains("taken"));
}

#[tokio::test]
async fn an_abandoned_lease_is_taken_over_and_a_living_one_never() {
    let Some(server) = s3::server() else { return };
    let bucket = s3::open(&s3::bucket(server)).await;
    // Its process was killed: nobody renews, nobody gives back.
    drop(lease_of(&bucket, "anna@laptop").await.expect("free"));
    let taken = loop {
        match lease_of(&bucket, "ben@ci").await {
            Ok(lease) => break lease,
            Err(Refused::Held(other)) => assert_eq!(other.owner, "anna@laptop"),
            Err(Refused::Failed(error)) => panic!("{error}"),
        }
    };
    assert_eq!(taken.taken_over.as_ref().map(|before| before.owner.as_str()), Some("anna@laptop"));
    // Renewed for longer than it would live without.
    let before = lease::holder(&bucket, "app-test").await.expect("asked").expect("ben").renewed;
    while lease::holder(&bucket, "app-test").await.expect("asked").expect("ben").renewed == before {
        assert!(matches!(lease_of(&bucket, "carl@laptop").await, Err(Refused::Held(_))));
    }
    taken.release().await;
}

#[tokio::test]
async fn nobody_waits_for_a_process_of_this_machine_that_has_ended() {
    let Some(server) = s3::server() else { return };
    let bucket = s3::open(&s3::bucket(server)).await;
    drop(lease_of(&bucket, "anna@laptop").await.expect("free"));
    // As if the process that holds it had been killed: its number lives on in no process that started then.
    let text = bucket.get("leases/app-test.json").await.expect("asked").expect("there").bytes;
    let mut holder: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let process = holder["process"].as_str().expect("a process").rsplit_once(' ').expect("its start").0.to_owned();
    holder["process"] = json!(format!("{process} 1"));
    bucket.put("leases/app-test.json", &Body::Bytes(holder.to_string().into()), &Headers::default(), &When::Always).await.expect("put");
    let taken = lease::in_bucket(&bucket, "app-test", Holder::new("ben@laptop", "deploy"), Times::default()).await.expect("free at once");
    assert!(taken.taken_over.is_some());
    taken.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_race_one_wins() {
    let Some(server) = s3::server() else { return };
    let settings = s3::bucket(server);
    let mut racers = tokio::task::JoinSet::new();
    for n in 0..12 {
        let bucket = s3::open(&settings).await;
        racers.spawn(async move { lease_of(&bucket, &format!("racer-{n}")).await.ok() });
    }
    let won: Vec<_> = racers.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
}

#[test]
fn without_a_bucket_the_lease_is_a_lock_of_this_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let take = |who: &str| lease::on_this_machine(folder.path(), "test", Holder::new(who, "deploy test HEAD web"));
    let mine = take("anna@laptop").expect("free");
    assert!(matches!(take("ben@laptop"), Err(Refused::Held(other)) if other.owner == "anna@laptop"));
    assert_eq!(lease::holder_on_this_machine(folder.path(), "test").map(|holder| holder.owner), Some("anna@laptop".into()));
    drop(mine);
    assert_eq!(lease::holder_on_this_machine(folder.path(), "test"), None);
    assert!(take("ben@laptop").is_ok());
}
