//! Buttons: what follows from an image, each press a job with a parent. Buttons that open forms are in `forms`.
//!
//! `cargo run -p journeyman --example buttons`

#![expect(clippy::print_stdout, reason = "an example tells what it gets")]

mod world;

use journeyman::{ErrorKind, Event};
use world::{BoxError, World};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let world = World::open().await?;
    let mut grid = world.client.imagine("a lighthouse at dawn --ar 3:2 --v 7").await?;
    world.tell("a grid", &grid.outcome().await?);

    // A job has methods for what is pressed most; anything else is pressed by its label.
    world.tell("V1", &grid.vary(1).await?.outcome().await?);
    world.tell("reroll", &grid.reroll().await?.outcome().await?);
    let mut alone = grid.upscale(2).await?;
    world.tell("U2", &alone.outcome().await?);

    let panel = alone.panel()?;
    println!("what can be pressed: {}", panel.labels().join(", "));
    for label in ["Upscale (Subtle)", "Vary (Strong)", "Zoom Out 2x", "pan left", "Make Square"] {
        let mut job = world.client.press(&panel, label).await?;
        world.tell(label, &job.outcome().await?);
    }
    let mut video = alone.press("Animate (Low motion)").await?;
    world.tell("a video", &video.outcome().await?);
    world.tell("extended", &video.press("Extend (High motion)").await?.outcome().await?);
    alone.press("bookmark").await?.outcome().await?;

    // A running job is stopped at Midjourney by its own button.
    let mut job = world.client.imagine("a lighthouse too many").await?;
    while job.next_event().await.is_some_and(|event| !matches!(event, Event::Progress { .. })) {}
    job.stop().await?.outcome().await?;
    if let Err(error) = job.outcome().await {
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        println!("{error}");
    }
    Ok(())
}

#[test]
fn what_follows_from_an_image_is_made_and_a_running_job_stopped() -> Result<(), BoxError> {
    main()
}
