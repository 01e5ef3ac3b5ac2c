//! Which fields a JSON body has, as far as limits may depend on them. It keeps neither names nor values.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};

/// A longer body is not read: those that Discord limits by field are short.
const LONGEST: usize = 64 * 1024;
/// Chosen so that the documented fields of a channel, a message and a member fall on different bits.
const SEED: u64 = 194;

/// The set of a body's top-level fields, in eight bytes.
///
/// Discord limits some fields apart from the rest of their route: a channel's
/// `name` and `topic` may be changed twice in ten minutes, its other fields
/// much more often (discord-api-docs#1909). Each field is one of 64 bits; two
/// that nobody has documented may share one, so that a request at worst obeys
/// a limit that was not meant for it.
///
/// ```
/// use journeyman_limiter::Fields;
///
/// let name = Fields::of(["name"]);
/// assert_eq!(Fields::of_json(br#"{"name": "general"}"#), name);
/// assert!(Fields::of_json(br#"{"nsfw": true, "name": "general"}"#).contain(name));
/// // The interesting failure: what is no JSON object has no fields.
/// assert_eq!(Fields::of_json(b"name=general"), Fields::NONE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fields(u64);

impl Fields {
    /// No fields, or nothing known of them.
    pub const NONE: Self = Self(0);

    /// The set of these names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().fold(0, |bits, name| bits | bit(name)))
    }

    /// The fields of a JSON object; none of anything else, or of a longer body than 64 kB.
    ///
    /// Values are skipped, not kept.
    pub fn of_json(body: &[u8]) -> Self {
        if body.len() > LONGEST {
            return Self::NONE;
        }
        let mut reader = serde_json::Deserializer::from_slice(body);
        let fields = reader.deserialize_map(Names).unwrap_or_default();
        // What follows an object makes it no object.
        reader.end().map_or(Self::NONE, |()| fields)
    }

    /// Whether all of another set's are among these. No fields at all are among any.
    pub const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

fn bit(name: &str) -> u64 {
    // FNV-1a; its highest bits say which.
    let hash = name.bytes().fold(SEED, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    1 << (hash >> 58)
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut bits = 0;
        while let Some(Name(bit)) = map.next_key()? {
            bits |= bit;
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Fields(bits))
    }
}

/// A field's name, reduced to its bit without being kept.
struct Name(u64);

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reduce;
        impl Visitor<'_> for Reduce {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(bit(name)))
            }
        }
        deserializer.deserialize_str(Reduce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_for_its_top_level_fields_only() {
        let check = |body: &str, names: &[&str]| {
            assert_eq!(Fields::of_json(body.as_bytes()), Fields::of(names.iter().copied()), "{body}");
        };
        check(r#"{"name": "x", "topic": null}"#, &["topic", "name"]);
        check(r#" {"embeds": [{"name": 1}], "na\u006de": 2} "#, &["embeds", "name"]);
        check(r#"{"name": "x"} and more"#, &[]);
        check(r#"["name"]"#, &[]);
        check(r#"{"name": "#, &[]);
        check("", &[]);
        check("{}", &[]);
    }

    #[test]
    fn no_body_makes_it_panic_or_read_without_end() {
        assert_eq!(Fields::of_json(&vec![b'['; LONGEST]), Fields::NONE);
        assert_eq!(Fields::of_json("{\"a\":".repeat(10_000).as_bytes()), Fields::NONE);
        assert_eq!(Fields::of_json(b"{\"\xff\": 1}"), Fields::NONE);
        let long = format!(r#"{{"name": "{}"}}"#, "x".repeat(LONGEST));
        assert_eq!(Fields::of_json(long.as_bytes()), Fields::NONE);
    }

    #[test]
    fn the_documented_fields_of_one_route_are_told_apart() {
        let channel = "name type position topic nsfw rate_limit_per_user bitrate user_limit permission_overwrites \
            parent_id rtc_region video_quality_mode default_auto_archive_duration flags available_tags \
            default_reaction_emoji default_thread_rate_limit_per_user default_sort_order default_forum_layout \
            archived auto_archive_duration locked invitable applied_tags icon";
        let message = "content nonce tts embeds allowed_mentions message_reference components sticker_ids \
            attachments flags enforce_nonce poll username avatar_url thread_name applied_tags";
        let member = "nick roles mute deaf channel_id communication_disabled_until flags";
        for route in [channel, message, member] {
            let names: Vec<&str> = route.split_whitespace().collect();
            let bits = Fields::of(names.iter().copied()).0.count_ones();
            assert_eq!(bits as usize, names.len(), "two of these share a bit: {route}");
        }
    }
}
