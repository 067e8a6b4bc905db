//! Bytes into text: unpacked, and decoded by what they are.

use std::borrow::Cow;
use std::io::Read as _;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::MOST_BYTES;
use crate::base::text::plural;
use crate::finding::{Finding, Location};

const GZIP: &[u8] = b"\x1f\x8b";
const UTF8: &[u8] = b"\xef\xbb\xbf";

/// Whether the bytes are what they look like: neither packed nor in an encoding of two bytes a character.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    ![GZIP, b"\xff\xfe", b"\xfe\xff"].iter().any(|m| bytes.starts_with(m)) && unmarked(bytes).is_none()
}

/// UTF-16 without its mark: nearly all that descriptions are written with has a byte of zero there, always on the same side,
/// and no other text has bytes of zero at all.
fn unmarked(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..512).unwrap_or(bytes);
    let pairs = head.len() / 2;
    let zeros = |side: usize| head.chunks_exact(2).filter(|pair| pair.get(side) == Some(&0)).count();
    let (first, second) = (zeros(0), zeros(1));
    let mostly = |n: usize| pairs > 1 && n * 10 >= pairs * 7;
    match (first, second) {
        (0, n) if mostly(n) => Some(UTF_16LE),
        (n, 0) if mostly(n) => Some(UTF_16BE),
        _ => None,
    }
}

/// The text in `bytes`: gzip is unpacked, UTF-8, UTF-16 with its mark and Latin-1 are decoded. Nothing, and a finding,
/// where there is none or more than [`MOST_BYTES`]. UTF-8 is not copied.
pub(super) fn text<'b>(bytes: &'b [u8], origin: &str, findings: &mut Vec<Finding>) -> Option<Cow<'b, str>> {
    let whole = || Location { file: origin.to_owned(), ..Location::default() };
    if bytes.len() > MOST_BYTES {
        let megabytes = plural((bytes.len() >> 20) as u64, "MB").replace("MBs", "MB");
        findings.push(too_large(whole(), &format!("the description has {megabytes}, at most 64 MB are read")));
        return None;
    }
    let bytes: Cow<'b, [u8]> = if bytes.starts_with(GZIP) {
        let mut out = Vec::new();
        let read = flate2::read::MultiGzDecoder::new(bytes).take(MOST_BYTES as u64 + 1).read_to_end(&mut out);
        if out.len() > MOST_BYTES {
            findings.push(too_large(
                whole(),
                "unpacked, the description has more than 64 MB, which is the most that is read",
            ));
            return None;
        }
        if let Err(e) = read {
            let finding = Finding::error("broken-gzip", whole(), format!("the gzip data cannot be unpacked: {e}"));
            findings.push(finding.fix("pack the description again, or pass it unpacked"));
            return None;
        }
        if out.starts_with(GZIP) {
            let finding = Finding::error("binary-input", whole(), "the input is gzip within gzip, not a text");
            findings.push(finding.fix("unpack it once and pass the result"));
            return None;
        }
        out.into()
    } else {
        bytes.into()
    };
    match bytes {
        Cow::Borrowed(bytes) => decoded(bytes, whole, findings),
        Cow::Owned(bytes) => decoded(&bytes, whole, findings).map(|text| text.into_owned().into()),
    }
}

fn too_large(at: Location, message: &str) -> Finding {
    Finding::error("input-too-large", at, message).fix("pass the description alone, without bundled examples or data")
}

fn decoded<'b>(bytes: &'b [u8], whole: impl Fn() -> Location, findings: &mut Vec<Finding>) -> Option<Cow<'b, str>> {
    let utf16 = if bytes.starts_with(b"\xff\xfe") {
        Some(UTF_16LE)
    } else if bytes.starts_with(b"\xfe\xff") {
        Some(UTF_16BE)
    } else {
        None
    };
    let told = if utf16.is_some() { "UTF-16" } else { "UTF-16 without the mark that says so" };
    if let Some(encoding) = utf16.or_else(|| unmarked(bytes)) {
        let (text, broken) = encoding.decode_with_bom_removal(bytes);
        let mut message = format!("the text is {told}; it was read as such");
        if broken {
            message.push_str(", and characters that could not be read were replaced");
        }
        findings
            .push(Finding::note("not-utf8", whole(), message).fix("save it as UTF-8, for other tools will refuse it"));
        return Some(text.into_owned().into());
    }
    let bytes = bytes.strip_prefix(UTF8).unwrap_or(bytes);
    let bad = match std::str::from_utf8(bytes) {
        Ok(text) => return Some(Cow::Borrowed(text)),
        Err(e) => e.valid_up_to(),
    };
    // Binary data is told as such by whoever looks at the text; its bytes are not guessed at.
    if bytes.iter().take(8192).any(|b| *b == 0) {
        return Some(String::from_utf8_lossy(bytes).into_owned().into());
    }
    // A text with some letters in UTF-8 is UTF-8 with a slip in it; one whose every other letter is a lone byte is not.
    let mended = String::from_utf8_lossy(bytes);
    let other = mended.chars().filter(|c| !c.is_ascii() && *c != char::REPLACEMENT_CHARACTER).count();
    if other > 0 {
        let message = format!(
            "the text is not valid UTF-8, first at byte {bad}; characters that could not be read were replaced"
        );
        findings.push(Finding::warning("not-utf8", whole(), message).fix("save it as UTF-8"));
        return Some(mended.into_owned().into());
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let message = format!("the text is not UTF-8, first at byte {bad}; it was read as Latin-1");
    findings.push(Finding::note("not-utf8", whole(), message).fix("save it as UTF-8, for other tools will refuse it"));
    Some(text.into_owned().into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(bytes: &[u8]) -> (Option<String>, Vec<String>) {
        let mut findings = Vec::new();
        let text = text(bytes, "x", &mut findings).map(Cow::into_owned);
        (text, findings.iter().map(|f| format!("{:?} {} {}", f.severity, f.code, f.message)).collect())
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("packs");
        encoder.finish().expect("packs")
    }

    #[test]
    fn each_encoding_is_read_and_named() {
        assert_eq!(read("\u{feff}é".as_bytes()), (Some("é".to_owned()), vec![]));
        assert_eq!(read(&packed("é".as_bytes())), (Some("é".to_owned()), vec![]));
        for (mark, units) in [
            (b"\xff\xfe", "é€".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            (b"\xfe\xff", "é€".encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            let (text, said) = read(&[mark.as_slice(), &units].concat());
            assert_eq!((text.as_deref(), said.len()), (Some("é€"), 1));
            assert!(said[0].contains("UTF-16"), "{said:?}");
        }
        let wide: Vec<u8> = "openapi: é€".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let swapped: Vec<u8> = wide.chunks(2).flat_map(|p| [p[1], p[0]]).collect();
        for bytes in [wide, swapped] {
            let (text, said) = read(&bytes);
            assert_eq!(text.as_deref(), Some("openapi: é€"));
            assert!(said[0].contains("UTF-16 without the mark"), "{said:?}");
            assert!(!is_plain(&bytes));
        }
        assert!(is_plain(b"") && is_plain(b"{}") && is_plain(b"a\0\0b") && is_plain(&[0; 600]));
        let (text, said) = read(b"caf\xe9 \x80");
        assert_eq!(text.as_deref(), Some("café €"));
        assert!(said[0].starts_with("Note not-utf8") && said[0].contains("Latin-1"), "{said:?}");
        let (text, said) = read(b"caf\xc3\xa9 \xe9");
        assert_eq!(text.as_deref(), Some("café \u{fffd}"));
        assert!(said[0].starts_with("Warning not-utf8"), "{said:?}");
    }

    #[test]
    fn a_bomb_ends_at_the_limit_and_a_torn_archive_is_told() {
        // Archives may follow one another in one file.
        let bomb = packed(&vec![b' '; 1 << 20]).repeat((MOST_BYTES >> 20) + 1);
        assert!(bomb.len() < 1 << 20);
        let (text, said) = read(&bomb);
        assert!(text.is_none() && said[0].contains("input-too-large"), "{said:?}");
        let whole = packed(b"openapi: 3.0.0 and more that is torn off");
        let (text, said) = read(&whole[..whole.len() - 12]);
        assert!(text.is_none() && said[0].contains("broken-gzip"), "{said:?}");
        let (text, said) = read(&packed(&packed(b"x")));
        assert!(text.is_none() && said[0].contains("gzip within gzip"), "{said:?}");
    }
}
