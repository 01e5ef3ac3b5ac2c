//! What goes wrong on the way: lost answers, resets, 5xx, a missing host, expired links, bad input.

use std::time::Duration;

use journeyman::{ApiBase, Client, ErrorKind, ImagineOptions, WordList};
use journeyman_sim::{FaultKind, FaultRule};

use crate::bench::{Bench, assert_kind, files, visible};

const INTERACTIONS: &str = "/interactions";
const MESSAGES: &str = "/channels/{channel.id}/messages";

fn with_fault(rule: FaultRule) -> journeyman_sim::Settings {
    journeyman_sim::Settings { faults: vec![rule], ..visible("happy") }
}

#[tokio::test]
async fn a_lost_answer_to_an_executed_request_still_finishes_and_is_executed_once() {
    for kind in [FaultKind::LoseAnswer, FaultKind::ResetAfter, FaultKind::StatusAfter] {
        let bench = Bench::new(with_fault(FaultRule::once(kind, "POST", INTERACTIONS))).await;
        let (outcome, _) = bench.imagine("a boat whose answer is lost").await;
        assert!(outcome.is_ok(), "{kind:?}: {outcome:?}");
        bench.assert_each_once(1);
        assert_eq!(bench.sim.report().interactions, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_reset_on_a_reused_connection_is_executed_once() {
    for kind in [FaultKind::ResetReused, FaultKind::ResetIdle] {
        let rule = FaultRule { kind, count: Some(3), ..FaultRule::default() };
        let bench = Bench::new(with_fault(rule)).await;
        let (outcome, _) = bench.imagine("a boat over broken connections").await;
        assert!(outcome.is_ok(), "{kind:?}: {outcome:?}");
        bench.assert_each_once(1);
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_executed_is_never_sent_again() {
    let bench = Bench::new(with_fault(FaultRule::once(FaultKind::ResetBefore, "POST", INTERACTIONS))).await;
    let error = bench.fail("a boat that never left").await;
    assert_kind(&error, ErrorKind::Undecided);
    assert_eq!(bench.sim.report().interactions, 0);
}

#[tokio::test]
async fn polls_that_fail_for_a_while_lose_nothing() {
    let rule =
        FaultRule { after: 3, count: Some(12), ..FaultRule::once(FaultKind::StatusBefore, "GET", MESSAGES) };
    let bench = Bench::new(with_fault(rule)).await;
    assert!(bench.imagine("a boat in the fog").await.0.is_ok());
    bench.assert_each_once(1);
}

#[tokio::test]
async fn an_unreachable_host_is_told_with_what_to_do_and_nothing_is_sent() {
    let mut bench = Bench::new(visible("happy")).await;
    // A port that was free a moment ago: nobody listens there.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    bench.settings.api_base = format!("http://127.0.0.1:{port}").parse::<ApiBase>().expect("an origin");
    bench.client = Client::new(&bench.settings, bench.clock).expect("a client");
    let error = bench.fail("a boat").await;
    assert_kind(&error, ErrorKind::Unreachable);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_refused_token_is_unauthorized() {
    let mut bench = Bench::new(visible("happy")).await;
    let wrong = "canarybirdZZZZZZZZZZZZZZZ.BBBBBB.CCCCCCCCCCCCCCCCCCCCCCCCCCC";
    bench.settings.token = journeyman::Token::parse(wrong).expect("a token");
    bench.client = Client::new(&bench.settings, bench.clock).expect("a client");
    let error = bench.fail("a boat").await;
    assert_kind(&error, ErrorKind::Unauthorized);
    assert_eq!(bench.sim.report().invalid_requests, 1, "asked once, and not again");
    let again = bench.fail("another boat").await;
    assert_kind(&again, ErrorKind::Unauthorized);
    assert_eq!(bench.sim.report().invalid_requests, 1, "a refused token is not sent again");
}

#[tokio::test]
async fn what_only_a_human_can_solve_pauses_the_account_until_somebody_says_it_is_solved() {
    for scenario in ["captcha-2023", "pending-mod-message", "blocked", "subscription-required"] {
        let bench = Bench::new(visible(scenario)).await;
        let first = bench.fail("a boat").await;
        let second = bench.fail("another boat").await;
        assert_eq!(first.kind(), second.kind(), "{scenario}");
        assert_eq!(bench.sim.report().interactions, 1, "{scenario}: a paused account sends nothing");
        bench.sim.with_world(|world| world.set_scenario("happy".parse().expect("a scenario")));
        bench.client.unpause().await.expect("the driver");
        assert!(bench.imagine("a boat after all").await.0.is_ok(), "{scenario}");
    }
}

#[tokio::test]
async fn a_channel_that_can_no_longer_be_read_ends_the_job_and_says_that_it_goes_on() {
    for status in [401, 403] {
        let rule = FaultRule {
            after: 3,
            count: None,
            status,
            ..FaultRule::once(FaultKind::StatusBefore, "GET", MESSAGES)
        };
        let bench = Bench::new(with_fault(rule)).await;
        let error = bench.fail("a boat out of sight").await;
        assert_kind(&error, ErrorKind::Unauthorized);
        assert!(error.to_string().contains("goes on"), "{status}: {error}");
        let refused = bench.sim.report().invalid_requests;
        let most = if status == 401 { 1 } else { 3 };
        assert!(refused <= most, "{status}: {refused} requests that count as invalid");
    }
}

#[tokio::test]
async fn a_wrong_channel_is_a_matter_of_configuration() {
    let mut bench = Bench::new(visible("happy")).await;
    bench.settings.channel = "999999999999999999".parse().expect("an id");
    bench.client = Client::new(&bench.settings, bench.clock).expect("a client");
    let error = bench.fail("a boat").await;
    assert!(matches!(error.kind(), ErrorKind::Configuration | ErrorKind::Unauthorized), "{error:?}");
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn an_expired_link_is_refreshed_and_a_broken_download_begun_again() {
    let rules = vec![FaultRule { status: 404, ..FaultRule::once(FaultKind::StatusBefore, "GET", "/cdn") }];
    let bench = Bench::new(journeyman_sim::Settings { faults: rules, ..visible("happy") }).await;
    assert!(bench.imagine("a boat with an old link").await.0.is_ok());
    let bench = Bench::new(with_fault(FaultRule::once(FaultKind::LoseAnswer, "GET", "/cdn"))).await;
    assert!(bench.imagine("a boat cut in half").await.0.is_ok());
    assert_eq!(files(bench.folder.path()).len(), 1);
}

#[tokio::test]
async fn an_image_that_cannot_be_fetched_is_told_and_nothing_half_written_remains() {
    let rule = FaultRule { count: None, ..FaultRule::once(FaultKind::StatusBefore, "GET", "/cdn") };
    let bench = Bench::new(with_fault(rule)).await;
    let error = bench.fail("a boat that cannot be fetched").await;
    assert_kind(&error, ErrorKind::Storage);
    assert!(error.hint().is_some_and(|hint| hint.contains("paid")), "{error:?}");
    assert!(files(bench.folder.path()).is_empty());
}

#[tokio::test]
async fn an_outdated_command_is_discovered_again_once() {
    let bench = Bench::new(visible("command-outdated")).await;
    let error = bench.fail("a boat for an old command").await;
    assert_kind(&error, ErrorKind::CommandOutdated);
    let report = bench.sim.report();
    assert_eq!(report.count("POST", INTERACTIONS), 2, "{report:?}");
    let discoveries: u64 = report
        .requests
        .get("GET")
        .into_iter()
        .flatten()
        .filter(|(template, _)| template.contains("application-command"))
        .flat_map(|(_, statuses)| statuses.values())
        .sum();
    assert_eq!(discoveries, 2, "{report:?}");
}

#[tokio::test]
async fn an_empty_prompt_a_long_one_and_several_in_one_are_refused_before_anything_is_sent() {
    let bench = Bench::new(visible("happy")).await;
    for (prompt, is_good) in [
        (String::new(), false),
        (" \n".to_owned(), false),
        ("a {red, blue} boat".to_owned(), false),
        ("a boat --repeat 4".to_owned(), false),
        ("ß".repeat(6_001), false),
        ("ß".repeat(6_000), true),
    ] {
        match bench.client.imagine(&prompt).await {
            Ok(job) => {
                assert!(is_good);
                job.cancel().await;
            }
            Err(error) => {
                assert!(!is_good, "{error}");
                assert_kind(&error, ErrorKind::InvalidPrompt);
                assert_eq!(bench.sim.report().interactions, 0);
            }
        }
    }
}

#[tokio::test]
async fn latency_and_disorder_change_nothing() {
    let disorder =
        journeyman_sim::Disorder { duplicate_final: 0.5, final_before_delete: 0.5, progress_backwards: 0.5 };
    let rule = FaultRule {
        kind: FaultKind::Latency,
        probability: 0.3,
        delay: Duration::from_secs(3),
        ..FaultRule::default()
    };
    let bench =
        Bench::new(journeyman_sim::Settings { disorder, faults: vec![rule], ..visible("happy") }).await;
    for number in 0..4 {
        assert!(bench.imagine(&format!("boat {number} in a storm")).await.0.is_ok());
    }
    bench.assert_each_once(4);
}

#[tokio::test]
async fn the_librarys_imagine_lints_and_screens_first_and_refuses_what_the_bot_would_refuse() {
    let mut bench = Bench::new(visible("happy")).await;
    bench.settings.screen.lists = vec![WordList::parse("ours", "red herring\n")];
    bench.client = Client::new(&bench.settings, bench.clock).expect("a client");
    for (prompt, told) in [("a boat --v5", "did you mean --v 5?"), ("a Red Herring", "write another prompt")]
    {
        let error = bench.client.imagine(prompt).await.expect_err(prompt);
        assert_kind(&error, ErrorKind::InvalidPrompt);
        assert!(error.hint().is_some_and(|hint| hint.contains(told)), "{prompt}: {error:?}");
    }
    assert_eq!(bench.sim.report().interactions, 0, "nothing was sent");

    let unjudged = ImagineOptions { unjudged: true, ..ImagineOptions::default() };
    let mut sent = bench.client.imagine_with("a red herring", unjudged).await.expect("a job");
    assert!(sent.outcome().await.is_ok());
    bench.settings.screen.lists.clear();
    bench.settings.lint = None;
    bench.client = Client::new(&bench.settings, bench.clock).expect("a client");
    assert!(bench.client.imagine("a boat --v5").await.is_ok(), "whatever the bot makes of it");
}
