//! Which paths share a limit. It sends nothing.

use journeyman_limiter::{Credential, Method, Request, Route};

fn check(method: Method, path: &str, template: &str, resource: Option<&str>) {
    let route = Route::of(&Request::new(method, path));
    assert_eq!(route.template(), template, "template of {path}");
    assert_eq!(route.resource(), resource, "resource of {path}");
}

#[test]
fn ids_are_replaced_and_the_top_level_resource_is_kept_apart() {
    let id = "100000000000000001";
    let channel = Some("channels/100000000000000001");
    let get = |path: String, template, resource| check(Method::Get, &path, template, resource);
    get(format!("/channels/{id}/messages"), "channels/:id/messages", channel);
    get(format!("/channels/{id}/messages/100000000000000002"), "channels/:id/messages/:id", channel);
    get(
        format!("/guilds/{id}/members/100000000000000002"),
        "guilds/:id/members/:id",
        Some("guilds/100000000000000001"),
    );
    get(format!("/webhooks/{id}"), "webhooks/:id", Some("webhooks/100000000000000001"));
    get(format!("/users/{id}"), "users/:id", None);
    get("/users/@me".into(), "users/@me", None);
    get("/invites/AbCdEf".into(), "invites/:code", None);
    get("/guilds/templates/AbCdEf".into(), "guilds/templates/:code", None);
    get(format!("/x/{}", "t".repeat(64)), "x/:code", None);
    get("/nobody/has/met/this".into(), "nobody/has/met/this", None);
}

#[test]
fn a_path_that_somebody_makes_up_takes_little_memory() {
    let long = |last: &str| Route::of(&Request::get(format!("/{}{last}", "made-up/".repeat(8_000))));
    assert!(long("a").template().len() < 200, "{} bytes", long("a").template().len());
    assert_eq!(long("a"), long("b"));
}

#[test]
fn numbers_that_are_no_ids_stay() {
    check(Method::Get, "/x/1234567890123456", "x/1234567890123456", None);
    check(Method::Get, "/x/123456789012345678901", "x/123456789012345678901", None);
    check(Method::Get, "/channels/@me", "channels/@me", None);
}

#[test]
fn origin_version_query_and_slashes_do_not_matter() {
    for path in [
        "channels/100000000000000001/messages",
        "/channels/100000000000000001/messages/",
        "/api/channels/100000000000000001/messages?limit=50",
        "/api/v9/channels/100000000000000001/messages#top",
        "https://discord.com/api/v10/channels/100000000000000001/messages?limit=50",
    ] {
        check(Method::Get, path, "channels/:id/messages", Some("channels/100000000000000001"));
    }
    check(Method::Get, "", "", None);
    check(Method::Get, "https://discord.com", "", None);
}

#[test]
fn all_reactions_of_a_channel_share_one_limit() {
    for tail in ["%F0%9F%94%A5/@me", "name:100000000000000009/100000000000000010", ""] {
        let path = format!("/channels/100000000000000001/messages/100000000000000002/reactions/{tail}");
        check(Method::Put, &path, "channels/:id/messages/:id/reactions", Some("channels/100000000000000001"));
        let [set, remove, read] =
            [Method::Put, Method::Delete, Method::Get].map(|method| Route::of(&Request::new(method, &path)));
        assert_eq!(set, remove);
        assert_ne!(set, read);
    }
}

#[test]
fn a_webhook_is_its_id_and_token_and_the_token_is_never_shown() {
    let request = Request::post("/webhooks/100000000000000001/canary-token/messages/@original");
    let route = Route::of(&request);
    assert_eq!(route.template(), "webhooks/:id/:token/messages/@original");
    let resource = route.resource().expect("a webhook is a resource").to_owned();
    assert!(resource.starts_with("webhooks/100000000000000001/"), "{resource}");
    assert!(!format!("{route:?} {route}").contains("canary"));
    let other = Route::of(&Request::post("/webhooks/100000000000000001/other-token/messages/@original"));
    assert_ne!(other.resource(), Some(resource.as_str()));
}

#[test]
fn only_the_answers_to_interactions_escape_the_global_limit() {
    let bot = Credential::of_token("Bot token");
    let is_exempt =
        |method, path: &str| Route::of(&Request::new(method, path).with_credential(bot)).is_exempt();
    assert!(is_exempt(Method::Post, "/interactions/100000000000000001/token/callback"));
    assert!(is_exempt(Method::Patch, "/webhooks/100000000000000001/token/messages/@original"));
    assert!(!is_exempt(Method::Post, "/interactions"), "what a user sends is an ordinary route");
    assert!(
        !is_exempt(Method::Get, "/webhooks/100000000000000001"),
        "without a token it is a bot's endpoint"
    );
    assert!(!is_exempt(Method::Post, "/channels/100000000000000001/webhooks"));
    // Without a token of its own, the address's global limit counts it (discord-api-docs#5806).
    let anonymous = Request::post("/webhooks/100000000000000001/token");
    assert!(!Route::of(&anonymous).is_exempt());
}

#[test]
fn a_resource_can_be_named_where_only_the_body_does() {
    let request = Request::post("/interactions").with_resource("channels/7");
    let route = Route::of(&request);
    assert_eq!((route.template(), route.resource()), ("interactions", Some("channels/7")));
    assert_eq!(route.to_string(), "POST /interactions (channels/7)");
}

#[test]
fn the_same_path_of_two_credentials_is_two_routes() {
    let of = |token| Route::of(&Request::get("/users/@me").with_credential(Credential::of_token(token)));
    assert_ne!(of("a"), of("b"));
    assert_eq!(of("a"), of("a"));
}

/// discord-api-docs#1295, #8330.
#[test]
fn a_message_to_be_deleted_falls_under_the_class_of_its_age() {
    // Discord's docs: this one was written at 1462015105796 ms.
    let (path, born) = ("/channels/100000000000000001/messages/175928847299117063", 1_462_015_105_796_u64);
    let delete = || Request::new(Method::Delete, path);
    let template = |request: &Request| Route::of(request).template().to_owned();
    let at = |age_ms| template(&delete().with_wall_clock(born + age_ms));
    let fortnight = 14 * 86_400_000;
    assert_eq!(template(&delete()), "channels/:id/messages/:id", "without a clock nothing has an age");
    assert_eq!([at(0), at(9_999)], ["channels/:id/messages/:id@young"; 2]);
    assert_eq!([at(10_000), at(fortnight - 1)], ["channels/:id/messages/:id@grown"; 2]);
    assert_eq!(at(fortnight), "channels/:id/messages/:id@old");
    assert_eq!(
        template(&delete().with_wall_clock(0)),
        "channels/:id/messages/:id@young",
        "a clock that is behind"
    );
    let edit = Request::new(Method::Patch, path).with_wall_clock(born);
    assert_eq!(template(&edit), "channels/:id/messages/:id", "only deletions are counted by age");
}
