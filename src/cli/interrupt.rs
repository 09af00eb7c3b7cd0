//! SIGINT and SIGTERM while a fleet is being changed.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::ExitCode;

/// Hears signals from its making on. The first asks for an end in order, the second ends at once.
pub(super) struct Interrupt {
    code: Arc<watch::Sender<Option<ExitCode>>>,
    running: watch::Sender<bool>,
}

impl Interrupt {
    pub(super) fn listen() -> Interrupt {
        let code = Arc::new(watch::Sender::new(None));
        let told = code.clone();
        tokio::spawn(async move {
            let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else { return };
            loop {
                let new = tokio::select! {
                    _ = interrupt.recv() => 130,
                    _ = terminate.recv() => 143,
                };
                // CI systems send SIGINT, wait, send SIGTERM, wait: that is one wish, not two.
                let old = *told.borrow();
                if old == Some(new) || old == Some(143) {
                    super::options::end_at_once(new);
                }
                told.send_replace(Some(new));
            }
        });
        Interrupt { code, running: watch::Sender::new(false) }
    }

    /// Comes back when a signal arrives.
    pub(super) async fn came(&self) {
        let mut code = self.code.subscribe();
        // The sender lives as long as `self`.
        let _ = code.wait_for(Option::is_some).await;
    }

    /// Comes back with the exit code when a signal arrives before [`Interrupt::run_begins`]; never after it.
    pub(super) async fn before_run(&self) -> ExitCode {
        self.came().await;
        if *self.running.borrow() {
            std::future::pending::<()>().await;
        }
        self.code().unwrap_or(130)
    }

    /// From now on a signal is for the run to hear.
    pub(super) fn run_begins(&self) {
        self.running.send_replace(true);
    }

    pub(super) fn code(&self) -> Option<ExitCode> {
        *self.code.borrow()
    }
}
