//! Where the gateway is and how a session begins, and one try to see whether it can be used. It
//! follows no channel and no job.

use std::time::Duration;

use journeyman_discord::gateway::{Gateway, GatewayConfig, Heard};
use journeyman_discord::{ApiBase, Rest, Tap, wire};
use journeyman_midjourney::outcome::NotSent;
use journeyman_moment::Clock;
use tokio::sync::mpsc;

use crate::driver::{io, translate};
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

/// A gateway session, and what it tells.
pub(crate) type Line = (Gateway, mpsc::Receiver<Heard>);

/// What begins a session.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    config: GatewayConfig,
    is_known: bool,
}

impl Entrance {
    pub(crate) fn new(settings: &Settings, tap: Option<Tap>) -> Self {
        Self {
            config: GatewayConfig::new(settings.token.clone())
                .with_address(settings.gateway.clone().unwrap_or_default())
                .with_seed(settings.seed)
                .with_channels([settings.channel])
                .with_tap(tap),
            is_known: settings.gateway.is_some() || settings.api_base == ApiBase::default(),
        }
    }

    /// Begins a session. Only where it is not known is the API asked for the gateway's address.
    pub(crate) async fn connect(&self, rest: &Rest) -> Result<Line, NotSent> {
        let mut config = self.config.clone();
        if !self.is_known {
            let asked = rest.read(&wire::gateway_address(), wire::read::gateway).await;
            let text = asked.map_err(|error| translate::hindrance(&error))?;
            config.address = text.parse().map_err(|error| translate::bad_gateway(&error))?;
        }
        Ok(Gateway::start(config, rest.clock()))
    }
}

/// Begins one session with the gateway and ends it; says how long it took.
///
/// # Errors
/// `Unreachable` when it is not up within [`Settings::gateway_patience`], `Unauthorized` when Discord
/// refuses the token there.
///
/// # Cancel safety
/// Dropping the future ends the session.
pub async fn try_gateway(settings: &Settings, clock: Clock) -> Result<Duration, Error> {
    let rest = io::rest(settings, clock, None)?;
    let (began, until) = (clock.now(), clock.now() + settings.gateway_patience);
    let cannot = |why| Error::from_not_sent(&why).with_hint("check the network, or use watch = \"poll\"");
    let (gateway, mut heard) = Entrance::new(settings, None).connect(&rest).await.map_err(cannot)?;
    let mut last = "it did not answer in time".to_owned();
    let ended = loop {
        tokio::select! {
            news = heard.recv() => match news {
                Some(Heard::Up(up)) => break Ok(up.at.since(began)),
                Some(Heard::Ended(error)) => break Err(cannot(translate::gateway_ended(&error))),
                Some(Heard::Down(down)) => last = down.why.to_string(),
                Some(_) => {}
                None => break Err(Error::new(ErrorKind::Internal, "hold a gateway session: it ended without a word")),
            },
            () = clock.sleep_until(until) => {
                break Err(Error::new(ErrorKind::Unreachable, format!("connect to the gateway: {last}"))
                    .with_hint("check the network, or use watch = \"poll\""));
            }
        }
    };
    gateway.close().await;
    ended
}
