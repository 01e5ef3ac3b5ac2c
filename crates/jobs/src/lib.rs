//! The engine that never loses a job and never pays twice. It knows neither Discord nor Midjourney.

pub mod analytics;
pub mod backend;
pub mod change;
pub mod conformance;
pub mod engine;
pub mod export;
pub mod job;
pub mod queue;
pub mod slots;
pub mod store;
pub mod time;
pub mod writer;
