//! The token is nowhere but in the header of a request.

use std::error::Error;
use std::fmt::Write;

use journeyman_discord::{Token, wire};

use crate::scripted::{Server, Step, answer, nobody};
use crate::{CANARY, rest};

/// All that an error can be made to say, down its chain of sources.
pub(crate) fn everything(error: &(dyn Error + 'static)) -> String {
    let mut told = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        write!(told, " {error} {error:?} {error:#?}").unwrap();
        source = error.source();
    }
    told
}

#[tokio::test]
async fn no_error_and_no_debug_form_shows_the_token() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{".to_owned();
    let failing = [
        Step::Lose,
        Step::Reset,
        Step::Break(half),
        Step::Break("nonsense\r\n\r\n".to_owned()),
        Step::Answer(answer(200, "<html>")),
        Step::Answer(answer(302, "")),
        Step::Answer(answer(401, "")),
        Step::Answer(answer(403, "")),
        Step::Answer(answer(429, "error code: 1015")),
        Step::Answer(answer(500, "")),
    ];
    for step in failing {
        let server = Server::start(vec![step.clone(); 4]).await;
        let rest = rest(server.api_base());
        let told = everything(&rest.me().await.unwrap_err());
        assert!(!told.contains(CANARY), "{step:?}: {told}");
        // The test means something only if the token was there to be told.
        assert!(server.seen().iter().all(|seen| seen.head.contains(CANARY)), "{step:?}");
        let forms = format!("{rest:?} {:?} {:#?}", rest.config(), wire::me());
        assert!(forms.contains("…") && !forms.contains(CANARY), "{forms}");
    }
    let told = everything(&rest(nobody().await).me().await.unwrap_err());
    assert!(!told.contains(CANARY), "{told}");
}

#[test]
fn the_error_of_a_malformed_token_does_not_show_it() {
    for text in [CANARY.to_owned(), format!("{CANARY} {CANARY} {CANARY} {CANARY}"), CANARY.repeat(100)] {
        let told = everything(&Token::parse(&text).unwrap_err());
        assert!(!told.contains(CANARY), "{told}");
    }
}
