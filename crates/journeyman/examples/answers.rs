//! Commands whose answer is no new image, and those that take images of this machine. It presses what they offer.
//!
//! `cargo run -p journeyman --example answers`

#![expect(clippy::print_stdout, reason = "an example tells what it gets")]

mod world;

use std::path::{Path, PathBuf};

use journeyman::{Dimensions, FormAnswer, Invocation, PlainCommand, Reply};
use world::{BoxError, World};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let world = World::open().await?;
    let client = &world.client;
    let folder = tempfile::tempdir()?;
    let (one, two) = (picture(folder.path(), "one.png", 90)?, picture(folder.path(), "two.png", 200)?);

    let (described, finished) = client.describe(&one).await?;
    println!("{}", described.prompts.join("\n"));
    if let Some(panel) = finished.panel {
        world.tell("the first of them", &client.press(&panel, "1").await?.outcome().await?);
    }
    let mut blend = client.blend(&[&one, &two], Some(Dimensions::Portrait)).await?;
    world.tell("a blend", &blend.outcome().await?);
    let link = client.share(&one).await?;
    let mut job = client.imagine(&format!("{link} a cat like this")).await?;
    let made = job.outcome().await?;
    world.tell("an image prompt", &made);
    if let Some(job_id) = made.job_id {
        world.tell("shown again", &client.command(Invocation::show(job_id)).await?.outcome().await?);
    }

    let (shortened, _) = client.shorten("a very very tall lighthouse at dawn").await?;
    println!("shorter: {}", shortened.prompts.join("; "));
    let account = client.info().await?;
    println!("{} has {:?} left", account.plan.unwrap_or_default(), account.fast_left.unwrap_or_default());

    let (settings, finished) = client.settings().await?;
    println!("stealth is on: {:?}", settings.is_on("Stealth mode"));
    if let (Some(panel), Some(list)) = (finished.panel, settings.lists.first()) {
        let last = list.offered.last().map(String::as_str).unwrap_or_default();
        let mut job = client.press_with(&panel, &list.custom_id, &[last], FormAnswer::default()).await?;
        if let Some(Reply::Settings(shown)) = job.outcome().await?.reply {
            println!("chosen: {:?}", shown.lists[0].chosen);
        }
    }
    for invocation in [
        Invocation::plain(PlainCommand::Relax),
        Invocation::plain(PlainCommand::Public),
        Invocation::prefer_suffix("--ar 3:2"),
        Invocation::prefer_option("mine", "--ar 1:1"),
        Invocation::named("ask").with_text("question", "how do I pan?"),
    ] {
        let asked = invocation.to_string();
        if let (Reply::Text(text), _) = client.answer(invocation).await? {
            println!("{asked}: {text}");
        }
    }
    Ok(())
}

fn picture(folder: &Path, name: &str, red: u8) -> Result<PathBuf, BoxError> {
    let path = folder.join(name);
    image::RgbImage::from_pixel(32, 32, image::Rgb([red, 90, 200])).save(&path)?;
    Ok(path)
}

#[test]
fn images_are_described_blended_and_shared_and_the_account_tells_and_changes_its_settings()
-> Result<(), BoxError> {
    main()
}
