//! twilight-http-ratelimiting in tokio's paused time, one task for each request. It opens no socket.
//!
//! It is treated kindly: it hears the headers of every answer, and its caller waits as long as a 429 asks it to.
//! It draws from randomness of its own, so that two runs of a seed differ a little.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use journeyman_limiter::{Clock, Moment};
use tokio::task::LocalSet;
use twilight_http_ratelimiting::{Endpoint, Method, RateLimitHeaders, RateLimiter};

use super::pace::wait;
use super::scenario::Scenario;
use super::score::Score;
use super::server::{Call, Reply, Server};
use super::world::{AFTER_ERROR, TIMEOUT};

struct World {
    scenario: Scenario,
    seed: u64,
    limiter: RateLimiter,
    server: RefCell<Server>,
    score: RefCell<Score>,
    clock: Clock,
}

pub(crate) fn run(scenario: &Scenario, seed: u64) -> Score {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without sockets");
    LocalSet::new().block_on(&runtime, async {
        let world = Rc::new(World {
            scenario: scenario.clone(),
            seed,
            limiter: RateLimiter::new(50),
            server: RefCell::new(Server::new(scenario)),
            score: RefCell::new(Score::new(scenario)),
            clock: Clock::real(),
        });
        let tasks: Vec<_> = (0..scenario.calls.len())
            .map(|number| tokio::task::spawn_local(world.clone().serve(number)))
            .collect();
        for task in tasks {
            task.await.expect("twilight does not panic");
        }
        let (score, server) = (world.score.borrow().clone(), world.server.borrow().clone());
        score.close(&server)
    })
}

impl World {
    /// One request from its asking to its end, unless somebody hangs up.
    async fn serve(self: Rc<Self>, number: usize) {
        let asked = self.scenario.calls[number].asked;
        let Some(after) = self.scenario.cancelled_after(self.seed, number) else {
            return self.send(number).await;
        };
        tokio::select! {
            () = self.send(number) => {}
            () = self.clock.sleep_until(Moment::from_micros(asked + after)) => self.score.borrow_mut().cancelled += 1,
        }
    }

    async fn send(&self, number: usize) {
        let call = &self.scenario.calls[number];
        self.clock.sleep_until(Moment::from_micros(call.asked)).await;
        for tries in 0.. {
            let permit = self.limiter.acquire(endpoint(call)).await;
            let left = self.now();
            self.score.borrow_mut().departed(left);
            let fate = self.scenario.fate(self.seed, number, tries);
            if fate.lost_before {
                self.sleep(TIMEOUT).await;
                continue;
            }
            self.sleep(fate.up).await;
            let reply = self.server.borrow_mut().arrive(self.now(), call);
            if fate.lost_after {
                self.sleep(TIMEOUT - fate.up).await;
                continue;
            }
            self.sleep(fate.down).await;
            permit.complete(self.headers(&reply));
            self.score.borrow_mut().answered(self.now(), call, left - call.asked, &reply);
            match reply.status {
                429 => self.sleep(wait(&reply)).await,
                500.. => self.sleep(AFTER_ERROR).await,
                _ => return,
            }
        }
    }

    fn now(&self) -> u64 {
        self.clock.now().as_micros()
    }

    async fn sleep(&self, micros: u64) {
        self.clock.sleep_until(self.clock.now() + Duration::from_micros(micros)).await;
    }

    fn headers(&self, reply: &Reply) -> Option<RateLimitHeaders> {
        let bucket = reply.headers.iter().find(|(name, _)| *name == "x-ratelimit-bucket")?;
        let count = |name| reply.headers.iter().find(|(other, _)| *other == name)?.1.parse().ok();
        let reset_after = Duration::from_secs_f64(reply.number("x-ratelimit-reset-after")?);
        let now = Duration::from_micros(self.now());
        Some(RateLimitHeaders {
            bucket: bucket.1.clone().into_bytes(),
            limit: count("x-ratelimit-limit")?,
            remaining: count("x-ratelimit-remaining")?,
            reset_at: self.clock.origin() + now + reset_after,
        })
    }
}

fn endpoint(call: &Call) -> Endpoint {
    use journeyman_limiter::Method as Ours;
    let method = match call.request.method {
        Ours::Get => Method::Get,
        Ours::Post => Method::Post,
        Ours::Put => Method::Put,
        Ours::Patch => Method::Patch,
        Ours::Delete => Method::Delete,
    };
    Endpoint { method, path: call.request.path.trim_start_matches('/').to_owned() }
}
