//! The tests of the crate from outside: fixtures, the catalogue, properties. Unit tests stand beside the code.

mod answer;
mod button;
mod caption;
mod catalogue;
mod classify;
mod command;
mod conversation;
mod explain;
mod fixture;
mod fixtures;
mod fuzz;
mod lint;
mod mirror;
mod modal;
mod prompt;
mod region;
mod reply;
mod syntax;
