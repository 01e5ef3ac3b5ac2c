//! What Midjourney or Discord said went wrong, as a closed list of kinds. It decides nothing about one job.

use std::fmt;
use std::time::Duration;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $retryable:literal)*) => {
        /// A way in which a request to Midjourney fails, as Midjourney or Discord said it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FailureKind {
            $($(#[$doc])* $name,)*
        }

        impl FailureKind {
            /// Every kind, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The kind's name as users see it, for instance `PreModeration`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Whether the same request may succeed later without a change by a human.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }
        }
    };
}

kinds! {
    /// The prompt or an input image was refused before the job began.
    PreModeration false
    /// The job began and moderation stopped it.
    PostModeration false
    /// The job's message vanished and no final came: soft moderation.
    EphemeralModeration false
    /// Midjourney or Discord refused the request as malformed.
    InvalidRequest false
    /// The account's queue is full; a slot must free first.
    QueueFull true
    /// The job waits in Midjourney's queue; an error only if the caller asks.
    JobQueued true
    /// A captcha: a human must act, the account is paused.
    HumanVerification false
    /// A notice that a human must acknowledge, terms among them; the account is paused.
    AccountActionRequired false
    /// The account is banned, for a while or for good.
    AccountBlocked false
    /// No active subscription.
    SubscriptionRequired false
    /// No fast hours left.
    CreditsExhausted false
    /// The plan or mode does not allow this request.
    PlanRestricted false
    /// Too soon for this image; retry at the given time.
    Cooldown true
    /// Their failure: the job crashed.
    JobFailed true
    /// The bot did not answer Discord in time.
    InteractionFailed true
    /// Nothing was heard of the request within its deadline.
    NoResponse false
    /// The command's version changed; it must be discovered again.
    CommandOutdated true
    /// Discord limited the rate.
    RateLimited true
    /// Discord refused the token, or the account may not do this here.
    Unauthorized false
    /// A notice with a title we do not know.
    UnknownNotice true
}

impl FailureKind {
    /// Whether the account must rest until a human acted. Nothing is ever pressed or probed for these.
    pub const fn pauses_account(self) -> bool {
        matches!(
            self,
            Self::HumanVerification
                | Self::AccountActionRequired
                | Self::AccountBlocked
                | Self::SubscriptionRequired
        )
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One failure with what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// What the upstream said, raw: title, description and footer of an embed, or a body.
    pub notice: Notice,
    /// A relative wait that the upstream named.
    pub retry_after: Option<Duration>,
    /// An absolute time that the upstream named, Unix seconds.
    pub until: Option<i64>,
    /// Whether a human may appeal in Discord. It is never pressed by this program.
    pub appealable: bool,
}

impl Failure {
    /// A failure of this kind with nothing said.
    pub fn new(kind: FailureKind) -> Self {
        Self { kind, notice: Notice::default(), retry_after: None, until: None, appealable: false }
    }
}

/// What the upstream said, kept raw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notice {
    /// An embed's title.
    pub title: Option<String>,
    /// An embed's description, a message's content, or an error body's message.
    pub text: Option<String>,
    /// An embed's footer.
    pub footer: Option<String>,
    /// An embed's colour.
    pub colour: Option<u32>,
    /// An error code: Discord's number or symbol, or a `decline-…` footer.
    pub code: Option<String>,
}
