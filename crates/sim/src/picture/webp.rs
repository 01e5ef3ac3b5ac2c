//! A `WebP` writer whose output has a length that is known before anything is drawn.
//!
//! It compresses nothing: a lossless stream in which every index of the palette takes eight bits.

use super::{Canvas, Drawing, PictureOwner};

const OWNER: &[u8; 4] = b"JOBI";
const CHUNK_FRAME: usize = 8;
const COLOURS: usize = 256;
/// Lengths of matches share the alphabet of green.
const GREENS: usize = COLOURS + 24;
/// What stands before the indices: as long for every picture, since all its codes have fixed lengths.
const HEAD_BITS: usize = 7_734;

pub(super) fn file_size(drawing: &Drawing) -> usize {
    let indices = drawing.size.width as usize * drawing.size.height as usize;
    let chunks = [10, HEAD_BITS.div_ceil(8) + indices, owner_text(drawing).len()];
    let even = |length: usize| length + length % 2;
    b"RIFF----WEBP".len() + chunks.into_iter().map(|length| CHUNK_FRAME + even(length)).sum::<usize>()
}

pub(super) fn write(drawing: &Drawing, canvas: &Canvas) -> Vec<u8> {
    let mut body = Vec::with_capacity(file_size(drawing));
    body.extend_from_slice(b"WEBP");
    let mut canvas_size = vec![0; 4];
    for length in [drawing.size.width, drawing.size.height] {
        canvas_size.extend_from_slice(&(length - 1).to_le_bytes()[..3]);
    }
    put_chunk(&mut body, *b"VP8X", &canvas_size);
    put_chunk(&mut body, *b"VP8L", &lossless(drawing, canvas));
    put_chunk(&mut body, *OWNER, &owner_text(drawing));

    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(&body);
    file
}

fn owner_text(drawing: &Drawing) -> Vec<u8> {
    [drawing.job_id.as_bytes(), b"\n", drawing.prompt.as_bytes()].concat()
}

fn put_chunk(body: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    body.extend_from_slice(&kind);
    body.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    body.extend_from_slice(data);
    if data.len() % 2 == 1 {
        body.push(0);
    }
}

/// The stream of the pixels (RFC 9649, section 3).
fn lossless(drawing: &Drawing, canvas: &Canvas) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x2f, 8);
    bits.put(drawing.size.width - 1, 14);
    bits.put(drawing.size.height - 1, 14);
    // No alpha, version 0.
    bits.put(0, 4);
    put_palette(&mut bits, &canvas.palette);
    // No other transform, no colour cache, one set of codes for the whole picture.
    bits.put(0, 3);
    bits.put_byte_code(GREENS);
    for only in [0, 0, 255, 0] {
        bits.put_code_of_one(only);
    }
    debug_assert_eq!(bits.len(), HEAD_BITS, "the announced size rests on it");
    for index in &canvas.pixels {
        bits.put_byte(*index);
    }
    bits.finish()
}

/// The transform that makes green an index; its table is a picture too, each colour less the one before.
fn put_palette(bits: &mut Bits, palette: &[[u8; 3]]) {
    // A transform, of the kind that has a table of 256.
    bits.put(0b111, 3);
    bits.put(255, 8);
    // No colour cache.
    bits.put(0, 1);
    for alphabet in [GREENS, COLOURS, COLOURS] {
        bits.put_byte_code(alphabet);
    }
    bits.put_code_of_two(255);
    bits.put_code_of_one(0);
    let mut last = [0_u8; 3];
    for place in 0..COLOURS {
        let colour = palette.get(place).copied().unwrap_or_default();
        for part in [1, 0, 2] {
            bits.put_byte(colour[part].wrapping_sub(last[part]));
        }
        // Opaque at first, and no change after.
        bits.put(u32::from(place == 0), 1);
        last = colour;
    }
}

/// Bits, the least significant of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: u32, count: usize) {
        self.pending |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending.to_le_bytes()[0]);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// In the code of [`put_byte_code`](Self::put_byte_code), whose words begin with their highest bit.
    fn put_byte(&mut self, byte: u8) {
        self.put(u32::from(byte.reverse_bits()), 8);
    }

    /// A code in which each byte takes eight bits, and what else is in the alphabet does not occur.
    fn put_byte_code(&mut self, alphabet: usize) {
        // Not a simple code; twelve lengths follow, of which those for 0 and for 8 are one bit each.
        self.put(0, 1);
        self.put(12 - 4, 4);
        for place in 0..12 {
            self.put(u32::from(matches!(place, 2 | 11)), 3);
        }
        self.put(0, 1);
        for symbol in 0..alphabet {
            self.put(u32::from(symbol < COLOURS), 1);
        }
    }

    /// A simple code of one symbol, which then takes no bits.
    fn put_code_of_one(&mut self, symbol: u8) {
        self.put(0b01, 2);
        self.put(u32::from(symbol > 1), 1);
        self.put(u32::from(symbol), if symbol > 1 { 8 } else { 1 });
    }

    /// A simple code of 0 and another symbol, one bit each.
    fn put_code_of_two(&mut self, symbol: u8) {
        self.put(0b0011, 4);
        self.put(u32::from(symbol), 8);
    }

    fn len(&self) -> usize {
        self.bytes.len() * 8 + self.count
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.pending.to_le_bytes()[0]);
        }
        self.bytes
    }
}

/// The owner from its own chunk.
pub(super) fn owner(bytes: &[u8]) -> Option<PictureOwner> {
    let mut rest = bytes.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WEBP")?;
    while let Some((kind, after)) = rest.split_first_chunk::<4>() {
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let data = after.get(..length)?;
        if kind == OWNER {
            let (job_id, prompt) = std::str::from_utf8(data).ok()?.split_once('\n')?;
            return Some(PictureOwner { job_id: job_id.to_owned(), prompt: prompt.to_owned() });
        }
        rest = after.get(length.checked_next_multiple_of(2)?..)?;
    }
    None
}
