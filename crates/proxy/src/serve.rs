//! Connections: accepted and drained. What goes on on one of them is the conversation's subject.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use journeyman_limiter::Occasion;
use journeyman_moment::Clock;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::conversation::converse;
use crate::forward::{CannotStart, Forward};

/// A pause after an accept that failed: out of file handles, for one, a later attempt may do better.
const PAUSE: Duration = Duration::from_millis(10);

/// A proxy with its limits, before or while it serves. Clones share one state.
#[derive(Clone, Debug)]
pub struct Proxy {
    forward: Arc<Forward>,
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// How many connections were still open when the time to drain was over, and were cut.
    pub cut: usize,
}

impl Proxy {
    /// A proxy that knows no limits yet. Opens no connection.
    ///
    /// # Errors
    /// When the upstream needs TLS and this machine has no certificates to trust, or the file of an earlier run's
    /// limits cannot be read.
    pub fn new(config: Config, clock: Clock) -> Result<Self, CannotStart> {
        Ok(Self { forward: Arc::new(Forward::new(config, clock)?) })
    }

    /// Serves until `stop`, then lets the open requests end, within `Config::drain`.
    ///
    /// # Cancel safety
    /// Dropping the future closes all connections at once.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) -> Drained {
        let (draining, drains) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        let mut saving = pin!(self.forward.keep_saving());
        loop {
            self.forward.metrics.connections(connections.len());
            let has_room = connections.len() < self.forward.config.max_connections;
            // Each arm is cancel safe; a connection that was accepted is always spawned.
            tokio::select! {
                () = &mut stop => break,
                () = &mut saving => {}
                Some(_) = connections.join_next() => {}
                accepted = listener.accept(), if has_room => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(converse(stream, Arc::clone(&self.forward), drains.clone()));
                    }
                    Err(error) => self.pause(&error).await,
                },
            }
        }
        drop(listener);
        // Nobody listens if there is no connection.
        let _ = draining.send(());
        let drained = self.drain(connections).await;
        self.forward.save(Occasion::Stopping).await;
        drained
    }

    async fn drain(&self, mut connections: JoinSet<()>) -> Drained {
        tracing::info!(connections = connections.len(), "draining");
        let late = self.forward.in_real(self.forward.config.drain);
        loop {
            self.forward.metrics.connections(connections.len());
            tokio::select! {
                ended = connections.join_next() => if ended.is_none() {
                    return Drained { cut: 0 };
                },
                () = self.forward.clock.sleep_until(late) => break,
            }
        }
        let cut = connections.len();
        connections.shutdown().await;
        Drained { cut }
    }

    async fn pause(&self, error: &io::Error) {
        tracing::warn!(%error, "accept a connection");
        self.forward.clock.sleep_until(self.forward.in_real(PAUSE)).await;
    }
}
