//! From the types of the `http` crate to what the limiter reads. It knows no HTTP library.

use ::http::{HeaderMap, Method as HttpMethod, request, response};

use crate::credential::Credential;
use crate::headers::Answer;
use crate::request::{Method, Request, UnknownMethod};

impl TryFrom<&HttpMethod> for Method {
    type Error = UnknownMethod;

    /// The method whose limits count; HEAD and OPTIONS count as a read of the same path.
    ///
    /// # Errors
    /// For every other method that Discord's API does not have.
    fn try_from(method: &HttpMethod) -> Result<Self, UnknownMethod> {
        match method.as_str() {
            "HEAD" | "OPTIONS" => Ok(Self::Get),
            other => other.parse(),
        }
    }
}

impl Request {
    /// What an HTTP request is to the limiter: method, path, and whose `Authorization` it carries.
    ///
    /// What only the body says must be added: the channel of a `POST /interactions`
    /// ([`with_resource`](Self::with_resource)), or that a message has an enforced nonce
    /// ([`repeatable`](Self::repeatable)).
    ///
    /// ```
    /// use journeyman_limiter::{Credential, Method, Request};
    ///
    /// let (head, _) = http::Request::builder()
    ///     .method("DELETE")
    ///     .uri("https://discord.com/api/v10/channels/1001234567890123456/messages/1001234567890123457")
    ///     .header("Authorization", "Bot token")
    ///     .body(())?
    ///     .into_parts();
    /// let request = Request::of_http(&head)?;
    /// assert_eq!(request.method, Method::Delete);
    /// assert_eq!(request.credential, Credential::of_token("Bot token"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// For a method that Discord's API does not have.
    pub fn of_http(head: &request::Parts) -> Result<Self, UnknownMethod> {
        let method = Method::try_from(&head.method)?;
        Ok(Self::new(method, head.uri.path()).with_credential(Credential::of_headers(&head.headers)))
    }
}

impl Credential {
    /// Whose limits a request with these headers uses: those of its `Authorization`, or of this machine's address.
    pub fn of_headers(headers: &HeaderMap) -> Self {
        match headers.get("authorization") {
            Some(value) => Self::of_token(&String::from_utf8_lossy(value.as_bytes())),
            None => Self::ANONYMOUS,
        }
    }
}

impl Answer {
    /// Reads status, headers and, where [`reads_body`](Self::reads_body), the body: the whole of it or its beginning.
    ///
    /// Call it when the headers have arrived: waits count from then. A 429 without its body is still
    /// understood by its headers, but may be taken for one of the edge; a 404 without its body, for a webhook
    /// that is gone.
    ///
    /// ```
    /// use journeyman_limiter::Answer;
    ///
    /// let (head, ()) =
    ///     http::Response::builder().header("X-RateLimit-Remaining", "4").body(())?.into_parts();
    /// assert_eq!(Answer::of_http(&head, b"").remaining, Some(4));
    /// # Ok::<_, http::Error>(())
    /// ```
    pub fn of_http(head: &response::Parts, body: &[u8]) -> Self {
        // A header that is no text is none that is read here.
        let texts =
            head.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        Self::read(head.status.as_u16(), texts, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, uri: &str, token: Option<&str>) -> request::Parts {
        let builder = ::http::Request::builder().method(method).uri(uri);
        let builder =
            token.into_iter().fold(builder, |builder, token| builder.header("authorization", token));
        builder.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn the_limiter_takes_and_gives_http_types() {
        let request = Request::of_http(&head("POST", "/api/v10/interactions?a=b", None)).expect("a method");
        assert_eq!((request.method, request.path.as_str()), (Method::Post, "/api/v10/interactions"));
        assert_eq!(request.credential, Credential::ANONYMOUS);
        assert!(!request.repeatable);

        let builder = ::http::Response::builder().status(429).header("Via", "1.1 google");
        let (head, ()) = builder.header("Retry-After", "1").body(()).expect("a response").into_parts();
        let answer = Answer::of_http(&head, br#"{"retry_after": 0.5, "global": true}"#);
        assert_eq!(answer.status, 429);
        assert!(answer.via && answer.body.is_some_and(|notice| notice.global));
    }

    #[test]
    fn a_token_is_the_whole_authorization() {
        let of = |token| Request::of_http(&head("GET", "/a", token)).map(|request| request.credential);
        assert_eq!(of(Some("Bot a")), Ok(Credential::of_token("Bot a")));
        assert_ne!(of(Some("Bot a")), of(Some("Bearer a")));
        assert_eq!(of(None), Ok(Credential::ANONYMOUS));
    }

    #[test]
    fn what_discord_does_not_have_is_an_error_and_head_is_a_read() {
        assert_eq!(Method::try_from(&HttpMethod::HEAD), Ok(Method::Get));
        assert_eq!(Method::try_from(&HttpMethod::OPTIONS), Ok(Method::Get));
        assert!(Request::of_http(&head("CONNECT", "discord.com:443", None)).is_err());
    }

    #[test]
    fn a_header_that_is_no_text_counts_as_absent() {
        let builder = ::http::Response::builder().header("X-RateLimit-Limit", &b"\xff"[..]);
        let (head, ()) =
            builder.header("X-RateLimit-Remaining", "3").body(()).expect("a response").into_parts();
        let answer = Answer::of_http(&head, b"");
        assert_eq!((answer.limit, answer.remaining), (None, Some(3)));
    }
}
