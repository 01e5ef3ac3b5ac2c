//! `sim`: serves a simulated world until it is stopped. The world itself is `journeyman-sim`'s.

use journeyman::{Clock, ErrorKind};
use journeyman_sim as sim;

use super::world;
use crate::args::Sim;
use crate::error::Error;
use crate::show;

pub(super) async fn run(args: &Sim) -> Result<(), Error> {
    let mut settings = world::settings(&args.world)?;
    settings.speed = args.speed;
    settings.time_scale = args.time_scale;
    settings.permissive = args.permissive;
    let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(|why| {
        journeyman::Error::new(ErrorKind::Configuration, format!("listen on {}", args.listen))
            .with_hint("choose another address with --listen; port 0 takes a free one")
            .with_source(why)
    })?;
    if !args.listen.ip().is_loopback() {
        show::tell(
            "note: this simulator asks nobody for a password, and others can reach the address it listens on",
        );
    }
    // Before anything is announced, so that a stop right after it is heard.
    let stop = Stop::listen()?;
    let running = serve(Clock::scaled(args.time_scale), listener, settings).await?;
    let ready = serde_json::to_string(&running.ready).map_err(|why| {
        journeyman::Error::new(ErrorKind::Internal, "write the ready line").with_source(why)
    })?;
    show::print(&format!("{ready}\n"))?;
    stop.wait().await;
    running.shutdown().await;
    Ok(())
}

/// Serves on a clock that the client may share, and tells what is assumed there.
pub(super) async fn serve(
    clock: Clock,
    listener: tokio::net::TcpListener,
    settings: sim::Settings,
) -> Result<sim::Running, Error> {
    let clock = sim::ScaledClock { origin: clock.origin(), scale: clock.scale() };
    let running = sim::serve(listener, settings, clock).await.map_err(|why| {
        let error = journeyman::Error::new(ErrorKind::Internal, "start the simulator").with_source(why);
        error.with_hint("check that this machine has a loopback interface")
    })?;
    for note in &running.notes {
        show::tell(&format!("note: {note}"));
    }
    Ok(running)
}

/// What ends the command well: Ctrl-C, or a polite request of the system.
pub(super) struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    pub(super) fn listen() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let unheard =
            |why| journeyman::Error::new(ErrorKind::Internal, "listen for signals").with_source(why);
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(unheard)?,
            interrupt: signal(SignalKind::interrupt()).map_err(unheard)?,
        })
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> Result<Self, Error> {
        Ok(Self {})
    }

    /// Waits for either; dropping the future loses nothing that matters.
    #[cfg(unix)]
    pub(super) async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(super) async fn wait(self) {
        // Without a way to hear Ctrl-C, the system's own handling ends the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
