//! Forms: a button may ask for a prompt or a mask, and the answer is given with the press. Nothing is asked half-way.
//!
//! `cargo run -p journeyman --example forms`

#![expect(clippy::print_stdout, reason = "an example tells what it gets")]

mod world;

use journeyman::{FormAnswer, Invocation, Mask, PlainCommand};
use world::{BoxError, World};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let world = World::open().await?;
    let mut grid = world.client.imagine("a lighthouse at dawn").await?;
    grid.outcome().await?;
    let mut alone = grid.upscale(1).await?;
    alone.outcome().await?;
    let panel = alone.panel()?;
    let prompt = |text: &str| FormAnswer { prompt: Some(text.to_owned()), mask: None };

    let zoom = prompt("a lighthouse at dawn --zoom 1.4");
    let mut job = world.client.press_with(&panel, "Custom Zoom", &[], zoom).await?;
    world.tell("Custom Zoom", &job.outcome().await?);

    // White where the image is to change; here everywhere.
    let folder = tempfile::tempdir()?;
    let mask = folder.path().join("mask.png");
    image::RgbImage::from_pixel(32, 32, image::Rgb([255, 255, 255])).save(&mask)?;
    let region = FormAnswer { mask: Some(Mask::try_new(std::fs::read(&mask)?)?), ..prompt("a red door") };
    let mut job = world.client.press_with(&panel, "Vary (Region)", &[], region).await?;
    world.tell("Vary (Region)", &job.outcome().await?);

    // In remix mode many buttons open a form; without an answer, what stands in it stays.
    world.client.answer(Invocation::plain(PlainCommand::PreferRemix)).await?;
    let mut job =
        world.client.press_with(&panel, "Vary (Strong)", &[], prompt("a lighthouse at dusk")).await?;
    let made = job.outcome().await?;
    println!("{}", made.shown_prompt.clone().unwrap_or_default());
    world.tell("remixed", &made);
    Ok(())
}

#[test]
fn forms_are_answered_with_a_prompt_and_a_mask() -> Result<(), BoxError> {
    main()
}
