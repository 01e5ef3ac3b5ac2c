//! The engine that never loses a job and never pays twice. It knows neither Discord nor Midjourney.

pub mod analytics;
pub mod change;
pub mod job;
pub mod store;
pub mod time;
