//! Buttons and selects: what they are called, what a press sends, what comes back, and what is refused.

use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::button::{
    CannotPress, CustomId, FoundOn, Press, PressRecord, UnreadablePress, find, press,
};
use journeyman_midjourney::expect::{AnswerKind, Awaited, Expect};
use journeyman_midjourney::modal::ModalKind;
use journeyman_midjourney::{
    Action, Button, Choice, Place, Select, Sighting, classify_any, classify_message,
};
use journeyman_model::{ChannelId, GuildId, MessageId};
use serde_json::json;

use crate::fixture;

const JOB: &str = "875fbd3a-ef43-4134-a4e8-cd853565cbfd";
const ON: FoundOn =
    FoundOn { application: MIDJOURNEY, message: MessageId::new(1_083_838_511_947_448_451), flags: 0 };

fn place(guild: Option<u64>) -> Place<'static> {
    Place {
        guild: guild.map(GuildId::new),
        channel: ChannelId::new(300_000_000_000_000_001),
        session_id: "00000000000000000000000000000000",
    }
}

fn button(custom_id: &str) -> Button {
    Button { label: "U4".to_owned(), custom_id: Some(custom_id.to_owned()), style: 2, ..Button::default() }
}

fn versions() -> Button {
    let choice = |label: &str, value: &str, chosen| Choice {
        label: label.to_owned(),
        value: value.to_owned(),
        chosen,
    };
    let choices = vec![choice("Midjourney Model V6", "v6", true), choice("Niji Model V6", "niji6", false)];
    Button { select: Some(Select { choices }), ..button("MJ::Settings::VersionSelector") }
}

#[test]
fn a_press_is_the_one_that_was_seen() {
    let found = button("MJ::JOB::upsample::4::350fb24a-dd72-45f2-ade8-048379a2ed5a");
    let payload = press(&found, ON, &place(None), "1083840138678632448").unwrap();
    let seen = fixture::named("post_interaction_component_upsample4_dm_2023_03.json");
    assert_eq!(payload, seen);
    let ephemeral = press(&found, FoundOn { flags: 64, ..ON }, &place(None), "1").unwrap();
    assert_eq!(ephemeral["message_flags"], 64);
}

#[test]
fn a_value_of_a_select_is_chosen_by_its_value_or_its_label() {
    for wanted in ["niji6", "Niji Model V6", " niji model v6"] {
        let choice = Press::select(&versions(), ON, &[wanted]).unwrap();
        let data = choice.payload(&place(None), "1")["data"].clone();
        let custom_id = "MJ::Settings::VersionSelector";
        let expected = json!({"component_type": 3, "custom_id": custom_id, "type": 3, "values": ["niji6"]});
        assert_eq!(data, expected, "{wanted}");
        assert_eq!(choice.expects(), Expect::Answer(AnswerKind::Settings));
    }
    let error = Press::select(&versions(), ON, &["v9"]).unwrap_err();
    assert!(error.to_string().contains("Midjourney Model V6, Niji Model V6"), "{error}");
    assert!(matches!(Press::button(&versions(), ON), Err(CannotPress::NeedsAValue { .. })));
    assert_eq!(Press::select(&button("MJ::X"), ON, &["v6"]), Err(CannotPress::NoValues));
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
        let select = Button { custom_id: Some(custom_id.to_owned()), ..versions() };
        assert_eq!(Press::select(&select, ON, &["v6"]), Err(CannotPress::ForAHuman));
    }
    for label in ["Accept ToS", "Acknowledge", "I agree", "Appeal"] {
        let renamed = Button { label: label.to_owned(), ..button("MJ::New::x") };
        assert_eq!(press(&renamed, ON, &place(None), "1"), Err(CannotPress::ForAHuman), "{label}");
    }
}

#[test]
fn a_link_and_a_disabled_button_have_nothing_to_press() {
    let link = Button { custom_id: None, ..button("") };
    assert_eq!(press(&link, ON, &place(None), "1"), Err(CannotPress::Link));
    let disabled = Button { disabled: true, ..button("MJ::X") };
    assert_eq!(press(&disabled, ON, &place(None), "1"), Err(CannotPress::Disabled));
}

#[test]
fn a_stored_press_is_read_back_as_it_was_and_none_for_a_human() {
    let choice = Press::select(&versions(), FoundOn { flags: 64, ..ON }, &["v6"]).unwrap();
    for press in [choice, Press::button(&button("MJ::X"), ON).unwrap()] {
        let stored = serde_json::to_string(&PressRecord::from(&press)).unwrap();
        assert_eq!(Press::try_from(serde_json::from_str::<PressRecord>(&stored).unwrap()), Ok(press));
    }
    let record = PressRecord::from(&Press::button(&button("MJ::X"), ON).unwrap());
    let newer = PressRecord { version: 9, ..record.clone() };
    assert_eq!(Press::try_from(newer), Err(UnreadablePress::Version { found: 9 }));
    let edited = PressRecord { custom_id: "MJ::Prompts::Appeal::x".to_owned(), ..record };
    assert_eq!(Press::try_from(edited), Err(UnreadablePress::ForAHuman));
}

#[test]
fn custom_ids_are_read_leniently() {
    let named = |name: &str| name.to_owned();
    let extend = |film| CustomId::Extend { motion: named("low"), film };
    for (custom_id, expected) in [
        (format!("MJ::JOB::upsample::2::{JOB}"), CustomId::Upsample(2)),
        (format!("MJ::JOB::variation::4::{JOB}"), CustomId::Variation(4)),
        (format!("MJ::JOB::reroll::0::{JOB}::SOLO"), CustomId::Reroll),
        (format!("MJ::JOB::high_variation::1::{JOB}::SOLO"), CustomId::HighVariation),
        (format!("MJ::JOB::low_variation::1::{JOB}::SOLO"), CustomId::LowVariation),
        (format!("MJ::Outpaint::75::1::{JOB}::SOLO"), CustomId::Zoom(75)),
        (format!("MJ::Outpaint::100::1::{JOB}::SOLO"), CustomId::MakeSquare),
        (format!("MJ::CustomZoom::{JOB}"), CustomId::CustomZoom),
        (format!("MJ::JOB::pan_left::1::{JOB}::SOLO"), CustomId::Pan(named("left"))),
        (format!("MJ::Inpaint::1::{JOB}::SOLO"), CustomId::Inpaint),
        (format!("MJ::JOB::upsample_v5_4x::1::{JOB}::SOLO"), CustomId::Upscale(named("v5_4x"))),
        (format!("MJ::JOB::upsample_v7_2x_subtle::1::{JOB}::SOLO"), CustomId::Upscale(named("v7_2x_subtle"))),
        (format!("MJ::JOB::animate_high::1::{JOB}::SOLO"), CustomId::Animate(named("high"))),
        (format!("MJ::JOB::animate_low_extend::3::{JOB}"), extend(Some(3))),
        (format!("MJ::JOB::animate_low_extend::x::{JOB}"), extend(None)),
        (named("MJ::Job::PicReader::4"), CustomId::PicReader(Some(4))),
        (named("MJ::Job::PicReader::all"), CustomId::PicReader(None)),
        (named("MJ::Job::PromptAnalyzer::5"), CustomId::PromptAnalyzer(5)),
        (named("MJ::Job::PromptAnalyzer::x"), CustomId::Other),
        (named("MJ::Picread::Retry"), CustomId::PicReaderRetry),
        (format!("MJ::BOOKMARK::{JOB}"), CustomId::Bookmark),
        (format!("MJ::CancelJob::ByJobid::{JOB}"), CustomId::Cancel),
        (named("MJ::Settings::VersionSelector"), CustomId::Setting(named("versionselector"))),
        (named("MJ::Settings::"), CustomId::Other),
        (named("MJ::JOB::upsample::9::x"), CustomId::Other),
        (named("MJ::Job::PicReader::9"), CustomId::Other),
        (named("MJ::"), CustomId::Other),
        (String::new(), CustomId::Other),
        (named("other::JOB::upsample::1"), CustomId::Other),
    ] {
        assert_eq!(CustomId::parse(&custom_id), expected, "{custom_id}");
    }
}

#[test]
fn each_button_says_what_comes_back() {
    let images = |custom_id: &str| CustomId::parse(custom_id).expects().images().unwrap();
    let shown = |custom_id: &str| {
        let awaited = images(custom_id);
        (awaited.action, awaited.image, awaited.variant)
    };
    for (custom_id, expected) in [
        ("MJ::JOB::upsample::2::x", (Action::Upscale, Some(2), None)),
        ("MJ::JOB::variation::3::x", (Action::Variation, Some(3), None)),
        ("MJ::JOB::high_variation::1::x::SOLO", (Action::Variation, None, Some("Strong"))),
        ("MJ::JOB::low_variation::1::x::SOLO", (Action::Variation, None, Some("Subtle"))),
        ("MJ::JOB::reroll::0::x::SOLO", (Action::Reroll, None, None)),
        ("MJ::Outpaint::50::1::x::SOLO", (Action::Zoom, None, None)),
        ("MJ::CustomZoom::x", (Action::Zoom, None, None)),
        ("MJ::JOB::pan_up::1::x::SOLO", (Action::Pan, None, Some("Up"))),
        ("MJ::Inpaint::1::x::SOLO", (Action::Region, None, None)),
        ("MJ::JOB::upsample_v5_2x::1::x::SOLO", (Action::Upscale, None, Some("2x"))),
        ("MJ::JOB::upsample_v6_2x_creative::1::x::SOLO", (Action::Upscale, None, Some("Creative"))),
        ("MJ::JOB::upsample_v8_dreamy::1::x::SOLO", (Action::Upscale, None, None)),
        ("MJ::JOB::animate_low::1::x::SOLO", (Action::Animate, None, Some("Low motion"))),
        ("MJ::Job::PicReader::1", (Action::Imagine, None, None)),
    ] {
        assert_eq!(shown(custom_id), expected, "{custom_id}");
    }
    assert!(matches!(CustomId::CustomZoom.expects(), Expect::Modal { kind: ModalKind::CustomZoom, .. }));
    assert!(matches!(CustomId::Inpaint.expects(), Expect::Page { .. }));
    assert!(matches!(
        CustomId::PicReader(Some(1)).expects(),
        Expect::Modal { kind: ModalKind::PicReader, .. }
    ));
    assert_eq!(CustomId::PicReaderRetry.expects(), Expect::Answer(AnswerKind::Described));
    assert_eq!(CustomId::Bookmark.expects(), Expect::Acknowledgement);
    assert_eq!(CustomId::Cancel.expects(), Expect::Acknowledgement);
    assert_eq!(CustomId::Other.expects(), Expect::Unknown);
    assert!(CustomId::Variation(1).expects().may_ask() && !CustomId::Upsample(1).expects().may_ask());
}

fn seen(content: &str) -> Sighting {
    classify_message(&json!({ "content": content }))
}

fn awaited(custom_id: &str) -> Awaited {
    CustomId::parse(custom_id).expects().images().expect("it brings images")
}

#[test]
fn a_result_is_matched_to_the_press_that_asked_for_it() {
    let upscaled =
        &classify_any(&fixture::named("rest_upscale_image2_type19_with_referenced_2023_07.json"))[0];
    assert!(awaited("MJ::JOB::upsample::2::x").fits(upscaled));
    assert!(!awaited("MJ::JOB::upsample::3::x").fits(upscaled));
    assert!(!awaited("MJ::JOB::variation::2::x").fits(upscaled));
    let strong = &classify_any(&fixture::named("rest_variation_strong_grid_type19_2023_07.json"))[0];
    assert!(awaited("MJ::JOB::high_variation::1::x").fits(strong));
    assert!(!awaited("MJ::JOB::low_variation::1::x").fits(strong));
    let zoom =
        &classify_any(&fixture::named("gw_create_zoom_waiting_type19_ephemeral_cancel_2023_07.json"))[0];
    // How it began is not shown yet, which speaks against nothing.
    assert!(awaited("MJ::Outpaint::50::1::x").fits(zoom) && awaited("MJ::JOB::pan_left::1::x").fits(zoom));
    let zoomed = seen("**a cat** - Zoom Out by <@7> (fast)");
    assert!(
        awaited("MJ::Outpaint::50::1::x").fits(&zoomed) && !awaited("MJ::JOB::pan_left::1::x").fits(&zoomed)
    );
    let left = seen("**a cat** - Pan Left by <@7> (fast)");
    assert!(awaited("MJ::JOB::pan_left::1::x").fits(&left) && !awaited("MJ::JOB::pan_up::1::x").fits(&left));
    let subtle = seen("**a cat** - Upscaled (Subtle) by <@7> (fast)");
    assert!(awaited("MJ::JOB::upsample_v6_2x_subtle::1::x").fits(&subtle));
    assert!(!awaited("MJ::JOB::upsample_v6_2x_creative::1::x").fits(&subtle));
    assert!(!awaited("MJ::JOB::upsample::1::x").fits(&subtle));
    let remix = seen("**a dog** - Remix (Strong) by <@7> (fast)");
    assert!(awaited("MJ::JOB::high_variation::1::x").fits(&remix));
    assert!(!awaited("MJ::JOB::upsample::1::x").fits(&remix));
    let film = seen("**a cat** - Animate (High motion) by <@7> (fast)");
    assert!(awaited("MJ::JOB::animate_high::1::x").fits(&film));
    assert!(!awaited("MJ::JOB::animate_low::1::x").fits(&film));
}

#[test]
fn presses_whose_results_look_alike_overlap() {
    for (one, two, overlap) in [
        ("MJ::JOB::upsample::1::x", "MJ::JOB::upsample::2::x", false),
        ("MJ::JOB::upsample::1::x", "MJ::JOB::upsample::1::x", true),
        ("MJ::JOB::variation::1::x", "MJ::JOB::variation::2::x", true),
        ("MJ::JOB::high_variation::1::x", "MJ::JOB::low_variation::1::x", false),
        ("MJ::Outpaint::50::1::x", "MJ::Outpaint::75::1::x", true),
        ("MJ::JOB::pan_left::1::x", "MJ::JOB::pan_up::1::x", false),
        ("MJ::JOB::upsample_v6_2x_subtle::1::x", "MJ::JOB::upsample_v6_2x_creative::1::x", false),
        ("MJ::JOB::reroll::0::x", "MJ::JOB::upsample::1::x", false),
    ] {
        assert_eq!(awaited(one).overlaps(&awaited(two)), overlap, "{one} {two}");
        assert_eq!(awaited(two).overlaps(&awaited(one)), overlap, "{two} {one}");
    }
}

#[test]
fn anything_can_be_found_by_its_label_however_it_is_written() {
    let upscaled = classify_any(&fixture::named("rest_upscale_image2_type19_with_referenced_2023_07.json"));
    let buttons = &upscaled[0].buttons;
    for (label, expected) in [
        ("Vary (Strong)", "high_variation"),
        ("vary strong", "high_variation"),
        ("strong", "high_variation"),
        ("Zoom Out 1.5x", "Outpaint::75"),
        ("zoom 2x", "Outpaint::50"),
        ("custom zoom", "CustomZoom"),
        ("⬅️", "pan_left"),
        ("⬅", "pan_left"),
        ("left", "pan_left"),
        ("Pan Down", "pan_down"),
        ("❤️", "BOOKMARK"),
        ("bookmark", "BOOKMARK"),
        ("MJ::BOOKMARK::f58fa448-1620-4aca-9621-005ef9f3b383", "BOOKMARK"),
    ] {
        let found = find(buttons, label).unwrap_or_else(|error| panic!("{error}"));
        assert!(found.custom_id.as_deref().is_some_and(|id| id.contains(expected)), "{label}: {found:?}");
    }
    let grid = &classify_any(&fixture::named("rest_grid_plain_2023_06.json"))[0].buttons;
    for (label, expected) in
        [("U2", "upsample::2"), ("u2", "upsample::2"), ("V4", "variation::4"), ("🔄", "reroll")]
    {
        let found = find(grid, label).unwrap().custom_id.clone().unwrap();
        assert!(found.contains(expected), "{label}: {found}");
    }
}

#[test]
fn a_label_that_is_missing_or_ambiguous_is_told_with_what_is_there() {
    let upscaled = classify_any(&fixture::named("rest_upscale_image2_type19_with_referenced_2023_07.json"));
    let buttons = &upscaled[0].buttons;
    let missing = find(buttons, "U1").unwrap_err();
    assert_eq!((missing.fitting, missing.known.len()), (0, buttons.len()));
    assert!(missing.to_string().contains("Vary (Strong), Vary (Subtle)"), "{missing}");
    assert!(missing.to_string().contains("⬅️ (pan left)"), "{missing}");
    let ambiguous = find(buttons, "zoom out").unwrap_err();
    assert_eq!(ambiguous.known, ["Zoom Out 2x", "Zoom Out 1.5x"]);
    assert!(ambiguous.to_string().contains("2 fit, say which"), "{ambiguous}");
    assert_eq!(find(buttons, "").unwrap_err().fitting, 0);
    assert_eq!(
        find(&[], "U1").unwrap_err().to_string(),
        "find the button \"U1\": the message has no buttons"
    );
}
