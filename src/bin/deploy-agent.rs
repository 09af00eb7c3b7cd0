//! The program that goes to the hosts: it serves its stdin and ends with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    deploy::agent::serve()
}
