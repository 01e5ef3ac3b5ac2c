//! The ledger as records, and back. It knows neither text nor files.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::config::Config;
use crate::ledger::family::Group;
use crate::ledger::lane::CREDENTIAL;
use crate::ledger::learnt::{Evidence, Learnt, Measure, UNUSED};
use crate::ledger::{Bucket, Ledger, bucket_key};
use crate::limit::{ServerFed, Shape};
use crate::reason::Reason;
use crate::saved::{AccountRecord, BlockRecord, BucketRecord, LearntRecord, SavedRecord};

/// How long buckets are doubted after a restart from a state that was not the last.
const DOUBT: Duration = Duration::from_mins(10);

impl Ledger {
    /// Writes down what is learnt, and what of each limit is used.
    pub(crate) fn save(&self, now: Moment, record: &mut SavedRecord, config: &Config) {
        for (_, account) in self.accounts.iter() {
            let (pause_us, held_us) = account.left_us(now, config);
            let ((taken, calm_us), credential) = (account.lowered(now), account.credential());
            record.accounts.push(AccountRecord { credential, pause_us, held_us, taken, calm_us });
        }
        let mut routes = BTreeMap::new();
        for (id, kind) in self.kinds.iter() {
            routes.insert(id, record.routes.len());
            record.routes.push(kind.to_record(self.accounts[kind.account].credential()));
        }
        for (_, bucket) in self.buckets.iter().filter(|(_, bucket)| !bucket.limit.is_idle(now)) {
            let (held_us, blocked_us) = bucket.limit.left_us(now, config.lost_margin);
            let (key, shape) = (bucket.key(Group::All), bucket.limit.shape().to_record(&bucket.name));
            let of = match bucket.group {
                Group::All => None,
                Group::Of(kind) => routes.get(&kind).copied(),
            };
            record.buckets.push(BucketRecord { key, shape, held_us, blocked_us, of });
        }
        record.splits = self.save_splits(&routes);
        for (_, learnt) in self.learnt.iter().filter(|(_, learnt)| learnt.evidence != Evidence::Sibling) {
            let route = routes.get(&learnt.kind).copied().unwrap_or_default();
            record.learnt.push(learnt.to_record(now, route, config.lost_margin));
        }
        for (_, lane) in self.lanes.iter() {
            let Some((_, reason)) = lane.blocked.state(now) else { continue };
            record.blocks.push(BlockRecord {
                key: lane.key_of(&self.kinds[lane.kind], 0),
                shared: reason == Reason::Shared,
                blocked_us: lane.blocked.left_us(now),
            });
        }
    }

    /// Takes over what an earlier process wrote down so long ago.
    pub(crate) fn load(&mut self, now: Moment, record: &SavedRecord, gap: Duration, config: &Config) {
        let until = |us: &u64| now + Duration::from_micros(*us).saturating_sub(gap);
        if !record.complete {
            self.doubt_until = now + DOUBT;
        }
        for saved in &record.accounts {
            let account = self.account(saved.credential);
            let held = saved.held_us.iter().map(until);
            self.accounts[account].restore(now, until(&saved.pause_us), held);
            if saved.taken > 0 {
                let calm = Duration::from_micros(saved.calm_us).saturating_add(gap);
                self.accounts[account].restore_lowered(now, saved.taken, calm);
            }
        }
        let mut kinds = Vec::with_capacity(record.routes.len());
        for saved in &record.routes {
            let account = self.account(saved.credential);
            let kind = self.kind(account, &saved.key);
            self.kinds[kind].restore(now, saved);
            // Where good answers describe a bucket, its own slots say what is used.
            if saved.bucket.is_none() {
                let (_, window) = self.kinds[kind].allowance(config);
                let left = if record.complete { window.saturating_sub(gap) } else { window };
                self.kinds[kind].used_until = now + left;
            }
            kinds.push(kind);
        }
        self.load_splits(now, &record.splits, &kinds);
        for saved in &record.buckets {
            let of = saved.of.and_then(|place| kinds.get(place)).copied();
            self.load_bucket(now, saved, of, gap);
        }
        for saved in &record.learnt {
            if let Some(kind) = kinds.get(saved.route) {
                self.load_learnt(now, *kind, saved, gap, record.complete);
            }
        }
        for saved in record.blocks.iter().filter(|saved| until(&saved.blocked_us) > now) {
            let reason = if saved.shared { Reason::Shared } else { Reason::RetryAfter };
            self.blocked_before.insert(saved.key.as_str().into(), (until(&saved.blocked_us), reason));
        }
    }

    fn load_bucket(&mut self, now: Moment, saved: &BucketRecord, of: Option<u32>, gap: Duration) {
        let until = |us: &u64| now + Duration::from_micros(*us).saturating_sub(gap);
        let held = saved.held_us.iter().map(until);
        let Some((credential, resource)) = parts_of(saved) else { return };
        let name: Arc<str> = saved.shape.name.as_str().into();
        // Without a split that is known, routes are counted together until their answers say otherwise.
        let group = self.group_of(of, &name);
        let limit = ServerFed::new(Shape::of_record(&saved.shape));
        let mark = self.bucket_ids.mark(&bucket_key(credential, &name, group, resource));
        let id = match self.bucket_ids.get_mark(mark) {
            Some(known) => self.awake_bucket(known),
            None => self.insert_bucket(Bucket::new(mark, credential, name, group, resource.into(), limit)),
        };
        self.buckets[id].limit.restore(now, held, until(&saved.blocked_us));
    }

    fn load_learnt(&mut self, now: Moment, kind: u32, saved: &LearntRecord, gap: Duration, complete: bool) {
        let unused = Duration::from_micros(saved.unused_us).saturating_add(gap);
        let key: Box<str> = saved.key.as_str().into();
        let known = self.kinds[kind].lessons.get(saved.lesson).is_some();
        if unused >= UNUSED || !known || self.learnt_ids.get(&key).is_some() {
            return;
        }
        let measure = Measure::new(saved.limit, saved.window_us);
        let mut learnt = Learnt::new(now, (key, kind, saved.lesson), measure);
        let held = saved.held_us.iter().map(|us| now + Duration::from_micros(*us).saturating_sub(gap));
        learnt.restore(now, saved, gap, held);
        if !complete {
            learnt.go_alone_first();
        }
        self.kinds[kind].lessons.met(saved.lesson, learnt.lesson_measure(), true);
        let id = self.learnt.insert(learnt);
        self.learnt_ids.insert(&saved.key, id);
    }
}

/// The credential and the resource in a bucket's saved key, if it can be read.
fn parts_of(saved: &BucketRecord) -> Option<(u64, &str)> {
    let (credential, rest) = saved.key.split_at_checked(CREDENTIAL)?;
    let resource = rest.strip_prefix(saved.shape.name.as_str())?.strip_prefix(' ')?;
    Some((u64::from_str_radix(credential, 16).ok()?, resource))
}
