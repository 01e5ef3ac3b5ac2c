//! How many REST requests an image takes, as the simulator counted them. It asserts that nothing was limited.

use std::fmt::Write as _;
use std::io::Write as _;

use journeyman::{ChannelId, Client, Clock, ProgressVisibility, Settings, Token};
use journeyman_sim as sim;
use tokio::net::TcpListener;

use crate::again;
use crate::findings::Findings;

/// How many times faster than real time: the polls, the pace and the bot, all alike.
const SCALE: f64 = 50.0;
/// How many images one after another, and how many at once.
const SEQUENTIAL: usize = 20;
const CONCURRENT: usize = 12;

type Any = Box<dyn std::error::Error + Send + Sync>;

pub(crate) fn measure(findings: &mut Findings) {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => return findings.wrong(format_args!("start the runtime: {why}")),
    };
    for (name, images, at_once) in [("sequential", SEQUENTIAL, 1), ("concurrent", CONCURRENT, CONCURRENT)] {
        findings.look();
        match runtime.block_on(run(images, at_once)) {
            Ok(report) => tell(name, images, &report, findings),
            Err(why) => findings.wrong(format_args!("{name}: {why}")),
        }
    }
    again::thousand(findings);
}

/// Makes images, some at once, in a world of their own.
async fn run(images: usize, at_once: usize) -> Result<sim::Report, Any> {
    let clock = Clock::scaled(SCALE);
    let world = sim::Settings {
        plan: sim::Plan::Pro,
        time_scale: SCALE,
        pictures: sim::Pictures::Tiny,
        ..sim::Settings::default().starting_now()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let scaled = sim::ScaledClock { origin: clock.origin(), scale: clock.scale() };
    let running = sim::serve(listener, world, scaled).await?;
    let folder = tempfile::tempdir()?;
    let channel: ChannelId = running.ready.channel_id.parse()?;
    let mut settings = Settings::new(Token::parse(&running.ready.token)?, channel);
    settings.guild = Some(running.ready.guild_id.parse()?);
    settings.api_base = running.ready.rest.parse()?;
    settings.out = folder.path().to_owned();
    settings.progress = ProgressVisibility::Visible;
    settings.seed = 1;
    let client = Client::new(&settings, clock)?;
    let mut done = 0;
    while done < images {
        let mut jobs = Vec::new();
        for number in done..images.min(done + at_once) {
            jobs.push(client.imagine(&format!("a lighthouse, number {number}")).await?);
        }
        done += jobs.len();
        for mut job in jobs {
            job.outcome().await?;
        }
    }
    let report = running.report();
    running.shutdown().await;
    Ok(report)
}

fn tell(name: &str, images: usize, report: &sim::Report, findings: &mut Findings) {
    let mut text = String::new();
    let mut total = 0;
    for (method, templates) in &report.requests {
        for (template, statuses) in templates {
            let count: u64 = statuses.values().sum();
            let _ = writeln!(text, "  {count:>6}  {method} {template}");
            // Files come from the CDN, which is not the REST API.
            total += if template.contains("cdn") || template.contains("attachments/") { 0 } else { count };
        }
    }
    let each = f64::from(u32::try_from(total).unwrap_or(u32::MAX))
        / f64::from(u32::try_from(images).unwrap_or(u32::MAX));
    let _ = writeln!(
        std::io::stdout(),
        "{name}: {images} images, {total} REST requests, {each:.2} per image\n{text}"
    );
    if report.rate_limited.total() + report.invalid_requests > 0 {
        findings
            .wrong(format_args!("{name}: {:?}, {} invalid", report.rate_limited, report.invalid_requests));
    }
    if report.jobs.len() != images || report.jobs.iter().any(|job| job.charged != 1) {
        findings.wrong(format_args!("{name}: not every image was charged once: {:?}", report.jobs));
    }
}
