//! What the flags of a simulated world mean. It serves nothing.

use std::path::Path;

use journeyman_sim as sim;

use crate::args::World;
use crate::error::Error;

/// The world that the flags describe, with its origin at the machine's time.
pub(super) fn settings(world: &World) -> Result<sim::Settings, Error> {
    let era = choice(world.era.as_deref())?.unwrap_or_default();
    let mut settings = sim::Settings::for_era(era).starting_now();
    if let Some(errors) = choice(world.errors.as_deref())? {
        settings.errors = errors;
    }
    if let Some(progress) = choice(world.progress.as_deref())? {
        settings.progress = progress;
    }
    if let Some(plan) = choice(world.plan.as_deref())? {
        settings.plan = plan;
    }
    if let Some(seed) = world.seed {
        settings.seed = seed;
    }
    if let Some(name) = world.scenario.as_deref() {
        settings.scenario = name.parse().map_err(|_| {
            Error::usage(format!("no scenario is named `{name}`"), "`journeyman help scenarios` lists them")
        })?;
    }
    settings.script = world.script.as_deref().map(script).transpose()?;
    Ok(settings)
}

fn choice<T>(text: Option<&str>) -> Result<Option<T>, Error>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let parse = |text: &str| {
        text.parse()
            .map_err(|why: T::Err| Error::usage(why.to_string(), "`journeyman help sim` lists the words"))
    };
    text.map(parse).transpose()
}

fn script(path: &Path) -> Result<sim::Script, Error> {
    let text = std::fs::read_to_string(path).map_err(|why| {
        Error::usage(format!("read the script {}: {why}", path.display()), "check the path after --script")
    })?;
    sim::Script::from_toml(&text).map_err(|why| {
        Error::usage(format!("read the script {}: {why}", path.display()), "correct the line that it names")
    })
}
