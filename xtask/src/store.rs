//! What the store of jobs does with a million of them: writes and reads per second, memory, disk. It drives no engine.

mod inside;
mod show;

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::findings::Findings;

/// What the issue asks for: the measure, the least or the most, and whether it is the most.
const AIMS: &[(&str, f64, Aim)] = &[
    ("enqueue_per_s", 5_000.0, Aim::AtLeast),
    ("enqueue_in_thousands_per_s", 5_000.0, Aim::AtLeast),
    ("claim_and_finish_per_s", 1_500.0, Aim::AtLeast),
    ("slowest_list_ms", 200.0, Aim::AtMost),
    ("slowest_stats_ms", 200.0, Aim::AtMost),
    ("peak_mb", 100.0, Aim::AtMost),
    ("idle_mb", 30.0, Aim::AtMost),
];

/// On which side of an aim the good is.
#[derive(Debug, Clone, Copy)]
enum Aim {
    AtLeast,
    AtMost,
}

pub(crate) fn measure(findings: &mut Findings) {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let measured = match arguments.first().map(String::as_str) {
        Some(inside::WORK) => inside::work(&arguments[1..]).map(Some),
        Some(inside::IDLE) => inside::idle(&arguments[1..]).map(Some),
        _ => run(findings, arguments.iter().any(|argument| argument == "--json")).map(|()| None),
    };
    match measured {
        Ok(Some(told)) => {
            findings.look();
            show::line(&told);
        }
        Ok(None) => {}
        Err(why) => findings.wrong(why),
    }
}

/// Each part in a process of its own, so that its memory is its own.
fn run(findings: &mut Findings, as_json: bool) -> Result<(), String> {
    let jobs = std::env::var("JOURNEYMAN_STORE_JOBS").unwrap_or_else(|_| "1000000".to_owned());
    let folder = tempfile::tempdir().map_err(|why| format!("make a folder: {why}"))?;
    let path = folder.path().join("jobs.db").display().to_string();
    let mut told = child(&[inside::WORK, &path, &jobs])?;
    let idle = child(&[inside::IDLE, &path])?;
    if let (Value::Object(told), Value::Object(idle)) = (&mut told, idle) {
        told.extend(idle);
    }
    for (name, aim, side) in AIMS {
        findings.look();
        let value = told[*name].as_f64().ok_or_else(|| format!("{name} was not measured"))?;
        let is_met = match side {
            Aim::AtLeast => value >= *aim,
            Aim::AtMost => value <= *aim,
        };
        if !is_met {
            findings.wrong(format_args!("{name} is {value}, and should be {aim} ({side:?})"));
        }
    }
    if as_json {
        show::line(&told);
    } else {
        show::table(&told);
    }
    Ok(())
}

fn child(arguments: &[&str]) -> Result<Value, String> {
    let program = std::env::current_exe().map_err(|why| format!("find this program: {why}"))?;
    let ran = Command::new(program)
        .arg("store")
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|why| format!("start the measured process: {why}"))?;
    let text = String::from_utf8_lossy(&ran.stdout);
    if !ran.status.success() {
        return Err(format!("the measured process ended with {}", ran.status));
    }
    serde_json::from_str(text.trim()).map_err(|why| format!("read what it measured: {why}: {text}"))
}
