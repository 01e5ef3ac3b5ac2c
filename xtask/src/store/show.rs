//! What was measured, as a table or as a line of JSON. It measures nothing.

use std::io::Write as _;

use serde_json::Value;

pub(super) fn line(told: &Value) {
    let _ = writeln!(std::io::stdout(), "{told}");
}

pub(super) fn table(told: &Value) {
    let mut out = std::io::stdout().lock();
    for (name, value) in told.as_object().into_iter().flatten() {
        let _ = match value.as_f64() {
            Some(number) if value.is_f64() => writeln!(out, "{name:>32}  {number:.1}"),
            Some(_) | None => writeln!(out, "{name:>32}  {value}"),
        };
    }
}
