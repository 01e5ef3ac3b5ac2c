//! `/control`: what a person asks of the world while it runs.
//!
//! It is no part of the simulated Discord: no limit, token or fault applies.

use serde_json::{Value, json};

use super::World;
use crate::gateway::{GatewayFault, GatewayFaultKind};
use crate::http::{Reply, header};
use crate::scenario::Scenario;

const EXPECTED: &str = "expected GET report, GET scenarios, GET sessions, POST scenario or POST gateway";

impl World {
    pub(super) fn control(&mut self, method: &str, path: &str, body: &[u8]) -> Reply {
        match (method, path) {
            ("GET", "/report") => Reply::json(200, &self.report().to_json()),
            ("GET", "/scenarios") => Reply::json(200, &json!(crate::scenarios())),
            ("GET", "/sessions") => Reply::json(200, &json!(self.sessions())),
            ("POST", "/scenario") => self.control_scenario(body),
            ("POST", "/gateway") => self.control_gateway(body),
            (_, "/report" | "/scenarios" | "/sessions") => wrong_method("GET"),
            (_, "/scenario" | "/gateway") => wrong_method("POST"),
            _ => Reply::json(404, &json!({ "error": EXPECTED })),
        }
    }

    fn control_scenario(&mut self, body: &[u8]) -> Reply {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let named = body["name"].as_str().or_else(|| body["scenario"].as_str());
        match named.map(str::parse::<Scenario>) {
            Some(Ok(scenario)) => {
                self.set_scenario(scenario);
                Reply::json(200, &json!({ "name": scenario.name() }))
            }
            Some(Err(error)) => refuse(&error.to_string()),
            None => {
                refuse("expected {\"name\": …} or {\"scenario\": …}, one of those that GET scenarios lists")
            }
        }
    }

    /// Does what a fault does, now.
    fn control_gateway(&mut self, body: &[u8]) -> Reply {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let fault = match fault_of(&body) {
            Ok(fault) => fault,
            Err(error) => return refuse(&error),
        };
        let session_id = body["session_id"].as_str();
        if session_id.is_some_and(|id| !self.sessions().iter().any(|known| known.session_id == id)) {
            return refuse("there is no session of that id; GET sessions lists them");
        }
        let struck = self.disturb(self.now, &fault, session_id);
        Reply::json(200, &json!({ "kind": fault.kind.name(), "struck": struck }))
    }
}

/// `{"kind": "close", "code": 4000, "session_id": …}`; `span_ms` for `down`.
fn fault_of(body: &Value) -> Result<GatewayFault, String> {
    let kind = body["kind"].as_str();
    let kind = kind.ok_or_else(|| format!("expected {{\"kind\": …}}, one of: {}", now_kinds()))?;
    let kind: GatewayFaultKind =
        kind.parse().map_err(|_| format!("unknown kind `{kind}`, expected one of: {}", now_kinds()))?;
    if kind.is_of_events() {
        return Err(format!(
            "`{kind}` happens to events and is for scripts, expected one of: {}",
            now_kinds()
        ));
    }
    let mut fault = GatewayFault { kind, ..GatewayFault::default() };
    if !body["code"].is_null() {
        let code = body["code"].as_u64().and_then(|code| u16::try_from(code).ok());
        fault.code =
            code.filter(|code| (1000..5000).contains(code)).ok_or("expected a `code` of 1000 to 4999")?;
    }
    if !body["span_ms"].is_null() {
        let span = body["span_ms"].as_u64().ok_or("expected a number of milliseconds in `span_ms`")?;
        fault.span = std::time::Duration::from_millis(span);
    }
    Ok(fault)
}

/// The kinds that can be done now.
fn now_kinds() -> String {
    let kinds = GatewayFaultKind::NAMES
        .iter()
        .filter(|name| name.parse::<GatewayFaultKind>().is_ok_and(|kind| !kind.is_of_events()));
    kinds.copied().collect::<Vec<_>>().join(", ")
}

fn refuse(error: &str) -> Reply {
    Reply::json(400, &json!({ "error": error }))
}

fn wrong_method(right: &str) -> Reply {
    let mut reply = Reply::json(405, &json!({ "error": format!("expected {right}") }));
    reply.headers.push(header("Allow", right));
    reply
}
