//! Whole jobs over a real websocket: the gateway tells what no read shows. It claims nothing about time.

use journeyman::{ErrorKind, Event, WatchMode, WatchedBy};
use journeyman_sim::Era;

use crate::bench::{Bench, of_era};

#[tokio::test]
async fn the_gateway_shows_progress_that_is_ephemeral_and_each_image_costs_one_request() {
    let bench = Bench::watching(of_era("happy", Era::E2026), WatchMode::Auto).await;
    for prompt in ["a lighthouse", "a second lighthouse", "a third"] {
        let (outcome, events) = bench.imagine(prompt).await;
        assert_eq!(outcome.expect("an image").files.len(), 1);
        assert!(events.iter().any(|event| matches!(event, Event::Progress { .. })), "{events:?}");
    }
    bench.assert_each_once(3);
    assert_eq!(bench.client.watched_by(), WatchedBy::Gateway);
    let report = bench.sim.report();
    let reads = ["/channels/{channel.id}/messages", "/users/@me"].map(|route| {
        let statuses = report.requests.get("GET").and_then(|routes| routes.get(route));
        statuses.map_or(0, |statuses| statuses.values().sum::<u64>())
    });
    assert_eq!((report.interactions, reads), (3, [1, 0]), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_scenario_in_both_eras_through_the_gateway_ends_in_its_own_error() {
    for era in [Era::E2023, Era::E2026] {
        for group in journeyman_sim::scenarios().chunks(8) {
            let mut running = tokio::task::JoinSet::new();
            for info in group {
                running.spawn(ends_as_it_should(info, era));
            }
            running.join_all().await;
        }
    }
}

async fn ends_as_it_should(info: &'static journeyman_sim::ScenarioInfo, era: Era) {
    let bench = Bench::watching(of_era(info.name, era), WatchMode::Auto).await;
    let (outcome, _) = bench.imagine("a lighthouse").await;
    let found = outcome.err().map(|error| error.kind().name());
    assert_eq!(found, info.error, "{} in {era:?}", info.name);
}

#[tokio::test]
async fn a_token_that_the_gateway_refuses_ends_in_unauthorized() {
    let bench = Bench::watching(of_era("happy", Era::E2026), WatchMode::Gateway).await;
    let mut settings = bench.settings.clone();
    settings.token = journeyman::Token::parse("canarybirdBBBBBBBBBBBBBB.CCCCCC.DDDDDDDDDDDDDDDDDDDDDDDDDDD")
        .expect("a token");
    let client = journeyman::Client::new(&settings, bench.clock).expect("a client");
    let mut job = client.imagine("a lighthouse").await.expect("a job");
    let error = job.outcome().await.expect_err("refused");
    crate::bench::assert_kind(&error, ErrorKind::Unauthorized);
    assert_eq!(bench.sim.report().interactions, 0);
}
