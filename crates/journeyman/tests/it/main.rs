//! Whole flows over real HTTP on loopback, on a scaled clock. They assert outcomes and counts,
//! never durations.

mod bench;
mod buttons;
mod crash;
mod drift;
mod failures;
mod flow;
mod gateway;
mod orders;
mod queue;
mod record;
mod recordings;
mod replay;
mod scenarios;
