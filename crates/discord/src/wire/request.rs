//! One request as a value, and the requests that are made. It holds no token and no host.

use journeyman_limiter::{Credential, Method};
#[cfg(feature = "user-account")]
use journeyman_model::GuildId;
use journeyman_model::{ChannelId, MessageId, UserId};
use journeyman_moment::Moment;
use serde_json::Value;
use url::form_urlencoded;

/// Discord's limit for a page of messages (Discord's reference, "Get Channel Messages").
const LONGEST_PAGE: u8 = 100;

/// One API request: everything but the host and the token.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What it is for, in words that fit before a colon: `send imagine to channel 1`.
    pub purpose: String,
    /// The verb.
    pub method: Method,
    /// The path after `/api/v9`.
    pub path: String,
    /// The query, in order, not yet escaped.
    pub query: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Option<Value>,
    /// The resource that the limiter counts it under, where the path does not name it.
    pub resource: Option<ChannelId>,
    /// Whether doing it twice does no more than doing it once. A request that is not repeatable leaves on a
    /// fresh connection, and is never sent again once it may have been executed.
    pub repeatable: bool,
    /// The last moment at which it may still be sent.
    pub deadline: Option<Moment>,
}

impl Request {
    /// A reading request.
    pub fn get(path: impl Into<String>, purpose: impl Into<String>) -> Self {
        Self {
            purpose: purpose.into(),
            method: Method::Get,
            path: path.into(),
            query: Vec::new(),
            body: None,
            resource: None,
            repeatable: true,
            deadline: None,
        }
    }

    /// A writing request with a JSON body; not repeatable.
    pub fn post(path: impl Into<String>, body: Value, purpose: impl Into<String>) -> Self {
        Self { method: Method::Post, body: Some(body), repeatable: false, ..Self::get(path, purpose) }
    }

    /// The same with one more pair in its query.
    #[must_use]
    pub fn with_query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// The same, not sent any more after `deadline`.
    #[must_use]
    pub fn with_deadline(self, deadline: Moment) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The request target as it stands on the request line: `/api/v9/…?…`.
    pub fn target(&self) -> String {
        let mut target = format!("/api/v9{}", self.path);
        if !self.query.is_empty() {
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
            target.push('?');
            target.push_str(&query);
        }
        target
    }

    /// What the limiter needs to know of it.
    pub fn limits(&self, credential: Credential) -> journeyman_limiter::Request {
        let mut limits = journeyman_limiter::Request::new(self.method, self.path.as_str());
        limits.credential = credential;
        limits.resource = self.resource.map(|channel| format!("channels/{channel}"));
        limits.deadline = self.deadline;
        limits.repeatable = self.repeatable;
        limits
    }

    /// The bytes of the body; empty without one.
    pub fn body_bytes(&self) -> Vec<u8> {
        self.body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default()
    }
}

/// The newest messages of a channel, newest first; `limit` is 1 to 100.
pub fn newest_messages(channel: ChannelId, limit: u8) -> Request {
    Request::get(format!("/channels/{channel}/messages"), format!("read the messages of channel {channel}"))
        .with_query("limit", limit.clamp(1, LONGEST_PAGE).to_string())
}

/// The messages that follow `after` most closely, newest of them first; `limit` is 1 to 100.
pub fn messages_after(channel: ChannelId, after: MessageId, limit: u8) -> Request {
    page(channel, ("after", after), limit)
}

/// The messages that precede `before` most closely, newest first; `limit` is 1 to 100.
pub fn messages_before(channel: ChannelId, before: MessageId, limit: u8) -> Request {
    page(channel, ("before", before), limit)
}

/// The messages on both sides of `around`, itself among them, newest first; `limit` is 1 to 100.
pub fn messages_around(channel: ChannelId, around: MessageId, limit: u8) -> Request {
    page(channel, ("around", around), limit)
}

fn page(channel: ChannelId, (side, id): (&'static str, MessageId), limit: u8) -> Request {
    let mut request = newest_messages(channel, limit);
    request.query.insert(0, (side, id.to_string()));
    request
}

/// One message.
pub fn message(channel: ChannelId, message: MessageId) -> Request {
    Request::get(
        format!("/channels/{channel}/messages/{message}"),
        format!("read message {message} of channel {channel}"),
    )
}

/// A reaction of the account's own to a message; `emoji` is the sign itself.
pub fn react(channel: ChannelId, message: MessageId, emoji: &str) -> Request {
    let escaped: String = form_urlencoded::byte_serialize(emoji.as_bytes()).collect();
    let path = format!("/channels/{channel}/messages/{message}/reactions/{escaped}/@me");
    Request { method: Method::Put, ..Request::get(path, format!("react to message {message}")) }
}

/// The direct channel with a user or a bot, which is made where there is none; asking twice gives the same one.
pub fn direct_channel(user: UserId) -> Request {
    let body = serde_json::json!({ "recipient_id": user });
    let purpose = format!("find the direct channel with {user}");
    Request { repeatable: true, ..Request::post("/users/@me/channels", body, purpose) }
}

/// The account that the token belongs to.
pub fn me() -> Request {
    Request::get("/users/@me", "ask who the token belongs to")
}

/// Where the gateway is.
pub fn gateway_address() -> Request {
    Request::get("/gateway", "ask where the gateway is")
}

/// An interaction: a command, a button, a modal's fields. `payload` is the body as Discord's own client
/// sends it; the limiter counts it under `channel`, which the path does not name.
#[cfg(feature = "user-account")]
pub fn post_interaction(payload: Value, channel: ChannelId) -> Request {
    let purpose = format!("{} channel {channel}", deed(&payload));
    Request { resource: Some(channel), ..Request::post("/interactions", payload, purpose) }
}

#[cfg(feature = "user-account")]
fn deed(payload: &Value) -> String {
    match payload["type"].as_u64() {
        Some(2) => format!("send {} to", payload["data"]["name"].as_str().unwrap_or("a command")),
        Some(3) => "press a button in".to_owned(),
        Some(5) => "submit a form in".to_owned(),
        _ => "send an interaction to".to_owned(),
    }
}

/// All commands of a guild.
#[cfg(feature = "user-account")]
pub fn command_index(guild: GuildId) -> Request {
    Request::get(
        format!("/guilds/{guild}/application-command-index"),
        format!("read the commands of guild {guild}"),
    )
}

/// All commands of a private channel.
#[cfg(feature = "user-account")]
pub fn private_command_index(channel: ChannelId) -> Request {
    Request::get(
        format!("/channels/{channel}/application-command-index"),
        format!("read the commands of channel {channel}"),
    )
}

/// The commands of a channel that match a text; the older way, which answers only the matches.
#[cfg(feature = "user-account")]
pub fn command_search(channel: ChannelId, text: &str) -> Request {
    Request::get(
        format!("/channels/{channel}/application-commands/search"),
        format!("search the commands of channel {channel}"),
    )
    .with_query("type", "1")
    .with_query("include_applications", "true")
    .with_query("query", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNEL: ChannelId = ChannelId::new(7);

    #[test]
    fn each_request_goes_where_discord_expects_it() {
        let table = [
            (newest_messages(CHANNEL, 0), "/api/v9/channels/7/messages?limit=1"),
            (newest_messages(CHANNEL, 255), "/api/v9/channels/7/messages?limit=100"),
            (messages_after(CHANNEL, MessageId::new(8), 50), "/api/v9/channels/7/messages?after=8&limit=50"),
            (
                messages_before(CHANNEL, MessageId::new(8), 50),
                "/api/v9/channels/7/messages?before=8&limit=50",
            ),
            (messages_around(CHANNEL, MessageId::new(8), 1), "/api/v9/channels/7/messages?around=8&limit=1"),
            (message(CHANNEL, MessageId::new(8)), "/api/v9/channels/7/messages/8"),
            (me(), "/api/v9/users/@me"),
            (gateway_address(), "/api/v9/gateway"),
        ];
        for (request, target) in table {
            assert_eq!(request.target(), target);
            assert!(request.repeatable && request.body_bytes().is_empty(), "{target}");
        }
    }

    #[test]
    fn a_reaction_escapes_its_sign_and_a_direct_channel_is_asked_for_as_often_as_needed() {
        let envelope = react(CHANNEL, MessageId::new(8), "✉️");
        let target = "/api/v9/channels/7/messages/8/reactions/%E2%9C%89%EF%B8%8F/@me";
        assert_eq!((envelope.target().as_str(), envelope.method), (target, Method::Put));
        let direct = direct_channel(UserId::new(9));
        assert_eq!(direct.body, Some(serde_json::json!({"recipient_id": "9"})));
        assert!(envelope.repeatable && direct.repeatable);
    }

    #[cfg(feature = "user-account")]
    #[test]
    fn the_search_escapes_its_text() {
        assert_eq!(
            command_search(CHANNEL, "a b&c").target(),
            "/api/v9/channels/7/application-commands/search?type=1&include_applications=true&query=a+b%26c"
        );
    }

    #[cfg(feature = "user-account")]
    #[test]
    fn an_interaction_is_counted_under_its_channel_and_is_not_repeatable() {
        for (payload, purpose) in [
            (serde_json::json!({"type": 2, "data": {"name": "imagine"}}), "send imagine to channel 7"),
            (serde_json::json!({"type": 2}), "send a command to channel 7"),
            (serde_json::json!({"type": 3}), "press a button in channel 7"),
            (serde_json::json!({"type": 5}), "submit a form in channel 7"),
            (serde_json::json!([]), "send an interaction to channel 7"),
        ] {
            let request = post_interaction(payload, CHANNEL);
            assert_eq!(
                (request.purpose.as_str(), request.target().as_str()),
                (purpose, "/api/v9/interactions")
            );
            assert_eq!((request.resource, request.repeatable), (Some(CHANNEL), false));
        }
    }
}
