//! Whether a link can be an image's, and is still valid. It fetches nothing.

use super::{Code, Report};
use crate::syntax::Span;

/// Where Discord keeps attachments. Since December 2023 a link to one is signed and expires (`ex=`).
const DISCORD: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];
/// Midjourney's own short links and files, which need no ending.
const MIDJOURNEY: [&str; 2] = ["s.mj.run", "cdn.midjourney.com"];
/// What image prompts may end with (Midjourney's documentation).
const ENDINGS: [&str; 5] = [".png", ".gif", ".webp", ".jpg", ".jpeg"];

pub(super) fn check(link: &str, span: &Span, now: Option<i64>, report: &mut Report) {
    let link = link.trim_matches(['<', '>']);
    let Some((_, rest)) = link.split_once("://") else { return };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = host.to_ascii_lowercase();
    if DISCORD.contains(&host.as_str()) {
        return signature(path, span, now, report);
    }
    let file = path.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    if !MIDJOURNEY.contains(&host.as_str()) && !ENDINGS.iter().any(|ending| file.ends_with(ending)) {
        let message = "the link does not end like an image's (.png, .jpg, .jpeg, .gif, .webp)".to_owned();
        report.warn(Code::NoImageLink, span.clone(), message).suggest("give the address of the image itself");
    }
}

fn signature(path: &str, span: &Span, now: Option<i64>, report: &mut Report) {
    let again = "upload the image again, or let Discord sign its link anew";
    match (expiry(path), now) {
        (Some(expiry), Some(now)) if expiry <= now => {
            let message = format!(
                "the link expired {} ago, and Midjourney cannot read it (\"Invalid link\")",
                ago(now.saturating_sub(expiry))
            );
            report.error(Code::ExpiredLink, span.clone(), message).suggest(again);
        }
        (Some(_), _) => {}
        (None, _) => {
            let message =
                "the link to Discord's files has no signature (`ex=`), and can probably not be read";
            report.warn(Code::UnsignedLink, span.clone(), message.to_owned()).suggest(again);
        }
    }
}

/// When the link's signature ends, in Unix seconds.
fn expiry(path: &str) -> Option<i64> {
    let (_, query) = path.split_once('?')?;
    let digits = query.split('&').find_map(|pair| pair.strip_prefix("ex="))?;
    i64::from_str_radix(digits, 16).ok()
}

fn ago(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "seconds"),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}
