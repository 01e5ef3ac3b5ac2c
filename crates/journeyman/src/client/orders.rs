//! Everything else a person can ask of the bot: commands, presses, files. What becomes of it is a job's
//! matter.

use std::path::Path;

use journeyman_discord::wire::upload::UploadedFile;
use journeyman_discord::{MOST_UPLOAD_BYTES, Picture};
use journeyman_midjourney::invocation::{Dimensions, Invocation, PlainCommand, Uploaded, WrongImages};
use journeyman_midjourney::order::{FormAnswer, Order};
use journeyman_midjourney::reply::{AccountInfo, Described, SettingsPanel, Shortened};
use journeyman_midjourney::{Reply, Sighting};
use journeyman_model::MessageId;

use super::{Client, ImagineOptions};
use crate::driver::shell::Begin;
use crate::error::{Error, ErrorKind};
use crate::event::Finished;
use crate::job::Job;
use crate::panel::Panel;

impl Client {
    /// Sends an order: any command, any press. Its texts are not judged.
    ///
    /// # Errors
    /// `Internal` when the driver is gone. How the job ends is told by [`Job::outcome`].
    ///
    /// # Cancel safety
    /// Dropping the future before it is ready begins no job.
    pub async fn submit(&self, order: Order, options: ImagineOptions) -> Result<Job, Error> {
        // An order is sent as it is; what can be judged of it, `imagine` has judged.
        let ImagineOptions { queued_is_error, unjudged: _ } = options;
        self.start(Begin::Order { order: Box::new(order), queued_is_error }, None).await
    }

    /// Gives a command.
    ///
    /// # Errors
    /// See [`Client::submit`].
    ///
    /// # Cancel safety
    /// See [`Client::submit`].
    pub async fn command(&self, invocation: Invocation) -> Result<Job, Error> {
        self.submit(Order::command(invocation), ImagineOptions::default()).await
    }

    /// Presses what `label` means on a message; a form that opens keeps its values.
    ///
    /// # Errors
    /// See [`Panel::press`] and [`Client::submit`].
    ///
    /// # Cancel safety
    /// See [`Client::submit`].
    pub async fn press(&self, panel: &Panel, label: &str) -> Result<Job, Error> {
        self.press_with(panel, label, &[], FormAnswer::default()).await
    }

    /// Presses what `label` means, chooses `values` in a select, and answers a form that opens.
    ///
    /// # Errors
    /// See [`Client::press`].
    ///
    /// # Cancel safety
    /// See [`Client::submit`].
    pub async fn press_with(
        &self,
        panel: &Panel,
        label: &str,
        values: &[&str],
        form: FormAnswer,
    ) -> Result<Job, Error> {
        let order = Order { form, ..Order::press(panel.press(label, values)?) };
        self.submit(order, ImagineOptions::default()).await
    }

    /// Blends 2 to 5 images.
    ///
    /// # Errors
    /// `InvalidRequest` for a file that is no image, too large, or of a wrong number; those of the upload.
    ///
    /// # Cancel safety
    /// Dropping the future begins no job; what was uploaded is forgotten by Discord.
    pub async fn blend(&self, images: &[&Path], dimensions: Option<Dimensions>) -> Result<Job, Error> {
        if !(2..=5).contains(&images.len()) {
            // Before anything is uploaded.
            return Err(unusable(WrongImages { count: images.len() }.to_string()));
        }
        let uploaded = self.upload(images).await?;
        let blend = Invocation::blend(uploaded).map_err(|why| unusable(why.to_string()))?;
        self.command(match dimensions {
            Some(dimensions) => blend.with_dimensions(dimensions),
            None => blend,
        })
        .await
    }

    /// Asks for four prompts that describe an image.
    ///
    /// # Errors
    /// As [`Client::blend`], and those of [`Job::outcome`].
    ///
    /// # Cancel safety
    /// As [`Client::blend`].
    pub async fn describe(&self, image: &Path) -> Result<(Described, Finished), Error> {
        described(self.begin_describe(image).await?).await
    }

    /// The same as a job, to be watched; its reply has the prompts.
    ///
    /// # Errors
    /// As [`Client::blend`].
    ///
    /// # Cancel safety
    /// As [`Client::blend`].
    pub async fn begin_describe(&self, image: &Path) -> Result<Job, Error> {
        let uploaded = self.upload(&[image]).await?.into_iter().next();
        let uploaded =
            uploaded.ok_or_else(|| Error::new(ErrorKind::Internal, "upload an image: no answer"))?;
        self.command(Invocation::describe(uploaded)).await
    }

    /// The same, of an image on the web.
    ///
    /// # Errors
    /// Those of [`Job::outcome`].
    ///
    /// # Cancel safety
    /// As [`Client::submit`].
    pub async fn describe_link(&self, link: &str) -> Result<(Described, Finished), Error> {
        described(self.command(Invocation::describe_link(link)).await?).await
    }

    /// Asks which words of a prompt matter.
    ///
    /// # Errors
    /// Those of [`Job::outcome`].
    ///
    /// # Cancel safety
    /// As [`Client::submit`].
    pub async fn shorten(&self, prompt: &str) -> Result<(Shortened, Finished), Error> {
        match self.answer(Invocation::shorten(prompt)).await? {
            (Reply::Shortened(shortened), finished) => Ok((shortened, finished)),
            (other, _) => Err(strange("shorten", &other)),
        }
    }

    /// Asks what the account has left, and what runs.
    ///
    /// # Errors
    /// Those of [`Job::outcome`].
    ///
    /// # Cancel safety
    /// As [`Client::submit`].
    pub async fn info(&self) -> Result<AccountInfo, Error> {
        match self.answer(Invocation::plain(PlainCommand::Info)).await? {
            (Reply::Account(info), _) => Ok(*info),
            (other, _) => Err(strange("info", &other)),
        }
    }

    /// Asks for the settings; the panel may be pressed.
    ///
    /// # Errors
    /// Those of [`Job::outcome`].
    ///
    /// # Cancel safety
    /// As [`Client::submit`].
    pub async fn settings(&self) -> Result<(SettingsPanel, Finished), Error> {
        match self.answer(Invocation::plain(PlainCommand::Settings)).await? {
            (Reply::Settings(settings), finished) => Ok((settings, finished)),
            (other, _) => Err(strange("settings", &other)),
        }
    }

    /// Gives a command and waits for the bot's words.
    ///
    /// # Errors
    /// Those of [`Job::outcome`].
    ///
    /// # Cancel safety
    /// As [`Client::submit`].
    pub async fn answer(&self, invocation: Invocation) -> Result<(Reply, Finished), Error> {
        let name = invocation.name.clone();
        answered(self.command(invocation).await?, &name).await
    }

    /// What may be pressed on a message of this channel.
    ///
    /// # Errors
    /// `Configuration` for a message that is not there; those of reading it.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn panel(&self, message: MessageId) -> Result<Panel, Error> {
        Ok(Panel::of_sighting(message, &self.look_at(message).await?))
    }

    /// A message of this channel.
    pub(super) async fn look_at(&self, message: MessageId) -> Result<Sighting, Error> {
        let found = self.io.look_at(message).await.map_err(|why| Error::from_not_sent(&why))?;
        found.ok_or_else(|| {
            Error::new(ErrorKind::Configuration, format!("find message {message} in this channel"))
                .with_hint("check the id and the channel; ephemeral messages cannot be read")
        })
    }

    /// What may be pressed on the newest result of a job, looked for in the channel's last 1,000 messages.
    ///
    /// # Errors
    /// `Configuration` for a job that is not there; those of reading the channel.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn panel_of_job(&self, job_id: &str) -> Result<Panel, Error> {
        let found = self.io.look_for(job_id).await.map_err(|why| Error::from_not_sent(&why))?;
        let (message, sighting) = found.ok_or_else(|| {
            Error::new(ErrorKind::Configuration, format!("find job {job_id} in the last 1,000 messages"))
                .with_hint("give the id of its message instead")
        })?;
        Ok(Panel::of_sighting(message, &sighting))
    }

    /// Uploads an image to the channel, as a message of the account's, and gives the link that a prompt
    /// can name.
    ///
    /// # Errors
    /// As [`Client::blend`].
    ///
    /// # Cancel safety
    /// Dropped late, the message may have been posted.
    pub async fn share(&self, image: &Path) -> Result<String, Error> {
        let pictures = read(&[image])?;
        self.io.share(&pictures).await
    }

    async fn upload(&self, images: &[&Path]) -> Result<Vec<Uploaded>, Error> {
        let pictures = read(images)?;
        let uploaded = self.io.upload(&pictures).await?;
        let of = |file: UploadedFile| Uploaded {
            filename: file.filename,
            uploaded_filename: file.uploaded_filename,
        };
        Ok(uploaded.into_iter().map(of).collect())
    }
}

async fn described(job: Job) -> Result<(Described, Finished), Error> {
    match answered(job, "describe").await? {
        (Reply::Described(described), finished) => Ok((described, finished)),
        (other, _) => Err(strange("describe", &other)),
    }
}

async fn answered(mut job: Job, command: &str) -> Result<(Reply, Finished), Error> {
    let finished = job.outcome().await?;
    let reply = finished.reply.clone().ok_or_else(|| {
        Error::new(ErrorKind::UnknownNotice, format!("ask /{command}: the answer has no words"))
            .with_hint("look at the answer in Discord")
    })?;
    Ok((reply, finished))
}

/// Checked before anything is sent.
pub(super) fn read(images: &[&Path]) -> Result<Vec<Picture>, Error> {
    images.iter().map(|path| picture(path)).collect()
}

fn picture(path: &Path) -> Result<Picture, Error> {
    let bytes = std::fs::read(path)
        .map_err(|error| unusable(format!("read the image {}", path.display())).with_source(error))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Picture::try_new(&name, bytes.into(), MOST_UPLOAD_BYTES).map_err(|why| unusable(why.to_string()))
}

fn unusable(what: String) -> Error {
    Error::new(ErrorKind::InvalidRequest, what)
        .with_hint("give PNG, JPEG, WebP or GIF files of at most 10 MB")
}

fn strange(command: &str, reply: &Reply) -> Error {
    Error::new(ErrorKind::UnknownNotice, format!("ask /{command}: another answer came, {:?}", reply.kind()))
        .with_hint("look at the answer in Discord; please report it with what stands there")
}
