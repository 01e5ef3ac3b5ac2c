//! Which endpoint a request is for.
//!
//! Only paths and methods: who may use it and how often is decided elsewhere.

/// An endpoint of the world's Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    ListMessages,
    CreateMessage,
    GetMessage,
    DeleteMessage,
    GetChannel,
    RenameChannel,
    Interact,
    GuildCommands,
    ChannelCommands,
    UserCommands,
    SearchCommands,
    RequestUpload,
    RefreshLinks,
    React,
    OpenDirect,
    Me,
    Gateway,
    GatewayBot,
}

const MESSAGES: &str = "/channels/{channel.id}/messages";
const MESSAGE: &str = "/channels/{channel.id}/messages/{message.id}";
const CHANNEL: &str = "/channels/{channel.id}";

/// Templates are spelled as in Discord's docs.
const TABLE: &[(&str, &str, Endpoint)] = &[
    ("GET", MESSAGES, Endpoint::ListMessages),
    ("POST", MESSAGES, Endpoint::CreateMessage),
    ("GET", MESSAGE, Endpoint::GetMessage),
    ("DELETE", MESSAGE, Endpoint::DeleteMessage),
    ("PUT", "/channels/{channel.id}/messages/{message.id}/reactions/{emoji}/@me", Endpoint::React),
    ("GET", CHANNEL, Endpoint::GetChannel),
    ("PATCH", CHANNEL, Endpoint::RenameChannel),
    ("POST", "/interactions", Endpoint::Interact),
    ("GET", "/guilds/{guild.id}/application-command-index", Endpoint::GuildCommands),
    ("GET", "/channels/{channel.id}/application-command-index", Endpoint::ChannelCommands),
    ("GET", "/users/@me/application-command-index", Endpoint::UserCommands),
    ("GET", "/channels/{channel.id}/application-commands/search", Endpoint::SearchCommands),
    ("POST", "/channels/{channel.id}/attachments", Endpoint::RequestUpload),
    ("POST", "/attachments/refresh-urls", Endpoint::RefreshLinks),
    ("POST", "/users/@me/channels", Endpoint::OpenDirect),
    ("GET", "/users/@me", Endpoint::Me),
    ("GET", "/gateway", Endpoint::Gateway),
    ("GET", "/gateway/bot", Endpoint::GatewayBot),
];

/// A request's endpoint with the ids in its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) template: &'static str,
    pub(crate) endpoint: Endpoint,
    /// The ids in the order of the path.
    pub(crate) ids: Vec<u64>,
    /// The emoji in the path, as it stands there.
    pub(crate) emoji: String,
}

impl Route {
    pub(crate) fn first_id(&self) -> u64 {
        self.ids.first().copied().unwrap_or_default()
    }

    pub(crate) fn second_id(&self) -> u64 {
        self.ids.get(1).copied().unwrap_or_default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Route(Route),
    /// The path exists, with another method.
    WrongMethod(&'static str),
    Nothing,
}

/// Finds the endpoint of a path without its `/api/vN`.
pub(crate) fn find(method: &str, path: &str) -> Found {
    let mut elsewhere = None;
    for (wanted, template, endpoint) in TABLE {
        let Some((ids, emoji)) = parts_of(template, path) else { continue };
        if *wanted == method {
            return Found::Route(Route { template, endpoint: *endpoint, ids, emoji });
        }
        elsewhere = Some(*template);
    }
    elsewhere.map_or(Found::Nothing, Found::WrongMethod)
}

fn parts_of(template: &str, path: &str) -> Option<(Vec<u64>, String)> {
    let mut ids = Vec::new();
    let mut emoji = String::new();
    let mut segments = path.split('/');
    for wanted in template.split('/') {
        let segment = segments.next()?;
        if wanted == "{emoji}" {
            segment.clone_into(&mut emoji);
        } else if wanted.starts_with('{') {
            ids.push(segment.parse().ok()?);
        } else if wanted != segment {
            return None;
        }
    }
    segments.next().is_none().then_some((ids, emoji))
}

/// A template for the report of a path that no endpoint has: numbers become `{id}`.
pub(crate) fn generic(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let number = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        if number { "{id}" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_with_its_ids() {
        let Found::Route(route) = find("DELETE", "/channels/7/messages/9") else { panic!("a route") };
        assert_eq!((route.endpoint, route.first_id(), route.second_id()), (Endpoint::DeleteMessage, 7, 9));
        assert_eq!(route.template, MESSAGE);
    }

    #[test]
    fn a_known_path_with_another_method_is_told_from_an_unknown_one() {
        assert_eq!(find("PUT", "/interactions"), Found::WrongMethod("/interactions"));
        assert_eq!(find("GET", "/channels/x/messages"), Found::Nothing);
        assert_eq!(find("GET", "/channels/7/messages/"), Found::Nothing);
        assert_eq!(generic("/channels/7/pins"), "/channels/{id}/pins");
    }
}
