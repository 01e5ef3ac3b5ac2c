//! The simulator's tests from outside: whole worlds in virtual time, and a real socket.
//!
//! What a single file promises is tested beside it.

mod api;
mod attachment;
mod button;
mod capture;
mod command;
mod gateway;
mod gateway_audience;
mod gateway_bound;
mod gateway_fault;
mod http;
mod listener;
mod modal;
mod mutation;
mod niji;
mod prompt;
mod scenario;
mod support;
mod websocket;
mod world;
