//! What the stores and the engine must show from outside, in virtual time. No socket.

mod conform;
mod keep;
mod power;
mod processes;
mod random;
mod remote;
mod scripted;
mod simulation;
mod writer;

use std::path::Path;

use journeyman_jobs::change::{Applied, Change, Fence};
use journeyman_jobs::store::Store;
use journeyman_jobs::store::sqlite::Sqlite;
use journeyman_jobs::time::Timestamp;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_700_000_000_000_000 + seconds * 1_000_000)
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path).expect("the file")
}

/// An account, for long.
fn lease(store: &mut Sqlite, account: &str) -> Fence {
    let change = Change::Lease { account: account.to_owned(), owner: "me".to_owned(), until: at(1_000_000) };
    let applied = store.apply(at(0), &[change]).expect("a write");
    let [Applied::Leased(fence)] = &applied[..] else { panic!("a free account is leased, not {applied:?}") };
    fence.clone()
}
