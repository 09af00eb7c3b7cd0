//! An S3 server that shares no code with ours: moto (PyPI). `tests/hosts/s3` installs it; MOTO_SERVER names another.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use deploy::bucket::{Bucket, Settings};
use serde_json::{Value as Json, json};

/// One server for all tests of the process; each test has its own bucket.
pub(crate) struct Server {
    pub url: String,
    _child: Child,
}

/// `None`, with a word about it, where moto is not installed.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

/// A new bucket's settings.
pub(crate) fn bucket(server: &Server) -> Json {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("bundles-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let made = ureq::put(format!("{}/{name}", server.url)).header("x-amz-acl", "public-read").send_empty();
    assert!(made.is_ok(), "the bucket {name} is made");
    json!({"name": name, "endpoint": server.url, "path_style": true, "access_key": "key", "secret_key": "secret", "prefix": "app"})
}

pub(crate) async fn open(settings: &Json) -> Bucket {
    Bucket::open(&Settings::decode(settings).expect("settings")).await.expect("a bucket")
}

fn start() -> Option<Server> {
    let program = program()?;
    let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let url = format!("http://127.0.0.1:{port}");
    // It ends with this process: the kernel closes the pipe that it waits on.
    let wrapper = format!("'{}' -H 127.0.0.1 -p {port} >/dev/null 2>&1 & read _; kill $!", program.display());
    let child = Command::new("sh").args(["-c", &wrapper]).stdin(Stdio::piped()).spawn().ok()?;
    let end = Instant::now() + Duration::from_secs(60);
    while ureq::get(format!("{url}/moto-api/")).call().is_err() {
        assert!(Instant::now() < end, "moto did not start");
        std::thread::sleep(Duration::from_millis(100));
    }
    Some(Server { url, _child: child })
}

fn program() -> Option<PathBuf> {
    let home =
        std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let places = [std::env::var_os("MOTO_SERVER").map(PathBuf::from), home.map(|cache| cache.join("deploy-hosts/moto/bin/moto_server"))];
    let found = places.into_iter().flatten().find(|path| path.is_file());
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "in CI the S3 server must be there: tests/hosts/s3 installs it");
    found
}
