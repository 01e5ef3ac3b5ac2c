//! What each slash command and message command asks of the bot.
//!
//! Its id, version and options are right by now.

use serde_json::Value;

use super::option::Chosen;
use super::{Caller, file, id_of};
use crate::bot::{Answer, Ask, Order, Work};
use crate::caption::fold_bytes;
use crate::error_body;
use crate::http::Reply;
use crate::message::Application;
use crate::notice::{self, Notice};
use crate::scenario::Course;
use crate::settings::Mode;
use crate::world::World;

/// A command on its way to the bot.
pub(super) struct Command<'a> {
    pub(super) application: Application,
    pub(super) caller: &'a Caller,
    pub(super) channel_id: u64,
    pub(super) nonce: Option<String>,
    pub(super) name: &'static str,
    pub(super) data: &'a Value,
    pub(super) chosen: Chosen<'a>,
}

/// Runs a command other than imagine, or tells why its request is refused.
///
/// Real: the commands, of which a capture of 2024 has the list; every one of them is answered here. What `ask`, `help`,
/// `invite`, `subscribe`, `feedback`, `tune` and the lists say is inferred and says nothing of use.
pub(super) fn run(world: &mut World, command: &Command<'_>) -> Result<(), Box<Reply>> {
    let ask = match command.name {
        "blend" => return blend(world, command),
        "describe" => describe(world, command)?,
        "shorten" => Ask::Shorten { prompt: command.chosen.text("prompt").unwrap_or_default().to_owned() },
        "info" => Ask::Info,
        "settings" => Ask::Settings,
        "show" => {
            let wanted = command.chosen.text("job_id").unwrap_or_default();
            Ask::Show { job_id: job_id(wanted).to_owned() }
        }
        "prefer" => prefer(world, command),
        "fast" | "relax" | "turbo" | "stealth" | "public" => switch(world, command),
        "Cancel Job" => cancel(world, command)?,
        "userid" => Ask::Text(format!("Your user ID: {}", command.caller.id)),
        "DM Results" => Ask::Text("The results are on their way to you.".to_owned()),
        "help" => card("Midjourney Help", "See /imagine, /describe, /shorten, /blend, /info and /settings."),
        "ask" => card("Answer", "I only know how to make pictures."),
        "invite" => card("Invite", "https://discord.gg/midjourney"),
        "subscribe" => card("Subscribe", "Manage your subscription on the website."),
        "feedback" => card("Feedback", "Thank you."),
        "tune" => card("Style Tuner", "The style tuner is not available."),
        "list_tuners" => card("Your tuners", "None"),
        "list_personalize_codes" => card("Your personalize codes", "None"),
        // The list has no other; whatever is new in it meets silence, as an unknown button does.
        _ => return Ok(()),
    };
    answer(world, command, ask);
    Ok(())
}

fn card(title: &'static str, text: &str) -> Ask {
    Ask::Card { title, text: text.to_owned() }
}

fn answer(world: &mut World, command: &Command<'_>, ask: Ask) {
    let answer = Answer::new(
        command.application,
        command.caller.clone(),
        command.channel_id,
        command.nonce.clone(),
        command.name,
        ask,
    );
    let at = world.now();
    let (bot, mut stage) = world.bot();
    bot.respond(&mut stage, at, answer);
}

/// The mode of the jobs to come, and who sees them (real: what they do; inferred: what they say, and that it holds at
/// once).
fn switch(world: &mut World, command: &Command<'_>) -> Ask {
    let (bot, stage) = world.bot();
    let account = bot.account(command.caller.id, stage.settings);
    let text = match command.name {
        "fast" => {
            account.mode = Mode::Fast;
            "Done! Your jobs now consume fast-hours and finish quickly."
        }
        "relax" => {
            account.mode = Mode::Relaxed;
            "Done! Your jobs now do not consume fast-hours, but might take a little longer."
        }
        "turbo" => {
            account.mode = Mode::Turbo;
            "Done! Your jobs are now in turbo mode."
        }
        "stealth" => {
            account.stealth = true;
            "Done! Your jobs are now in stealth mode."
        }
        _ => {
            account.stealth = false;
            "Done! Your jobs are now public."
        }
    };
    Ask::Text(text.to_owned())
}

/// Real: the subcommands (capture of 2024); inferred: what they say.
fn prefer(world: &mut World, command: &Command<'_>) -> Ask {
    let (bot, stage) = world.bot();
    let account = bot.account(command.caller.id, stage.settings);
    let on = |on: bool| if on { "on" } else { "off" };
    let chosen = &command.chosen;
    let text = match chosen.path.as_slice() {
        ["remix"] => {
            account.remix = !account.remix;
            format!("Remix mode turned {}!", on(account.remix))
        }
        ["variability"] => {
            account.strong = !account.strong;
            format!("High variability mode turned {}!", on(account.strong))
        }
        ["auto_dm"] => {
            account.auto_dm = !account.auto_dm;
            format!("Automatic direct messages turned {}!", on(account.auto_dm))
        }
        ["suffix"] => {
            account.suffix = chosen.text("new_value").filter(|new| !new.is_empty()).map(str::to_owned);
            account.suffix.as_ref().map_or_else(
                || "Your suffix has been removed.".to_owned(),
                |suffix| format!("Your suffix has been set to: {suffix}"),
            )
        }
        ["option", "set"] => {
            let name = chosen.text("option").unwrap_or_default().to_owned();
            if let Some(value) = chosen.text("value").filter(|value| !value.is_empty()) {
                let text = format!("Your custom option `{name}` has been set to `{value}`.");
                account.options.insert(name, value.to_owned());
                text
            } else {
                account.options.remove(&name);
                format!("Your custom option `{name}` has been removed.")
            }
        }
        _ if account.options.is_empty() => "You have no custom options.".to_owned(),
        _ => {
            let lines = account.options.iter().map(|(name, value)| format!("`{name}`: {value}"));
            lines.collect::<Vec<_>>().join("\n")
        }
    };
    Ask::Text(text)
}

fn cancel(world: &mut World, command: &Command<'_>) -> Result<Ask, Box<Reply>> {
    let Some(target) = id_of(&command.data["target_id"]) else {
        return Err(Box::new(error_body::required(&["data", "target_id"])));
    };
    let channel = world.discord.channels.get(&command.channel_id);
    let Some(message) = channel.and_then(|channel| channel.messages.get(&target)) else {
        return Err(Box::new(error_body::unknown_message()));
    };
    let message = message.json.clone();
    let at = world.now();
    let (bot, mut stage) = world.bot();
    let cancelled = bot.cancel_shown(&mut stage, at, &message, command.caller.id);
    let text = if cancelled { "Your job has been cancelled." } else { "There is no job to cancel." };
    Ok(Ask::Text(text.to_owned()))
}

/// A job's id, also out of a link to it.
fn job_id(text: &str) -> &str {
    let text = text.trim().trim_end_matches('/');
    text.rsplit_once('/').map_or(text, |(_, id)| id)
}

/// Real: a file or a link. Inferred: the file comes first, and what is no picture is refused by the bot, not by Discord.
fn describe(world: &mut World, command: &Command<'_>) -> Result<Ask, Box<Reply>> {
    let at = world.now();
    if let Some(id) = command.chosen.value("image") {
        let upload = file::upload_of(world, command.data, id)?;
        let picture = format!("{:x}", fold_bytes(0, &upload.bytes));
        if !upload.is_picture() {
            return Ok(not_a_picture());
        }
        let link = file::keep(world, command.channel_id, upload);
        return Ok(Ask::Describe { picture, link: Some(link) });
    }
    let link = command.chosen.text("link").unwrap_or_default();
    if !(link.starts_with("http://") || link.starts_with("https://")) {
        let text = "Please give an image or a link to one.".to_owned();
        return Ok(Ask::Notice(&notice::INVALID_VALUE, text));
    }
    let (bot, stage) = world.bot();
    if !bot.reads(&stage, at, link) {
        return Ok(Ask::Notice(&notice::INVALID_LINK_BANG, String::new()));
    }
    let picture = link.split('?').next().unwrap_or_default().to_owned();
    Ok(Ask::Describe { picture, link: Some(link.to_owned()) })
}

fn not_a_picture() -> Ask {
    let text = "The file must be an image (png, jpeg, webp or gif).".to_owned();
    Ask::Notice(&notice::INVALID_VALUE, text)
}

/// Real: two to five pictures, whose short links are the prompt (a peer's collected line).
fn blend(world: &mut World, command: &Command<'_>) -> Result<(), Box<Reply>> {
    let mut uploads = Vec::new();
    for number in 1..=5 {
        let Some(id) = command.chosen.value(&format!("image{number}")) else { continue };
        uploads.push(file::upload_of(world, command.data, id)?);
    }
    if uploads.iter().any(|upload| !upload.is_picture()) {
        answer(world, command, not_a_picture());
        return Ok(());
    }
    let twice = uploads
        .iter()
        .enumerate()
        .any(|(index, one)| uploads.iter().take(index).any(|other| other.bytes == one.bytes));
    let mut words: Vec<String> = Vec::new();
    for upload in uploads {
        let link = file::keep(world, command.channel_id, upload);
        words.push(link.split('?').next().unwrap_or_default().to_owned());
    }
    words.extend(command.chosen.text("dimensions").map(str::to_owned));
    let course = if twice { refuse(&notice::DUPLICATE) } else { world.scenario_course() };
    let order = Order {
        application: command.application,
        nonce: command.nonce.clone(),
        work: Work::Blend,
        ..Order::imagine(command.caller.clone(), command.channel_id, words.join(" "), course)
    };
    let at = world.now();
    let (bot, mut stage) = world.bot();
    bot.take(&mut stage, at, order);
    Ok(())
}

fn refuse(notice: &'static Notice) -> Course {
    Course::Refuse(notice)
}
