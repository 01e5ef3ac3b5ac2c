//! `explain`: what a message, a page, a gateway frame or an error body means. It asks nobody.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use journeyman_midjourney::{Explanation, Sighting, classify_any, classify_text};
use serde_json::{Value, json};

use crate::args::Explain;
use crate::error::Error;
use crate::show;

/// More than any page of messages; what is longer is another kind of file.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

pub(super) fn run(args: &Explain) -> Result<(), Error> {
    let name = if args.file == Path::new("-") {
        "standard input".to_owned()
    } else {
        args.file.display().to_string()
    };
    let bytes = read(&args.file).map_err(|why| {
        Error::usage(format!("read {name}: {why}"), "give a JSON file, or - and the JSON on standard input")
    })?;
    let mut text = String::new();
    for sighting in sightings(&bytes, &name)? {
        let explanation = Explanation::of(&sighting);
        if args.json {
            let _ = writeln!(text, "{}", of(&explanation));
        } else {
            in_words(&explanation, &mut text);
        }
    }
    show::print(&text)
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// What JSON shows; of other texts, only an answer of Discord's edge is known.
fn sightings(bytes: &[u8], name: &str) -> Result<Vec<Sighting>, Error> {
    match (values(bytes, name), classify_text(bytes)) {
        (Ok(values), _) => Ok(values.iter().flat_map(classify_any).collect()),
        (Err(_), Some(sighting)) => Ok(vec![sighting]),
        (Err(error), None) => Err(error),
    }
}

/// One JSON document, or several after another, as logs have them.
fn values(bytes: &[u8], name: &str) -> Result<Vec<Value>, Error> {
    let hint = "give a message, a list of messages, a gateway frame or an error body, as Discord sends it";
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(bytes).into_iter().collect();
    match values {
        Ok(values) if values.is_empty() => Err(Error::usage(format!("read {name}: it is empty"), hint)),
        Ok(values) => Ok(values),
        Err(why) => Err(Error::usage(format!("read {name}: not JSON: {why}"), hint)),
    }
}

fn of(explanation: &Explanation) -> Value {
    json!({
        "kind": explanation.kind,
        "error": explanation.error,
        "retryable": explanation.retryable,
        "percent": explanation.percent,
        "mode": explanation.mode,
        "stealth": explanation.stealth,
        "action": explanation.action,
        "image": explanation.image,
        "prompt": explanation.prompt,
        "job_id": explanation.job_id,
        "buttons": explanation.buttons,
        "retry_after": explanation.retry_after.map(|wait| wait.as_secs_f64()),
        "until": explanation.until,
        "meaning": explanation.meaning,
    })
}

fn in_words(explanation: &Explanation, text: &mut String) {
    let _ = match explanation.error {
        Some(error) => writeln!(text, "{} ({error}): {}", explanation.kind, explanation.meaning),
        None => writeln!(text, "{}: {}", explanation.kind, explanation.meaning),
    };
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = writeln!(text, "  {name}: {value}");
        }
    };
    let notice = explanation.notice.as_ref();
    line("title", notice.and_then(|notice| notice.title.clone()));
    line("says", notice.and_then(|notice| notice.text.clone()));
    line("footer", notice.and_then(|notice| notice.footer.clone()));
    line("prompt", explanation.prompt.clone());
    line("percent", explanation.percent.map(|percent| percent.to_string()));
    line("mode", explanation.mode.map(str::to_owned));
    line("stealth", explanation.stealth.then(|| "yes".to_owned()));
    line("action", explanation.action.map(str::to_owned));
    line("image", explanation.image.map(|image| image.to_string()));
    line("job", explanation.job_id.clone());
    line("buttons", Some(explanation.buttons.join(", ")));
    line("retry after", explanation.retry_after.map(|wait| format!("{} s", wait.as_secs_f64())));
    line("until", explanation.until.map(|until| format!("{until} (Unix seconds)")));
    line("try again", explanation.error.map(|_| if explanation.retryable { "yes" } else { "no" }.to_owned()));
}
