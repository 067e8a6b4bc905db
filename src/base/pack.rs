//! Compression, in the forms that other programs read: zlib as SQLite's archives hold it, gzip for files.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

/// `bytes` as an SQLite archive holds them: zlib, or the bytes themselves where zlib does not make them shorter.
#[must_use]
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    // Level 3: within a tenth of the size of level 6 on JSON, at less than half the time; a caller waits for it.
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 3 + 32), Compression::new(3));
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    match packed {
        Ok(packed) if packed.len() < bytes.len() => packed,
        // Writing to memory does not fail; and what does not shrink is kept as it is.
        _ => bytes.to_vec(),
    }
}

/// The `size` bytes that [`pack`] was given; nothing where `packed` is not their packed form. Never takes more memory
/// than `size`, whatever `packed` claims.
#[must_use]
pub fn unpack(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    if packed.len() == size {
        return Some(packed.to_vec());
    }
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed).take(size as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() == size).then_some(bytes)
}

/// Runs `write` with a writer whose bytes arrive at `out` as gzip.
///
/// # Errors
/// Those of `write` and `out`.
pub fn gzip<'w>(
    out: &'w mut dyn std::io::Write,
    write: impl FnOnce(&mut GzEncoder<&'w mut dyn std::io::Write>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut encoder = GzEncoder::new(out, Compression::default());
    write(&mut encoder)?;
    encoder.finish().map(|_| ())
}

/// What `bytes` hold, unpacked where they are gzip.
#[must_use]
pub fn gunzipped(bytes: &[u8]) -> Box<dyn std::io::Read + '_> {
    if bytes.starts_with(&[0x1f, 0x8b]) { Box::new(GzDecoder::new(bytes)) } else { Box::new(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_nothing_else_does() {
        for text in ["", "null", &"the same again and again, ".repeat(100)] {
            let packed = pack(text.as_bytes());
            assert!(packed.len() <= text.len());
            assert_eq!(unpack(&packed, text.len()).as_deref(), Some(text.as_bytes()));
        }
        let packed = pack(&[b'a'; 10_000]);
        assert!(packed.len() < 100);
        assert_eq!(unpack(&packed, 9_999), None, "more came out than was promised");
        assert_eq!(unpack(&packed, 10_001), None, "less came out than was promised");
        assert_eq!(unpack(b"no zlib", 100), None);
    }
}
