//! Discovery of commands: what is asked, how often, and what is remembered.

use journeyman_discord::{CommandError, Place, Rest, Wanted};
use journeyman_model::{ApplicationId, ChannelId, CommandVersion, GuildId};

use crate::rest;
use crate::scripted::{Server, Step, answer};

const MIDJOURNEY: ApplicationId = ApplicationId::new(936_929_561_302_675_456);
const IMAGINE: Wanted<'_> = Wanted { application: MIDJOURNEY, name: "imagine" };
const PLACE: Place = Place { channel: ChannelId::new(7), guild: Some(GuildId::new(8)) };
const INDEX: &str = "GET /api/v9/guilds/8/application-command-index";
const SEARCH: &str =
    "GET /api/v9/channels/7/application-commands/search?type=1&include_applications=true&query=imagine";

fn listed(name: &str, version: u64) -> Step {
    let body = format!(
        r#"{{"application_commands": [{{"id": "938956540159881230", "application_id": "{MIDJOURNEY}",
            "type": 1, "name": "{name}", "version": "{version}"}}]}}"#
    );
    Step::Answer(answer(200, &body))
}

async fn version(rest: &Rest) -> u64 {
    rest.command(PLACE, IMAGINE).await.unwrap().version.get()
}

#[tokio::test]
async fn a_command_is_asked_for_once_also_by_many_at_once() {
    let server = Server::start([listed("imagine", 1)]).await;
    let rest = rest(server.api_base());
    let (first, second) = tokio::join!(version(&rest), version(&rest));
    assert_eq!((first, second, version(&rest).await), (1, 1, 1));
    assert_eq!(server.lines(), [INDEX]);
}

#[tokio::test]
async fn an_outdated_version_is_discovered_anew_once_for_all() {
    let server = Server::start([listed("imagine", 1), listed("imagine", 2)]).await;
    let rest = rest(server.api_base());
    assert_eq!(version(&rest).await, 1);
    let stale = CommandVersion::new(1);
    let again = || rest.rediscover(PLACE, IMAGINE, stale);
    let (first, second) = tokio::join!(again(), again());
    assert_eq!((first.unwrap().version.get(), second.unwrap().version.get()), (2, 2));
    assert_eq!(version(&rest).await, 2);
    assert_eq!(server.lines(), [INDEX, INDEX]);
}

#[tokio::test]
async fn a_version_that_stays_the_same_is_told_as_it_is() {
    let server = Server::start([listed("imagine", 1), listed("imagine", 1)]).await;
    let rest = rest(server.api_base());
    assert_eq!(version(&rest).await, 1);
    let again = rest.rediscover(PLACE, IMAGINE, CommandVersion::new(1)).await.unwrap();
    assert_eq!((again.version.get(), server.lines().len()), (1, 2));
}

#[tokio::test]
async fn without_a_guild_the_channels_own_index_is_asked() {
    let server = Server::start([listed("imagine", 1)]).await;
    let place = Place { guild: None, ..PLACE };
    rest(server.api_base()).command(place, IMAGINE).await.unwrap();
    assert_eq!(server.lines(), ["GET /api/v9/channels/7/application-command-index"]);
}

#[tokio::test]
async fn where_the_index_does_not_help_the_search_is_asked() {
    let missing = r#"{"message": "404: Not Found", "code": 0}"#;
    let forbidden = r#"{"message": "Missing Access", "code": 50001}"#;
    let first = [
        Step::Answer(answer(404, missing)),
        Step::Answer(answer(403, forbidden)),
        Step::Answer(answer(200, "{}")),
        listed("describe", 1),
    ];
    for index in first {
        let server = Server::start([index.clone(), listed("imagine", 3)]).await;
        assert_eq!(version(&rest(server.api_base())).await, 3, "{index:?}");
        assert_eq!(server.lines(), [INDEX, SEARCH], "{index:?}");
    }
}

#[tokio::test]
async fn a_command_that_nobody_offers_is_missing_with_the_cure() {
    let server = Server::start([listed("describe", 1), listed("blend", 1)]).await;
    let error = rest(server.api_base()).command(PLACE, IMAGINE).await.unwrap_err();
    assert!(matches!(error, CommandError::Missing { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("imagine") && text.contains("channel 7") && text.contains("check"), "{text}");
}

#[tokio::test]
async fn where_neither_answers_the_error_is_that_of_the_index() {
    let body = r#"{"message": "Missing Access", "code": 50001}"#;
    let server = Server::start([Step::Answer(answer(403, body)), Step::Answer(answer(404, ""))]).await;
    let error = rest(server.api_base()).command(PLACE, IMAGINE).await.unwrap_err();
    assert!(error.to_string().contains("code 50001: Missing Access"), "{error}");
}
