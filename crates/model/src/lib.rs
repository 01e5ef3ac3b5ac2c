//! The JSON of Discord as lenient Rust.
