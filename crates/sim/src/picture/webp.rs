//! `WebP` files with an owner inside, padded to a length that was announced before drawing.
//!
//! The pixels are coded by the `image` crate; this is only the container around them.

use image::ExtendedColorType;
use image::codecs::webp::WebPEncoder;

use super::{Canvas, Drawing, PictureOwner};

const OWNER: &[u8; 4] = b"JOBI";

/// Generous for pictures of few colours; what is left over is padding.
pub(super) fn file_size(drawing: &Drawing) -> usize {
    let pixels = drawing.size.width as usize * drawing.size.height as usize;
    // A chunk's length is even, and so is this.
    (pixels / 2 + 8_192 + drawing.prompt.len()) & !1
}

pub(super) fn write(drawing: &Drawing, canvas: &Canvas) -> Vec<u8> {
    let colours: Vec<u8> =
        canvas.pixels.iter().flat_map(|index| canvas.palette[usize::from(*index)]).collect();
    let mut coded = Vec::new();
    let result = WebPEncoder::new_lossless(&mut coded).encode(
        &colours,
        drawing.size.width,
        drawing.size.height,
        ExtendedColorType::Rgb8,
    );
    debug_assert!(result.is_ok(), "a picture of this size fits into WebP");
    // Behind `RIFF`, its length and `WEBP` lies the one chunk of the pixels.
    let pixels = coded.get(12..).unwrap_or_default();

    let mut body = Vec::with_capacity(file_size(drawing));
    body.extend_from_slice(b"WEBP");
    let mut canvas_size = vec![0; 4];
    for length in [drawing.size.width, drawing.size.height] {
        canvas_size.extend_from_slice(&(length - 1).to_le_bytes()[..3]);
    }
    put_chunk(&mut body, *b"VP8X", &canvas_size);
    body.extend_from_slice(pixels);
    let mut owner = [drawing.job_id.as_bytes(), b"\n", drawing.prompt.as_bytes(), b"\0"].concat();
    let free = file_size(drawing).saturating_sub(8 + body.len() + 8);
    owner.resize(free.max(owner.len()), 0);
    put_chunk(&mut body, *OWNER, &owner);

    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(&body);
    file
}

fn put_chunk(body: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    body.extend_from_slice(&kind);
    body.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    body.extend_from_slice(data);
    if data.len() % 2 == 1 {
        body.push(0);
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
            let text = data.split(|byte| *byte == 0).next()?;
            let (job_id, prompt) = std::str::from_utf8(text).ok()?.split_once('\n')?;
            return Some(PictureOwner { job_id: job_id.to_owned(), prompt: prompt.to_owned() });
        }
        rest = after.get(length.checked_next_multiple_of(2)?..)?;
    }
    None
}
