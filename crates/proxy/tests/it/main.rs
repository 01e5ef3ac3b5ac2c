//! The proxy on loopback, before the simulator and before servers that do what they are told. No clocks here.

mod command;
mod failures;
mod faults;
mod harness;
mod http2;
mod limits;
mod metrics;
mod pages;
mod passing;
mod process;
mod safeguards;
mod secret;
mod state;
mod streaming;
mod tls;
mod verify;
mod weight;
