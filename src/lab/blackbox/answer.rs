//! Ways to answer on a socket, decent and not.

use std::io::{self, Write as _};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http::{Framing, head_of};
use crate::base::pack::gzip;
use crate::connector::Response;

/// Bytes of an answer without end that are sent at most.
pub(super) const FLOOD: u64 = 256 * 1024 * 1024;
/// How long a connection that was closed on one side is left open on the other.
const LINGER: Duration = Duration::from_secs(2);

/// Characters of one answer that are parted.
const MOST_PARTED: usize = 5;

/// Sends an answer as it should be sent.
pub(super) async fn send(stream: &mut TcpStream, answer: &Response, keep: bool, is_head: bool) -> io::Result<()> {
    let mut bytes = head_of(answer, Framing::Length(0), keep, false);
    if !is_head && answer.status != 204 && answer.status != 304 {
        bytes.extend_from_slice(&answer.body);
    }
    stream.write_all(&bytes).await?;
    if !keep {
        stream.shutdown().await?;
    }
    Ok(())
}

/// Sends an answer in a way that is legal and rare: in chunks of a few bytes, which part characters, under headers in any case.
/// `chunks`: the client knows them; one of HTTP/1.0 gets the bytes as they are.
pub(super) async fn odd(
    stream: &mut TcpStream,
    answer: &Response,
    keep: bool,
    is_head: bool,
    chunks: bool,
) -> io::Result<()> {
    let framing = if chunks { Framing::Chunked } else { Framing::Length(0) };
    stream.write_all(&head_of(answer, framing, keep, true)).await?;
    if is_head || answer.status == 204 || answer.status == 304 {
        return Ok(());
    }
    let mut parted = 0;
    for piece in answer.body.chunks(3) {
        let bytes = if chunks {
            [format!("{:X};odd=yes\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
        } else {
            piece.to_vec()
        };
        stream.write_all(&bytes).await?;
        // Between the bytes of a character there is time enough that nobody reads them as one.
        let open = piece.iter().rev().take(2).any(|b| *b >= 0xc0) && parted < MOST_PARTED;
        if open {
            parted += 1;
            tokio::time::sleep(Duration::from_millis(8)).await;
        }
    }
    if chunks {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    if !keep {
        stream.shutdown().await?;
    }
    Ok(())
}

/// Whether an `Accept-Encoding` takes gzip (RFC 9110 section 12.5.3).
pub(super) fn takes_gzip(accepts: &str) -> bool {
    accepts.split(',').any(|one| {
        let (coding, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
        ["gzip", "x-gzip", "*"].contains(&coding.trim().to_ascii_lowercase().as_str()) && !refused
    })
}

/// The same answer in gzip; nothing where there is nothing to pack.
pub(super) fn packed(answer: &Response) -> Option<Response> {
    if answer.body.is_empty() || answer.header("content-encoding").is_some() {
        return None;
    }
    let mut body = Vec::new();
    gzip(&mut body, |out| out.write_all(&answer.body)).ok()?;
    let mut packed = Response { body: body.into(), ..answer.clone() };
    packed.headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
    Some(packed)
}

/// A byte at a time, and no end to it: after the body come blanks. Ends when the client has gone.
pub(super) async fn drip(stream: &mut TcpStream, answer: &Response, every: Duration) {
    const BLANKS: usize = 100_000;
    if stream.write_all(&head_of(answer, Framing::Length(BLANKS), false, false)).await.is_err() {
        return;
    }
    let body = answer.body.iter().copied().chain(std::iter::repeat_n(b' ', BLANKS));
    for byte in body {
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = gone(stream) => return,
        }
    }
}

/// The sending side ends without a byte; the receiving side goes on for a while.
pub(super) async fn half_close(stream: &mut TcpStream) {
    let _ = stream.shutdown().await;
    drain(stream).await;
}

/// Closes a connection that was said to be kept.
pub(super) async fn close(stream: &mut TcpStream) {
    let _ = stream.shutdown().await;
}

/// Bytes of another protocol.
pub(super) async fn garbage(stream: &mut TcpStream) {
    let _ = stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\xfc\x03\x03 SSH-2.0-nothing\r\n\x00\xff\xfe\r\n\r\n").await;
    half_close(stream).await;
}

/// Half of the body under the length of the whole.
pub(super) async fn truncated(stream: &mut TcpStream, answer: &Response) {
    let mut bytes = head_of(answer, Framing::Length(0), false, false);
    // An answer without a body is one byte short of what it promises.
    if answer.body.is_empty() {
        bytes = head_of(&Response { status: 200, ..answer.clone() }, Framing::Length(64), false, false);
    }
    bytes.extend_from_slice(answer.body.get(..answer.body.len() / 2).unwrap_or_default());
    let _ = stream.write_all(&bytes).await;
    half_close(stream).await;
}

/// Chunks of the first half, and no last one.
pub(super) async fn cut_chunks(stream: &mut TcpStream, answer: &Response) {
    let status = if answer.status == 204 { 200 } else { answer.status };
    let mut bytes = head_of(&Response { status, ..answer.clone() }, Framing::Chunked, false, false);
    let half = answer.body.get(..answer.body.len() / 2).unwrap_or_default();
    if !half.is_empty() {
        bytes.extend_from_slice(format!("{:x}\r\n", half.len()).as_bytes());
        bytes.extend_from_slice(half);
        bytes.extend_from_slice(b"\r\n");
    }
    let _ = stream.write_all(&bytes).await;
    half_close(stream).await;
}

/// A part of the body, `share` thousandths of it, and no length: the end of the connection is the end of it. Of a body of two bytes
/// or more one comes, and one does not.
pub(super) async fn cut_closed(stream: &mut TcpStream, answer: &Response, share: u64) {
    let status = if answer.status == 204 { 200 } else { answer.status };
    let mut bytes = head_of(&Response { status, ..answer.clone() }, Framing::Closing, false, false);
    bytes.extend_from_slice(answer.body.get(..part_of(answer.body.len(), share)).unwrap_or_default());
    let _ = stream.write_all(&bytes).await;
    half_close(stream).await;
}

/// How many of `whole` bytes come, where `share` thousandths should.
fn part_of(whole: usize, share: u64) -> usize {
    let share = usize::try_from(share.min(1000)).unwrap_or(1000);
    (whole * share / 1000).clamp(1.min(whole), whole.saturating_sub(1).max(1.min(whole)))
}

/// A body without end, as long as somebody takes it; tells how much was taken.
pub(super) async fn flood(stream: &mut TcpStream) -> u64 {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"data\": [\"";
    if stream.write_all(head).await.is_err() {
        return 0;
    }
    let block = vec![b'a'; 64 * 1024];
    let mut taken = 0;
    while taken < FLOOD && stream.write_all(&block).await.is_ok() {
        taken += block.len() as u64;
    }
    taken
}

/// RST: the connection is gone at once, and what was under way with it (RFC 9293 section 3.5.2). Never to be used again.
pub(super) fn reset(stream: &TcpStream) -> bool {
    let _ = stream.set_zero_linger();
    false
}

/// Waits until the client has closed the connection.
pub(super) async fn gone(stream: &TcpStream) {
    let mut byte = [0; 1];
    loop {
        match stream.peek(&mut byte).await {
            Ok(0) | Err(_) => return,
            // It sends on without waiting for an answer.
            Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn drain(stream: &mut TcpStream) {
    let mut rest = [0; 4096];
    let read = async { while matches!(stream.read(&mut rest).await, Ok(n) if n > 0) {} };
    let _ = tokio::time::timeout(LINGER, read).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_neither_nothing_nor_all() {
        for whole in [2, 3, 17, 5_000] {
            for share in [0, 1, 500, 999, 1000] {
                let part = part_of(whole, share);
                assert!(part >= 1 && part < whole, "{part} of {whole}");
            }
        }
        assert_eq!((part_of(0, 500), part_of(1, 500)), (0, 1));
    }

    #[test]
    fn gzip_is_sent_to_those_who_say_that_they_take_it() {
        for takes in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8", "*", "GZIP"] {
            assert!(takes_gzip(takes), "{takes}");
        }
        for not in ["", "identity", "br", "gzip;q=0", "deflate, gzip; q=0.0"] {
            assert!(!takes_gzip(not), "{not}");
        }
    }
}
