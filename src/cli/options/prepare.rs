//! What a run is made of, and how it obeys signals.

use std::sync::Arc;

use crate::cli::persona;
use crate::diag::{Diagnostic, Diagnostics};
use crate::engine::{Ended, Options, Run, Sink};
use crate::playbook::{Loader, Play};
use crate::remote::Connections;
use crate::ui;
use crate::vars::World;

/// What a run is made of.
pub(crate) struct Prepared {
    pub world: Arc<World>,
    pub loader: Arc<Loader>,
    pub warnings: Vec<Diagnostic>,
}

impl Prepared {
    /// Runs plays, obeying SIGINT and SIGTERM.
    ///
    /// # Errors
    /// A play cannot start.
    pub(crate) async fn plays(&self, plays: &[Play], options: Options, sink: Arc<dyn Sink>) -> Result<Ended, Diagnostics> {
        let run =
            Run::new(self.world.clone(), self.loader.clone(), Arc::new(Connections::default()), sink, Arc::new(ui::Terminal), options);
        let stopper = tokio::spawn(stop_on_signal(run.clone()));
        let ended = run.plays(plays).await;
        stopper.abort();
        ended
    }

    /// Shows what reading the inventory and the playbooks warned of.
    pub(crate) fn show_warnings(&self) {
        let mut all = self.warnings.clone();
        all.append(&mut self.loader.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        ui::report_all(&all);
    }
}

/// The first signal ends the run in order, the second at once.
async fn stop_on_signal(run: Arc<Run>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else { return };
    let mut code = 130;
    let mut asked = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => code = 143,
        }
        if asked {
            end_at_once(persona::code(code, 99));
        }
        asked = true;
        ui::note("stopping: hosts are being put right; interrupt again to leave at once");
        run.stop();
    }
}

#[expect(clippy::exit, reason = "a second signal asks to leave at once; the agents end with their channels")]
pub(in crate::cli) fn end_at_once(code: u8) -> ! {
    std::process::exit(i32::from(code))
}
