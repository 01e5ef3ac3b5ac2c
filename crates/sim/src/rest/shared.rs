//! A world between its sockets: one lock, one clock, and a bell for each websocket.
//!
//! It opens nothing; `rest` and `rest::websocket` do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::ScaledClock;
use crate::gateway::SocketKey;
use crate::world::World;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: ScaledClock,
    world: Mutex<World>,
    bells: Mutex<BTreeMap<SocketKey, Arc<Notify>>>,
    /// Something is due earlier than the keeper of the time knows.
    earlier: Notify,
    /// Until when it sleeps, in microseconds of the world.
    asleep_until: AtomicU64,
}

impl Shared {
    pub(super) fn new(world: World, clock: ScaledClock) -> Self {
        Self {
            clock,
            world: Mutex::new(world),
            bells: Mutex::default(),
            earlier: Notify::new(),
            asleep_until: AtomicU64::new(u64::MAX),
        }
    }

    /// Does something with the world at the present time, and wakes whoever has to act on it.
    pub(super) fn with_world<T>(&self, act: impl FnOnce(&mut World, Duration) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that nothing sees an earlier time than what came before.
        let now = self.clock.now();
        let result = act(&mut world, now);
        let loud = world.take_loud();
        let next = next_wakeup(&world);
        drop(world);
        if !loud.is_empty() {
            let bells = self.bells();
            for bell in loud.iter().filter_map(|socket| bells.get(socket)) {
                bell.notify_one();
            }
        }
        if next < self.asleep_until.load(Ordering::Relaxed) {
            self.earlier.notify_one();
        }
        result
    }

    /// A bell that rings when a socket has something to send.
    pub(super) fn hang_bell(&self, socket: SocketKey) -> Arc<Notify> {
        let bell = Arc::new(Notify::new());
        // Whatever was said before is found by looking once.
        bell.notify_one();
        self.bells().insert(socket, Arc::clone(&bell));
        bell
    }

    pub(super) fn take_bell(&self, socket: SocketKey) {
        self.bells().remove(&socket);
    }

    fn bells(&self) -> MutexGuard<'_, BTreeMap<SocketKey, Arc<Notify>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When somebody has to be told something; a world that nobody listens to moves when it is asked.
fn next_wakeup(world: &World) -> u64 {
    let next = world.next_wakeup().filter(|_| world.is_listened_to());
    next.map_or(u64::MAX, |at| u64::try_from(at.as_micros()).unwrap_or(u64::MAX))
}

/// Lets the world's time pass while nobody asks.
pub(super) async fn keep_time(shared: Arc<Shared>, mut stopping: watch::Receiver<bool>) {
    loop {
        let (now, next) = shared.with_world(|world, now| {
            world.poll(now);
            let next = next_wakeup(world);
            shared.asleep_until.store(next, Ordering::Relaxed);
            (now, next)
        });
        let due = async {
            if next == u64::MAX {
                std::future::pending::<()>().await;
            }
            let left = Duration::from_micros(next).saturating_sub(now);
            tokio::time::sleep(shared.clock.to_real(left)).await;
        };
        // Each arm is cancel safe: a bell that rang stays rung.
        tokio::select! {
            _ = stopping.changed() => return,
            () = shared.earlier.notified() => {}
            () = due => {}
        }
    }
}
