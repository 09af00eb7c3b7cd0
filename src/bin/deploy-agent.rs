//! The program that goes to the hosts: it serves its stdin and ends with it; its jobs do not.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == deploy::bootstrap::JOB) {
        return deploy::agent::work();
    }
    deploy::agent::serve()
}
