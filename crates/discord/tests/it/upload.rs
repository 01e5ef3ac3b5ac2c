//! Attachments: a place, the bytes without a token, a message for a link, links made new, and the bot's page.

use bytes::Bytes;
use journeyman_discord::wire::link;
use journeyman_discord::wire::upload::UploadedFile;
use journeyman_discord::{
    CallErrorKind, Config, DownloadErrorKind, Downloader, Hosts, MOST_UPLOAD_BYTES, Picture, Rest, Timeouts,
    Token, UploadError,
};
use journeyman_limiter::{Config as Limits, Limiter, RetryPolicy};
use journeyman_model::ChannelId;
use journeyman_moment::Clock;
use journeyman_sim::{ScaledClock, Settings, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::scripted::{Server, Step, answer};
use crate::secret::everything;
use crate::{CANARY, rest};

const CHANNEL: ChannelId = ChannelId::new(7);

fn files() -> Downloader {
    let retry = RetryPolicy::default();
    Downloader::new(Timeouts::default(), Hosts::loopback(), retry, Clock::scaled(50.0)).unwrap()
}

fn picture(name: &str) -> Picture {
    let bytes = Bytes::copy_from_slice(format!("GIF89a {name}").as_bytes());
    Picture::try_new(name, bytes, MOST_UPLOAD_BYTES).unwrap()
}

fn place(id: usize, files: &Server) -> Value {
    json!({
        "id": id,
        "upload_url": format!("{}/upload/{id}?signature=secret", files.origin()),
        "upload_filename": format!("u/{id}.gif"),
    })
}

fn places(listed: &[Value]) -> Step {
    Step::Answer(answer(200, &json!({ "attachments": listed }).to_string()))
}

fn ok(body: &Value) -> Step {
    Step::Answer(answer(200, &body.to_string()))
}

#[tokio::test]
async fn pictures_are_announced_with_the_token_and_put_without_it() {
    let store = Server::start([ok(&json!({})), Step::Lose, ok(&json!({}))]).await;
    // In another order than they were announced.
    let api = Server::start([places(&[place(1, &store), place(0, &store)])]).await;
    let pictures = [picture("a.gif"), picture("b.gif")];
    let uploaded = rest(api.api_base()).upload(&files(), CHANNEL, &pictures).await.unwrap();
    let expected = |name: &str, uploaded: &str| UploadedFile {
        filename: name.to_owned(),
        uploaded_filename: uploaded.to_owned(),
    };
    assert_eq!(uploaded, [expected("a.gif", "u/0.gif"), expected("b.gif", "u/1.gif")]);
    assert_eq!(api.lines(), ["POST /api/v9/channels/7/attachments"]);
    let body: Value = serde_json::from_str(&api.seen()[0].body).unwrap();
    let files = json!([
        {"id": "0", "filename": "a.gif", "file_size": 12},
        {"id": "1", "filename": "b.gif", "file_size": 12},
    ]);
    assert_eq!(body["files"], files);
    assert!(api.seen()[0].head.contains(CANARY));
    let lines = [
        "PUT /upload/0?signature=secret",
        "PUT /upload/1?signature=secret",
        "PUT /upload/1?signature=secret",
    ];
    assert_eq!(store.lines(), lines);
    assert_eq!(store.seen()[0].body, "GIF89a a.gif");
    assert!(
        store.seen().iter().all(|seen| !seen.head.contains(CANARY) && !seen.head.contains("authorization"))
    );
}

#[tokio::test]
async fn a_place_on_another_host_is_not_written_to() {
    let place =
        json!({"id": 0, "upload_url": "https://evil.example/x?signature=secret", "upload_filename": "x"});
    let api = Server::start([places(&[place])]).await;
    let error = rest(api.api_base()).upload(&files(), CHANNEL, &[picture("a.gif")]).await.unwrap_err();
    let told = everything(&error);
    assert!(
        told.contains("upload a.gif") && told.contains("evil.example") && !told.contains("secret"),
        "{told}"
    );
    let UploadError::Transfer { source, .. } = error else { panic!("{error:?}") };
    assert_eq!((source.kind, source.attempts), (DownloadErrorKind::NotAllowed, 0));
}

#[tokio::test]
async fn an_upload_that_fails_says_which_file_and_why() {
    let refused = Server::start([Step::Answer(answer(
        400,
        r#"{"code": 40005, "message": "Request entity too large"}"#,
    ))])
    .await;
    let error = rest(refused.api_base()).upload(&files(), CHANNEL, &[picture("a.gif")]).await.unwrap_err();
    let UploadError::Call(call) = &error else { panic!("{error:?}") };
    assert_eq!(call.kind, CallErrorKind::Unexpected { status: 400 });
    assert!(error.to_string().contains("ask for a place to upload to in channel 7"), "{error}");
    let short = Server::start([places(&[])]).await;
    let error = rest(short.api_base()).upload(&files(), CHANNEL, &[picture("a.gif")]).await.unwrap_err();
    assert_eq!(error.to_string(), "upload a.gif: Discord gave no place for it; try again");
    let none = Server::start([]).await;
    assert_eq!(rest(none.api_base()).upload(&files(), CHANNEL, &[]).await.unwrap(), []);
    assert_eq!(none.lines().len(), 0);
}

#[tokio::test]
async fn a_message_with_a_file_is_posted_once_and_gives_its_link() {
    let message =
        json!({"id": "1", "attachments": [{"url": "https://cdn.discordapp.com/attachments/1/2/a.gif?ex=1"}]});
    let api = Server::start([ok(&message)]).await;
    let uploaded = [UploadedFile { filename: "a.gif".to_owned(), uploaded_filename: "u/0.gif".to_owned() }];
    let links = rest(api.api_base()).share(CHANNEL, &uploaded, "140").await.unwrap();
    assert_eq!(links, ["https://cdn.discordapp.com/attachments/1/2/a.gif?ex=1"]);
    let body: Value = serde_json::from_str(&api.seen()[0].body).unwrap();
    assert_eq!((body["nonce"].as_str(), body["enforce_nonce"].as_bool()), (Some("140"), Some(true)));
    assert_eq!(
        body["attachments"],
        json!([{"id": "0", "filename": "a.gif", "uploaded_filename": "u/0.gif"}])
    );
    let lost = Server::start([Step::Lose]).await;
    let error = rest(lost.api_base()).share(CHANNEL, &uploaded, "140").await.unwrap_err();
    assert_eq!((error.attempts, lost.lines().len()), (1, 1), "{error}");
}

#[tokio::test]
async fn signed_links_are_refreshed_in_pages_and_others_are_not_asked_about() {
    let link = |number: usize| format!("https://cdn.discordapp.com/attachments/1/{number}/a.png?ex=1");
    let refreshed = |range: std::ops::Range<usize>| {
        let pairs: Vec<_> = range
            .map(|number| json!({"original": link(number), "refreshed": (number != 3).then(|| format!("new {number}"))}))
            .collect();
        ok(&json!({ "refreshed_urls": pairs }))
    };
    let api = Server::start([refreshed(0..50), refreshed(50..60)]).await;
    let mut links: Vec<_> = (0..60).map(link).collect();
    links.insert(1, "https://example.com/a.png?ex=1".to_owned());
    let fresh = rest(api.api_base()).refresh(&links).await.unwrap();
    assert_eq!(api.lines(), ["POST /api/v9/attachments/refresh-urls"; 2]);
    assert_eq!((fresh[0].as_deref(), fresh[1].as_deref(), fresh[4].as_deref()), (Some("new 0"), None, None));
    assert_eq!((fresh.len(), fresh[60].as_deref()), (61, Some("new 59")));
    assert!(!api.seen()[0].body.contains("example.com"));
}

#[tokio::test]
async fn the_bots_page_gets_no_token_and_nothing_twice() {
    let page = Server::start([ok(&json!({})), Step::Lose, Step::Answer(answer(404, "gone"))]).await;
    let url = format!("{}/inpaint/api/submit-job", page.origin());
    let body = json!({"customId": "token", "mask": "…"});
    files().post_to_page(&url, &body).await.unwrap();
    let seen = page.seen().remove(0);
    assert_eq!((seen.line.as_str(), seen.body), ("POST /inpaint/api/submit-job HTTP/1.1", body.to_string()));
    assert!(seen.head.contains("content-type: application/json") && !seen.head.contains("authorization"));
    let lost = files().post_to_page(&url, &body).await.unwrap_err();
    assert_eq!((lost.kind, lost.attempts), (DownloadErrorKind::Broken { is_timeout: false }, 1));
    let gone = files().post_to_page(&url, &body).await.unwrap_err();
    assert_eq!(gone.kind, DownloadErrorKind::Expired { status: 404 });
    assert_eq!(page.lines().len(), 3);
    let elsewhere = files().post_to_page("https://cdn.discordapp.com/x", &body).await.unwrap_err();
    assert_eq!(elsewhere.kind, DownloadErrorKind::NotAllowed);
}

#[tokio::test]
async fn in_the_simulated_world_a_local_picture_becomes_a_link_that_can_be_fetched_and_refreshed() {
    let clock = Clock::scaled(100.0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scaled = ScaledClock { origin: clock.origin(), scale: 100.0 };
    let world = serve(listener, Settings::default(), scaled).await.unwrap();
    let token = Token::parse(&world.ready.token).unwrap();
    let config = Config::new(token).with_api_base(world.ready.rest.parse().unwrap());
    let rest = Rest::new(config, Limiter::new(Limits::default(), clock), clock).unwrap();
    let channel: ChannelId = world.ready.channel_id.parse().unwrap();
    let (pictures, files) = ([picture("a.gif"), picture("b.gif")], files());
    let uploaded = rest.upload(&files, channel, &pictures).await.unwrap();
    let links = rest.share(channel, &uploaded, "1400000000000000001").await.unwrap();
    assert_eq!(links.len(), 2);
    let fresh = rest.refresh(&links).await.unwrap();
    for (picture, old_and_new) in pictures.iter().zip(links.iter().zip(&fresh)) {
        let (old, new) = (old_and_new.0, old_and_new.1.as_ref().unwrap());
        assert_eq!(link::without_signature(old), link::without_signature(new));
        assert!(link::is_of_signed_host(old));
        for url in [old, new] {
            assert_eq!(files.fetch(url, 100).await.unwrap(), picture.bytes(), "{url}");
        }
    }
}
