//! What passes outside of the channel: a reaction, and what the bot then says in a direct message. It waits for nothing.

use journeyman_discord::wire;
use journeyman_midjourney::outcome::NotSent;
use journeyman_midjourney::{Meaning, Sighting};
use journeyman_model::{ChannelId, MessageId, UserId};

use super::Io;
use crate::driver::translate;

impl Io {
    /// The direct channel with a bot.
    pub(crate) async fn direct_channel(&self, bot: UserId) -> Result<ChannelId, NotSent> {
        match self.rest.call(&wire::direct_channel(bot)).await {
            Ok(answer) => translate::channel(&answer),
            Err(error) => Err(translate::hindrance(&error)),
        }
    }

    /// Reacts to a message of the channel.
    pub(crate) async fn react(&self, message: MessageId, emoji: &str) -> Result<(), NotSent> {
        match self.rest.call(&wire::react(self.place.channel, message, emoji)).await {
            Ok(answer) => translate::reacted(&answer),
            Err(error) => Err(translate::hindrance(&error)),
        }
    }

    /// The seed of a job, where one of a direct channel's newest messages tells it.
    pub(crate) async fn told_seed(&self, direct: ChannelId, job_id: &str) -> Result<Option<u64>, NotSent> {
        /// Other jobs' seeds may have been asked for meanwhile.
        const LOOK_AT: u8 = 50;
        let request = wire::newest_messages(direct, LOOK_AT);
        let answer = self.rest.call(&request).await.map_err(|error| translate::hindrance(&error))?;
        let page = translate::page(&answer, direct, LOOK_AT)?;
        let seed = |one: &Sighting| {
            let Meaning::Seed { seed } = one.meaning else { return None };
            (one.keys.job_id.as_deref() == Some(job_id)).then_some(seed)
        };
        Ok(page.messages.iter().find_map(|(_, one)| seed(one)))
    }
}
