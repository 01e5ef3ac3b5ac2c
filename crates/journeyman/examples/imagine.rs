//! An image from a prompt: progress, the file, its seed, and what a refusal looks like. It presses nothing.
//!
//! `cargo run -p journeyman --example imagine`

#![expect(clippy::print_stdout, reason = "an example tells what it gets")]

mod world;

use journeyman::{Client, ErrorKind, Event, Invocation, LintSettings};
use world::{BoxError, World};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let world = World::open().await?;

    // What a prompt makes is known before it costs.
    let prompt = "a lighthouse at dawn --ar 3:2";
    println!("{} job", Client::lint(prompt, &LintSettings::default()).jobs);

    let mut job = world.client.imagine(prompt).await?;
    let finished = job
        .watch(|event| {
            if let Event::Progress { percent, .. } = event {
                println!("{percent} %");
            }
        })
        .await?;
    world.tell(prompt, &finished);
    println!("its seed is {}, its buttons are {}", job.seed().await?, finished.buttons.join(" "));

    // What the bot is known to refuse is not sent.
    if let Err(error) = world.client.imagine("a fox --v5").await {
        assert_eq!(error.kind(), ErrorKind::InvalidPrompt);
        println!("{error}; {}", error.hint().unwrap_or_default());
    }

    // niji's bot has a command of its own.
    let mut job = world.client.command(Invocation::imagine("a fox").of_niji()).await?;
    world.tell("niji", &job.outcome().await?);
    Ok(())
}

#[test]
fn an_image_is_made_its_seed_told_and_a_wrong_prompt_refused() -> Result<(), BoxError> {
    main()
}
