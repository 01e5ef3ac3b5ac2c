//! The seed of a finished job: asked for with an envelope, told in a direct message. It makes no image.

use std::time::Duration;

use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_model::{MessageId, UserId};

use super::Client;
use crate::error::{Error, ErrorKind};

/// The sign that asks for it (Midjourney's docs, "Seeds"; zenghr0820's fork of trueai/midjourney-proxy).
const ENVELOPE: &str = "✉️";
/// How long the bot may take, and how often its direct messages are read meanwhile.
const PATIENCE: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_secs(3);

impl Client {
    /// The seed of the finished job on a message of this channel: it can be given to `--seed`.
    ///
    /// It reacts to the message with an envelope, and reads the bot's answer in the account's direct channel with
    /// it. One that stands there already is not asked for again.
    ///
    /// # Errors
    /// `Configuration` for a message that is not there, `InvalidRequest` for one that shows no job, `NoResponse` when
    /// the bot tells no seed within a minute (it tells those of the account's own jobs only); those of the requests.
    ///
    /// # Cancel safety
    /// Dropped late, the reaction may stand on the message.
    pub async fn seed(&self, message: MessageId) -> Result<u64, Error> {
        let sighting = self.look_at(message).await?;
        let Some(job_id) = sighting.keys.job_id.clone() else {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                format!("ask for the seed of message {message}"),
            )
            .with_hint("only a finished job has one; give the message that shows its images"));
        };
        let bot = UserId::new(sighting.application.unwrap_or(MIDJOURNEY).get());
        let not_sent = |why| Error::from_not_sent(&why);
        let direct = self.io.direct_channel(bot).await.map_err(not_sent)?;
        if let Some(seed) = self.io.told_seed(direct, &job_id).await.map_err(not_sent)? {
            return Ok(seed);
        }
        self.io.react(message, ENVELOPE).await.map_err(not_sent)?;
        let until = self.clock.now() + PATIENCE;
        loop {
            if let Some(seed) = self.io.told_seed(direct, &job_id).await.map_err(not_sent)? {
                return Ok(seed);
            }
            let now = self.clock.now();
            if now >= until {
                return Err(Error::new(
                    ErrorKind::NoResponse,
                    format!("wait for the seed of job {job_id}: the bot told none within a minute"),
                )
                .with_hint("it tells the seeds of the account's own jobs; look into its direct messages"));
            }
            self.clock.sleep_until((now + EVERY).min(until)).await;
        }
    }
}
