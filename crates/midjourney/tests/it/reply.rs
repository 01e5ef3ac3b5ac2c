//! Typed answers: what the captures and the peers' strings say, and that nothing else breaks them.

use std::time::Duration;

use journeyman_midjourney::reply::{AccountInfo, Described, Reply, Shortened, Usage};
use journeyman_midjourney::{Meaning, Mode, classify_any, classify_message};
use proptest::prelude::*;
use serde_json::json;

use crate::fixture;

fn reply(name: &str) -> Reply {
    classify_any(&fixture::named(name)).remove(0).reply.expect("it is an answer")
}

fn hours(hours: f64) -> Duration {
    Duration::from_secs_f64(hours * 3_600.0)
}

#[test]
fn account_info_tells_minutes_and_running_jobs() {
    let Reply::Account(account) = reply("info_embed_description_pro_2023_05.json") else { panic!() };
    assert_eq!(account.plan.as_deref(), Some("Pro"));
    assert_eq!((account.renews_unix_s, account.mode), (Some(1_715_321_361), Some(Mode::Fast)));
    assert_eq!(
        (account.stealth, account.fast_left, account.fast_total),
        (Some(true), Some(hours(29.57)), Some(hours(30.0)))
    );
    assert_eq!(account.lifetime, Some(Usage { images: 102, time: Some(hours(1.77)) }));
    assert_eq!(account.relaxed, Some(Usage { images: 19, time: Some(hours(0.29)) }));
    assert_eq!((account.queued_fast, account.queued_relaxed), (Some(0), Some(0)));
    let running = account.running.as_ref().unwrap();
    assert_eq!((running.count, running.job_ids.len(), account.others.len()), (0, 0, 0));
    insta::assert_debug_snapshot!(account);
}

#[test]
fn running_jobs_are_counted_and_named_however_they_are_listed() {
    let (one, two) = ("875fbd3a-ef43-4134-a4e8-cd853565cbfd", "6243686b-7ab1-4174-a9fe-527cca66a829");
    for (text, count, ids) in [
        (format!("**Running Jobs**: 2\n- `{one}` (31%)\n- `{two}`\n"), 2, vec![one, two]),
        (format!("**Running Jobs**: {one}, {two}"), 2, vec![one, two]),
        ("**Running Jobs**:   3".to_owned(), 3, vec![]),
        ("**Running Jobs**: None".to_owned(), 0, vec![]),
    ] {
        let running = AccountInfo::parse(&text).running.unwrap();
        assert_eq!(
            (running.count, running.job_ids),
            (count, ids.into_iter().map(str::to_owned).collect()),
            "{text}"
        );
    }
    assert_eq!(AccountInfo::parse("**Running Jobs**:").running, None);
}

#[test]
fn unknown_lines_of_an_account_are_kept() {
    let account = AccountInfo::parse(
        "Hello\n**Moderation Level**: 3 of 5\nsince May\n**Job Mode**: Ludicrous\n**Subscription**: Mega",
    );
    assert_eq!(account.others, [("Moderation Level".to_owned(), "3 of 5\nsince May".to_owned())]);
    assert_eq!((account.mode, account.plan.as_deref()), (None, Some("Mega")));
    assert_eq!(AccountInfo::parse("**Job Mode**: Relax").mode, Some(Mode::Relaxed));
}

#[test]
fn four_described_prompts_are_read() {
    let Reply::Described(described) = reply("x_describe_answer.json") else { panic!() };
    assert_eq!(described.prompts, ["one --ar 1:1", "two --ar 1:1", "three --ar 1:1", "four --ar 1:1"]);
    let wrapped = Described::parse("Here:\n1️⃣ a cat\non a mat\n2️⃣ a dog");
    assert_eq!(wrapped.prompts, ["a cat on a mat", "a dog"]);
    let bare = Described::parse("a cat\n\n a dog \n\n");
    assert_eq!(bare.prompts, ["a cat", "a dog"]);
}

#[test]
fn shortened_prompts_have_weights_per_token() {
    let Reply::Shortened(shortened) = reply("x_shorten_answer.json") else { panic!() };
    assert_eq!(shortened.prompts, ["a cat", "cat"]);
    assert_eq!((shortened.tokens[0].text.as_str(), shortened.tokens[0].important), ("cat", true));
    let text = "Shorten result\n## Important tokens\n**cat** (0.85) ~~of~~ (0) house, **red hat** (1) (blue)\n## Shortened prompts\n1️⃣ cat";
    let read = Shortened::parse(text);
    let tokens: Vec<_> =
        read.tokens.iter().map(|one| (one.text.as_str(), one.important, one.weight_thousandths)).collect();
    let expected = [
        ("cat", true, Some(850)),
        ("of", false, Some(0)),
        ("house,", false, None),
        ("red hat", true, Some(1_000)),
        ("(blue)", false, None),
    ];
    assert_eq!(tokens, expected);
    assert_eq!(read.prompts, ["cat"]);
}

#[test]
fn settings_tell_what_is_on_and_what_is_chosen() {
    let message = json!({"author": {"id": "936929561302675456"}, "components": [
        {"type": 1, "components": [{"type": 3, "custom_id": "MJ::Settings::VersionSelector", "options": [
            {"label": "V6", "value": "--v 6", "default": true}, {"label": "V7", "value": "--v 7"}]}]},
        {"type": 1, "components": [
            {"type": 2, "style": 3, "label": "Remix mode", "custom_id": "MJ::Settings::RemixMode::0"},
            {"type": 2, "style": 2, "label": "Public mode", "custom_id": "MJ::Settings::PublicMode::1"}]},
    ]});
    let sighting = classify_message(&message);
    assert_eq!(sighting.meaning, Meaning::Settings);
    let Some(Reply::Settings(panel)) = sighting.reply else { panic!() };
    assert_eq!(
        (panel.is_on("remix mode"), panel.is_on("Public mode"), panel.is_on("x")),
        (Some(true), Some(false), None)
    );
    assert_eq!(panel.lists[0].chosen, ["V6"]);
    assert_eq!(panel.lists[0].offered, ["V6", "V7"]);
}

#[test]
fn a_seed_and_a_plain_text_are_answers_too() {
    let seed = classify_message(&fixture::named("dm_seed_message.json"));
    assert_eq!((seed.meaning, seed.reply), (Meaning::Seed { seed: 1_259_687_673 }, None));
    let said = json!({"author": {"id": "936929561302675456"}, "content": "Done! Your jobs are fast."});
    let said = classify_message(&said);
    assert_eq!(
        (said.meaning, said.reply),
        (Meaning::Unknown, Some(Reply::Text("Done! Your jobs are fast.".to_owned())))
    );
    let finished = classify_any(&fixture::named("rest_grid_plain_2023_06.json")).remove(0);
    assert_eq!(finished.reply, None);
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "(\\PC|\n|\\*\\*|~~|1️⃣|\\(|## Important tokens|shortened prompts){0,60}") {
        let _ = AccountInfo::parse(&text);
        let _ = Described::parse(&text);
        let _ = Shortened::parse(&text);
    }

    #[test]
    fn any_number_in_an_account_is_read_without_a_panic(number in "[-+]?[0-9]{0,400}(\\.[0-9]{0,400})?(e[0-9]{0,4})?") {
        let text = format!("**Fast Time Remaining**: {number}/{number} hours\n**Lifetime Usage**: {number} images ({number} hours)\n**Running Jobs**: {number}\n**Subscription**: Pro <t:{number}>");
        let _ = AccountInfo::parse(&text);
    }
}
