//! Messages, events and files of JSON that no fixture shows.

use journeyman_midjourney::{
    Action, Explanation, FailureKind, Meaning, Sighting, classify_any, classify_event, classify_message,
};
use journeyman_model::{ChannelId, InteractionId, MessageId};
use serde_json::{Value, json};

use crate::fixture;

const CAPTION: &str = "**a cat** - <@7> (Waiting to start)";

fn meaning(message: &Value) -> Meaning {
    classify_message(message).meaning
}

fn kinds(value: &Value) -> Vec<&'static str> {
    classify_any(value).iter().map(|sighting| Explanation::of(sighting).kind).collect()
}

#[test]
fn only_midjourneys_bots_speak_for_midjourney() {
    let by = |author: Value| meaning(&json!({ "id": "5", "content": CAPTION, "author": author }));
    assert_eq!(by(json!({"id": "936929561302675456", "bot": true})), Meaning::Waiting);
    assert_eq!(by(json!({"id": "1022952195194359889", "bot": true})), Meaning::Waiting);
    assert_eq!(by(json!({"id": "100000000000000001"})), Meaning::NotASighting);
    assert_eq!(by(json!({"id": "100000000000000001", "bot": true})), Meaning::NotASighting);
    assert_eq!(by(json!(null)), Meaning::Waiting);
}

#[test]
fn a_bot_with_midjourneys_buttons_is_midjourneys() {
    let by = |bot: bool, custom_id: &str| {
        meaning(&json!({
            "content": CAPTION, "author": {"id": "5", "bot": bot},
            "components": [{"type": 1, "components": [{"type": 2, "custom_id": custom_id}]}],
        }))
    };
    assert_eq!(by(true, "MJ::BOOKMARK::x"), Meaning::Waiting);
    assert_eq!(by(true, "other"), Meaning::NotASighting);
    assert_eq!(by(false, "MJ::BOOKMARK::x"), Meaning::NotASighting);
}

#[test]
fn somebody_elses_message_is_still_named() {
    let sighting =
        classify_message(&json!({"id": "5", "channel_id": "6", "content": "hi", "author": {"id": "7"}}));
    assert_eq!(sighting.meaning, Meaning::NotASighting);
    assert_eq!(sighting.keys.message, Some(MessageId::new(5)));
    assert_eq!(sighting.keys.channel, Some(ChannelId::new(6)));
}

#[test]
fn the_preview_of_a_link_is_no_notice() {
    let with = |kind: &str| {
        meaning(&json!({
            "content": "**https://x.y/ a cat** - <@7> (31%) (fast)", "author": {"id": "936929561302675456"},
            "embeds": [{"type": kind, "title": "404 error"}],
        }))
    };
    assert_eq!(with("link"), Meaning::Progress { percent: 31 });
    assert_eq!(with("rich"), Meaning::Failed(failure_of(&with("rich"))));
    assert_eq!(failure_of(&with("rich")).kind, FailureKind::JobFailed);
}

fn failure_of(meaning: &Meaning) -> journeyman_midjourney::Failure {
    let Meaning::Failed(failure) = meaning else { panic!("{meaning:?} is no failure") };
    failure.clone()
}

#[test]
fn an_error_on_the_progress_message_outweighs_its_caption() {
    let message = json!({
        "content": "**a cat** - <@7> (62%) (fast)", "author": {"id": "936929561302675456"},
        "embeds": [{"type": "rich", "title": "Request cancelled due to image filters"}],
    });
    let sighting = classify_message(&message);
    assert_eq!(failure_of(&sighting.meaning).kind, FailureKind::PostModeration);
    assert_eq!(sighting.prompt.as_deref(), Some("a cat"));
}

#[test]
fn the_words_of_a_prompt_are_no_clue() {
    for prompt in ["billing", "please complete the task", "run out of hours", "unrecognized parameter"] {
        let content = format!("**{prompt}** - <@7> (31%) (fast)");
        assert_eq!(meaning(&json!({ "content": content })), Meaning::Progress { percent: 31 });
    }
}

#[test]
fn a_reply_without_a_verb_is_not_the_imagine_itself() {
    let replied = |content: &str| {
        classify_message(&json!({"content": content, "message_reference": {"message_id": "3"}})).action
    };
    assert_eq!(replied(CAPTION), None);
    assert_eq!(replied("**a cat** - <@7> (fast)"), Some(Action::Reroll));
    assert_eq!(replied("**a cat** - Zoom Out by <@7> (fast)"), Some(Action::Zoom));
    let commanded = |name: &str| {
        classify_message(&json!({"content": CAPTION, "interaction_metadata": {"id": "3", "name": name}}))
            .action
    };
    assert_eq!(commanded("imagine"), Some(Action::Imagine));
    assert_eq!(commanded("blend"), Some(Action::Blend));
    assert_eq!(commanded("show"), None);
}

#[test]
fn the_cancel_button_names_the_job_before_any_other() {
    let mut message = json!({
        "content": CAPTION,
        "components": [{"type": 1, "components": [
            {"type": 2, "custom_id": "MJ::BOOKMARK::11111111-1111-1111-1111-111111111111"},
            {"type": 2, "custom_id": "MJ::CancelJob::ByJobid::22222222-2222-2222-2222-222222222222"},
        ]}],
        "attachments": [{"url": "https://x/y", "filename": "33333333-3333-3333-3333-333333333333_grid_0.webp"}],
    });
    let job_id = |message: &Value| classify_message(message).keys.job_id.unwrap_or_default();
    assert!(job_id(&message).starts_with("2222"));
    message["components"] = json!([]);
    assert!(job_id(&message).starts_with("3333"));
    message["attachments"] = json!([]);
    message["content"] =
        json!("**a** - <@7> [(x)](<https://midjourney.com/jobs/44444444-4444-4444-4444-444444444444>)");
    assert!(job_id(&message).starts_with("4444"));
}

#[test]
fn a_page_gives_one_sighting_for_each_message() {
    let grid = fixture::named("rest_grid_plain_2023_06.json");
    let human = json!({"id": "5", "content": "hello", "author": {"id": "100000000000000001"}});
    assert_eq!(kinds(&json!([grid, human, {"content": CAPTION}])), ["finished", "not_a_sighting", "waiting"]);
    assert_eq!(kinds(&json!([])), Vec::<&str>::new());
    for nothing in [json!(null), json!(1), json!("text"), json!({}), json!([[[[[]]]]])] {
        assert_eq!(kinds(&nothing), ["not_a_sighting"], "{nothing}");
    }
}

#[test]
fn many_messages_can_be_deleted_at_once() {
    let frame = json!({"op": 0, "t": "MESSAGE_DELETE_BULK", "d": {"ids": ["5", "6"], "channel_id": "7"}});
    let deleted: Vec<_> = classify_any(&frame).iter().filter_map(|one| one.keys.message).collect();
    assert_eq!(deleted, [MessageId::new(5), MessageId::new(6)]);
    assert_eq!(classify_event(&frame).meaning, Meaning::Deleted);
    let none = json!({"op": 0, "t": "MESSAGE_DELETE_BULK", "d": {}});
    assert_eq!(classify_event(&none), Sighting::of(Meaning::NotASighting));
}

#[test]
fn a_partial_update_of_a_human_message_is_nothing() {
    // Discord sends such an update when it has loaded the preview of a link.
    let update = json!({"op": 0, "t": "MESSAGE_UPDATE", "d": {"id": "5", "channel_id": "6", "embeds": [
        {"type": "article", "title": "Banned prompt", "description": "news"},
    ]}});
    assert_eq!(classify_event(&update).meaning, Meaning::NotASighting);
}

#[test]
fn an_interaction_event_carries_its_nonce() {
    let failed = classify_event(&fixture::named("x_interaction_failure.json"));
    assert_eq!(failed.keys.nonce.as_deref(), Some("1400000000000000001"));
    let modal = classify_event(&fixture::named("x_interaction_modal_create_remix.json"));
    let Meaning::ModalOpened(opened) = modal.meaning else { panic!("{modal:?}") };
    assert_eq!(opened.custom_id, "MJ::RemixModal::c11b36f2-5a80-4c8f-b4a3-91801e615cbb::4::1");
    assert_eq!(opened.id, Some(InteractionId::new(1_400_000_000_000_000_007)));
}

#[test]
fn a_timestamp_in_an_account_page_is_no_deadline() {
    let info = &classify_any(&fixture::named("info_embed_description_pro_2023_05.json"))[0];
    assert_eq!((info.meaning.clone(), Explanation::of(info).until), (Meaning::Info, None));
}

#[test]
fn flags_are_kept_for_a_press() {
    let zoom = classify_event(&fixture::named("gw_create_zoom_waiting_type19_ephemeral_cancel_2023_07.json"));
    assert_eq!(zoom.flags, 64);
}
