//! The command line from outside: every test starts the binary and reads what it wrote. No test calls its functions.

mod bad_input;
mod batch;
mod batch_run;
mod configuration;
mod doctor;
mod explain;
mod harness;
mod help;
mod interrupt;
mod jobs;
mod lint;
mod order;
mod recipe;
mod record;
mod scenarios;
mod score;
mod screen;
mod sheet;
mod shelf;
mod simulator;
