//! Drives twilight-http as its users do. Of limits it knows only what that library knows.
//!
//! usage: `CLIENT_TOKEN=… twilight-client ORIGIN CHANNELS MESSAGES_PER_CHANNEL HOT_READS [TIMEOUT_SECONDS]`
//! Says "ready", waits for a line, sends everything at once, and prints one line of JSON. twilight repeats what
//! a 429 refused without telling, so that a 429 cannot be counted here.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use twilight_http::Client;
use twilight_model::id::Id;

const FIRST_CHANNEL: u64 = 900_000_000_000_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [origin, channels, per_channel, hot_reads, timeout @ ..] = arguments.as_slice() else {
        return Err("usage: twilight-client ORIGIN CHANNELS MESSAGES_PER_CHANNEL HOT_READS [SECONDS]".into());
    };
    let (channels, per_channel, hot_reads): (u64, u64, u64) =
        (channels.parse()?, per_channel.parse()?, hot_reads.parse()?);
    let host = origin.strip_prefix("http://").ok_or("the origin is plain http")?;
    let mut builder = Client::builder().token(std::env::var("CLIENT_TOKEN")?).proxy(host.to_owned(), true);
    if let [seconds, ..] = timeout {
        builder = builder.timeout(Duration::from_secs(seconds.parse()?));
    }
    let client = Arc::new(builder.build());

    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    let begun = Instant::now();
    let mut sent = JoinSet::new();
    for turn in 0..per_channel {
        for channel in 0..channels {
            let client = client.clone();
            sent.spawn(async move {
                let text = format!("message {turn}");
                client.create_message(Id::new(FIRST_CHANNEL + channel)).content(&text).await.map(drop)
            });
        }
    }
    for _ in 0..hot_reads {
        let client = client.clone();
        sent.spawn(async move {
            client.channel_messages(Id::new(FIRST_CHANNEL + channels)).limit(1).await.map(drop)
        });
    }
    let (mut ok, mut errors) = (0_u32, Vec::new());
    while let Some(answered) = sent.join_next().await {
        match answered? {
            Ok(()) => ok += 1,
            Err(error) => errors.push(format!("{error}: {:?}", error.source().map(ToString::to_string))),
        }
    }
    let failed = errors.len();
    errors.truncate(3);
    let seconds = begun.elapsed().as_secs_f64();
    println!("{}", json!({ "ok": ok, "failed": failed, "errors": errors, "seconds": seconds }));
    Ok(())
}
