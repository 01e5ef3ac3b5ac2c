//! Which commands there are: asked at run time and remembered. It sends no command.

use std::collections::BTreeMap;

use journeyman_model::{ApplicationId, ChannelId, Command, CommandIndex, CommandVersion, GuildId};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::{CallError, CallErrorKind, Rest, wire};

/// Where a command is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The channel.
    pub channel: ChannelId,
    /// Its guild; none for a private channel.
    pub guild: Option<GuildId>,
}

/// Which command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The application that it belongs to.
    pub application: ApplicationId,
    /// Its name, such as `imagine`.
    pub name: &'a str,
}

/// A command could not be discovered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The lists could not be read.
    #[error(transparent)]
    Call(CallError),
    /// The lists were read, and the command is not in them.
    #[error(
        "find the command {name} in channel {channel}: the application {application} offers no such command \
         there; check that its bot is in the server and that the account may use its commands in this channel"
    )]
    Missing {
        /// Its name.
        name: String,
        /// The channel.
        channel: ChannelId,
        /// The application that it should belong to.
        application: ApplicationId,
    },
}

/// What was discovered, by place.
pub(crate) type Known = Mutex<BTreeMap<Place, CommandIndex>>;

impl Rest {
    /// The command of this name, discovered at the first call for a place and remembered.
    ///
    /// Concurrent callers share one discovery.
    ///
    /// # Errors
    /// [`CommandError::Missing`] when the place does not offer it; [`CommandError::Call`] when asking failed.
    ///
    /// # Cancel safety
    /// Dropping the future leaves what is remembered as it was.
    pub async fn command(&self, place: Place, wanted: Wanted<'_>) -> Result<Command, CommandError> {
        self.find(place, wanted, |_| true).await
    }

    /// The command of this name, discovered anew because Discord called the version `stale` outdated.
    ///
    /// When another caller has discovered a newer one meanwhile, that is the answer and nothing is sent.
    ///
    /// # Errors
    /// As [`Rest::command`].
    ///
    /// # Cancel safety
    /// As [`Rest::command`].
    pub async fn rediscover(
        &self,
        place: Place,
        wanted: Wanted<'_>,
        stale: CommandVersion,
    ) -> Result<Command, CommandError> {
        self.find(place, wanted, |known| known.version != stale).await
    }

    async fn find(
        &self,
        place: Place,
        wanted: Wanted<'_>,
        is_good: impl Fn(&Command) -> bool,
    ) -> Result<Command, CommandError> {
        // Held while Discord is asked, on purpose: those who wait want the same answer, not one each.
        let mut known = self.known_commands().lock().await;
        let remembered = known.get(&place).and_then(|index| pick(index, wanted));
        if let Some(command) = remembered.filter(|command| is_good(command)) {
            return Ok(command.clone());
        }
        let found = self.discover(place, wanted).await.map_err(CommandError::Call)?;
        let command = pick(&found, wanted).cloned();
        known.insert(place, found);
        command.ok_or_else(|| CommandError::Missing {
            name: wanted.name.to_owned(),
            channel: place.channel,
            application: wanted.application,
        })
    }

    /// Asks the index, and the older search where the index does not know the command or does not exist.
    async fn discover(&self, place: Place, wanted: Wanted<'_>) -> Result<CommandIndex, CallError> {
        let index = match place.guild {
            Some(guild) => wire::command_index(guild),
            None => wire::private_command_index(place.channel),
        };
        let listed = match self.read(&index, wire::read::commands).await {
            Ok(index) if pick(&index, wanted).is_some() => return Ok(index),
            Ok(index) => Ok(index),
            Err(error) if is_no_index(&error) => Err(error),
            Err(error) => return Err(error),
        };
        let search = wire::command_search(place.channel, wanted.name);
        match (self.read(&search, wire::read::commands).await, listed) {
            (Ok(mut found), listed) => {
                found.commands.extend(listed.unwrap_or_default().commands);
                Ok(found)
            }
            (Err(_), Ok(listed)) => Ok(listed),
            // The index is the way that is documented by more people; its error says more.
            (Err(_), Err(error)) => Err(error),
        }
    }
}

fn pick<'a>(index: &'a CommandIndex, wanted: Wanted<'_>) -> Option<&'a Command> {
    index.find(wanted.application, wanted.name)
}

/// Whether Discord answered and the answer was no index, so that the older way is worth a try.
fn is_no_index(error: &CallError) -> bool {
    matches!(error.kind, CallErrorKind::Unexpected { .. } | CallErrorKind::Unauthorized { status: 403, .. })
}
