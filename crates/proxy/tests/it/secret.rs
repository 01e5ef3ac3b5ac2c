//! A token reaches the upstream and nothing else: no log at any level, no page, no answer of the proxy's own.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{MESSAGES, Scripted, Served, answer, used_up};

const CANARY: &str = "Authorization: Bot canary.in.header\r\n";
/// Long enough to be told from a name, as real ones are.
const WEBHOOK: &str =
    "/api/v10/webhooks/1001234567890123456/canary-in-path-aW50ZXJhY3Rpb246aW50ZXJhY3Rpb246aW50ZXJhY3Rpb246";

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

#[tokio::test]
async fn a_token_is_in_no_log_no_page_and_no_answer_of_the_proxys_own() {
    let logs = Written::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(logs.clone())
        .with_ansi(false)
        .finish();
    // One thread, so that everything of this test is written here.
    let _guard = tracing::subscriber::set_default(subscriber);

    let upstream = Scripted::start(|seen| {
        (!seen.head.contains("/lost")).then(|| {
            let limited = r#"{"message":"x","retry_after":300,"global":false}"#;
            if seen.head.contains("/limited") {
                answer(429, &format!("{}Retry-After: 300\r\n", used_up(300)), limited)
            } else {
                answer(200, &used_up(300), "{}")
            }
        })
    })
    .await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let mut told = String::new();
    let lost = format!("{WEBHOOK}/lost");
    let asked = [
        (MESSAGES, CANARY.to_owned(), 200),
        (MESSAGES, CANARY.to_owned(), 429),
        (WEBHOOK, String::new(), 200),
        (WEBHOOK, String::new(), 429),
        ("/api/v10/limited", CANARY.to_owned(), 429),
        (&lost, CANARY.to_owned(), 502),
        ("/api/v10/users/@me", format!("{CANARY}X-Journeyman-Deadline: x\r\n"), 400),
    ];
    for (path, headers, status) in asked {
        let answer = served.ask("POST", path, &headers, "{}").await;
        assert_eq!(answer.status, status, "{path}");
        told.push_str(&answer.head);
        told.push_str(&answer.text());
    }
    for page in ["/metrics".to_owned(), format!("/explain?method=POST&path={WEBHOOK}")] {
        let answer = served.ask("GET", &page, CANARY, "").await;
        assert_eq!(answer.status, 200, "{page}");
        told.push_str(&answer.text());
    }
    assert!(upstream.seen()[0].head.contains("canary.in.header"), "the upstream needs the token");
    assert!(!told.contains("canary"), "{told}");
    let logs = logs.text();
    assert!(logs.contains("journeyman_proxy"), "nothing was logged:\n{logs}");
    assert!(!logs.contains("canary"), "{logs}");
}
