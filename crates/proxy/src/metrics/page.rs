//! The text format of Prometheus, written. It counts nothing.

use std::fmt::{Display, Write as _};

use super::histogram::Snapshot;

/// A page, family after family.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

/// One family: its name and kind are on the page, its samples follow.
#[derive(Debug)]
pub(crate) struct Family<'a> {
    page: &'a mut String,
    name: &'static str,
}

impl Page {
    pub(crate) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    pub(crate) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    pub(crate) fn histogram(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "histogram", help)
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP journeyman_{name} {help}\n# TYPE journeyman_{name} {kind}");
        Family { page: &mut self.0, name }
    }
}

impl Family<'_> {
    /// A sample; labels are `name="value"` with commas between, or nothing.
    pub(crate) fn sample(&mut self, labels: &str, value: &dyn Display) {
        self.line("", labels, value);
    }

    /// The samples of one histogram.
    pub(crate) fn distribution(&mut self, labels: &str, Snapshot { buckets, sum, count }: &Snapshot) {
        let comma = if labels.is_empty() { "" } else { "," };
        for (bound, below) in buckets {
            self.line("_bucket", &format!("{labels}{comma}le=\"{bound}\""), below);
        }
        self.line("_bucket", &format!("{labels}{comma}le=\"+Inf\""), count);
        self.line("_sum", labels, sum);
        self.line("_count", labels, count);
    }

    fn line(&mut self, suffix: &str, labels: &str, value: &dyn Display) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(self.page, "journeyman_{}{suffix}{labels} {value}", self.name);
    }
}
