//! What really arrived and happened, counted by the world.
//!
//! It is the judge of every claim about a client, so it counts what came, not what should have.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::gateway::GatewayReport;

/// The world's account of itself; `GET {control}/report` is this as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Requests by method, template and status; `none` where the fault left the request unexecuted.
    pub requests: BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>,
    /// Answers with 429, by who is limited.
    pub rate_limited: RateLimited,
    /// 401, 403, and 429 that was not shared.
    pub invalid_requests: u64,
    /// How often an address was banned for them.
    pub bans: u64,
    /// Interactions that were executed.
    pub interactions: u64,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// The jobs of accounts (not of other people), in the order of their first execution.
    pub jobs: Vec<JobReport>,
    /// What came and went on the gateway.
    pub gateway: GatewayReport,
}

/// 429s by scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RateLimited {
    /// Of a credential's route.
    pub user: u64,
    /// Of a credential as a whole.
    pub global: u64,
    /// Of a resource, for everybody.
    pub shared: u64,
    /// Of an address, at the edge.
    pub edge: u64,
}

impl RateLimited {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.user + self.global + self.shared + self.edge
    }
}

/// What became of one request of an account, sent once or repeated with its nonce and prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobReport {
    /// The request's nonce, if it had one.
    pub nonce: Option<String>,
    /// The prompt as it was sent; of a button's job, its parent's unless it was changed.
    pub prompt: String,
    /// `imagine`, `blend`, `upscale` (U1 to U4), `variation`, `reroll`, `vary_strong`, `vary_subtle`, `vary_region`,
    /// `upscale_subtle`, `upscale_creative`, `upscale_2x`, `upscale_4x`, `zoom_out`, `custom_zoom`, `make_square`,
    /// `pan_left` and so on, `animate_high`, `animate_low`, `extend_high` or `extend_low`.
    pub kind: &'static str,
    /// The id of the message whose button asked for it.
    pub parent_message: Option<String>,
    /// The job whose result that message shows; empty if it shows described or shortened prompts.
    pub parent_job: Option<String>,
    /// `fast`, `relaxed` or `turbo`.
    pub mode: &'static str,
    /// `sent`, `refused`, `queued`, `waiting`, `running`, `finished`, `stopped`, `vanished`, `failed`, `cancelled`
    /// or `ignored`; of the latest execution.
    pub state: &'static str,
    /// How many times it was put to the account's bill, also where its price is nothing (`upscale`).
    pub charged: u64,
    /// GPU time of what was charged, in seconds; in relaxed mode it costs no fast hours. Inferred: nobody published
    /// the prices.
    pub gpu_seconds: u64,
    /// How many times it was executed.
    pub executions: u64,
    /// The job ids of its executions.
    pub job_ids: Vec<String>,
    /// The file names of its finished pictures.
    pub images: Vec<String>,
}

impl Report {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// How many requests came for a template, with any status.
    pub fn count(&self, method: &str, template: &str) -> u64 {
        let statuses = self.requests.get(method).and_then(|templates| templates.get(template));
        statuses.map_or(0, |statuses| statuses.values().sum())
    }

    pub(crate) fn count_request(&mut self, method: &str, template: &str, status: Option<u16>) {
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let templates = self.requests.entry(method.to_owned()).or_default();
        *templates.entry(template.to_owned()).or_default().entry(status).or_default() += 1;
    }
}
