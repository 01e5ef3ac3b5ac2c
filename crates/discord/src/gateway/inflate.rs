//! `zlib-stream`: one compressed stream per connection, cut into messages. It knows nothing of what they say.
//!
//! Source: Discord's docs, "Gateway", transport compression: a message is whole when its data ends in 00 00 FF FF.

use flate2::{Decompress, FlushDecompress, Status};

use super::Damage;

/// A message of the stream ends so (a sync flush of zlib).
const SUFFIX: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// No message is longer, compressed. READY of an account in hundreds of guilds has a few megabytes.
pub(super) const MOST_COMPRESSED: usize = 16 << 20;
/// No message is longer: what inflates further is a bomb.
pub(super) const MOST: usize = 64 << 20;
/// A buffer larger than this is not kept for the next message.
const KEPT: usize = 64 << 10;

/// The inflating side of one connection.
#[derive(Debug)]
pub(super) struct Inflater {
    stream: Decompress,
    /// Of the message that is not whole yet.
    waiting: Vec<u8>,
    most: usize,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self::with_most(MOST)
    }

    fn with_most(most: usize) -> Self {
        Self { stream: Decompress::new(true), waiting: Vec::new(), most }
    }

    /// Takes in what one frame carried; gives the text when a message is whole.
    ///
    /// After an error the stream is lost.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Option<String>, Damage> {
        if self.waiting.len() + bytes.len() > MOST_COMPRESSED {
            return Err(Damage::TooLarge);
        }
        self.waiting.extend_from_slice(bytes);
        if !self.waiting.ends_with(&SUFFIX) {
            return Ok(None);
        }
        let text = self.inflate()?;
        self.waiting.clear();
        self.waiting.shrink_to(KEPT);
        String::from_utf8(text).map(Some).map_err(|_| Damage::NotJson)
    }

    fn inflate(&mut self) -> Result<Vec<u8>, Damage> {
        let mut rest = self.waiting.as_slice();
        let mut text = Vec::with_capacity(rest.len().saturating_mul(4).min(KEPT).min(self.most));
        loop {
            let (before_in, before_out) = (self.stream.total_in(), text.len());
            let status = self.stream.decompress_vec(rest, &mut text, FlushDecompress::Sync);
            let taken = usize::try_from(self.stream.total_in() - before_in).unwrap_or(usize::MAX);
            rest = rest.get(taken..).ok_or(Damage::Compression)?;
            let is_stuck = taken == 0 && text.len() == before_out;
            match status {
                // Everything was read, and room is left: there is no more to come out.
                Ok(Status::Ok | Status::BufError) if rest.is_empty() && text.len() < text.capacity() => {
                    return Ok(text);
                }
                Ok(Status::Ok | Status::BufError) if text.len() >= self.most => return Err(Damage::TooLarge),
                Ok(Status::Ok | Status::BufError) if text.len() == text.capacity() => {
                    text.reserve_exact(text.len().max(KEPT).min(self.most - text.len()));
                }
                Ok(Status::Ok | Status::BufError) if !is_stuck => {}
                // The stream lasts as long as the connection.
                Ok(Status::StreamEnd | Status::Ok | Status::BufError) | Err(_) => {
                    return Err(Damage::Compression);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use journeyman_moment::Moment;

    use super::*;
    use crate::gateway::GatewayConfig;
    use crate::gateway::session::{Input, Output, Session};

    /// The messages of one stream, compressed as Discord does it.
    fn stream(messages: &[&str]) -> Vec<Vec<u8>> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        let mut compressed = Vec::new();
        for message in messages {
            encoder.write_all(message.as_bytes()).unwrap();
            encoder.flush().unwrap();
            compressed.push(std::mem::take(encoder.get_mut()));
        }
        compressed
    }

    #[test]
    fn one_context_serves_all_messages_however_they_are_cut() {
        let long = "long ".repeat(100_000);
        let messages = ["{}", "[1]", long.as_str(), "", "{\"again\":\"again\"}", "é"];
        for cut in [1, 3, 7, usize::MAX] {
            let mut inflater = Inflater::new();
            let mut heard = Vec::new();
            for bytes in stream(&messages) {
                assert!(bytes.ends_with(&SUFFIX));
                heard.extend(bytes.chunks(cut).filter_map(|part| inflater.push(part).unwrap()));
            }
            assert_eq!(heard, messages, "{cut}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_bound() {
        let bomb = "0".repeat(1 << 20);
        let bytes = stream(&[bomb.as_str()]).remove(0);
        assert!(bytes.len() < 5_000, "{}", bytes.len());
        assert_eq!(Inflater::with_most(1 << 16).push(&bytes), Err(Damage::TooLarge));
        assert_eq!(Inflater::with_most((1 << 20) - 1).push(&bytes), Err(Damage::TooLarge));
        assert_eq!(Inflater::with_most((1 << 20) + 1).push(&bytes), Ok(Some(bomb)));
    }

    #[test]
    fn a_truncated_stream_waits_and_a_broken_one_is_refused() {
        let bytes = stream(&["{\"op\":10,\"d\":{\"heartbeat_interval\":41250}}"]).remove(0);
        for length in 0..bytes.len() {
            let mut inflater = Inflater::new();
            assert_eq!(inflater.push(&bytes[..length]), Ok(None), "{length}");
            assert!(inflater.push(&bytes[length..]).unwrap().is_some());
        }
        for broken in 0..bytes.len() - SUFFIX.len() {
            let mut bytes = bytes.clone();
            bytes[broken] ^= 0xff;
            // Either it is noticed, or the text is another; there is no panic and no endless loop.
            let _ = Inflater::new().push(&bytes);
        }
        assert_eq!(Inflater::new().push(&SUFFIX), Err(Damage::Compression));
        let mut ended = ZlibEncoder::new(Vec::new(), Compression::default());
        ended.write_all(b"{}").unwrap();
        let ended = [ended.finish().unwrap(), SUFFIX.to_vec()].concat();
        assert_eq!(Inflater::new().push(&ended), Err(Damage::Compression));
    }

    #[test]
    fn mutated_streams_end_in_a_text_or_an_error_and_never_in_a_panic() {
        let streams = if std::env::var_os("JOURNEYMAN_LONG").is_some() { 1_000_000 } else { 5_000 };
        let mut rng = fastrand::Rng::with_seed(7);
        let long = "{\"op\":0,\"d\":".repeat(40);
        let messages = stream(&["{\"op\":10,\"d\":null}", long.as_str(), "{\"op\":11}"]);
        let (mut texts, mut errors) = (0, 0);
        for _ in 0..streams {
            let mut inflater = Inflater::with_most(1 << 16);
            for message in &messages {
                let mut bytes = message.clone();
                for _ in 0..rng.usize(0..3) {
                    let at = rng.usize(0..bytes.len());
                    bytes[at] = rng.u8(..);
                }
                match inflater.push(&bytes) {
                    Ok(Some(_)) => texts += 1,
                    Ok(None) => {}
                    Err(_) => {
                        errors += 1;
                        break;
                    }
                }
            }
        }
        assert!(texts > streams / 4 && errors > streams / 4, "{texts} {errors}");
    }

    /// Bytes of any kind, some behind the head of a zlib stream, and whole frames of garbage: what comes out of the decoder
    /// goes on into a session, which takes it for a frame or for damage.
    #[test]
    fn zlib_garbage_goes_through_the_decoder_into_a_session_without_a_panic() {
        let connections = if std::env::var_os("JOURNEYMAN_LONG").is_some() { 300_000 } else { 5_000 };
        let mut rng = fastrand::Rng::with_seed(11);
        let (mut texts, mut damaged) = (0, 0);
        let token = crate::Token::parse("Bot MTAwMDAwMDAwMDAwMDAwMDAw.Gabcde.made-up-signature").unwrap();
        for _ in 0..connections {
            let now = Moment::ORIGIN;
            let mut session = Session::new(GatewayConfig::new(token.clone()), now);
            assert!(matches!(session.poll(now), Some(Output::Connect { .. })));
            session.on(now, Input::Opened);
            let mut inflater = Inflater::with_most(1 << 16);
            for message in garbage(&mut rng) {
                match inflater.push(&message) {
                    Ok(None) => {}
                    Ok(Some(text)) => {
                        texts += 1;
                        session.on(now, Input::Frame(&text));
                    }
                    Err(damage) => {
                        damaged += 1;
                        session.on(now, Input::Damaged(damage));
                        break;
                    }
                }
                assert!(inflater.waiting.capacity() <= 2 * KEPT, "{}", inflater.waiting.capacity());
                assert!(std::iter::from_fn(|| session.poll(now)).take(100).count() < 100, "no rest");
            }
        }
        assert!(texts > connections / 10 && damaged > connections / 10, "{texts} {damaged}");
    }

    /// The binary messages of one connection.
    fn garbage(rng: &mut fastrand::Rng) -> Vec<Vec<u8>> {
        let bytes = |rng: &mut fastrand::Rng| {
            let length = rng.usize(0..200);
            std::iter::repeat_with(|| rng.u8(..)).take(length).collect::<Vec<u8>>()
        };
        if rng.bool() {
            // Well compressed, and no text or no frame.
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            return (0..rng.u8(1..4))
                .map(|_| {
                    let frame = match rng.u8(0..3) {
                        0 => bytes(rng),
                        1 => format!("{{\"op\":{},\"d\":{}}}", rng.u8(0..12), rng.u8(..)).into_bytes(),
                        _ => vec![b'['; rng.usize(0..70_000)],
                    };
                    encoder.write_all(&frame).unwrap();
                    encoder.flush().unwrap();
                    std::mem::take(encoder.get_mut())
                })
                .collect();
        }
        let head: &[u8] = if rng.bool() { &[0x78, 0x9c] } else { &[] };
        let tail: &[u8] = if rng.u8(0..4) == 0 { &[] } else { &SUFFIX };
        (0..rng.u8(1..4)).map(|_| [head, &bytes(rng), tail].concat()).collect()
    }

    #[test]
    fn data_without_an_end_is_bounded() {
        let mut inflater = Inflater::new();
        let megabyte = vec![1; 1 << 20];
        for _ in 0..16 {
            assert_eq!(inflater.push(&megabyte), Ok(None));
        }
        assert_eq!(inflater.push(&megabyte), Err(Damage::TooLarge));
    }
}
