//! One message, event or file of JSON into what it means. It binds nothing to a job.

use journeyman_model::{
    ChannelId, Component, Embed, Event, InteractionEvent, Message, MessageId, SelectOption,
};
use serde_json::{Value, json};

use crate::answer::classify_body;
use crate::application::{Authorship, authorship, writer};
use crate::caption::{Caption, State};
use crate::catalogue::{self, Evidence, Reading, Row, plain, plain_title};
use crate::failure::{Failure, FailureKind, Notice};
use crate::job_id;
use crate::modal::Modal;
use crate::reply::Reply;
use crate::seed::SeedNote;
use crate::sighting::{Action, Button, Choice, File, Keys, Meaning, Select, Sighting};
use crate::wait;

/// Colours of error and warning embeds (erictik, novicezk, Mutiny-SDK). They only tell a notice
/// without a title from other embeds.
const ALARMING: [u32; 4] = [0xFF_00_00, 0xFF_FF_00, 0xF7_CB_53, 0xED_42_45];

/// Arrays in arrays are log lines; nothing deeper is a page of messages.
const DEEPEST: usize = 3;

/// What one message means, from REST or inside a gateway event.
pub fn classify_message(message: &Value) -> Sighting {
    Message::from_json(message).map_or_else(not_a_sighting, |message| of_message(&message))
}

/// What a gateway frame means; of several deleted messages, the first.
pub fn classify_event(frame: &Value) -> Sighting {
    let first = Event::from_json(frame).and_then(|event| of_event(&event).into_iter().next());
    first.unwrap_or_else(not_a_sighting)
}

/// What an event of the gateway means, by its name and data; one sighting for each message.
pub fn classify_dispatch(name: &str, data: &Value) -> Vec<Sighting> {
    of_event(&Event { op: 0, sequence: None, name: Some(name), data })
}

/// What any JSON means: a message, a page of messages, a gateway frame, an error body, an
/// embed, log lines of a time, an event and a text. One sighting for each message.
pub fn classify_any(value: &Value) -> Vec<Sighting> {
    of_any(value, DEEPEST)
}

/// The row of the catalogue that decides what a message or a frame means.
pub fn deciding_row(value: &Value) -> Option<&'static Row> {
    if let Some(event) = Event::from_json(value) {
        let name = event.name.unwrap_or_default();
        if name.starts_with("INTERACTION_") {
            let event = InteractionEvent::from_json(event.data);
            return catalogue::find(&[event_evidence(name, &event)]).map(|(row, _)| row);
        }
        return deciding_row(event.data);
    }
    let message = Message::from_json(around_embed(value).as_ref().unwrap_or(value))?;
    let is_captioned = Caption::parse(&message.content).is_some();
    catalogue::find(&evidence(&message, is_captioned)).map(|(row, _)| row)
}

fn of_any(value: &Value, depth: usize) -> Vec<Sighting> {
    match value {
        Value::Array(_) if depth == 0 => vec![not_a_sighting()],
        Value::Array(line) if is_log_line(line) => {
            let content = line.last().filter(|content| content.is_string());
            content.map(|content| classify_message(&json!({ "content": content }))).into_iter().collect()
        }
        Value::Array(page) => page.iter().flat_map(|one| of_any(one, depth - 1)).collect(),
        Value::Object(_) => of_object(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![not_a_sighting()],
    }
}

/// `[time, event, content]`, as in novicezk/midjourney-proxy#175.
fn is_log_line(line: &[Value]) -> bool {
    matches!(line, [Value::String(_), Value::String(_), Value::String(_) | Value::Null])
}

fn of_object(value: &Value) -> Vec<Sighting> {
    if let Some(event) = Event::from_json(value) {
        return of_event(&event);
    }
    if let Some(sighting) = classify_body(value) {
        return vec![sighting];
    }
    if let Some(message) = around_embed(value) {
        return vec![classify_message(&message)];
    }
    if is_delete_callback(value) {
        return vec![Sighting { meaning: Meaning::Deleted, ..classify_message(value) }];
    }
    vec![classify_message(value)]
}

/// A message around an embed that was written down alone.
fn around_embed(value: &Value) -> Option<Value> {
    let is_message = ["content", "embeds", "author"].iter().any(|name| value.get(name).is_some());
    let is_embed = ["title", "description"].iter().any(|name| value.get(name).is_some());
    (is_embed && !is_message).then(|| json!({ "embeds": [value] }))
}

/// A bridge's own log of a deleted message, which calls every deletion a ban
/// (yokonsan/midjourney-api#68). Discord's `type` is a number.
fn is_delete_callback(value: &Value) -> bool {
    value.get("type").and_then(Value::as_str) == Some("banned") && value.get("id").is_some()
}

fn of_event(event: &Event<'_>) -> Vec<Sighting> {
    let data = event.data;
    match event.name.unwrap_or_default() {
        _ if event.op != 0 => vec![not_a_sighting()],
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" => vec![classify_message(data)],
        "MESSAGE_DELETE" => vec![deleted(data, data.get("id"))],
        "MESSAGE_DELETE_BULK" => {
            let ids = data.get("ids").and_then(Value::as_array).into_iter().flatten();
            ids.map(|id| deleted(data, Some(id))).collect()
        }
        name if name.starts_with("INTERACTION_") => vec![of_interaction(name, data)],
        _ => vec![not_a_sighting()],
    }
}

fn deleted(data: &Value, id: Option<&Value>) -> Sighting {
    let keys = Keys {
        message: id.and_then(MessageId::from_json),
        channel: data.get("channel_id").and_then(ChannelId::from_json),
        ..Keys::default()
    };
    Sighting { keys, ..Sighting::of(Meaning::Deleted) }
}

fn of_interaction(name: &str, data: &Value) -> Sighting {
    let event = InteractionEvent::from_json(data);
    let is_modal = name.ends_with("MODAL_CREATE");
    let meaning = match (catalogue::find(&[event_evidence(name, &event)]), name) {
        (Some((row, _)), _) => {
            let notice = Notice { title: event.title.clone(), ..Notice::default() };
            meaning_of(row.reading, notice, false)
        }
        (None, "INTERACTION_CREATE") => Meaning::Accepted,
        (None, "INTERACTION_SUCCESS") => Meaning::Acknowledged,
        (None, _) if is_modal => Meaning::ModalOpened(Modal::of(&event)),
        (None, _) => Meaning::NotASighting,
    };
    let modal = if let Meaning::ModalOpened(modal) = &meaning { Some(modal) } else { None };
    let action = modal.and_then(|modal| modal.kind.action());
    let image = modal.and_then(Modal::image);
    let keys = Keys {
        // A modal has an id of its own.
        interaction: event.id.filter(|_| !is_modal),
        job_id: event.custom_id.as_deref().and_then(job_id::last_in),
        nonce: event.nonce,
        channel: event.channel,
        ..Keys::default()
    };
    Sighting { keys, action, image, ..Sighting::of(meaning) }
}

fn event_evidence(name: &str, event: &InteractionEvent) -> Evidence {
    Evidence {
        title: event.title.as_deref().map(plain_title).unwrap_or_default(),
        iframe_path: event.iframe_path.as_deref().map(plain).unwrap_or_default(),
        event: name.to_owned(),
        ..Evidence::default()
    }
}

fn of_message(message: &Message) -> Sighting {
    let caption = Caption::parse(&message.content);
    let seed = SeedNote::parse(&message.content);
    let found = catalogue::find(&evidence(message, caption.is_some()));
    let is_captioned = caption.is_some();
    let is_recognised = is_captioned || seed.is_some() || found.is_some();
    let is_ours = match authorship(message) {
        Authorship::Midjourney => true,
        Authorship::Unknown => is_recognised,
        Authorship::Other => false,
    };
    if !is_ours {
        let keys = Keys { message: message.id, channel: message.channel, ..Keys::default() };
        return Sighting { keys, ..not_a_sighting() };
    }
    let (command, footer_prompt) = command_and_prompt(message);
    let reading = found.map(|(row, _)| row.reading);
    let meaning = match (reading, &caption, &seed) {
        (Some(reading), _, _) => {
            meaning_of(reading, notice(message, found.map(|(_, index)| index)), is_appealable(message))
        }
        (None, Some(caption), _) => of_caption(caption, message),
        (None, None, Some(note)) => Meaning::Seed { seed: note.seed },
        (None, None, None) => unknown(message),
    };
    let caption = caption.unwrap_or_default();
    // Two pans of one image differ in nothing else.
    let direction = caption.direction().map(str::to_owned);
    let keys = Keys {
        nonce: message.nonce.clone(),
        interaction: message.interaction.as_ref().and_then(|one| one.id),
        interaction_user: message.interaction.as_ref().and_then(|one| one.user),
        reference: message.reference.as_ref().and_then(|one| one.message),
        job_id: job_id_of(message).or(caption.job_id).or(seed.as_ref().map(|note| note.job_id.clone())),
        mentioned: caption.mentioned,
        message: message.id,
        channel: message.channel,
        command,
    };
    let action = match reading {
        Some(Reading::Describe) => Some(Action::Describe),
        Some(Reading::Shorten | Reading::Info | Reading::Settings) => None,
        _ => caption.action.or_else(|| plain_action(&keys, is_captioned, caption.state)),
    };
    let buttons: Vec<_> = message.components.iter().map(button).collect();
    Sighting {
        prompt: is_captioned.then_some(caption.prompt).or(footer_prompt).or(seed.map(|note| note.prompt)),
        action,
        variant: caption.variant.or(direction),
        image: caption.image,
        mode: caption.mode,
        stealth: caption.stealth,
        percent: caption.percent,
        application: writer(message),
        flags: message.flags,
        reply: Reply::of(&meaning, message, &buttons),
        buttons,
        files: files(message),
        meaning,
        keys,
    }
}

/// What a caption without a verb is about. A reply without one began at a button; when it is a
/// result, the button was a reroll, since every other button's result has a verb.
fn plain_action(keys: &Keys, is_captioned: bool, state: State) -> Option<Action> {
    match keys.command.as_deref() {
        Some("imagine") => Some(Action::Imagine),
        Some("blend") => Some(Action::Blend),
        Some("describe") => Some(Action::Describe),
        Some(_) => None,
        None if !is_captioned => None,
        None if keys.reference.is_none() && keys.interaction.is_none() => Some(Action::Imagine),
        None => (state == State::Done).then_some(Action::Reroll),
    }
}

fn of_caption(caption: &Caption, message: &Message) -> Meaning {
    match caption.state {
        State::Waiting => Meaning::Waiting,
        State::Progress => Meaning::Progress { percent: caption.percent.unwrap_or_default() },
        State::Paused => Meaning::Paused,
        State::Stopped => Meaning::Stopped,
        // A bracket that nobody knows may be a new state; only images prove a result then.
        State::Done if !caption.others.is_empty() && message.attachments.is_empty() => Meaning::Unknown,
        State::Done => Meaning::Finished,
    }
}

fn meaning_of(reading: Reading, notice: Notice, appealable: bool) -> Meaning {
    match reading {
        Reading::Failure(kind) => Meaning::Failed(failure(kind, notice, appealable)),
        Reading::Queued => Meaning::Queued,
        Reading::Waiting => Meaning::Waiting,
        Reading::Info => Meaning::Info,
        Reading::Shorten => Meaning::Shorten,
        Reading::Settings => Meaning::Settings,
        Reading::Describe => Meaning::Describe,
    }
}

fn failure(kind: FailureKind, notice: Notice, appealable: bool) -> Failure {
    let text = notice.text.as_deref().unwrap_or_default();
    let (retry_after, until) = (wait::blocked_for(text), wait::timestamp(text));
    Failure { kind, notice, retry_after, until, appealable }
}

/// A notice that no row knows is a failure of unknown kind; anything else is just unknown.
fn unknown(message: &Message) -> Meaning {
    let is_notice = |embed: &Embed| {
        embed.title.is_some() || embed.colour.is_some_and(|colour| ALARMING.contains(&colour))
    };
    match notices(message).position(is_notice) {
        Some(index) => {
            let appealable = is_appealable(message);
            Meaning::Failed(failure(FailureKind::UnknownNotice, notice(message, Some(index)), appealable))
        }
        None => Meaning::Unknown,
    }
}

/// What each embed shows, and what the text alone shows. A caption holds the caller's words,
/// so no clue is looked for in it.
fn evidence(message: &Message, is_captioned: bool) -> Vec<Evidence> {
    let custom_ids = message.components.iter().filter_map(|one| one.custom_id.as_deref().map(plain));
    let base = Evidence {
        content: if is_captioned { String::new() } else { plain(message.content.trim()) },
        custom_ids: custom_ids.collect(),
        ..Evidence::default()
    };
    let of_embed = |embed: &Embed| Evidence {
        title: embed.title.as_deref().map(plain_title).unwrap_or_default(),
        description: embed.description.as_deref().map(plain).unwrap_or_default(),
        footer: embed.footer.as_deref().map(plain).unwrap_or_default(),
        ..base.clone()
    };
    let mut shown: Vec<_> = notices(message).map(of_embed).collect();
    if shown.is_empty() {
        shown.push(base);
    }
    shown
}

/// The embeds that the bot wrote; previews of links say nothing.
fn notices(message: &Message) -> impl Iterator<Item = &Embed> {
    message.embeds.iter().filter(|embed| embed.kind.as_deref().is_none_or(|kind| kind == "rich"))
}

fn notice(message: &Message, embed: Option<usize>) -> Notice {
    let content = Some(message.content.clone()).filter(|content| !content.is_empty());
    let Some(embed) = embed.and_then(|index| notices(message).nth(index)) else {
        return Notice { text: content, ..Notice::default() };
    };
    let code = embed.footer.clone().filter(|footer| plain(footer).starts_with("decline-"));
    Notice {
        title: embed.title.clone(),
        text: embed.description.clone().or(content),
        footer: embed.footer.clone(),
        colour: embed.colour,
        code,
    }
}

fn is_appealable(message: &Message) -> bool {
    let mut custom_ids = message.components.iter().filter_map(|button| button.custom_id.as_deref());
    custom_ids.any(|custom_id| plain(custom_id).starts_with("mj::prompts::appeal"))
}

/// The command's name, and the prompt in a footer such as `/imagine a cat` (bulkai).
fn command_and_prompt(message: &Message) -> (Option<String>, Option<String>) {
    let mut footers = notices(message).filter_map(|embed| embed.footer.as_deref());
    let said = footers.find_map(|footer| footer.strip_prefix('/')?.split_once(' '));
    let prompt = said.filter(|(command, _)| *command == "imagine").map(|(_, prompt)| prompt.to_owned());
    let name = message.interaction.as_ref().and_then(|one| one.name.clone());
    (name.or_else(|| said.map(|(command, _)| command.to_owned())), prompt)
}

/// A cancel button is about this very job; other buttons and the file's name too, links last.
fn job_id_of(message: &Message) -> Option<String> {
    let custom_ids = || message.components.iter().filter_map(|one| one.custom_id.as_deref());
    let cancels = custom_ids().filter(|custom_id| custom_id.starts_with("MJ::CancelJob"));
    let names = message.attachments.iter().map(|file| file.filename.as_str());
    let links = message.components.iter().filter_map(|one| one.url.as_deref());
    cancels.chain(custom_ids()).chain(names).chain(links).find_map(job_id::last_in)
}

fn button(component: &Component) -> Button {
    let choice = |option: &SelectOption| Choice {
        label: option.label.clone(),
        value: option.value.clone(),
        chosen: option.chosen,
    };
    let is_select = matches!(component.kind, 3 | 5..=8);
    let select = is_select.then(|| Select { choices: component.options.iter().map(choice).collect() });
    let named = [&component.label, &component.emoji, &component.placeholder];
    Button {
        label: named.into_iter().flatten().next().cloned().unwrap_or_default(),
        custom_id: component.custom_id.clone(),
        url: component.url.clone(),
        style: component.style,
        disabled: component.disabled,
        select,
    }
}

fn files(message: &Message) -> Vec<File> {
    let file = |file: &journeyman_model::Attachment| File {
        name: file.filename.clone(),
        url: file.url.clone(),
        content_type: file.content_type.clone(),
        size: file.size,
        width: file.width,
        height: file.height,
    };
    message.attachments.iter().map(file).collect()
}

fn not_a_sighting() -> Sighting {
    Sighting::of(Meaning::NotASighting)
}
