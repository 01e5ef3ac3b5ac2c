//! The driver: one owner of the truth about all jobs of a client.
//!
//! `core` is pure and decides, with `watch` for the reading of the channel; `shell` does what
//! they say, with `io` for the requests and `translate` between them and the wire. Nothing else
//! of the crate changes a job.

pub(crate) mod core;
pub(crate) mod io;
pub(crate) mod shell;
pub(crate) mod translate;
pub(crate) mod watch;

#[cfg(test)]
mod tests;
