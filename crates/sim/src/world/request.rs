//! A request's way through the world: edge, faults, token, limits, endpoint, and back.
//!
//! What an endpoint does is in `api`; what is due by itself is in `world`.

use std::time::Duration;

use super::{LARGEST_BODY, World, number};
use crate::account::User;
use crate::api::{self, Caller};
use crate::error_body;
use crate::fault::{FaultKind, Hit};
use crate::http::{Connection, Fault, HttpRequest, Reply, header};
use crate::limits::{Asker, Ruling, Scope};
use crate::route::{self, Endpoint, Found, Route};

impl World {
    /// As `handle_on`, with pictures still to be drawn.
    pub(crate) fn respond(&mut self, now: Duration, request: &HttpRequest, connection: &Connection) -> Reply {
        self.poll(now);
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if let Some(path) = path.strip_prefix("/control") {
            return self.control(&request.method, path, &request.body);
        }
        let mut reply = if let Some(path) = path.strip_prefix("/api/") {
            self.api(path, query, request, connection)
        } else {
            self.file(path, query, request, connection)
        };
        self.spread_events();
        reply.headers.push(header("Date", self.discord.wall.http_date(self.now)));
        reply
    }

    fn file(&mut self, path: &str, query: &str, request: &HttpRequest, connection: &Connection) -> Reply {
        let template = api::file_template(path);
        let hit = self.faults.strike(&request.method, template, connection.served > 0);
        if let Some(reply) = self.instead(&request.method, template, hit) {
            return reply;
        }
        let reply = match hit.filter(|hit| hit.kind == FaultKind::StatusBefore) {
            Some(hit) => server_error(hit.status),
            None => api::file(self, path, query, request),
        };
        self.finish(&request.method, template, reply, hit)
    }

    fn api(&mut self, path: &str, query: &str, request: &HttpRequest, connection: &Connection) -> Reply {
        if let Some(reply) = self.limits.at_the_edge(self.now, &connection.peer) {
            self.report.rate_limited.edge += 1;
            self.report.count_request(&request.method, "at the edge", Some(reply.status));
            return reply;
        }
        let Some((_, path)) = path.split_once('/').filter(|(version, _)| matches!(*version, "v9" | "v10"))
        else {
            return self.judged(
                request,
                "other API version",
                error_body::invalid_api_version(),
                None,
                connection,
            );
        };
        let path = format!("/{path}");
        match route::find(&request.method, &path) {
            Found::Route(route) => self.routed(&route, query, request, connection),
            Found::WrongMethod(template) => {
                self.judged(request, template, error_body::method_not_allowed(), None, connection)
            }
            Found::Nothing => {
                self.judged(request, &route::generic(&path), error_body::not_found(), None, connection)
            }
        }
    }

    fn routed(
        &mut self,
        route: &Route,
        query: &str,
        request: &HttpRequest,
        connection: &Connection,
    ) -> Reply {
        let hit = self.faults.strike(&request.method, route.template, connection.served > 0);
        if let Some(reply) = self.instead(&request.method, route.template, hit) {
            return reply;
        }
        let caller = match self.caller(request) {
            None if route.endpoint != Endpoint::Gateway => {
                return self.judged(request, route.template, error_body::unauthorized(), hit, connection);
            }
            caller => caller,
        };
        let payload = api::payload(request);
        let asker = Asker {
            method: &request.method,
            template: route.template,
            resource: if route.endpoint == Endpoint::Interact {
                api::channel_of(&payload.json)
            } else {
                route.first_id()
            },
            account: caller.as_ref().map(|caller| (caller.id, caller.bot)),
            peer: &connection.peer,
        };
        let (mut reply, limit_headers) = match self.limits.judge(self.now, asker) {
            Ruling::Refuse(scope, reply) => {
                self.count_limited(scope);
                if scope != Scope::Shared {
                    self.count_invalid(connection);
                }
                return self.finish(&request.method, route.template, with_via(reply), hit);
            }
            Ruling::Pass(headers) => {
                let reply = match hit.filter(|hit| hit.kind == FaultKind::StatusBefore) {
                    Some(hit) => server_error(hit.status),
                    None if request.body.len() > LARGEST_BODY => error_body::entity_too_large(),
                    None => api::dispatch(self, route, query, &payload, caller),
                };
                (reply, headers)
            }
        };
        reply.headers.extend(limit_headers);
        self.judged(request, route.template, reply, hit, connection)
    }

    /// Finishes an answer that Discord itself gives, and counts it if it is an invalid request.
    fn judged(
        &mut self,
        request: &HttpRequest,
        template: &str,
        reply: Reply,
        hit: Option<Hit>,
        connection: &Connection,
    ) -> Reply {
        if matches!(reply.status, 401 | 403) {
            self.count_invalid(connection);
        }
        self.finish(&request.method, template, with_via(reply), hit)
    }

    fn count_invalid(&mut self, connection: &Connection) {
        self.report.invalid_requests += 1;
        self.report.bans += u64::from(self.limits.count_invalid(self.now, &connection.peer));
    }

    fn count_limited(&mut self, scope: Scope) {
        let limited = &mut self.report.rate_limited;
        match scope {
            Scope::User => limited.user += 1,
            Scope::Global => limited.global += 1,
            Scope::Shared => limited.shared += 1,
        }
    }

    /// What a fault puts in place of executing.
    fn instead(&mut self, method: &str, template: &str, hit: Option<Hit>) -> Option<Reply> {
        let hit = hit?;
        *self.report.faults.entry(hit.kind.name().to_owned()).or_default() += 1;
        if !matches!(hit.kind, FaultKind::ResetBefore | FaultKind::ResetReused) {
            return None;
        }
        self.report.count_request(method, template, None);
        let mut reply = Reply::empty(0);
        reply.fault = Some(Fault::ResetBefore);
        Some(reply)
    }

    /// Counts the answer and lets the fault have it.
    fn finish(&mut self, method: &str, template: &str, reply: Reply, hit: Option<Hit>) -> Reply {
        self.report.count_request(method, template, Some(reply.status));
        tracing::debug!(
            method,
            template,
            status = reply.status,
            fault = hit.map(|hit| hit.kind.name()),
            "answered"
        );
        let Some(hit) = hit else { return reply };
        let mut reply = reply;
        reply.fault = match hit.kind {
            FaultKind::StatusAfter => return with_via(server_error(hit.status)),
            FaultKind::StatusBefore | FaultKind::ResetBefore | FaultKind::ResetReused => None,
            FaultKind::LoseAnswer => Some(Fault::LoseAnswer),
            FaultKind::ResetAfter => Some(Fault::ResetAfter),
            FaultKind::ResetIdle => Some(Fault::ResetIdle),
            FaultKind::Latency => Some(Fault::Delay(hit.delay)),
        };
        reply
    }

    fn caller(&mut self, request: &HttpRequest) -> Option<Caller> {
        self.user_of(request.header("authorization")?)
    }

    /// Whom a token speaks for, written as in an `Authorization` header; a permissive world makes somebody up.
    pub(super) fn user_of(&mut self, token: &str) -> Option<User> {
        if let Some(user) = self.accounts.of(token) {
            return Some(user.clone());
        }
        if !self.settings.permissive || token.is_empty() {
            return None;
        }
        let count = u64::try_from(self.accounts.len()).unwrap_or_default();
        let bot = token.starts_with("Bot ");
        let name = if bot { format!("bot_{count}") } else { format!("user_{count}") };
        let user = User { id: number(&self.ready.user_id) + count, name, bot };
        self.accounts.add(token.to_owned(), user.clone());
        Some(user)
    }
}

/// Discord's answers tell that they passed its load balancer (real: clients take others for the edge's).
fn with_via(mut reply: Reply) -> Reply {
    reply.headers.push(header("Via", "1.1 google"));
    reply
}

fn server_error(status: u16) -> Reply {
    let name = match status {
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    };
    error_body::error(status, 0, &format!("{status}: {name}"))
}
