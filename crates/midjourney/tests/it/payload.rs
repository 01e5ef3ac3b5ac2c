//! Payloads against the requests that were seen on the wire.

use journeyman_midjourney::Place;
use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::button::{CannotPress, CustomId, FoundOn, press};
use journeyman_midjourney::command::{find_imagine, imagine};
use journeyman_midjourney::{Button, classify_any};
use journeyman_model::{ChannelId, CommandIndex, GuildId, MessageId};
use serde_json::{Value, json};

use crate::fixture;

const SESSION: &str = "00000000000000000000000000000000";

fn place(guild: Option<u64>) -> Place<'static> {
    Place {
        guild: guild.map(GuildId::new),
        channel: ChannelId::new(300_000_000_000_000_001),
        session_id: SESSION,
    }
}

#[test]
fn the_imagine_payload_is_the_one_that_was_seen_with_a_nonce() {
    let index =
        CommandIndex::from_json(&fixture::named("rest_application_commands_search_imagine.json")).unwrap();
    let command = find_imagine(&index).unwrap();
    let prompt = "YOUR MIDJOURNEY PROMPT GOES HERE";
    let payload = imagine(command, &place(Some(200_000_000_000_000_001)), "140", prompt);
    let mut seen = fixture::named("post_interaction_imagine_full.json");
    seen["nonce"] = json!("140");
    // A copy of the command, which is optional (Mutiny-SDK leaves it out).
    seen["data"].as_object_mut().unwrap().remove("application_command");
    assert_eq!(payload, seen);
    assert_eq!(imagine(command, &place(None), "140", prompt)["guild_id"], Value::Null);
}

#[test]
fn imagine_is_found_among_all_commands() {
    let index = CommandIndex::from_json(&fixture::named("rest_application_command_index_2024.json")).unwrap();
    assert_eq!(index.commands.len(), 24);
    assert_eq!(find_imagine(&index).unwrap().version.get(), 1_237_876_415_471_554_623);
}

fn button(custom_id: &str) -> Button {
    Button { label: "U4".to_owned(), custom_id: Some(custom_id.to_owned()), url: None, style: 2 }
}

const ON: FoundOn =
    FoundOn { application: MIDJOURNEY, message: MessageId::new(1_083_838_511_947_448_451), flags: 0 };

#[test]
fn a_press_is_the_one_that_was_seen() {
    let found = button("MJ::JOB::upsample::4::350fb24a-dd72-45f2-ade8-048379a2ed5a");
    let payload = press(&found, ON, &place(None), "1083840138678632448").unwrap();
    assert_eq!(payload, fixture::named("post_interaction_component_upsample4_dm_2023_03.json"));
    let ephemeral = press(&found, FoundOn { flags: 64, ..ON }, &place(None), "1").unwrap();
    assert_eq!(ephemeral["message_flags"], 64);
}

#[test]
fn what_a_human_must_decide_is_never_pressed() {
    for name in [
        "x_action_needed_ai_moderator.json",
        "gw_action_needed_ai_moderator_appeal_2023_05_PARTIAL.json",
        "x_pending_mod_message.json",
        "x_tos_not_accepted.json",
    ] {
        let buttons = classify_any(&fixture::named(name)).remove(0).buttons;
        assert!(!buttons.is_empty(), "{name}");
        for found in buttons {
            assert_eq!(press(&found, ON, &place(None), "1"), Err(CannotPress::ForAHuman), "{name}");
        }
    }
    for custom_id in ["MJ::Captcha::3", "MJ::CaptchaSolve", "MJ::iframe::token", "mj::prompts::APPEAL::x"] {
        assert_eq!(press(&button(custom_id), ON, &place(None), "1"), Err(CannotPress::ForAHuman));
    }
    for label in ["Accept ToS", "Acknowledge", "I agree", "Appeal"] {
        let renamed = Button { label: label.to_owned(), ..button("MJ::New::x") };
        assert_eq!(press(&renamed, ON, &place(None), "1"), Err(CannotPress::ForAHuman), "{label}");
    }
    let link = Button { custom_id: None, ..button("") };
    assert_eq!(press(&link, ON, &place(None), "1"), Err(CannotPress::Link));
}

#[test]
fn custom_ids_are_read_leniently() {
    let job = "875fbd3a-ef43-4134-a4e8-cd853565cbfd";
    for (custom_id, expected) in [
        (format!("MJ::JOB::upsample::2::{job}"), CustomId::Upsample(2)),
        (format!("MJ::JOB::variation::4::{job}"), CustomId::Variation(4)),
        (format!("MJ::JOB::reroll::0::{job}::SOLO"), CustomId::Reroll),
        (format!("MJ::JOB::high_variation::1::{job}::SOLO"), CustomId::HighVariation),
        (format!("MJ::JOB::low_variation::1::{job}::SOLO"), CustomId::LowVariation),
        (format!("MJ::Outpaint::75::1::{job}::SOLO"), CustomId::Zoom(75)),
        (format!("MJ::CustomZoom::{job}"), CustomId::CustomZoom),
        (format!("MJ::JOB::pan_left::1::{job}::SOLO"), CustomId::Pan("left".to_owned())),
        (format!("MJ::Inpaint::1::{job}::SOLO"), CustomId::Inpaint),
        (
            format!("MJ::JOB::upsample_v7_2x_subtle::1::{job}::SOLO"),
            CustomId::Upscale("v7_2x_subtle".to_owned()),
        ),
        (format!("MJ::JOB::animate_high::1::{job}::SOLO"), CustomId::Animate("high".to_owned())),
        (format!("MJ::BOOKMARK::{job}"), CustomId::Bookmark),
        (format!("MJ::CancelJob::ByJobid::{job}"), CustomId::Cancel),
        ("MJ::JOB::upsample::9::x".to_owned(), CustomId::Other),
        ("MJ::Settings::VersionSelector".to_owned(), CustomId::Other),
        ("MJ::".to_owned(), CustomId::Other),
        (String::new(), CustomId::Other),
        ("other::JOB::upsample::1".to_owned(), CustomId::Other),
    ] {
        assert_eq!(CustomId::parse(&custom_id), expected, "{custom_id}");
    }
}
