//! The driver's requests, downloads and files. It decides nothing about a job.

mod direct;

use std::time::Duration;

use journeyman_discord::gateway;
use journeyman_discord::wire::upload::UploadedFile;
use journeyman_discord::{
    CannotStart, CommandError, Config, DownloadError, DownloadErrorKind, Downloader, Hosts, Picture, Place,
    Recall, Rest, Tap, Wanted as WantedCommand, wire,
};
use journeyman_limiter::{GuardConfig, Limiter, RetryPolicy};
use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::command;
use journeyman_midjourney::generation::Sent;
use journeyman_midjourney::invocation::Invocation;
use journeyman_midjourney::order::{Answered, Ask, Order};
use journeyman_midjourney::outcome::{self, NotSent};
use journeyman_midjourney::region;
use journeyman_midjourney::sighting::{File, Sighting};
use journeyman_model::{CommandVersion, MessageId, UserId};
use journeyman_moment::{Clock, Moment};
use serde_json::Value;
use tokio::sync::mpsc;

use super::watch::{Page, Side, Wanted};
use super::{core, translate};
use crate::archive::Archive;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Finished};
use crate::gateway::{Entrance, Line};
use crate::panel::Panel;
use crate::settings::Settings;
use crate::wall;

/// The largest image that is fetched. A 4x upscale stays well below it.
const LARGEST_IMAGE: u64 = 128 * 1024 * 1024;

/// Everything the driver needs to act. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Io {
    rest: Rest,
    downloader: Downloader,
    archive: Archive,
    place: Place,
    /// In place of a gateway session's id, where there is none.
    session: String,
    entrance: Entrance,
    /// Where the bot's embedded pages are.
    page_base: String,
}

/// One order to send.
pub(crate) struct Errand {
    pub(crate) order: Order,
    pub(crate) nonce: String,
    /// The version that Discord called outdated.
    pub(crate) stale: Option<CommandVersion>,
    /// Not to be sent after this.
    pub(crate) deadline: Moment,
    /// The gateway session's id, which Discord tells of modals.
    pub(crate) session: Option<String>,
    /// By which it can be kept back until it leaves.
    pub(crate) recall: Recall,
}

/// What became of a request, and with which version of the command it was sent.
pub(crate) struct Sending {
    pub(crate) sent: Sent,
    pub(crate) version: Option<CommandVersion>,
    /// That command's name.
    pub(crate) command: Option<String>,
}

impl Io {
    /// A human acted: a token that was refused may be tried again.
    pub(crate) fn unlatch(&self) {
        self.rest.unlatch();
    }

    pub(crate) fn new(
        settings: &Settings,
        archive: Archive,
        clock: Clock,
        tap: Option<Tap>,
    ) -> Result<Self, Error> {
        let hosts = if settings.api_base.is_loopback() { Hosts::loopback() } else { Hosts::public() };
        let rest = rest(settings, clock, tap.clone())?;
        let (timeouts, retry) = (rest.config().timeouts, rest.config().retry.clone());
        Ok(Self {
            downloader: Downloader::new(timeouts, hosts, retry, clock).map_err(cannot_start)?,
            rest,
            archive,
            place: Place { channel: settings.channel, guild: settings.guild },
            session: session(settings.seed),
            entrance: Entrance::new(settings, tap),
            page_base: settings.page_base.clone().unwrap_or_else(|| page_base(settings)),
        })
    }

    /// Begins a gateway session.
    pub(crate) async fn connect(&self) -> Result<Line, NotSent> {
        self.entrance.connect(&self.rest).await
    }

    /// What an event says of the channel.
    pub(crate) fn heard(&self, event: &gateway::Event) -> Option<core::Heard> {
        translate::heard(&event.name, &event.data, self.place.channel)
    }

    /// Finds out who we are, so that other people's jobs are not taken for ours.
    pub(crate) async fn identify(&self) -> Result<UserId, NotSent> {
        match self.rest.call(&wire::me()).await {
            Ok(answer) => translate::user(&answer),
            Err(error) => Err(translate::hindrance(&error)),
        }
    }

    /// Reads one page of the channel.
    pub(crate) async fn read(&self, wanted: Wanted) -> Result<Page, NotSent> {
        let channel = self.place.channel;
        match self.rest.call(&translate::page_request(channel, wanted)).await {
            Ok(answer) => translate::page(&answer, channel, wanted.limit),
            Err(error) => Err(translate::hindrance(&error)),
        }
    }

    /// Sends a command or a press.
    pub(crate) async fn send(&self, errand: Errand) -> Sending {
        let Errand { order, nonce, stale, deadline, session, recall } = errand;
        let place = self.place_in(session.as_deref());
        let (payload, version) = match &order.ask {
            Ask::Press(press) => (press.payload(&place, &nonce), None),
            Ask::Command(invocation) => match self.payload(invocation, &place, &nonce, stale).await {
                Ok((payload, version)) => (payload, Some(version)),
                Err(why) => return Sending { sent: Sent::NotSent(why), version: stale, command: None },
            },
        };
        let command = match &order.ask {
            Ask::Command(invocation) => Some(invocation.name.clone()),
            Ask::Press(_) => None,
        };
        Sending { sent: self.post(payload, deadline, &recall).await, version, command }
    }

    /// Where a request is made, in the gateway's session where there is one.
    fn place_in<'a>(&'a self, session: Option<&'a str>) -> command::Place<'a> {
        command::Place {
            channel: self.place.channel,
            guild: self.place.guild,
            session_id: session.unwrap_or(&self.session),
        }
    }

    /// A command's payload, with the version that was discovered.
    async fn payload(
        &self,
        invocation: &Invocation,
        place: &command::Place<'_>,
        nonce: &str,
        stale: Option<CommandVersion>,
    ) -> Result<(Value, CommandVersion), NotSent> {
        let wanted = WantedCommand { application: invocation.application, name: &invocation.name };
        let found = match stale {
            None => self.rest.command(self.place, wanted).await,
            Some(stale) => self.rest.rediscover(self.place, wanted, stale).await,
        };
        let command = found.map_err(|error| {
            if let CommandError::Call(error) = &error {
                translate::hindrance(error)
            } else {
                translate::command_missing(&error)
            }
        })?;
        let payload = command::payload(invocation, &command, place, nonce);
        payload.map(|payload| (payload, command.version)).map_err(|why| translate::wrong_command(&why))
    }

    async fn post(&self, payload: Value, deadline: Moment, recall: &Recall) -> Sent {
        let request = wire::post_interaction(payload, self.place.channel).with_deadline(deadline);
        match self.rest.call_with_recall(&request, recall).await {
            Ok(answer) => translate::sent(&answer),
            Err(error) => translate::unsent(&error),
        }
    }

    /// Sends the answer to a form.
    pub(crate) async fn answer(
        &self,
        answered: Answered,
        nonce: &str,
        session: Option<String>,
        deadline: Moment,
    ) -> Sent {
        let place = self.place_in(session.as_deref());
        match answered {
            Answered::Modal(modal) => match modal.payload(&place, nonce) {
                Ok(payload) => self.post(payload, deadline, &Recall::default()).await,
                Err(why) => Sent::NotSent(translate::wrong_command(&why)),
            },
            Answered::Page(page) => {
                let url = format!("{}{}", self.page_base, page.path);
                match self.downloader.post_to_page(&url, &page.body).await {
                    Ok(_) => Sent::Accepted,
                    Err(error) => translate::page_unsent(&error),
                }
            }
        }
    }

    /// What one message of the channel is; `None` when it is not there.
    pub(crate) async fn look_at(&self, message: MessageId) -> Result<Option<Sighting>, NotSent> {
        let request = wire::messages_around(self.place.channel, message, 1);
        let answer = self.rest.call(&request).await.map_err(|error| translate::hindrance(&error))?;
        let page = translate::page(&answer, self.place.channel, 1)?;
        Ok(page.messages.into_iter().find(|(id, _)| *id == message).map(|(_, sighting)| sighting))
    }

    /// The newest result with this job id, in the channel's last messages.
    pub(crate) async fn look_for(&self, job_id: &str) -> Result<Option<(MessageId, Sighting)>, NotSent> {
        /// How many pages of 100 messages are read back.
        const MOST_PAGES: usize = 10;
        let mut side = Side::Newest;
        for _ in 0..MOST_PAGES {
            let page = self.read(Wanted { side, limit: 100 }).await?;
            let oldest = page.messages.iter().map(|(id, _)| *id).min();
            let is_it = |(_, one): &&(MessageId, Sighting)| {
                one.is_result()
                    && one.keys.job_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(job_id))
            };
            if let Some(found) = page.messages.iter().filter(is_it).max_by_key(|(id, _)| *id) {
                return Ok(Some(found.clone()));
            }
            match oldest {
                Some(oldest) if !page.is_last => side = Side::Before(oldest),
                _ => break,
            }
        }
        Ok(None)
    }

    /// Uploads pictures for a command.
    pub(crate) async fn upload(&self, pictures: &[Picture]) -> Result<Vec<UploadedFile>, Error> {
        let uploaded = self.rest.upload(&self.downloader, self.place.channel, pictures).await;
        uploaded.map_err(not_uploaded)
    }

    /// Posts a picture as a message, and gives its link.
    pub(crate) async fn share(&self, pictures: &[Picture]) -> Result<String, Error> {
        let uploaded = self.upload(pictures).await?;
        let nonce = wall::unix_micros().to_string();
        let links = self.rest.share(self.place.channel, &uploaded, &nonce).await.map_err(not_uploaded)?;
        links.into_iter().next().ok_or_else(|| {
            Error::new(ErrorKind::UpstreamFailed, "upload an image: no link came back")
                .with_hint("try again later")
        })
    }

    /// New links for expired ones, in order; `None` for a file that is gone.
    pub(crate) async fn refresh(&self, links: &[String]) -> Result<Vec<Option<String>>, Error> {
        let fresh = self.rest.refresh(links).await;
        fresh.map_err(|error| Error::from_not_sent(&translate::hindrance(&error)))
    }

    /// Fetches and saves the images of a finished generation.
    pub(crate) async fn save(
        &self,
        finished: outcome::Finished,
        prompt: String,
        events: Option<mpsc::Sender<Event>>,
    ) -> Result<Finished, Error> {
        let mut files = Vec::new();
        for index in 0..finished.files.len() {
            let Some(file) = finished.files.get(index) else { break };
            let bytes = self.fetch(&finished, index, file).await?;
            let (archive, job_id, text) = (self.archive.clone(), finished.job_id.clone(), prompt.clone());
            // Decoding and syncing take a while; they must not hold up the requests.
            let saving = tokio::task::spawn_blocking(move || archive.save(&text, job_id.as_deref(), &bytes));
            let saved = saving.await.map_err(|error| {
                Error::new(ErrorKind::Internal, "save an image: the task failed").with_source(error)
            })??;
            for path in saved {
                if let Some(events) = &events {
                    // A reader that is too far behind hears of the file in the outcome.
                    let _ = events.try_send(Event::Saved { file: path.clone() });
                }
                files.push(path);
            }
        }
        let panel = Panel::of(&finished);
        Ok(Finished {
            files,
            panel,
            prompt,
            shown_prompt: finished.prompt,
            job_id: finished.job_id,
            message_id: finished.message,
            buttons: finished.buttons.iter().map(|button| button.label.clone()).collect(),
            reply: finished.reply,
            late: finished.late,
        })
    }

    /// Signed links expire; the message, read again, has fresh ones.
    async fn fetch(
        &self,
        finished: &outcome::Finished,
        index: usize,
        file: &File,
    ) -> Result<bytes::Bytes, Error> {
        let error = match self.whole(file).await {
            Ok(bytes) => return Ok(bytes),
            Err(error) => error,
        };
        if error.is_cured_by_a_fresh_link()
            && let Some(fresh) = self.fresh(finished.message, index).await
            && let Ok(bytes) = self.whole(&fresh).await
        {
            return Ok(bytes);
        }
        let what = format!("fetch the finished image {}{}: {error}", file.name, of_job(finished));
        Err(Error::new(ErrorKind::Storage, what)
            .with_hint("the image is finished and paid, and still in the Discord channel")
            .with_source(error))
    }

    /// A file of the size that the message names.
    async fn whole(&self, file: &File) -> Result<bytes::Bytes, FetchError> {
        let bytes = self.downloader.fetch(&file.url, LARGEST_IMAGE).await?;
        match file.size {
            Some(expected) if expected != bytes.len() as u64 => {
                Err(FetchError::Size { expected, found: bytes.len() as u64 })
            }
            _ => Ok(bytes),
        }
    }

    async fn fresh(&self, message: Option<MessageId>, index: usize) -> Option<File> {
        let page = self.rest.call(&wire::messages_around(self.place.channel, message?, 1)).await.ok()?;
        let page = translate::page(&page, self.place.channel, 1).ok()?;
        let (_, sighting) = page.messages.into_iter().find(|(id, _)| Some(*id) == message)?;
        sighting.files.into_iter().nth(index)
    }
}

/// Where embedded pages are: the simulator serves them at its own origin.
fn page_base(settings: &Settings) -> String {
    if settings.api_base.is_loopback() {
        settings.api_base.to_string().trim_end_matches('/').to_owned()
    } else {
        region::page_base(MIDJOURNEY)
    }
}

/// The API as the settings' account sees it.
pub(crate) fn rest(settings: &Settings, clock: Clock, tap: Option<Tap>) -> Result<Rest, Error> {
    let limits = journeyman_limiter::Config {
        pace: settings.pace,
        seed: Some(settings.seed),
        // The driver counts what it is denied, and stops by itself: it must hear of each answer anew.
        guard: GuardConfig { forbidden: Duration::ZERO, ..GuardConfig::default() },
        ..journeyman_limiter::Config::default()
    };
    let retry = RetryPolicy { max_retries: settings.max_retries, ..RetryPolicy::default() };
    let config = Config {
        retry,
        ..Config::new(settings.token.clone()).with_api_base(settings.api_base.clone()).with_tap(tap)
    };
    Rest::new(config, Limiter::new(limits, clock), clock).map_err(cannot_start)
}

fn not_uploaded(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::UpstreamFailed, "upload an image").with_hint("try again later").with_source(error)
}

fn cannot_start(error: CannotStart) -> Error {
    Error::new(ErrorKind::Configuration, "set up HTTP")
        .with_hint("check the system's certificates")
        .with_source(error)
}

/// Why an image could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Download(#[from] DownloadError),
    #[error("the file has {found} bytes, the message says {expected}")]
    Size { expected: u64, found: u64 },
}

impl FetchError {
    fn is_cured_by_a_fresh_link(&self) -> bool {
        match self {
            Self::Download(error) => matches!(error.kind, DownloadErrorKind::Expired { .. }),
            Self::Size { .. } => true,
        }
    }
}

fn of_job(finished: &outcome::Finished) -> String {
    finished.job_id.as_ref().map(|job| format!(" of job {job}")).unwrap_or_default()
}

/// Without the gateway there is no session; Discord takes any 32 hexadecimal digits
/// (useapi.net's article, part I: any number does).
fn session(seed: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(seed);
    format!("{:016x}{:016x}", rng.u64(..), rng.u64(..))
}
