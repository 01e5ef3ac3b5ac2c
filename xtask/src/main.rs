//! Measures and checks that the docs quote.
fn main() {}
