//! The alarm when Midjourney changes: what a client counts in worlds that show what it does not know.

use journeyman::{Drift, WatchMode, replay};
use journeyman_sim::Era;

use crate::bench::{Bench, of_era, visible};

async fn seen(sim: journeyman_sim::Settings, watch: WatchMode) -> Drift {
    let bench = Bench::watching(sim, watch).await;
    // How it ends is another test's subject.
    let _ = bench.imagine("a lighthouse").await;
    bench.client.drift()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drift_counts_unknown_notices_unseen_buttons_and_changed_command_versions() {
    for (era, watch) in [(Era::E2023, WatchMode::Poll), (Era::E2026, WatchMode::Auto)] {
        let world = |scenario: &str| match watch {
            WatchMode::Poll => visible(scenario),
            WatchMode::Auto | WatchMode::Gateway => of_era(scenario, era),
        };
        let drift = seen(world("happy"), watch).await;
        assert!(!drift.is_any(), "{era:?}: {drift:?}");
        assert_eq!(drift.commands.keys().collect::<Vec<_>>(), ["imagine"]);

        let drift = seen(world("unknown-title"), watch).await;
        assert_eq!(drift.unknown_notices, 1, "{era:?}: {drift:?}");

        let button = journeyman_sim::Settings { new_button: Some("Sing".to_owned()), ..world("happy") };
        let drift = seen(button, watch).await;
        assert_eq!(drift.unseen_buttons.get("Sing"), Some(&1), "{era:?}: {drift:?}");

        let drift = seen(world("command-updated"), watch).await;
        assert_eq!(drift.changed_commands.get("imagine"), Some(&1), "{era:?}: {drift:?}");
    }
}

#[test]
fn drift_counts_a_job_that_its_prompt_alone_told_while_the_gateway_was_up() {
    let success = include_str!("../recordings/success.jsonl");
    assert!(!replay(success).expect("a recording").drift.is_any());
    // As if the gateway no longer told nonces, interactions and job ids before the end.
    let told = |line: &&str| !line.contains("INTERACTION_") && !line.contains("MESSAGE_UPDATE");
    let changed: String = success
        .lines()
        .filter(told)
        .map(|line| {
            if line.contains(r#""kind":"event""#) {
                line.replace(r#""nonce":"#, r#""nonsense":"#).replace(r#""interaction"#, r#""interlude"#)
                    + "\n"
            } else {
                line.to_owned() + "\n"
            }
        })
        .collect();
    let replayed = replay(&changed).expect("a recording");
    assert_eq!(replayed.drift.bound_by_prompt, 1, "{:#?}", replayed.timeline);
}
