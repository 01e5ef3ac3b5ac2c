//! The npm package `midjourney` makes an image and an upscale in the simulator. What it says of itself is printed; what
//! counts is the simulator's report.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use journeyman_sim as sim;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::findings::Findings;
use crate::npm;

const PROMPT: &str = "a lighthouse in a storm";

/// The package has no timeout of its own. A run takes some seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// The bot is quicker than the real one, Discord is not: the package itself waits 300 ms for each final message.
const SPEED: f64 = 20.0;

pub(crate) fn check(findings: &mut Findings) {
    if let Err(why) = run(findings) {
        findings.wrong(why);
    }
}

fn run(findings: &mut Findings) -> Result<(), String> {
    let program = npm::install("midjourney.mjs")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|why| format!("start the runtime: {why}"))?;
    for era in [sim::Era::E2023, sim::Era::E2026] {
        findings.look();
        let (said, report) = play(&program, era, &runtime)?;
        let _ = writeln!(std::io::stdout(), "bot of {era}: {said}");
        for wrong in judge(&said, &report) {
            findings.wrong(format_args!("npm midjourney, bot of {era}: {wrong}"));
        }
    }
    runtime.shutdown_background();
    Ok(())
}

/// What the package says of itself, and what the simulator saw.
fn play(program: &Path, era: sim::Era, runtime: &Runtime) -> Result<(Value, sim::Report), String> {
    let settings =
        sim::Settings { speed: SPEED, pictures: sim::Pictures::Tiny, ..sim::Settings::for_era(era) };
    let world =
        runtime.block_on(serve(settings.starting_now())).map_err(|why| format!("start a world: {why}"))?;
    let ready = &world.ready;
    let mut node = Command::new("node");
    node.arg(program).args([&ready.rest, &ready.gateway, &ready.guild_id, &ready.channel_id]).arg(PROMPT);
    node.env("CLIENT_TOKEN", &ready.token).stdin(Stdio::null()).stdout(Stdio::piped());
    let child = node.spawn().map_err(|why| format!("run node: {why}"))?;
    let said = wait(child);
    let report = world.report();
    runtime.block_on(world.shutdown());
    said.map(|said| (said, report))
}

async fn serve(settings: sim::Settings) -> std::io::Result<sim::Running> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    sim::serve(listener, settings, sim::ScaledClock::starting_now(1.0)).await
}

/// Waits for the program's one line, and ends it when it takes too long.
fn wait(mut child: Child) -> Result<Value, String> {
    let late = Instant::now() + PATIENCE;
    while child.try_wait().map_err(|why| format!("wait for node: {why}"))?.is_none() {
        if Instant::now() > late {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("npm midjourney did not end within {PATIENCE:?}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = child.wait_with_output().map_err(|why| format!("read what node says: {why}"))?;
    let text = String::from_utf8_lossy(&said.stdout);
    serde_json::from_str(&text).map_err(|why| format!("npm midjourney says {text:?}: {why}"))
}

/// What is not as it must be.
fn judge(said: &Value, report: &sim::Report) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{what}; it says {said}; the simulator reports {}", report.to_json()));
        }
    };
    let gateway = &report.gateway;
    must(said["error"].is_null(), "it failed");
    must((gateway.connections, gateway.identifies) == (1, 1), "it did not identify once on one connection");
    must(report.interactions == 2, "the simulator did not take an imagine and a button");
    let jobs = &report.jobs;
    must(jobs.first().is_some_and(|job| job.prompt == PROMPT), "the first job is not the prompt's");
    must(jobs.iter().all(|job| job.state == "finished" && job.executions == 1), "a job is not finished once");
    let names = |job: &sim::JobReport, uri: &Value| {
        let uri = uri.as_str().unwrap_or_default();
        job.images.iter().any(|name| uri.contains(name.as_str()))
    };
    let image = &said["image"];
    must(jobs.first().is_some_and(|job| names(job, &image["uri"])), "the image is not the job's");
    must(said["progress"].as_array().is_some_and(|seen| !seen.is_empty()), "it saw no progress");
    must(said["upscale"]["uri"] != image["uri"], "the upscale is the image");
    for picture in ["image", "upscale"] {
        must(said[picture]["status"] == 200, &format!("the {picture} was not fetched"));
    }
    let fetched = report.requests.get("GET").and_then(|templates| templates.get("/cdn"));
    must(fetched.and_then(|statuses| statuses.get("200")) == Some(&2), "not two pictures were fetched");
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_made_nothing_is_told_from_one_that_did() {
        let wrong = judge(&serde_json::json!({ "error": "no answer" }), &sim::Report::default());
        assert!(wrong.iter().any(|why| why.starts_with("it failed; it says")), "{wrong:?}");
        assert!(wrong.iter().any(|why| why.contains("did not identify once")), "{wrong:?}");
        assert!(wrong.iter().any(|why| why.contains("not two pictures")), "{wrong:?}");
    }
}
