//! The operations of a state machine test, and how they are drawn. They do nothing themselves.

use journeyman_limiter::{Credential, Method, Priority, Request, Tenant};
use proptest::prelude::*;

use crate::ledger::Model;

/// A server, and what happens to it and to the machine.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) buckets: [Law; 2],
    pub(crate) global: Option<Law>,
    pub(crate) ops: Vec<Op>,
}

/// A limit of the server's, the same for each channel (or credential).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Law {
    pub(crate) model: Model,
    pub(crate) most: u64,
    /// In microseconds.
    pub(crate) window: u64,
}

/// What a request is for. Each has a limit of its own per channel, but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Message,
    /// These two share a bucket.
    Pin,
    Unpin,
    /// No limit at all, and no header; the global limit does not count it.
    Callback,
}

/// Where a request stands: of two in one line, the one that asked first goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    /// Which of two credentials.
    pub(crate) who: u8,
    pub(crate) kind: Kind,
    pub(crate) channel: u8,
    pub(crate) priority: Priority,
    pub(crate) tenant: u8,
}

impl Line {
    /// Each request of it names another message.
    pub(crate) fn request(self, number: u64) -> Request {
        let (id, other) =
            (100_000_000_000_000_000 + u64::from(self.channel), 200_000_000_000_000_000 + number);
        let request = match self.kind {
            Kind::Message => Request::post(format!("/channels/{id}/messages")),
            Kind::Pin => Request::new(Method::Put, format!("/channels/{id}/pins/{other}")),
            Kind::Unpin => Request::new(Method::Delete, format!("/channels/{id}/pins/{other}")),
            Kind::Callback => Request::post(format!("/interactions/{id}/token/callback")),
        };
        let credential = Credential::of_token(if self.who == 0 { "a" } else { "b" });
        let tenant = Tenant::numbered(u64::from(self.tenant));
        request.with_credential(credential).with_priority(self.priority).with_tenant(tenant)
    }
}

/// One step. Numbers pick one of those that fit, whatever their count, so that each step can be left
/// out without making another one impossible: that is what lets a failure shrink.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Ask {
        line: Line,
        times: u8,
        /// In milliseconds.
        deadline: Option<u16>,
    },
    /// A granted request leaves.
    Depart(u16),
    /// One on its way reaches the server.
    Arrive(u16),
    /// An answer on its way comes back, whichever left first.
    Answer(u16),
    /// A connection ends without an answer; the request may still arrive that many milliseconds later.
    Lose { which: u16, late: Option<u16> },
    /// A connection that never was.
    NotSent(u16),
    /// Somebody hangs up, at whatever stage; what has left arrives all the same.
    Cancel { which: u16, late: u16 },
    /// Milliseconds.
    Pass(u16),
    /// The server's limit is another one from here on.
    Resize { bucket: u8, most: u8 },
    /// The hash of messages is another one from here on, and the counters may begin anew. Not that of the
    /// pins: that two routes share a new hash can be known only once both have shown it.
    Rotate { anew: bool },
    /// The server's wall clock is set, by seconds.
    Jump(i16),
    /// Two threads call in the wrong order: the next moment told is this many milliseconds too early.
    Stale(u16),
}

fn law(most: u64) -> impl Strategy<Value = Law> {
    let model = prop_oneof![
        Just(Model::FirstArrival),
        (0_u64..3_000_000).prop_map(Model::Aligned),
        Just(Model::Log),
        Just(Model::Leaky),
    ];
    // Multiples of 1 to 10, so that a leaky bucket divides evenly.
    (model, 1..=most, 20_u64..4_000).prop_map(|(model, most, part)| Law { model, most, window: part * 2_520 })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![4 => Just(Kind::Message), 2 => Just(Kind::Pin), 2 => Just(Kind::Unpin), 1 => Just(Kind::Callback)]
}

fn line() -> impl Strategy<Value = Line> {
    let parts = (0_u8..2, kind(), 0_u8..3, proptest::sample::select(&Priority::ALL), 0_u8..3);
    parts.prop_map(|(who, kind, channel, priority, tenant)| Line { who, kind, channel, priority, tenant })
}

fn ask() -> impl Strategy<Value = Op> {
    let deadline = proptest::option::weighted(0.1, 0_u16..20_000);
    (line(), 1_u8..5, deadline).prop_map(|(line, times, deadline)| Op::Ask { line, times, deadline })
}

fn op() -> impl Strategy<Value = Op> {
    let late = || 0_u16..1_000;
    prop_oneof![
        30 => ask(),
        60 => any::<u16>().prop_map(Op::Depart),
        60 => any::<u16>().prop_map(Op::Arrive),
        60 => any::<u16>().prop_map(Op::Answer),
        8 => (any::<u16>(), proptest::option::of(late())).prop_map(|(which, late)| Op::Lose { which, late }),
        6 => any::<u16>().prop_map(Op::NotSent),
        12 => (any::<u16>(), late()).prop_map(|(which, late)| Op::Cancel { which, late }),
        40 => (0_u16..400).prop_map(Op::Pass),
        6 => (0_u16..12_000).prop_map(Op::Pass),
        2 => (0_u8..2, 1_u8..7).prop_map(|(bucket, most)| Op::Resize { bucket, most }),
        2 => any::<bool>().prop_map(|anew| Op::Rotate { anew }),
        1 => any::<i16>().prop_map(Op::Jump),
        3 => (0_u16..5_000).prop_map(Op::Stale),
    ]
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let laws = ([law(6), law(6)], proptest::option::weighted(0.7, law(10)));
    (laws, proptest::collection::vec(op(), 1..300)).prop_map(|((buckets, global), ops)| Case {
        buckets,
        global,
        ops,
    })
}
