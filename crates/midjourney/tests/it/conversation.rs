//! Every command and button in the simulated world: what we send is taken, and what it says is understood as
//! the answer that was expected. It follows no job by a clock; the world's time is run to the end after each step.

use std::time::Duration;

use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::button::{FoundOn, Press, find};
use journeyman_midjourney::expect::{AnswerKind, Expect};
use journeyman_midjourney::invocation::{Dimensions, Invocation, PlainCommand, Uploaded};
use journeyman_midjourney::modal::ModalKind;
use journeyman_midjourney::region::{Mask, submit};
use journeyman_midjourney::reply::Reply;
use journeyman_midjourney::{Meaning, Modal, Place, Sighting, classify_event, command};
use journeyman_model::CommandIndex;
use journeyman_sim::{HttpAnswer, HttpRequest, Settings, World};
use serde_json::{Value, json};

/// A world, and how much of what happened in it was read.
struct Visit {
    world: World,
    read: usize,
    nonce: u64,
    now: Duration,
}

impl Visit {
    fn new(settings: Settings) -> Self {
        Self { world: World::new(settings), read: 0, nonce: 1_400_000_000_000_000_000, now: Duration::ZERO }
    }

    fn ask(&mut self, method: &str, path: &str, body: Vec<u8>) -> HttpAnswer {
        let headers = vec![
            ("Authorization".to_owned(), self.world.ready().token),
            ("Content-Type".to_owned(), "application/json".to_owned()),
        ];
        self.world
            .handle(self.now, HttpRequest { method: method.to_owned(), path: path.to_owned(), headers, body })
    }

    fn with_place<T>(&self, work: impl FnOnce(&Place<'_>) -> T) -> T {
        let ready = self.world.ready();
        work(&Place {
            guild: ready.guild_id.parse().ok(),
            channel: ready.channel_id.parse().expect("a channel has an id"),
            session_id: "00000000000000000000000000000000",
        })
    }

    /// Posts an interaction, runs the world until it is still, and reads all that was said.
    fn interact(&mut self, payload: &Value) -> Vec<Sighting> {
        let answer = self.ask("POST", "/api/v9/interactions", payload.to_string().into_bytes());
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 204, "{payload}: {said}");
        self.hear()
    }

    fn hear(&mut self) -> Vec<Sighting> {
        let until = self.now + Duration::from_mins(20);
        while let Some(due) = self.world.next_wakeup().filter(|due| *due < until) {
            self.now = self.now.max(due);
            self.world.poll(self.now);
        }
        // Past the limits of the routes.
        self.now += Duration::from_mins(1);
        self.world.poll(self.now);
        let frame = |event: &journeyman_sim::Event| json!({"op": 0, "t": event.name, "d": event.data});
        let heard: Vec<_> =
            self.world.events().skip(self.read).map(|event| classify_event(&frame(event))).collect();
        self.read += heard.len();
        heard
    }

    fn nonce(&mut self) -> String {
        self.nonce += 1;
        self.nonce.to_string()
    }

    fn run(&mut self, invocation: &Invocation) -> Vec<Sighting> {
        let index = format!("/api/v9/guilds/{}/application-command-index", self.world.ready().guild_id);
        let index = self.ask("GET", &index, Vec::new());
        let index =
            CommandIndex::from_json(&serde_json::from_slice(&index.body).expect("JSON")).expect("an index");
        let command = index.find(MIDJOURNEY, &invocation.name).expect("it is offered");
        let nonce = self.nonce();
        let payload =
            self.with_place(|place| command::payload(invocation, command, place, &nonce)).expect("it fits");
        self.interact(&payload)
    }

    fn press(&mut self, on: &Sighting, label: &str) -> (Expect, Vec<Sighting>) {
        let found = found_on(on);
        let button = find(&on.buttons, label).unwrap_or_else(|error| panic!("{error}"));
        let press = Press::button(button, found).unwrap_or_else(|error| panic!("{label}: {error}"));
        let nonce = self.nonce();
        let payload = self.with_place(|place| press.payload(place, &nonce));
        (press.expects(), self.interact(&payload))
    }

    fn answer(&mut self, modal: &Modal) -> Vec<Sighting> {
        let nonce = self.nonce();
        let payload = self.with_place(|place| modal.payload(place, &nonce)).expect("it can be answered");
        self.interact(&payload)
    }

    fn upload(&mut self, filename: &str) -> Uploaded {
        let channel = self.world.ready().channel_id;
        // Pictures of one blend must differ.
        let body = format!("a picture called {filename}").into_bytes();
        let wanted = json!({"files": [{"id": "0", "filename": filename, "file_size": body.len()}]});
        let path = format!("/api/v9/channels/{channel}/attachments");
        let answer = self.ask("POST", &path, wanted.to_string().into_bytes());
        let slot: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let slot = &slot["attachments"][0];
        let url = slot["upload_url"].as_str().expect("an address").to_owned();
        let path = &url[url.find("/upload/").expect("a path")..];
        let headers = vec![("Content-Type".to_owned(), "image/png".to_owned())];
        let request = HttpRequest { method: "PUT".to_owned(), path: path.to_owned(), headers, body };
        assert_eq!(self.world.handle(self.now, request).status, 200);
        let uploaded_filename = slot["upload_filename"].as_str().expect("a name").to_owned();
        Uploaded { filename: filename.to_owned(), uploaded_filename }
    }

    fn grid(&mut self) -> Sighting {
        result(&self.run(&Invocation::imagine("a lighthouse at dawn")))
    }

    fn single(&mut self) -> Sighting {
        let grid = self.grid();
        result(&self.press(&grid, "U2").1)
    }
}

fn found_on(sighting: &Sighting) -> FoundOn {
    let message = sighting.keys.message.expect("a message has an id");
    FoundOn { application: MIDJOURNEY, message, flags: sighting.flags }
}

fn result(heard: &[Sighting]) -> Sighting {
    let meanings = || heard.iter().map(|one| &one.meaning).collect::<Vec<_>>();
    heard.iter().rev().find(|one| one.is_result()).unwrap_or_else(|| panic!("{:?}", meanings())).clone()
}

fn reply(heard: &[Sighting]) -> Reply {
    heard.iter().rev().find_map(|one| one.reply.clone()).unwrap_or_else(|| panic!("{heard:?}"))
}

fn modal(heard: &[Sighting]) -> Modal {
    let opened = heard.iter().find_map(|one| {
        if let Meaning::ModalOpened(modal) = &one.meaning { Some(modal.clone()) } else { None }
    });
    opened.unwrap_or_else(|| panic!("{heard:?}"))
}

#[test]
fn imagine_and_blend_bring_the_images_that_are_expected() {
    let mut visit = Visit::new(Settings::default());
    let blend = Invocation::blend([visit.upload("a.png"), visit.upload("b.png")]).unwrap();
    for invocation in [Invocation::imagine("a lighthouse"), blend.with_dimensions(Dimensions::Portrait)] {
        let heard = visit.run(&invocation);
        let result = result(&heard);
        assert!(invocation.expects().images().unwrap().fits(&result), "{invocation}: {:?}", result.action);
        assert!(result.keys.job_id.is_some(), "{invocation}");
    }
}

#[test]
fn describe_shorten_info_and_settings_have_typed_answers() {
    let mut visit = Visit::new(Settings::default());
    let image = visit.upload("a.png");
    let Reply::Described(described) = reply(&visit.run(&Invocation::describe(image))) else { panic!() };
    assert_eq!(described.prompts.len(), 4);
    let heard = visit.run(&Invocation::shorten("a very detailed painting of a red cat in the old town"));
    let Reply::Shortened(shortened) = reply(&heard) else { panic!("{heard:?}") };
    assert!(
        !shortened.prompts.is_empty() && shortened.tokens.iter().any(|one| one.weight_thousandths.is_some())
    );
    visit.grid();
    let Reply::Account(account) = reply(&visit.run(&Invocation::plain(PlainCommand::Info))) else { panic!() };
    assert_eq!((account.others.len(), account.lifetime.map(|used| used.images)), (0, Some(4)));
    assert!(account.fast_left < account.fast_total && account.running.is_some());
    let Reply::Settings(panel) = reply(&visit.run(&Invocation::plain(PlainCommand::Settings))) else {
        panic!()
    };
    assert_eq!(panel.lists[0].chosen.len(), 1);
    assert!(panel.switches.iter().any(|one| one.is_on) && panel.switches.iter().any(|one| !one.is_on));
}

#[test]
fn fast_relax_turbo_stealth_public_prefer_and_help_are_answered_with_a_text() {
    let mut visit = Visit::new(Settings::default());
    for plain in PlainCommand::ALL {
        let invocation = Invocation::plain(plain);
        if invocation.expects() != Expect::Answer(AnswerKind::Text) {
            continue;
        }
        let heard = visit.run(&invocation);
        assert!(matches!(reply(&heard), Reply::Text(text) if !text.is_empty()), "{invocation}: {heard:?}");
    }
    for invocation in [Invocation::prefer_suffix("--q 2"), Invocation::prefer_option("mine", "--ar 2:3")] {
        assert!(matches!(reply(&visit.run(&invocation)), Reply::Text(_)), "{invocation}");
    }
}

#[test]
fn show_brings_a_finished_job_once_more() {
    let mut visit = Visit::new(Settings::default());
    let grid = visit.grid();
    let job_id = grid.keys.job_id.clone().unwrap();
    let shown = result(&visit.run(&Invocation::show(&job_id)));
    assert_eq!((shown.keys.job_id, shown.keys.command.as_deref()), (Some(job_id), Some("show")));
    assert_ne!(shown.keys.message, grid.keys.message);
}

#[test]
fn every_button_of_a_grid_and_of_an_image_brings_what_it_says() {
    let mut visit = Visit::new(Settings::default());
    let grid = visit.grid();
    let single = visit.single();
    let mut pressed = 0;
    for (parent, labels) in [
        (&grid, ["U1", "U2", "U3", "U4", "V1", "V2", "V3", "V4", "reroll"].as_slice()),
        (&single, &["Vary (Strong)", "Vary (Subtle)", "Zoom Out 2x", "Zoom Out 1.5x"]),
        (&single, &["pan left", "pan right", "pan up", "pan down", "Upscale (2x)", "Upscale (4x)"]),
    ] {
        for label in labels {
            if find(&parent.buttons, label).is_err() {
                continue;
            }
            let (expect, heard) = visit.press(parent, label);
            let awaited = expect.images().unwrap_or_else(|| panic!("{label}: {expect:?}"));
            let result = result(&heard);
            assert!(awaited.fits(&result), "{label}: {awaited:?} {:?} {:?}", result.action, result.variant);
            assert_eq!(result.keys.reference, parent.keys.message, "{label}");
            pressed += 1;
        }
    }
    assert!(pressed >= 17, "only {pressed} of the buttons are there");
}

#[test]
fn a_bookmark_is_acknowledged_and_brings_no_message() {
    let mut visit = Visit::new(Settings::default());
    let single = visit.single();
    let (expect, heard) = visit.press(&single, "bookmark");
    assert_eq!(expect, Expect::Acknowledgement);
    assert!(heard.iter().any(|one| one.meaning == Meaning::Accepted));
    assert!(
        !heard.iter().any(Sighting::is_result)
            || heard.iter().all(|one| one.keys.message.is_none_or(|id| Some(id) == single.keys.message))
    );
}

#[test]
fn modals_of_remix_custom_zoom_and_pan_are_answered() {
    let mut visit = Visit::new(Settings { remix: true, ..Settings::default() });
    let grid = visit.grid();
    let single = visit.single();
    for (parent, label, kind) in [
        (&grid, "V2", ModalKind::Remix),
        (&grid, "reroll", ModalKind::Imagine),
        (&single, "Custom Zoom", ModalKind::CustomZoom),
        (&single, "pan left", ModalKind::Pan),
        (&single, "Zoom Out 2x", ModalKind::Zoom),
    ] {
        let (expect, heard) = visit.press(parent, label);
        assert!(expect.may_ask(), "{label}: {expect:?}");
        let opened = modal(&heard);
        assert_eq!(opened.kind, kind, "{label}");
        let prompt = opened.prompt().unwrap().replace("lighthouse", "castle");
        let heard = visit.answer(&opened.with_prompt(prompt).unwrap());
        let result = result(&heard);
        assert!(result.prompt.as_deref().is_some_and(|shown| shown.contains("castle")), "{label}");
        assert!(expect.images().unwrap().fits(&result), "{label}: {:?} {:?}", result.action, result.variant);
    }
}

#[test]
fn picreader_imagines_a_described_prompt_and_describes_again() {
    let mut visit = Visit::new(Settings::default());
    let image = visit.upload("a.png");
    let heard = visit.run(&Invocation::describe(image));
    let described = heard.iter().rev().find(|one| one.meaning == Meaning::Describe).unwrap().clone();
    let (expect, heard) = visit.press(&described, "retry");
    assert_eq!(expect, Expect::Answer(AnswerKind::Described));
    assert!(matches!(reply(&heard), Reply::Described(_)));
    let (expect, heard) = visit.press(&described, "2");
    assert!(matches!(expect, Expect::Modal { .. }));
    let result = result(&visit.answer(&modal(&heard)));
    assert!(expect.images().unwrap().fits(&result), "{:?}", result.action);
}

#[test]
fn a_setting_is_chosen_and_its_message_shows_it() {
    let mut visit = Visit::new(Settings::default());
    let heard = visit.run(&Invocation::plain(PlainCommand::Settings));
    let shown = heard.iter().rev().find(|one| one.meaning == Meaning::Settings).unwrap().clone();
    let select = shown.buttons.iter().find(|one| one.select.is_some()).unwrap();
    let press = Press::select(select, found_on(&shown), &["Niji Model V6"]).unwrap();
    let nonce = visit.nonce();
    let payload = visit.with_place(|place| press.payload(place, &nonce));
    let heard = visit.interact(&payload);
    let Reply::Settings(panel) = reply(&heard) else { panic!("{heard:?}") };
    assert_eq!(panel.lists[0].chosen, ["Niji Model V6"]);
    let label = "Remix mode";
    let before = panel.is_on(label).unwrap_or_else(|| panic!("{panel:?}"));
    let (_, heard) = visit.press(&shown, label);
    let Reply::Settings(panel) = reply(&heard) else { panic!("{heard:?}") };
    assert_eq!(panel.is_on(label), Some(!before));
}

#[test]
fn vary_region_is_answered_on_its_page() {
    let mut visit = Visit::new(Settings::default());
    let single = visit.single();
    let (expect, heard) = visit.press(&single, "Vary (Region)");
    assert!(matches!(expect, Expect::Page { .. }));
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend(1_024_u32.to_be_bytes().repeat(2));
    let request = submit(&modal(&heard), &Mask::try_new(png).unwrap(), "a castle").unwrap();
    let answer = visit.ask("POST", request.path, request.body.to_string().into_bytes());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let result = result(&visit.hear());
    assert!(expect.images().unwrap().fits(&result), "{:?}", result.action);
    assert_eq!(result.keys.reference, single.keys.message);
}
