//! Posts messages to a channel with `reqwest`, as fast as Discord's limits allow. It is an example, not a bot.
//!
//! `DISCORD_TOKEN='Bot …' cargo run -p journeyman-limiter --features tower --example reqwest -- CHANNEL [COUNT] [ORIGIN]`
//!
//! With the origin of `journeyman sim --permissive`, it needs no account.

use std::io::Write as _;
use std::time::Duration;

use journeyman_limiter::{Clock, Config, LimitLayer, Limiter, RetryPolicy};
use tower::{ServiceBuilder, ServiceExt};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let channel = arguments.next().ok_or("usage: reqwest CHANNEL [COUNT] [ORIGIN]")?;
    let count: u32 = arguments.next().map_or(Ok(10), |count| count.parse())?;
    let origin = arguments.next().unwrap_or_else(|| "https://discord.com".to_owned());
    let token = std::env::var("DISCORD_TOKEN").map_err(|_| "set DISCORD_TOKEN to `Bot …`")?;

    // Needed only because this workspace builds reqwest without a TLS provider of its own.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "two TLS providers")?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(15))
        // A hidden resend would pass by the limiter.
        .retry(reqwest::retry::never())
        .build()?;
    let limiter = Limiter::new(Config::default(), Clock::real());
    let limits = LimitLayer::new(limiter.clone())
        .not_sent_if(|error| error.downcast_ref().is_some_and(reqwest::Error::is_connect))
        .retrying(RetryPolicy::default());
    let discord = ServiceBuilder::new().layer(limits).service_fn(move |request: http::Request<String>| {
        let client = client.clone();
        async move {
            let response = client.execute(request.try_into()?).await?;
            Ok::<_, reqwest::Error>(http::Response::<reqwest::Body>::from(response))
        }
    });

    let mut posts = tokio::task::JoinSet::new();
    for number in 1..=count {
        let request = http::Request::post(format!("{origin}/api/v10/channels/{channel}/messages"))
            .header("Authorization", &token)
            .header("Content-Type", "application/json")
            .body(format!(r#"{{"content": "message {number}"}}"#))?;
        posts.spawn(discord.clone().oneshot(request));
    }
    while let Some(posted) = posts.join_next().await {
        let status = posted??.status();
        writeln!(std::io::stdout(), "{status}, {} wait", limiter.waiting())?;
    }
    Ok(())
}
