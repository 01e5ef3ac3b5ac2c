//! The limiter's tests from outside. They open no socket and wait for no real time.

mod allowed;
mod bounds;
mod breaker;
mod cancellation;
mod defects;
mod efficiency;
mod families;
mod global;
mod guard;
#[cfg(feature = "tokio")]
mod handle;
mod headerless;
#[cfg(feature = "tower")]
mod layer;
mod learnt;
mod ledger;
mod lines;
mod lineup;
mod memory;
#[cfg(feature = "tokio")]
mod quota;
mod retries;
mod routes;
mod saved;
mod scenarios;
mod starvation;
mod states;
#[cfg(feature = "tokio")]
mod storm;
mod trial;
mod verdicts;
mod window_kinds;
mod windows;
mod world;
