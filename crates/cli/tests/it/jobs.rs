//! The commands over the durable store from outside: what they show, what they change, what they refuse.

mod audit;
mod change;
mod see;
mod store;
