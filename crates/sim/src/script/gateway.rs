//! The gateway's sections of a script.
//!
//! It only reads them; `gateway` acts on what they say.

use std::time::Duration;

use serde::Deserialize;

use crate::gateway::{GatewayFault, GatewayFaultKind, GatewaySettings, When};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatewayText {
    heartbeat_interval_ms: Option<u64>,
    heartbeat_grace_ms: Option<u64>,
    resumable_ms: Option<u64>,
    kept_events: Option<usize>,
    most_waiting_bytes: Option<usize>,
    identify_every_ms: Option<u64>,
    max_concurrency: Option<u64>,
    session_starts: Option<u64>,
}

impl GatewayText {
    pub(super) fn apply(&self, settings: &mut GatewaySettings) {
        let put = |span: &mut Duration, ms: Option<u64>| {
            if let Some(ms) = ms {
                *span = Duration::from_millis(ms);
            }
        };
        put(&mut settings.heartbeat_interval, self.heartbeat_interval_ms);
        put(&mut settings.heartbeat_grace, self.heartbeat_grace_ms);
        put(&mut settings.resumable_for, self.resumable_ms);
        put(&mut settings.identify_every, self.identify_every_ms);
        settings.kept_events = self.kept_events.unwrap_or(settings.kept_events);
        settings.most_waiting = self.most_waiting_bytes.unwrap_or(settings.most_waiting);
        settings.max_concurrency = self.max_concurrency.unwrap_or(settings.max_concurrency);
        settings.session_starts = self.session_starts.unwrap_or(settings.session_starts);
    }
}

/// A fault as it is written, and as `POST {control}/gateway` takes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: GatewayFaultKind,
    after_event: Option<String>,
    before_event: Option<String>,
    at_ms: Option<u64>,
    every_ms: Option<u64>,
    after: Option<u64>,
    count: Option<u64>,
    probability: Option<f64>,
    code: Option<u16>,
    delay_ms: Option<u64>,
    span_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct GatewayFaultText(pub(super) GatewayFault);

impl TryFrom<Written> for GatewayFaultText {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let default = GatewayFault::default();
        let ms = Duration::from_millis;
        let occasions = [
            written.after_event.map(When::AfterEvent),
            written.before_event.map(When::BeforeEvent),
            written.at_ms.map(|at| When::At(ms(at))),
            written.every_ms.map(|every| When::Every(ms(every))),
        ];
        let mut occasions = occasions.into_iter().flatten();
        let when = occasions.next();
        if occasions.next().is_some() {
            return Err(
                "expected one of `after_event`, `before_event`, `at_ms`, `every_ms`, not several".to_owned()
            );
        }
        if when.as_ref().is_some_and(|when| written.kind.is_of_events() && !when.is_of_events()) {
            return Err(format!("`{}` happens to events: expected `after_event` or none", written.kind));
        }
        Ok(Self(GatewayFault {
            kind: written.kind,
            when: when.unwrap_or(default.when),
            after: written.after.unwrap_or(default.after),
            count: written.count.or(default.count),
            probability: written.probability.unwrap_or(default.probability),
            code: written.code.unwrap_or(default.code),
            delay: written.delay_ms.map_or(default.delay, ms),
            span: written.span_ms.map_or(default.span, ms),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;
    use crate::settings::Settings;

    fn read(text: &str) -> Settings {
        let mut settings = Settings::default();
        Script::from_toml(text).expect("a script").apply(&mut settings);
        settings
    }

    fn check_error(text: &str, line: usize, words: &[&str]) {
        let error = Script::from_toml(text).expect_err("an error");
        assert_eq!(error.line, line, "{error}");
        for word in words {
            assert!(error.reason.contains(word), "{word} in: {error}");
        }
    }

    #[test]
    fn what_a_script_says_of_the_gateway_is_put_over_the_settings() {
        let settings = read(
            "[gateway]\nheartbeat_interval_ms = 1000\nsession_starts = 5\n[[gateway_fault]]\nkind = \
             \"close\"\ncode = 4008\nevery_ms = 60000\n[[gateway_fault]]\nkind = \"cut\"\nbefore_event = \
             \"MESSAGE_CREATE\"\nafter = 2\ncount = 1\n",
        );
        let gateway = &settings.gateway;
        assert_eq!(gateway.heartbeat_interval, Duration::from_secs(1));
        assert_eq!(gateway.resumable_for, GatewaySettings::default().resumable_for, "what is not said stays");
        assert_eq!(gateway.session_starts, 5);
        let close = GatewayFault::new(GatewayFaultKind::Close, When::Every(Duration::from_mins(1)));
        assert_eq!(gateway.faults[0], GatewayFault { code: 4008, ..close });
        let cut = GatewayFault::new(GatewayFaultKind::Cut, When::BeforeEvent("MESSAGE_CREATE".to_owned()));
        assert_eq!(gateway.faults[1], GatewayFault { after: 2, count: Some(1), ..cut });
    }

    #[test]
    fn a_mistake_in_the_gateways_sections_names_its_line_and_what_is_allowed() {
        check_error("[gateway]\nheartbeat = 1\n", 2, &["`heartbeat`", "`heartbeat_interval_ms`"]);
        check_error("[[gateway_fault]]\nkind = \"sleep\"\n", 2, &["`sleep`", "zombie", "reconnect"]);
        check_error(
            "\n[[gateway_fault]]\nkind = \"cut\"\nat_ms = 1\nevery_ms = 1\n",
            2,
            &["one of", "several"],
        );
        check_error("[[gateway_fault]]\nkind = \"delay\"\nat_ms = 1\n", 1, &["`delay`", "after_event"]);
        check_error("[[gateway_fault]]\nevery_ms = 1\n", 1, &["kind"]);
    }
}
