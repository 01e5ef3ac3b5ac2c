//! What the crate's stores must show from outside. It tests no engine.

mod conform;
