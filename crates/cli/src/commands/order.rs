//! Commands and presses: each becomes one job, and its answer or its files are printed. What a label means is the
//! library's matter.

use std::path::{Path, PathBuf};

use journeyman::{
    Client, Dimensions, ErrorKind, Finished, FormAnswer, Invocation, Job, Mask, MessageId, Panel,
    PlainCommand,
};

use super::account::Account;
use super::watching::{Known, before_a_job, watch};
use crate::args::{Order, Prefer, Press, Settings};
use crate::config::Configuration;
use crate::error::Error;
use crate::show::{self, Lines, Terminal};

/// How an order ended well.
enum Ended {
    Finished(Box<Finished>),
    /// Nothing was pressed: this is what can be.
    Listed(Panel),
    /// No job was begun: this was told.
    Seed(u64),
}

/// Gives one order. With `--json`, the last line tells how it ended, whatever ended it.
pub(super) async fn run(
    order: &Order,
    configuration: impl FnOnce() -> Result<Configuration, journeyman::Error>,
    terminal: Terminal,
) -> Result<(), Error> {
    let mut known = Known::default();
    let json = order.door().json;
    match through_the_door(order, configuration, terminal, &mut known).await {
        Ok(Ended::Finished(finished)) if json => Lines::finished(&finished),
        Ok(Ended::Listed(panel)) if json => show::line(&show::panel_object(&panel)),
        Ok(Ended::Seed(seed)) if json => show::line(&serde_json::json!({"event": "seed", "seed": seed})),
        Ok(Ended::Seed(seed)) => show::print(&format!("{seed}\n")),
        Ok(Ended::Finished(finished)) => tell(&finished),
        Ok(Ended::Listed(panel)) => show::print(&show::panel_text(&panel)),
        Err(error) => {
            if json {
                known.failed(&error)?;
            } else {
                known.tell();
            }
            Err(error)
        }
    }
}

async fn through_the_door(
    order: &Order,
    configuration: impl FnOnce() -> Result<Configuration, journeyman::Error>,
    terminal: Terminal,
    known: &mut Known,
) -> Result<Ended, Error> {
    // Before anything else: what cannot be asked needs no token to be refused.
    let wanted = Wanted::of(order)?;
    let door = order.door();
    let account = Account::open(door.sim, &door.world, &configuration()?).await?;
    let ended = match account.client() {
        Ok(client) => work(wanted, &client, door.json, terminal, known).await,
        Err(error) => Err(error),
    };
    account.close().await;
    ended
}

async fn work(
    wanted: Wanted<'_>,
    client: &Client,
    json: bool,
    terminal: Terminal,
    known: &mut Known,
) -> Result<Ended, Error> {
    match before_a_job("begin the job", async { Ok(wanted.begin(client).await?) }).await? {
        Begun::Listed(panel) => Ok(Ended::Listed(panel)),
        Begun::Seed(seed) => Ok(Ended::Seed(seed)),
        Begun::Job(mut job) => Ok(Ended::Finished(Box::new(watch(&mut job, json, terminal, known).await?))),
        Begun::Followed(mut job, Then { label, values }) => {
            watch(&mut job, json, terminal, known).await?;
            let mut next = client.press_with(&job.panel()?, label, &values, FormAnswer::default()).await?;
            Ok(Ended::Finished(Box::new(watch(&mut next, json, terminal, known).await?)))
        }
    }
}

/// An order, understood.
enum Wanted<'a> {
    Command(Invocation),
    /// The settings, of which something is pressed.
    Set(Then<'a>),
    Blend(&'a [PathBuf], Option<Dimensions>),
    DescribeFile(&'a Path),
    List(Target),
    Seed(Target),
    Press {
        target: Target,
        label: &'a str,
        values: Vec<&'a str>,
        form: FormAnswer,
    },
}

/// What came of an order at first.
enum Begun<'a> {
    Job(Box<Job>),
    Followed(Box<Job>, Then<'a>),
    Listed(Panel),
    Seed(u64),
}

/// A press on what came.
struct Then<'a> {
    label: &'a str,
    values: Vec<&'a str>,
}

/// What is pressed.
enum Target {
    Message(MessageId),
    Job(String),
}

impl<'a> Wanted<'a> {
    fn of(order: &'a Order) -> Result<Self, Error> {
        let plain = |command| Self::Command(Invocation::plain(command));
        Ok(match order {
            Order::Press(press) => Self::press(press)?,
            Order::Describe { image, .. } if is_link(image) => {
                Self::Command(Invocation::describe_link(image.as_str()))
            }
            Order::Describe { image, .. } => Self::DescribeFile(Path::new(image)),
            Order::Blend { images, dimensions, .. } => {
                Self::Blend(images, dimensions.as_deref().and_then(Dimensions::from_word))
            }
            Order::Shorten { prompt, .. } => Self::Command(Invocation::shorten(worded(prompt)?)),
            Order::Info(_) => plain(PlainCommand::Info),
            Order::Settings(settings) => Self::settings(settings),
            Order::Fast(_) => plain(PlainCommand::Fast),
            Order::Relax(_) => plain(PlainCommand::Relax),
            Order::Turbo(_) => plain(PlainCommand::Turbo),
            Order::Stealth(_) => plain(PlainCommand::Stealth),
            Order::Public(_) => plain(PlainCommand::Public),
            Order::Show { job, .. } => Self::Command(Invocation::show(job_id(job)?)),
            Order::Seed { target: of, .. } => Self::Seed(target(of)?),
            Order::Prefer(prefer) => Self::Command(preferred(prefer)?),
            Order::HelpMidjourney(_) => plain(PlainCommand::Help),
        })
    }

    fn press(press: &'a Press) -> Result<Self, Error> {
        let target = target(&press.target)?;
        let Some(label) = &press.label else { return Ok(Self::List(target)) };
        let mask = press.mask.as_deref().map(mask).transpose()?;
        let values = press.values.iter().map(String::as_str).collect();
        Ok(Self::Press { target, label, values, form: FormAnswer { prompt: press.prompt.clone(), mask } })
    }

    fn settings(settings: &'a Settings) -> Self {
        let values = settings.values.iter().map(String::as_str).collect();
        match &settings.press {
            Some(label) => Self::Set(Then { label, values }),
            None => Self::Command(Invocation::plain(PlainCommand::Settings)),
        }
    }

    async fn begin(self, client: &Client) -> Result<Begun<'a>, journeyman::Error> {
        let job = match self {
            Self::Set(then) => {
                let job = client.command(Invocation::plain(PlainCommand::Settings)).await?;
                return Ok(Begun::Followed(Box::new(job), then));
            }
            Self::List(target) => return Ok(Begun::Listed(panel(client, &target).await?)),
            Self::Seed(target) => {
                let message = match target {
                    Target::Message(message) => message,
                    Target::Job(_) => panel(client, &target).await?.message(),
                };
                return Ok(Begun::Seed(client.seed(message).await?));
            }
            Self::Command(invocation) => client.command(invocation).await,
            Self::Blend(images, dimensions) => {
                let images: Vec<_> = images.iter().map(PathBuf::as_path).collect();
                client.blend(&images, dimensions).await
            }
            Self::DescribeFile(image) => client.begin_describe(image).await,
            Self::Press { target, label, values, form } => {
                client.press_with(&panel(client, &target).await?, label, &values, form).await
            }
        };
        job.map(|job| Begun::Job(Box::new(job)))
    }
}

async fn panel(client: &Client, target: &Target) -> Result<Panel, journeyman::Error> {
    match target {
        Target::Message(message) => client.panel(*message).await,
        Target::Job(job) => client.panel_of_job(job).await,
    }
}

/// The words and the files on stdout.
fn tell(finished: &Finished) -> Result<(), Error> {
    if let Some(reply) = &finished.reply {
        show::print(&show::reply_text(reply))?;
    }
    finished.files.iter().try_for_each(|file| show::print(&format!("{}\n", file.display())))
}

pub(super) fn is_link(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn worded(prompt: &str) -> Result<&str, Error> {
    if prompt.trim().is_empty() {
        let error = journeyman::Error::new(ErrorKind::InvalidPrompt, "the prompt is empty");
        return Err(error.with_hint("write a prompt").into());
    }
    Ok(prompt)
}

/// Message ids are numbers, job ids are UUIDs: neither can be taken for the other.
fn target(text: &str) -> Result<Target, Error> {
    match text.parse() {
        Ok(message) => Ok(Target::Message(message)),
        Err(_) => job_id(text).map(|job| Target::Job(job.to_owned())),
    }
}

fn job_id(text: &str) -> Result<&str, Error> {
    let parts: Vec<_> = text.split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(is_hex);
    if is_uuid {
        return Ok(text);
    }
    Err(Error::usage(
        format!("{text:?} is neither a message's id nor a job's"),
        "a message's id is a number, a job's a UUID; the last line of `imagine --json` has both",
    ))
}

/// The mask in a file.
pub(super) fn mask(path: &Path) -> Result<Mask, Error> {
    let unusable = |why: String| {
        journeyman::Error::new(ErrorKind::InvalidRequest, format!("read the mask {}: {why}", path.display()))
            .with_hint("give a PNG of the image's size, white where it is to change")
    };
    let bytes = std::fs::read(path).map_err(|why| unusable(why.to_string()))?;
    Ok(Mask::try_new(bytes).map_err(|why| unusable(why.to_string()))?)
}

fn preferred(prefer: &Prefer) -> Result<Invocation, Error> {
    let plain = |command| Ok(Invocation::plain(command));
    match (prefer.what.as_str(), prefer.first.as_deref(), prefer.second.as_deref()) {
        ("remix", None, None) => plain(PlainCommand::PreferRemix),
        ("variability", None, None) => plain(PlainCommand::PreferVariability),
        ("auto-dm", None, None) => plain(PlainCommand::PreferAutoDm),
        ("option", None, None) => plain(PlainCommand::PreferOptionList),
        ("suffix", None, None) => Ok(Invocation::prefer_no_suffix()),
        ("suffix", Some(suffix), None) => Ok(Invocation::prefer_suffix(suffix)),
        ("option", Some(name), None) => Ok(Invocation::prefer_no_option(name)),
        ("option", Some(name), Some(value)) => Ok(Invocation::prefer_option(name, value)),
        (what, ..) => Err(Error::usage(
            format!("prefer {what}: there are more words than it takes"),
            "remix, variability and auto-dm take none, a suffix is one argument, an option a name and a value",
        )),
    }
}
