//! What the limiter needs to know of a request before it goes out. It is not the HTTP request itself.

use std::fmt;
use std::str::FromStr;

use journeyman_moment::Moment;

use crate::{Credential, Egress, Fields, Priority, Tenant};

/// The HTTP methods of Discord's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Read.
    Get,
    /// Create, or do.
    Post,
    /// Set.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
}

impl Method {
    /// The method as it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a second execution leaves the world as the first one did (RFC 9110, 9.2.2).
    pub const fn is_idempotent(self) -> bool {
        match self {
            Self::Get | Self::Put | Self::Delete => true,
            Self::Post | Self::Patch => false,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A method that Discord's API does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMethod(String);

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown HTTP method {:?}; use GET, POST, PUT, PATCH or DELETE", self.0)
    }
}

impl std::error::Error for UnknownMethod {}

impl FromStr for Method {
    type Err = UnknownMethod;

    /// Reads a method, upper or lower case.
    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        let all = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];
        let found = all.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownMethod(text.chars().take(32).collect()))
    }
}

/// What is to be sent: who asks, what, and by when.
///
/// ```
/// use journeyman_limiter::{Credential, Method, Request};
///
/// let request = Request::new(Method::Post, "/interactions")
///     .with_credential(Credential::of_token("token"))
///     .with_resource("channels/1001234567890123456");
/// assert!(!request.repeatable);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose limits it uses; anonymous unless set.
    pub credential: Credential,
    /// The HTTP method.
    pub method: Method,
    /// The path, with or without origin and `/api/vN`; a query is ignored.
    pub path: String,
    /// The resource whose limit applies, where the path does not name it.
    pub resource: Option<String>,
    /// The top-level fields of its JSON body: some have limits of their own (discord-api-docs#1909).
    pub fields: Fields,
    /// When it is too late to be sent; without one, `Config::max_wait` is the only bound.
    pub deadline: Option<Moment>,
    /// How urgent it is: normal unless set.
    pub priority: Priority,
    /// Who of those that share the credential asks: nobody in particular unless set.
    pub tenant: Tenant,
    /// From which address it leaves: the default one unless set.
    pub egress: Egress,
    /// The wall clock in Unix milliseconds, by which messages have an age; without it they have none.
    pub wall_clock_ms: Option<u64>,
    /// Whether sending it twice does no harm: GET, PUT and DELETE unless set.
    pub repeatable: bool,
}

impl Request {
    /// A request without a credential, resource, fields, deadline or tenant, of normal priority.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            credential: Credential::ANONYMOUS,
            method,
            path: path.into(),
            resource: None,
            fields: Fields::NONE,
            deadline: None,
            priority: Priority::Normal,
            tenant: Tenant::NONE,
            egress: Egress::DEFAULT,
            wall_clock_ms: None,
            repeatable: method.is_idempotent(),
        }
    }

    /// A GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    /// A POST.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path)
    }

    /// Says whose limits it uses.
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// Names the resource whose limit applies, where only the body does: the channel of a `POST /interactions`.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Says which fields its JSON body has, where limits may depend on them: see [`Fields::of_json`].
    #[must_use]
    pub fn with_fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// Says when it is too late to be sent.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Moment) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Says how urgent it is.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Says who of those that share the credential asks.
    #[must_use]
    pub fn with_tenant(mut self, tenant: Tenant) -> Self {
        self.tenant = tenant;
        self
    }

    /// Says from which address it leaves: the guard counts invalid requests for each.
    #[must_use]
    pub fn with_egress(mut self, egress: Egress) -> Self {
        self.egress = egress;
        self
    }

    /// Tells what the wall clock says, in Unix milliseconds. The limits on deleting a message depend on
    /// its age (discord-api-docs#1295, #8330), which its id and this clock show; a few seconds' error
    /// does no harm.
    #[must_use]
    pub fn with_wall_clock(mut self, unix_ms: u64) -> Self {
        self.wall_clock_ms = Some(unix_ms);
        self
    }

    /// Says that sending it twice does no harm, as for a message with an enforced nonce.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_reads_back_what_it_prints_and_says_what_it_knows() {
        for method in [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete] {
            assert_eq!(method.as_str().parse(), Ok(method));
            assert_eq!(method.as_str().to_lowercase().parse(), Ok(method));
        }
        let error = "BREW".parse::<Method>().expect_err("there is no BREW");
        assert_eq!(error.to_string(), "unknown HTTP method \"BREW\"; use GET, POST, PUT, PATCH or DELETE");
    }
}
