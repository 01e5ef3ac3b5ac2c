//! Every command as a payload: against what was seen, against the index, and what is refused before it is sent.

use journeyman_midjourney::application::{MIDJOURNEY, NIJI};
use journeyman_midjourney::command::{Problem, check, payload};
use journeyman_midjourney::expect::{AnswerKind, Expect};
use journeyman_midjourney::invocation::{
    Dimensions, Invocation, InvocationRecord, PlainCommand, UnreadableInvocation, Uploaded,
};
use journeyman_midjourney::{Action, Place};
use journeyman_model::{ChannelId, Command, CommandIndex, GuildId};
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

fn index() -> CommandIndex {
    CommandIndex::from_json(&fixture::named("rest_application_command_index_2024.json"))
        .expect("it is an index")
}

fn command(name: &str) -> Command {
    index().commands.into_iter().find(|command| command.name == name).expect("it is in the index")
}

fn image(name: &str) -> Uploaded {
    Uploaded { filename: name.to_owned(), uploaded_filename: format!("1f/{name}") }
}

fn images(count: usize) -> impl Iterator<Item = Uploaded> {
    ["a.png", "b.png", "c.jpg", "d.webp", "e.gif", "f.png"].into_iter().take(count).map(image)
}

fn data(invocation: &Invocation) -> Value {
    payload(invocation, &command(&invocation.name), &place(None), "140").expect("it fits")["data"].clone()
}

fn problem(invocation: &Invocation) -> Problem {
    check(invocation, &command(&invocation.name)).expect_err("it does not fit").problem
}

#[test]
fn the_imagine_payload_is_the_one_that_was_seen_with_a_nonce() {
    let search = fixture::named("rest_application_commands_search_imagine.json");
    let index = CommandIndex::from_json(&search).unwrap();
    let command = index.find(MIDJOURNEY, "imagine").unwrap();
    let prompt = "YOUR MIDJOURNEY PROMPT GOES HERE";
    let guild = place(Some(200_000_000_000_000_001));
    let sent = payload(&Invocation::imagine(prompt), command, &guild, "140").unwrap();
    let mut seen = fixture::named("post_interaction_imagine_full.json");
    seen["nonce"] = json!("140");
    // A copy of the command, which is optional (Mutiny-SDK leaves it out).
    seen["data"].as_object_mut().unwrap().remove("application_command");
    assert_eq!(sent, seen);
    let direct = payload(&Invocation::imagine(prompt), command, &place(None), "140").unwrap();
    assert_eq!(direct["guild_id"], Value::Null);
}

#[test]
fn imagine_is_found_among_all_commands() {
    assert_eq!(index().commands.len(), 24);
    let index = index();
    let imagine = index.find(MIDJOURNEY, "imagine").unwrap();
    assert_eq!(imagine.version.get(), 1_237_876_415_471_554_623);
}

#[test]
fn blend_takes_2_to_5_images_and_dimensions() {
    for count in 2..=5 {
        let blend = Invocation::blend(images(count)).unwrap().with_dimensions(Dimensions::Portrait);
        let data = data(&blend);
        assert_eq!(data["attachments"].as_array().unwrap().len(), count);
        let options = data["options"].as_array().unwrap();
        assert_eq!(options.len(), count + 1);
        assert_eq!(options[0], json!({"type": 11, "name": "image1", "value": 0}));
        assert_eq!(options[count], json!({"type": 3, "name": "dimensions", "value": "--ar 2:3"}));
    }
    let two = data(&Invocation::blend(images(2)).unwrap());
    assert_eq!(
        two["attachments"],
        json!([
            {"id": "0", "filename": "a.png", "uploaded_filename": "1f/a.png"},
            {"id": "1", "filename": "b.png", "uploaded_filename": "1f/b.png"},
        ])
    );
    for count in [0, 1, 6] {
        let error = Invocation::blend(images(count)).unwrap_err();
        assert_eq!(error.to_string(), format!("blend {count} images: /blend takes 2 to 5"));
    }
}

#[test]
fn the_dimensions_are_the_values_of_the_captured_index() {
    let blend = command("blend");
    let captured = blend.options.iter().find(|option| option.name == "dimensions").unwrap();
    let ours: Vec<_> = Dimensions::ALL.into_iter().map(Dimensions::value).collect();
    assert_eq!(captured.choices, ours);
    for dimensions in Dimensions::ALL {
        assert_eq!(Dimensions::from_word(dimensions.word()), Some(dimensions));
    }
}

#[test]
fn describe_takes_a_file_or_a_link() {
    let file = data(&Invocation::describe(image("a.png")));
    assert_eq!(file["options"], json!([{"type": 11, "name": "image", "value": 0}]));
    assert_eq!(file["attachments"][0]["uploaded_filename"], "1f/a.png");
    let link = data(&Invocation::describe_link("https://example.com/a.png"));
    assert_eq!(link["options"], json!([{"type": 3, "name": "link", "value": "https://example.com/a.png"}]));
    assert_eq!(link["attachments"], json!([]));
}

#[test]
fn prefer_sends_its_subcommands_inside_of_their_groups() {
    let set = data(&Invocation::prefer_option("mine", "--ar 2:3"));
    let values = json!([
        {"type": 3, "name": "option", "value": "mine"},
        {"type": 3, "name": "value", "value": "--ar 2:3"},
    ]);
    let expected =
        json!([{"type": 2, "name": "option", "options": [{"type": 1, "name": "set", "options": values}]}]);
    assert_eq!(set["options"], expected);
    let remix = data(&Invocation::plain(PlainCommand::PreferRemix));
    assert_eq!(remix["options"], json!([{"type": 1, "name": "remix", "options": []}]));
    let suffix = data(&Invocation::prefer_suffix("--v 6"))["options"][0]["options"].clone();
    assert_eq!(suffix, json!([{"type": 3, "name": "new_value", "value": "--v 6"}]));
}

#[test]
fn every_command_fits_the_captured_index() {
    let mut all = vec![
        Invocation::imagine("a cat"),
        Invocation::blend(images(2)).unwrap(),
        Invocation::describe(image("a.png")),
        Invocation::describe_link("https://example.com/a.png"),
        Invocation::shorten("a cat"),
        Invocation::show("875fbd3a-ef43-4134-a4e8-cd853565cbfd"),
        Invocation::ask("how"),
        Invocation::prefer_suffix("--v 6"),
        Invocation::prefer_no_suffix(),
        Invocation::prefer_option("mine", "--ar 2:3"),
        Invocation::prefer_no_option("mine"),
    ];
    all.extend(PlainCommand::ALL.map(Invocation::plain));
    for invocation in all {
        let command = command(&invocation.name);
        let sent = payload(&invocation, &command, &place(None), "140").unwrap();
        assert_eq!(sent["data"]["version"], command.version.to_string(), "{invocation}");
        assert_eq!(sent["data"]["id"], command.id.to_string(), "{invocation}");
    }
}

#[test]
fn a_required_option_without_a_value_is_refused() {
    let missing = |option: &str| Problem::Missing { option: option.to_owned() };
    assert_eq!(problem(&Invocation::named("imagine")), missing("prompt"));
    assert_eq!(problem(&Invocation::imagine("  ")), missing("prompt"));
    assert_eq!(problem(&Invocation::named("blend").with_attachment("image1", image("a"))), missing("image2"));
    let text = check(&Invocation::named("show"), &command("show")).unwrap_err().to_string();
    assert_eq!(text, "send /show: its option job_id is required and has no value");
}

#[test]
fn what_the_command_does_not_have_is_refused_with_what_it_has() {
    let unknown = Invocation::imagine("a cat").with_text("seed", "7");
    let text = check(&unknown, &command("imagine")).unwrap_err().to_string();
    assert_eq!(
        text,
        "send /imagine: its option seed is unknown; it has prompt"
            .replace("its option seed is unknown", "it has no option seed")
    );
    assert!(
        matches!(problem(&Invocation::named("prefer")), Problem::NoSubcommand { known } if known.len() == 5)
    );
    let wrong = Invocation { subcommand: vec!["colour".to_owned()], ..Invocation::named("prefer") };
    assert!(
        matches!(problem(&wrong), Problem::UnknownSubcommand { known, .. } if known.contains(&"suffix".to_owned()))
    );
    let square = Invocation::blend(images(2)).unwrap().with_text("dimensions", "--ar 9:9");
    assert!(matches!(problem(&square), Problem::NotAChoice { choices, .. } if choices.len() == 3));
    let typed = Invocation::named("imagine").with_attachment("prompt", image("a.png"));
    assert_eq!(problem(&typed), Problem::OtherType { option: "prompt".to_owned() });
    let mut lost = Invocation::describe(image("a.png"));
    lost.attachments.clear();
    assert_eq!(problem(&lost), Problem::NoFile { option: "image".to_owned() });
    let long = Invocation::imagine("я".repeat(6_001));
    assert_eq!(problem(&long), Problem::TooLong { option: "prompt".to_owned(), length: 6_001 });
    assert_eq!(check(&Invocation::imagine("я".repeat(6_000)), &command("imagine")), Ok(()));
}

#[test]
fn another_applications_command_is_not_sent() {
    let niji = Invocation::imagine("a cat").of_niji();
    assert!(matches!(check(&niji, &command("imagine")).unwrap_err().problem, Problem::OtherCommand { .. }));
    let own = Command { application: Some(NIJI), ..command("imagine") };
    let sent = payload(&niji, &own, &place(None), "140").unwrap();
    assert_eq!(sent["application_id"], "1022952195194359889");
    let other = check(&Invocation::imagine("a cat"), &command("shorten")).unwrap_err();
    assert_eq!(other.to_string(), "send /imagine: the command that was discovered is /shorten");
}

#[test]
fn each_command_says_what_comes_back() {
    let action = |invocation: &Invocation| invocation.expects().images().map(|images| images.action);
    assert_eq!(action(&Invocation::imagine("a cat")), Some(Action::Imagine));
    assert_eq!(action(&Invocation::blend(images(2)).unwrap()), Some(Action::Blend));
    for (invocation, kind) in [
        (Invocation::describe(image("a.png")), AnswerKind::Described),
        (Invocation::shorten("a cat"), AnswerKind::Shortened),
        (Invocation::plain(PlainCommand::Info), AnswerKind::Account),
        (Invocation::plain(PlainCommand::Settings), AnswerKind::Settings),
        (Invocation::show("x"), AnswerKind::Shown),
        (Invocation::plain(PlainCommand::Fast), AnswerKind::Text),
    ] {
        assert_eq!(invocation.expects(), Expect::Answer(kind), "{invocation}");
    }
}

#[test]
fn a_stored_command_is_read_back_as_it_was() {
    let blend = Invocation::blend(images(3)).unwrap().with_dimensions(Dimensions::Landscape);
    for invocation in [blend, Invocation::prefer_option("a", "b").of_niji(), Invocation::imagine("a cat")] {
        let stored = serde_json::to_string(&InvocationRecord::from(&invocation)).unwrap();
        let read: InvocationRecord = serde_json::from_str(&stored).unwrap();
        assert_eq!(Invocation::try_from(read), Ok(invocation));
    }
    let record = InvocationRecord { version: 9, ..InvocationRecord::from(&Invocation::imagine("a cat")) };
    assert_eq!(Invocation::try_from(record), Err(UnreadableInvocation::Version { found: 9 }));
    let mut broken = InvocationRecord::from(&Invocation::imagine("a cat"));
    broken.arguments[0].attachment = Some(0);
    assert!(Invocation::try_from(broken).is_err());
}
