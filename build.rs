//! Builds the agent that goes to hosts, gzips it, and leaves a table of it in OUT_DIR for `remote::program`.
//!
//! - Release builds hold the agent: static, small (profile `agent`), in a target folder of its own.
//! - Debug builds hold none, so that `cargo check` stays fast; at run time `DEPLOY_AGENT` names one.
//! - `DEPLOY_AGENT=PATH` at build time: that program, prebuilt. `build`: as in a release. `none`: none.

use std::env;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// What the agent is made of.
const SOURCES: &[&str] = &[
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "src/agent",
    "src/bin",
    "src/bootstrap.rs",
    "src/modules",
    "src/pattern",
    "src/pattern.rs",
    "src/plan",
    "src/wire.rs",
    "src/words.rs",
    "src/lib.rs",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=DEPLOY_AGENT");
    let table = PathBuf::from(env::var("OUT_DIR")?).join("agents.rs");
    let wanted = env::var("DEPLOY_AGENT").unwrap_or_default();
    let controller = env::var_os("CARGO_FEATURE_CONTROLLER").is_some();
    let release = env::var("PROFILE")? == "release";
    let program = match wanted.as_str() {
        _ if !controller => None,
        "none" => None,
        "" if !release => None,
        "" | "build" => {
            for source in SOURCES {
                println!("cargo::rerun-if-changed={source}");
            }
            Some(build()?)
        }
        path => {
            println!("cargo::rerun-if-changed={path}");
            Some(PathBuf::from(path))
        }
    };
    if !release || wanted == "none" {
        println!("cargo::rerun-if-changed=build.rs");
    }
    let text = match program {
        None => "&[]".to_owned(),
        Some(program) => entry(&program)?,
    };
    fs::write(table, text)?;
    Ok(())
}

/// The agent for the same target as ours.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let target = env::var("TARGET")?;
    // OUT_DIR is <target folder>/[triple/]<profile>/build/<package>/out; one folder beside the profiles serves them all.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut folder = out.ancestors().nth(4).ok_or("OUT_DIR is not where cargo puts it")?.to_owned();
    if folder.file_name().is_some_and(|name| name.to_string_lossy() == target) {
        folder.pop();
    }
    let folder = folder.join("agent");
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo.args(["rustc", "--locked", "--bin", "deploy-agent", "--no-default-features", "--features", "agent", "--profile", "agent"]);
    cargo.args(["--target", &target]).arg("--target-dir").arg(&folder).args(["--", "-C", "target-feature=+crt-static"]);
    cargo.current_dir(env::var("CARGO_MANIFEST_DIR")?);
    // What the outer cargo says to us must not reach the inner one.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let outer = [
            "RUSTFLAGS",
            "RUSTDOCFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_WRAPPER",
            "CARGO_BUILD_TARGET",
            "CARGO_TARGET_DIR",
            "DEPLOY_AGENT",
            "CARGO_MAKEFLAGS",
            "MAKEFLAGS",
        ];
        if outer.contains(&name.as_ref())
            || name.starts_with("CARGO_FEATURE_")
            || name.starts_with("CARGO_CFG_")
            || name.starts_with("CARGO_PKG_")
            || name.starts_with("DEP_")
        {
            cargo.env_remove(name.as_ref());
        }
    }
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(format!("the agent does not build:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(folder.join(target).join("agent/deploy-agent"))
}

/// A line of the table: machine, SHA-256, gzipped program.
fn entry(program: &Path) -> Result<String, Box<dyn Error>> {
    let bytes = fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    let gzipped = PathBuf::from(env::var("OUT_DIR")?).join("deploy-agent.gz");
    fs::write(&gzipped, encoder.finish()?)?;
    Ok(format!("&[({:?}, {hash:?}, include_bytes!({gzipped:?}))]", env::var("CARGO_CFG_TARGET_ARCH")?))
}
