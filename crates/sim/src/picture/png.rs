//! A PNG writer whose output has a length that is known before anything is drawn.
//!
//! It compresses nothing: the data are stored, so that writing is quick even unoptimised.

use super::{Canvas, Drawing, PictureOwner};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const CHUNK_FRAME: usize = 12;
const STORED_BLOCK: usize = 65_535;

pub(super) fn file_size(drawing: &Drawing) -> usize {
    let (width, height) = (drawing.size.width as usize, drawing.size.height as usize);
    let raw = (width + 1) * height;
    let zlib = 2 + raw + 5 * raw.div_ceil(STORED_BLOCK) + 4;
    let chunks = [13, job_text(drawing).len(), prompt_text(drawing).len(), 768, zlib, 0];
    SIGNATURE.len() + chunks.iter().map(|length| length + CHUNK_FRAME).sum::<usize>()
}

pub(super) fn write(drawing: &Drawing, canvas: &Canvas) -> Vec<u8> {
    let mut file = Vec::with_capacity(file_size(drawing));
    file.extend_from_slice(SIGNATURE);
    let mut head = Vec::new();
    head.extend_from_slice(&drawing.size.width.to_be_bytes());
    head.extend_from_slice(&drawing.size.height.to_be_bytes());
    // Eight bits, palette, and the only methods there are.
    head.extend_from_slice(&[8, 3, 0, 0, 0]);
    put_chunk(&mut file, *b"IHDR", &head);
    put_chunk(&mut file, *b"tEXt", &job_text(drawing));
    put_chunk(&mut file, *b"iTXt", &prompt_text(drawing));
    let mut palette: Vec<u8> = canvas.palette.iter().flatten().copied().collect();
    palette.resize(768, 0);
    put_chunk(&mut file, *b"PLTE", &palette);
    put_chunk(&mut file, *b"IDAT", &zlib(&rows(canvas)));
    put_chunk(&mut file, *b"IEND", &[]);
    file
}

/// Each row begins with its filter, which is none.
fn rows(canvas: &Canvas) -> Vec<u8> {
    let mut raw = Vec::with_capacity((canvas.width + 1) * canvas.height);
    for row in canvas.pixels.chunks(canvas.width) {
        raw.push(0);
        raw.extend_from_slice(row);
    }
    raw
}

fn job_text(drawing: &Drawing) -> Vec<u8> {
    [b"Job\0", drawing.job_id.as_bytes()].concat()
}

/// UTF-8, uncompressed, without language or translated keyword.
fn prompt_text(drawing: &Drawing) -> Vec<u8> {
    [b"Prompt\0\0\0\0\0", drawing.prompt.as_bytes()].concat()
}

fn zlib(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = raw.chunks(STORED_BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(blocks.peek().is_none()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&adler32(raw).to_be_bytes());
    out
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    // So many sums fit into 32 bits before a remainder must be taken.
    for part in bytes.chunks(5_552) {
        for byte in part {
            low += u32::from(*byte);
            high += low;
        }
        low %= 65_521;
        high %= 65_521;
    }
    (high << 16) | low
}

fn put_chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    file.extend_from_slice(&length.to_be_bytes());
    let start = file.len();
    file.extend_from_slice(&kind);
    file.extend_from_slice(data);
    let check = crc32(&file[start..]);
    file.extend_from_slice(&check.to_be_bytes());
}

const CRC_TABLE: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0_u32;
    while index < 256 {
        let mut value = index;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[index as usize] = value;
        index += 1;
    }
    table
}

fn crc32(bytes: &[u8]) -> u32 {
    let folded = bytes
        .iter()
        .fold(u32::MAX, |crc, byte| CRC_TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8));
    !folded
}

/// The owner from the text chunks.
pub(super) fn owner(bytes: &[u8]) -> Option<PictureOwner> {
    let mut rest = bytes.strip_prefix(SIGNATURE)?;
    let (mut job_id, mut prompt) = (None, None);
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let data = after.get(..length)?;
        let text = |prefix: &[u8]| String::from_utf8(data.strip_prefix(prefix)?.to_vec()).ok();
        match kind {
            b"tEXt" => job_id = text(b"Job\0").or(job_id),
            b"iTXt" => prompt = text(b"Prompt\0\0\0\0\0").or(prompt),
            _ => {}
        }
        rest = after.get(length + 4..)?;
    }
    Some(PictureOwner { job_id: job_id?, prompt: prompt? })
}
