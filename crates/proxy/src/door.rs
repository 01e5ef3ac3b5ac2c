//! Which requests are for the upstream and which for the proxy itself. It sends nothing.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use journeyman_limiter::{
    Credential, Explanation, Hold, Knowledge, Method as LimitedMethod, Request as Limits,
};
use serde_json::{Value, json};

use crate::answer::{self, Body};
use crate::forward::Forward;
use crate::headers;
use crate::metrics::Present;

/// Answers one request.
pub(crate) async fn answer(proxy: &Forward, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return proxy.forward(request).await;
    }
    match (request.method(), path) {
        (&Method::GET, "/healthz") => answer::page("text/plain; charset=utf-8", "ok\n".to_owned()),
        (&Method::GET, "/metrics") => {
            let limiter = &proxy.limiter;
            let present = Present {
                waiting: limiter.waiting(),
                in_flight: limiter.in_flight(),
                invalid: limiter.invalid_requests(),
                breakers: limiter.breakers(),
            };
            let text = proxy.metrics.render(&present);
            answer::page("text/plain; version=0.0.4; charset=utf-8", text)
        }
        (&Method::GET, "/explain") => explain(proxy, &request),
        (_, "/healthz" | "/metrics" | "/explain") => {
            answer::plain(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed")
        }
        _ => answer::plain(
            StatusCode::NOT_FOUND,
            "404: Not Found (journeyman-proxy serves /api/…, /healthz, /metrics and /explain?method=&path=)",
        ),
    }
}

/// Why a request with the same `Authorization` would wait.
fn explain(proxy: &Forward, request: &Request<Incoming>) -> Response<Body> {
    let (mut method, mut path) = (LimitedMethod::Get, None);
    let query = request.uri().query().unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "method" => match value.parse() {
                Ok(known) => method = known,
                Err(error) => return answer::plain(StatusCode::BAD_REQUEST, &format!("{error}")),
            },
            "path" => path = Some(value.into_owned()),
            _ => {}
        }
    }
    let Some(path) = path else {
        return answer::plain(
            StatusCode::BAD_REQUEST,
            "No path; ask for /explain?method=GET&path=/channels/1001234567890123456/messages",
        );
    };
    let credential = headers::credential(request.headers());
    let explanation = proxy.limiter.explain(&Limits::new(method, path).with_credential(credential));
    let mut page = in_json(&explanation);
    // By this, settings can name a credential without its token.
    page["credential"] = fingerprint(credential).into();
    answer::page("application/json", format!("{page}\n"))
}

fn fingerprint(credential: Credential) -> String {
    let shown = format!("{credential:?}");
    shown.trim_start_matches("Credential(").trim_end_matches(')').to_owned()
}

fn in_json(explanation: &Explanation) -> Value {
    let hold = explanation.hold.map(|Hold { reason, wait }| {
        json!({ "reason": reason.as_str(), "wait_seconds": wait.map(|wait: Duration| wait.as_secs_f64()) })
    });
    let limit = match &explanation.knowledge {
        Knowledge::Headerless { spacing } => {
            json!({ "known": "header-less", "spacing_seconds": spacing.as_secs_f64() })
        }
        Knowledge::Bucket { name, limit, free, window } => json!({
            "known": "bucket", "bucket": name, "limit": limit, "free": free, "window": window.to_string(),
        }),
        Knowledge::Unknown | _ => json!({ "known": "nothing" }),
    };
    json!({
        "text": explanation.to_string(),
        "route": explanation.route.template(),
        "method": explanation.route.method().as_str(),
        "resource": explanation.route.resource(),
        "hold": hold,
        "limit": limit,
        "waiting": explanation.waiting,
        "in_flight": explanation.in_flight,
    })
}
