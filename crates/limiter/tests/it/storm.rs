//! Many tasks at the async handle, in tokio's paused time: each gives up, sends, loses or drops at some stage,
//! and no wake-up is lost. It asserts nothing about limits.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use journeyman_limiter::{Answer, Clock, Config, GlobalLimit, Limiter, Mutation};
use tokio::task::{LocalSet, yield_now};

use crate::lines::{bucket, messages};

const TASKS: u64 = 120;

/// A run of all tasks; whether each of them got what it asked for or gave up by itself.
fn storm(seed: u64, mutation: Mutation) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime without sockets"), async {
        let global = Some(GlobalLimit { limit: 20, window: Duration::from_secs(1) });
        let pace = Some(Duration::from_millis(5)).filter(|_| seed.is_multiple_of(2));
        // So much fails that the breakers are open for most of the time.
        let max_wait = Duration::from_hours(100);
        let config = Config { global, pace, max_wait, mutation, seed: Some(seed), ..Config::default() };
        let clock = Clock::real();
        let limiter = Limiter::new(config, clock);
        let rng = Rc::new(RefCell::new(fastrand::Rng::with_seed(seed)));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                tokio::task::spawn_local(Task { limiter: limiter.clone(), clock, rng: rng.clone() }.run())
            })
            .collect();
        let mut all = true;
        for task in tasks {
            all &= task.await.expect("no panic");
        }
        // What was dropped on its way is settled at once.
        assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0), "seed {seed}");
        all
    })
}

struct Task {
    limiter: Limiter,
    clock: Clock,
    rng: Rc<RefCell<fastrand::Rng>>,
}

impl Task {
    async fn run(self) -> bool {
        for _ in 0..3 {
            self.dawdle(3_000).await;
            let request = messages(self.draw(4));
            // Some hang up while they wait, some the moment they could go.
            let hangs_up = self.draw(4) == 0;
            let patience = Duration::from_millis(if hangs_up { self.draw(2_000) } else { 1_000_000_000 });
            let give_up = self.clock.now() + patience;
            tokio::select! {
                // Dropped, the wait leaves the line.
                acquired = self.limiter.acquire(&request) => match acquired {
                    Ok(permit) => self.send(permit).await,
                    Err(_refused) => return false,
                },
                () = self.clock.sleep_until(give_up) => if !hangs_up { return false },
            }
        }
        true
    }

    async fn send(&self, mut permit: journeyman_limiter::Permit) {
        self.dawdle(20).await;
        if self.draw(8) == 0 {
            return drop(permit);
        }
        permit.departed();
        self.dawdle(200).await;
        let left = u32::try_from(self.draw(5)).expect("small");
        match self.draw(8) {
            0 => drop(permit),
            1 => drop(permit.maybe_sent()),
            2 => drop(permit.not_sent()),
            3 => drop(permit.answered(&Answer { status: 502, ..Answer::default() })),
            _ => drop(permit.answered(&bucket("b", 5, left, 1_000))),
        }
    }

    /// Lets others go first, for some turns or for some time.
    async fn dawdle(&self, longest_ms: u64) {
        if self.draw(2) == 0 {
            for _ in 0..self.draw(5) {
                yield_now().await;
            }
        } else {
            let until = self.clock.now() + Duration::from_millis(self.draw(longest_ms));
            self.clock.sleep_until(until).await;
        }
    }

    fn draw(&self, below: u64) -> u64 {
        self.rng.borrow_mut().u64(0..below)
    }
}

#[test]
fn no_wakeup_is_lost_whoever_gives_up_at_whatever_stage() {
    let seeds = if std::env::var_os("JOURNEYMAN_LONG").is_some() { 1_000 } else { 30 };
    for seed in 0..seeds {
        assert!(storm(seed, Mutation::None), "seed {seed}: somebody was never woken");
    }
}

#[test]
fn a_lost_wakeup_is_noticed() {
    assert!((0..10).any(|seed| !storm(seed, Mutation::NeverWakes)));
}
