//! A generation is driven through lists of inputs at named times.

use std::time::Duration;

use journeyman_model::{InteractionEvent, MessageId, UserId};
use journeyman_moment::Moment;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::application::MIDJOURNEY;
use crate::button::{FoundOn, Press};
use crate::claim::Standing;
use crate::modal::Modal;
use crate::outcome::Hindrance;
use crate::sighting::{Action, Button, File, Keys};

const PROGRESS: MessageId = MessageId::new(100);
const FINAL: MessageId = MessageId::new(200);

fn plan(progress_visible: bool) -> Plan {
    Plan {
        order: Order::imagine("a lighthouse --ar 3:2"),
        nonce: "1".to_owned(),
        form_nonce: "2".to_owned(),
        deadlines: Deadlines::default(),
        progress_visible,
        queued_is_error: false,
    }
}

fn sighting(meaning: Meaning, message: MessageId) -> Sighting {
    Sighting {
        meaning,
        keys: Keys {
            message: Some(message),
            mentioned: Some(UserId::new(7)),
            job_id: Some("875fbd3a-ef43-4134-a4e8-cd853565cbfd".to_owned()),
            ..Keys::default()
        },
        prompt: Some("a lighthouse --ar 3:2 --v 6.1".to_owned()),
        action: Some(Action::Imagine),
        files: vec![File {
            name: "a.png".to_owned(),
            url: "https://cdn.discordapp.com/a.png".to_owned(),
            content_type: Some("image/png".to_owned()),
            size: Some(10),
            width: Some(1024),
            height: Some(1024),
        }],
        ..Sighting::of(Meaning::Unknown)
    }
}

/// One generation and a hand on its clock.
struct World {
    now: Moment,
    one: Generation,
    outputs: Vec<Output>,
}

impl World {
    fn new(progress_visible: bool) -> Self {
        let now = Moment::from_secs(1_000);
        Self { now, one: Generation::new(now, plan(progress_visible)), outputs: Vec::new() }
    }

    /// A world whose request was taken by Discord.
    fn accepted(progress_visible: bool) -> Self {
        let mut world = Self::new(progress_visible);
        world.on(Input::Turn);
        world.on(Input::Baseline(Some(MessageId::new(1))));
        world.on(Input::Sent(Sent::Accepted));
        world
    }

    fn on(&mut self, input: Input) -> &mut Self {
        self.one.on(self.now, input);
        while let Some(output) = self.one.poll() {
            self.outputs.push(output);
        }
        self
    }

    fn see(&mut self, meaning: Meaning, message: MessageId) -> &mut Self {
        self.on(Input::Sighting(Box::new(sighting(meaning, message))))
    }

    fn after(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self
    }

    fn look(&mut self, tracked: Tracked) -> &mut Self {
        self.on(Input::Looked(Look { began: self.now, tracked, held_up: false, events: Events::Untold }))
    }

    fn ends(&self) -> Vec<&Outcome> {
        fn end(output: &Output) -> Option<&Outcome> {
            if let Output::Ended(outcome) = output { Some(outcome) } else { None }
        }
        self.outputs.iter().filter_map(end).collect()
    }

    fn failure(&self) -> Option<FailureKind> {
        match self.ends().as_slice() {
            [Outcome::Failed(failure)] => Some(failure.kind),
            _ => None,
        }
    }
}

#[test]
fn the_happy_path_reports_each_step_once_and_ends_with_the_files() {
    let mut world = World::accepted(true);
    world.see(Meaning::Waiting, PROGRESS).see(Meaning::Waiting, PROGRESS);
    world.after(12).see(Meaning::Progress { percent: 0 }, PROGRESS);
    world.after(4).see(Meaning::Progress { percent: 0 }, PROGRESS);
    world.after(4).see(Meaning::Progress { percent: 46 }, PROGRESS).look(Tracked::Present);
    world.after(30).look(Tracked::Absent).see(Meaning::Finished, FINAL);
    let reports: Vec<&Report> = world
        .outputs
        .iter()
        .filter_map(|output| if let Output::Report(report) = output { Some(report) } else { None })
        .collect();
    let preview = Some("https://cdn.discordapp.com/a.png".to_owned());
    assert_eq!(
        reports,
        [
            &Report::Submitted,
            &Report::Accepted,
            &Report::Waiting,
            &Report::Progress { percent: 0, preview: preview.clone() },
            &Report::Progress { percent: 46, preview },
            &Report::Vanished,
        ]
    );
    let ends = world.ends();
    let [Outcome::Finished(finished)] = ends.as_slice() else { panic!("{ends:?}") };
    assert_eq!((finished.message, finished.files.len(), finished.late), (Some(FINAL), 1, false));
}

#[test]
fn the_record_is_journalled_before_the_request_leaves() {
    let mut world = World::new(true);
    world.on(Input::Turn).on(Input::Baseline(None));
    assert_eq!(world.outputs[..2], [Output::Journal, Output::Send { rediscover: false }]);
    assert_eq!(world.one.to_record(world.now, 0).state, "sending");
}

#[test]
fn silence_for_sixty_seconds_is_no_response_where_progress_can_be_seen() {
    let mut world = World::accepted(true);
    world.after(59).look(Tracked::Unknown);
    assert_eq!(world.failure(), None);
    world.after(1).look(Tracked::Unknown);
    assert_eq!(world.failure(), Some(FailureKind::NoResponse));
}

#[test]
fn silence_is_borne_for_twenty_minutes_where_progress_cannot_be_seen() {
    let mut world = World::accepted(false);
    world.after(20 * 60 - 1).look(Tracked::Unknown);
    assert_eq!(world.failure(), None);
    world.after(1).look(Tracked::Unknown);
    assert_eq!(world.failure(), Some(FailureKind::NoResponse));
}

#[test]
fn five_minutes_without_progress_are_no_response_and_progress_resets_them() {
    let mut world = World::accepted(true);
    world.see(Meaning::Progress { percent: 0 }, PROGRESS);
    world.after(299).see(Meaning::Progress { percent: 15 }, PROGRESS).look(Tracked::Present);
    world.after(299).see(Meaning::Progress { percent: 15 }, PROGRESS).look(Tracked::Present);
    assert_eq!(world.failure(), None);
    world.after(1).look(Tracked::Present);
    assert_eq!(world.failure(), Some(FailureKind::NoResponse));
}

#[test]
fn a_vanished_message_is_ephemeral_moderation_only_after_grace_and_three_looks() {
    let mut world = World::accepted(true);
    world.see(Meaning::Progress { percent: 93 }, PROGRESS).look(Tracked::Absent);
    world.after(20).look(Tracked::Absent);
    world.after(1).look(Tracked::Absent);
    assert_eq!(world.failure(), None, "two looks are not enough");
    world.after(1).look(Tracked::Absent);
    assert_eq!(world.failure(), Some(FailureKind::EphemeralModeration));
}

#[test]
fn three_looks_within_the_grace_are_not_enough() {
    let mut world = World::accepted(true);
    world.see(Meaning::Progress { percent: 93 }, PROGRESS).look(Tracked::Absent);
    for _ in 0..14 {
        world.after(1).look(Tracked::Absent);
    }
    assert_eq!(world.failure(), None);
    world.after(1).look(Tracked::Absent);
    assert_eq!(world.failure(), Some(FailureKind::EphemeralModeration));
}

#[test]
fn a_failed_poll_stops_the_clocks_except_the_cap() {
    let mut world = World::accepted(true);
    world.see(Meaning::Progress { percent: 15 }, PROGRESS).look(Tracked::Present);
    world.on(Input::Blind);
    world.after(40 * 60).look(Tracked::Present);
    assert_eq!(world.failure(), None, "forty blind minutes do not count");
    world.after(299).look(Tracked::Present);
    assert_eq!(world.failure(), None);
    world.on(Input::Blind);
    world.after(20 * 60).on(Input::Tick);
    assert_eq!(world.failure(), Some(FailureKind::NoResponse), "the cap runs on");
}

#[test]
fn a_late_final_finishes_what_was_given_up_and_is_marked_late() {
    for give_up in ["silence", "vanished"] {
        let mut world = World::accepted(true);
        if give_up == "silence" {
            world.after(60).look(Tracked::Unknown);
        } else {
            world.see(Meaning::Progress { percent: 93 }, PROGRESS);
            (0..5).for_each(|_| {
                world.after(10).look(Tracked::Absent);
            });
        }
        world.after(600).see(Meaning::Finished, FINAL);
        let ends = world.ends();
        let [Outcome::Failed(_), Outcome::Finished(finished)] = ends.as_slice() else { panic!("{ends:?}") };
        assert!(finished.late);
        assert_eq!(world.one.to_record(world.now, 0).state, "finished");
    }
}

#[test]
fn stopped_is_post_moderation() {
    let mut world = World::accepted(true);
    world.see(Meaning::Progress { percent: 31 }, PROGRESS).see(Meaning::Stopped, PROGRESS);
    assert_eq!(world.failure(), Some(FailureKind::PostModeration));
}

#[test]
fn queued_is_a_state_and_an_error_only_if_asked() {
    let mut world = World::accepted(true);
    world.see(Meaning::Queued, MessageId::new(50)).after(19 * 60).look(Tracked::Unknown);
    assert_eq!(world.failure(), None, "a queued job is waited for longer");
    world.see(Meaning::Finished, FINAL);
    assert!(matches!(world.ends().as_slice(), [Outcome::Finished(_)]));

    let mut world = World::new(true);
    world.one.plan.queued_is_error = true;
    world.on(Input::Turn).on(Input::Baseline(None)).on(Input::Sent(Sent::Accepted));
    world.see(Meaning::Queued, MessageId::new(50));
    assert_eq!(world.failure(), Some(FailureKind::JobQueued));
}

#[test]
fn a_job_that_was_queued_and_runs_has_five_minutes_without_progress_again() {
    let mut world = World::accepted(true);
    world.see(Meaning::Queued, MessageId::new(50)).after(600);
    world.see(Meaning::Progress { percent: 0 }, PROGRESS);
    world.after(299).look(Tracked::Present);
    assert_eq!(world.failure(), None);
    world.after(1).look(Tracked::Present);
    assert_eq!(world.failure(), Some(FailureKind::NoResponse));
}

#[test]
fn blind_time_before_a_sign_is_not_added_to_the_time_after_it() {
    let mut world = World::accepted(true);
    world.see(Meaning::Progress { percent: 15 }, PROGRESS).look(Tracked::Present);
    world.on(Input::Blind).after(600);
    // The sightings of a look are told before the look itself.
    world.see(Meaning::Progress { percent: 31 }, PROGRESS).look(Tracked::Present);
    world.after(300).look(Tracked::Present);
    assert_eq!(world.failure(), Some(FailureKind::NoResponse));
}

#[test]
fn a_request_that_was_kept_from_leaving_is_not_charged() {
    let mut world = World::new(true);
    world.on(Input::Turn).on(Input::Baseline(None)).on(Input::Cancel { has_left: false });
    assert_eq!(world.ends(), [&Outcome::Cancelled { may_be_charged: false }]);
    assert_eq!(world.one.standing(), None);
}

#[test]
fn a_cancelled_job_claims_its_final_once_and_then_nothing() {
    let mut world = World::accepted(true);
    world.on(Input::Cancel { has_left: true });
    assert_eq!(world.one.standing(), Some(Standing::Late));
    world.see(Meaning::Finished, FINAL);
    assert_eq!(world.one.standing(), None);
    assert_eq!(world.ends(), [&Outcome::Cancelled { may_be_charged: true }]);
}

#[test]
fn a_request_cut_off_while_it_was_sent_is_waited_for_as_long_as_any() {
    for (visible, seconds) in [(true, 60), (false, 20 * 60)] {
        let mut world = World::new(visible);
        world.on(Input::Turn).on(Input::Baseline(None));
        let record = world.one.to_record(world.now, 0);
        world.one = Generation::from_record(&record, world.now, 0).unwrap();
        world.look(Tracked::Unknown).after(seconds - 1).look(Tracked::Unknown);
        assert_eq!(world.one.outcome(), None);
        world.after(1).look(Tracked::Unknown);
        assert!(matches!(world.one.outcome(), Some(Outcome::Undecided { .. })));
    }
}

#[test]
fn a_job_that_may_stand_in_the_queue_behind_others_is_not_given_up() {
    let mut world = World::accepted(true);
    for _ in 0..30 {
        world.after(10);
        let began = world.now;
        world.on(Input::Looked(Look {
            began,
            tracked: Tracked::Unknown,
            held_up: true,
            events: Events::Untold,
        }));
    }
    assert_eq!(world.failure(), None);
    world.after(60).look(Tracked::Unknown);
    assert_eq!(world.failure(), Some(FailureKind::NoResponse));
}

#[test]
fn a_lost_answer_is_watched_and_never_sent_again() {
    let mut world = World::new(true);
    world.on(Input::Turn).on(Input::Baseline(None));
    world.on(Input::Sent(Sent::Unsure("the connection broke".to_owned())));
    world.see(Meaning::Waiting, PROGRESS).after(40).see(Meaning::Finished, FINAL);
    assert!(matches!(world.ends().as_slice(), [Outcome::Finished(_)]));
    let sends = world.outputs.iter().filter(|output| matches!(output, Output::Send { .. })).count();
    assert_eq!(sends, 1);
}

#[test]
fn a_lost_answer_without_any_sign_is_undecided() {
    let mut world = World::new(true);
    world.on(Input::Turn).on(Input::Baseline(None));
    world.on(Input::Sent(Sent::Unsure("the connection broke".to_owned())));
    world.after(60).look(Tracked::Unknown);
    assert!(matches!(world.ends().as_slice(), [Outcome::Undecided { .. }]));
}

#[test]
fn an_outdated_command_is_discovered_again_once() {
    let outdated = || Input::Sent(Sent::Refused(Failure::new(FailureKind::CommandOutdated)));
    let mut world = World::new(true);
    world.on(Input::Turn).on(Input::Baseline(None)).on(outdated());
    assert!(world.outputs.contains(&Output::Send { rediscover: true }));
    world.on(outdated());
    assert_eq!(world.failure(), Some(FailureKind::CommandOutdated));
}

#[test]
fn a_refusal_before_anything_left_ends_it_at_once() {
    let mut world = World::new(true);
    let why =
        NotSent { why: Hindrance::Unreachable, detail: "connect: refused".to_owned(), retry_after: None };
    world.on(Input::Hindered(why.clone()));
    assert_eq!(world.ends(), [&Outcome::NotSent(why)]);
}

#[test]
fn cancelling_says_whether_it_may_be_charged() {
    let mut world = World::new(true);
    world.on(Input::Cancel { has_left: false });
    assert_eq!(world.ends(), [&Outcome::Cancelled { may_be_charged: false }]);
    let mut world = World::accepted(true);
    world.on(Input::Cancel { has_left: true });
    assert_eq!(world.ends(), [&Outcome::Cancelled { may_be_charged: true }]);
}

#[test]
fn a_clock_that_went_back_shortens_no_deadline() {
    let mut world = World::accepted(true);
    let written = 1_700_000_000_000_000;
    let record = world.one.to_record(world.now, written);
    for unix_us in [written - 3_600_000_000, written] {
        let mut back = Generation::from_record(&record, Moment::ORIGIN, unix_us).unwrap();
        assert_eq!(back.cap(), Moment::ORIGIN + Deadlines::default().cap);
        let look = |began| {
            Input::Looked(Look { began, tracked: Tracked::Unknown, held_up: false, events: Events::Untold })
        };
        back.on(Moment::from_secs(1), look(Moment::from_secs(1)));
        back.on(Moment::from_secs(59), look(Moment::from_secs(59)));
        assert_eq!(back.outcome(), None);
    }
    let hour_later = Generation::from_record(&record, Moment::ORIGIN, written + 3_000_000_000).unwrap();
    assert_eq!(hour_later.cap(), Moment::ORIGIN + Duration::from_mins(10), "fifty minutes have passed");
    world.after(0);
}

#[test]
fn a_record_of_another_version_is_refused_and_unknown_fields_are_ignored() {
    let world = World::accepted(true);
    let mut record = world.one.to_record(world.now, 0);
    let mut json = serde_json::to_value(&record).unwrap();
    json["later_field"] = serde_json::json!({"a": 1});
    assert_eq!(serde_json::from_value::<GenerationRecord>(json).unwrap(), record);
    record.version = 99;
    assert_eq!(Generation::from_record(&record, world.now, 0).unwrap_err(), RecordError::Version(99));
}

fn meaning() -> impl Strategy<Value = Meaning> {
    prop_oneof![
        Just(Meaning::Waiting),
        (0_u8..=100).prop_map(|percent| Meaning::Progress { percent }),
        Just(Meaning::Paused),
        Just(Meaning::Queued),
        Just(Meaning::Finished),
        Just(Meaning::Stopped),
        Just(Meaning::Deleted),
        Just(Meaning::Accepted),
        Just(Meaning::Unknown),
        Just(Meaning::Failed(Failure::new(FailureKind::QueueFull))),
    ]
}

fn events() -> impl Strategy<Value = Events> {
    prop_oneof![Just(Events::Untold), Just(Events::Pending), Just(Events::Told)]
}

fn input() -> impl Strategy<Value = (u64, Input)> {
    let tracked = prop_oneof![Just(Tracked::Present), Just(Tracked::Absent), Just(Tracked::Unknown)];
    let inputs = prop_oneof![
        1 => Just(Input::Turn),
        1 => prop::option::of(1_u64..50).prop_map(|id| Input::Baseline(id.map(MessageId::new))),
        1 => Just(Input::Sent(Sent::Accepted)),
        1 => Just(Input::Sent(Sent::Unsure("broke".to_owned()))),
        1 => Just(Input::Sent(Sent::Refused(Failure::new(FailureKind::CommandOutdated)))),
        4 => (meaning(), 100_u64..104).prop_map(|(meaning, id)| {
            Input::Sighting(Box::new(sighting(meaning, MessageId::new(id))))
        }),
        4 => (tracked, any::<bool>(), events()).prop_map(|(tracked, held_up, events)| {
            Input::Looked(Look { began: Moment::ORIGIN, tracked, held_up, events })
        }),
        1 => Just(Input::Blind),
        1 => Just(Input::Heard),
        1 => any::<bool>().prop_map(|has_left| Input::Cancel { has_left }),
        1 => Just(Input::Tick),
    ];
    (0_u64..400, inputs)
}

proptest! {
    /// In whatever order things happen: a request leaves at most twice (once after each refusal),
    /// an end is told once (twice only for a late result), and a finished job never fails later.
    #[test]
    fn every_order_of_inputs_keeps_the_promises(inputs in prop::collection::vec(input(), 0..60)) {
        let mut world = World::new(true);
        for (seconds, mut input) in inputs {
            world.after(seconds);
            if let Input::Looked(look) = &mut input {
                look.began = world.now;
            }
            world.on(input);
            let record = world.one.to_record(world.now, 0);
            let back = Generation::from_record(&record, world.now, 0).unwrap();
            prop_assert_eq!(back.outcome(), world.one.outcome());
            prop_assert_eq!(back.job_id(), world.one.job_id());
        }
        let sends = world.outputs.iter().filter(|output| matches!(output, Output::Send { .. })).count();
        prop_assert!(sends <= 2, "{} sends", sends);
        let ends = world.ends();
        match ends.as_slice() {
            [] | [_] => {}
            [first, Outcome::Finished(finished)] => {
                prop_assert!(finished.late && !matches!(first, Outcome::Finished(_)));
            }
            more => prop_assert!(false, "{:?}", more),
        }
    }

    /// Whatever happened, the cap ends it.
    #[test]
    fn every_job_that_was_sent_reaches_an_outcome_by_its_cap(inputs in prop::collection::vec(input(), 0..40)) {
        let mut world = World::accepted(false);
        for (seconds, input) in inputs {
            world.after(seconds).on(input);
        }
        world.after(60 * 60).on(Input::Tick);
        prop_assert!(world.one.outcome().is_some());
    }
}

/// A press that opens a form.
fn custom_zoom() -> Order {
    let button = Button {
        label: "Custom Zoom".to_owned(),
        custom_id: Some("MJ::CustomZoom::875fbd3a-ef43-4134-a4e8-cd853565cbfd".to_owned()),
        ..Button::default()
    };
    let on = FoundOn { application: MIDJOURNEY, message: MessageId::new(5), flags: 0 };
    Order::press(Press::button(&button, on).unwrap())
}

#[test]
fn a_form_that_does_not_open_ends_the_job_at_its_own_deadline() {
    for progress_visible in [true, false] {
        let mut world = World::new(progress_visible);
        let plan = Plan { order: custom_zoom(), ..plan(progress_visible) };
        let deadline = plan.deadlines.form.as_secs();
        world.one = Generation::new(world.now, plan);
        world.on(Input::Turn);
        world.on(Input::Baseline(Some(MessageId::new(9))));
        world.on(Input::Sent(Sent::Accepted));
        world.after(deadline - 1).look(Tracked::Unknown);
        assert_eq!(world.failure(), None);
        world.after(1).look(Tracked::Unknown);
        assert_eq!(world.failure(), Some(FailureKind::NoResponse), "{:?}", world.outputs);
    }
}

#[test]
fn a_form_is_answered_once_as_said_before_and_its_job_is_the_one_that_follows() {
    let modal = Modal::of(&InteractionEvent::from_json(&json!({
        "id": "7", "custom_id": "MJ::OutpaintCustomZoomModal::875fbd3a-ef43-4134-a4e8-cd853565cbfd",
        "components": [{ "type": 1, "components": [{
            "type": 4, "custom_id": "MJ::OutpaintCustomZoomModal::prompt", "value": "a cat --zoom 2",
        }] }],
    })));
    let order = custom_zoom().with_form_prompt("a cat --zoom 1.5");
    let now = Moment::ORIGIN;
    let mut one = Generation::new(now, Plan { order, ..plan(true) });
    one.on(now, Input::Turn);
    one.on(now, Input::Baseline(Some(MessageId::new(9))));
    one.on(now, Input::Sent(Sent::Accepted));
    assert_eq!(one.reason(), Some(Reason::Form));
    assert_eq!(one.decides_at(), Some(now + Deadlines::default().form));
    let opened = Sighting {
        keys: Keys { job_id: modal.job_id(), ..Keys::default() },
        ..Sighting::of(Meaning::ModalOpened(modal))
    };
    one.on(now, Input::Sighting(Box::new(opened.clone())));
    one.on(now, Input::Sighting(Box::new(opened)));
    let outputs: Vec<Output> = std::iter::from_fn(|| one.poll()).collect();
    let answers: Vec<_> = outputs.iter().filter(|output| matches!(output, Output::Answer(_))).collect();
    assert!(
        matches!(answers.as_slice(), [Output::Answer(Answered::Modal(modal))] if modal.prompt() == Some("a cat --zoom 1.5")),
        "{outputs:?}"
    );
    assert_eq!(one.job_id(), None, "the form names the image that is zoomed");
}
