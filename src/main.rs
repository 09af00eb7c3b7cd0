//! Parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = deploy::remote::hidden() {
        return code;
    }
    ExitCode::from(deploy::cli::main(std::env::args_os()))
}
