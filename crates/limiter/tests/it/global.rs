//! The limit over all routes of a credential: told, and whose it is. It tries no windows.

use journeyman_limiter::{Config, Credential, GlobalLimit, Reason, Request};

use crate::lines::{Table, bucket, messages};

fn tight(limit: u32) -> GlobalLimit {
    GlobalLimit { limit, ..GlobalLimit::default() }
}

fn table(limit: u32) -> Table {
    Table::new(Config { global: Some(tight(limit)), ..Config::default() })
}

#[test]
fn a_raised_global_limit_that_is_told_holds_at_once_and_for_that_credential_alone() {
    let mut table = table(2);
    let (large, small) = (Credential::of_token("large"), Credential::of_token("small"));
    let of = |credential, channel| messages(channel).with_credential(credential);
    for channel in 0..5 {
        table.ask(&of(large, channel));
        table.ask(&of(small, channel));
    }
    assert_eq!(table.granted().len(), 4, "two each");
    table.machine.set_global(table.now, large, tight(4));
    assert_eq!(table.granted().len(), 2, "two more of the one that was raised");
    table.machine.set_global(table.now, small, tight(1));
    table.machine.set_global(table.now, large, tight(100));
    assert_eq!(table.granted().len(), 1);
    table.machine.check_invariants();
}

#[test]
fn a_global_limit_that_was_told_outlives_the_account_until_it_is_unset() {
    let mut table = table(1);
    table.machine.set_global(table.now, Credential::ANONYMOUS, tight(3));
    for channel in 0..4 {
        table.ask(&messages(channel));
    }
    assert_eq!(table.granted().len(), 3, "told before the first request");
    table.machine.unset_global(table.now, Credential::ANONYMOUS);
    table.pass(10_000);
    assert_eq!(table.granted().len(), 0, "three of one are still out");
}

/// discord-api-docs#5806: without an Authorization the address's global limit counts, also what a bot's token
/// would exempt.
#[test]
fn what_has_no_credential_has_the_global_limit_of_the_address_to_itself() {
    let mut table = table(1);
    let bot = Credential::of_token("Bot token");
    let callback = |number: u64| {
        Request::post(format!("/interactions/{}/token/callback", 100_000_000_000_000_000 + number))
    };
    table.ask(&callback(1));
    let second = table.ask(&Request::post("/webhooks/100000000000000009/token"));
    let third = table.ask(&messages(1).with_credential(bot));
    let fourth = table.ask(&callback(2).with_credential(bot));
    let granted = table.granted();
    assert_eq!(granted.len(), 3);
    assert!(!granted.contains(&second) && granted.contains(&third) && granted.contains(&fourth));
    let why = table.machine.explain(table.now, &Request::post("/webhooks/100000000000000009/token"));
    assert_eq!(why.hold.map(|hold| hold.reason), Some(Reason::Global));
    table.send(granted[0]);
    table.answer(granted[0], &bucket("b", 5, 4, 100));
    table.pass(1_000);
    assert_eq!(table.granted(), [second], "a window after the answer");
}
