//! The frame of an MP4 file, with whose it is: valid boxes, and not one track.
//!
//! It holds no film; a player opens it and shows nothing.

use super::{Drawing, PictureOwner};

const BOX_HEAD: usize = 8;

/// `ftyp`, `moov` with its header alone, `free` with the owner, and an empty `mdat` (ISO 14496-12).
pub(super) fn write(drawing: &Drawing) -> Vec<u8> {
    let mut file = Vec::new();
    put_box(&mut file, *b"ftyp", b"isom\0\0\x02\0isomiso2mp41");
    let mut moov = Vec::new();
    put_box(&mut moov, *b"mvhd", &movie_header());
    put_box(&mut file, *b"moov", &moov);
    let owner = [b"JOBI", drawing.job_id.as_bytes(), b"\n", drawing.prompt.as_bytes()].concat();
    put_box(&mut file, *b"free", &owner);
    put_box(&mut file, *b"mdat", &[]);
    file
}

/// Five seconds at a thousand ticks a second, speed and volume 1, the unit matrix, next track 1.
fn movie_header() -> Vec<u8> {
    let mut head = vec![0; 12];
    head.extend_from_slice(&1_000_u32.to_be_bytes());
    head.extend_from_slice(&5_000_u32.to_be_bytes());
    head.extend_from_slice(&0x0001_0000_u32.to_be_bytes());
    head.extend_from_slice(&0x0100_u16.to_be_bytes());
    head.extend_from_slice(&[0; 10]);
    for entry in [0x0001_0000_u32, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
        head.extend_from_slice(&entry.to_be_bytes());
    }
    head.extend_from_slice(&[0; 24]);
    head.extend_from_slice(&1_u32.to_be_bytes());
    head
}

fn put_box(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len() + BOX_HEAD).unwrap_or(u32::MAX);
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(&kind);
    file.extend_from_slice(data);
}

pub(super) fn owner(bytes: &[u8]) -> Option<PictureOwner> {
    let mut rest = bytes;
    let mut first = true;
    while let Some((head, _)) = rest.split_at_checked(BOX_HEAD) {
        let (length, kind) = head.split_at(4);
        if first && kind != b"ftyp" {
            return None;
        }
        first = false;
        let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
        let (whole, after) = rest.split_at_checked(length)?;
        let data = whole.get(BOX_HEAD..)?;
        if kind == b"free" {
            let text = std::str::from_utf8(data.strip_prefix(b"JOBI")?).ok()?;
            let (job_id, prompt) = text.split_once('\n')?;
            return Some(PictureOwner { job_id: job_id.to_owned(), prompt: prompt.to_owned() });
        }
        rest = after;
    }
    None
}
