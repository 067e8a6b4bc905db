//! HTTP/1.1 on a bare socket: requests are read as a server must read them, answers are written as no server would.

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::connector::{Headers, Response};
use crate::model::Method;

/// Bytes of a request line with its headers.
const MOST_HEAD: usize = 64 * 1024;
/// Bytes of a request body.
const MOST_BODY: usize = 16 * 1024 * 1024;
/// Headers of a request.
const MOST_HEADERS: usize = 128;

/// A request as it came in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Incoming {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    /// Names in lower case.
    pub(super) headers: Headers,
    pub(super) body: Bytes,
    /// The client lets the connection be used again.
    pub(super) keep: bool,
    /// The client knows chunks: HTTP/1.0 does not (RFC 9112 section 6.1).
    pub(super) chunks: bool,
}

/// What was read.
#[derive(Debug, PartialEq)]
pub(super) enum Read {
    Request(Incoming),
    /// The client has closed the connection, or it broke.
    Closed,
    /// It is no HTTP that this side understands: the status to answer with.
    Bad(u16),
}

/// Reads one request. `kept` holds what came after the one before.
pub(super) async fn read(stream: &mut TcpStream, kept: &mut Vec<u8>) -> Read {
    let (head, end) = loop {
        match head(kept) {
            Ok(Some(found)) => break found,
            Ok(None) if kept.len() > MOST_HEAD => return Read::Bad(431),
            Ok(None) => {}
            Err(status) => return Read::Bad(status),
        }
        if !more(stream, kept).await {
            return Read::Closed;
        }
    };
    if head.expects_go_on && stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
        return Read::Closed;
    }
    kept.drain(..end);
    let body = if head.chunked {
        match chunked(stream, kept).await {
            Ok(body) => body,
            Err(read) => return read,
        }
    } else {
        if head.length > MOST_BODY {
            return Read::Bad(413);
        }
        while kept.len() < head.length {
            if !more(stream, kept).await {
                return Read::Closed;
            }
        }
        kept.drain(..head.length).collect()
    };
    let Head { method, target, headers, keep, chunks, .. } = head;
    Read::Request(Incoming { method, target, headers, body: Bytes::from(body), keep, chunks })
}

async fn more(stream: &mut TcpStream, kept: &mut Vec<u8>) -> bool {
    let mut chunk = [0; 16 * 1024];
    match stream.read(&mut chunk).await {
        Ok(n) if n > 0 => {
            kept.extend_from_slice(chunk.get(..n).unwrap_or_default());
            true
        }
        _ => false,
    }
}

struct Head {
    method: Method,
    target: String,
    headers: Headers,
    length: usize,
    chunked: bool,
    expects_go_on: bool,
    keep: bool,
    chunks: bool,
}

/// The head of a request and where it ends; nothing where it is not whole yet; else the status to answer with.
fn head(bytes: &[u8]) -> Result<Option<(Head, usize)>, u16> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let end = match request.parse(bytes) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(400),
    };
    let method = Method::parse(request.method.unwrap_or_default()).ok_or(501_u16)?;
    // A client that takes the address for a proxy sends it whole.
    let target = request.path.unwrap_or("/");
    let target = target.strip_prefix("http://").map_or(target, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
    let headers: Headers = request
        .headers
        .iter()
        .map(|h| (h.name.to_ascii_lowercase(), String::from_utf8_lossy(h.value).trim().to_owned()))
        .collect();
    let of = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_ascii_lowercase());
    let connection = of("connection").unwrap_or_default();
    let keep = if request.version == Some(0) { connection == "keep-alive" } else { !connection.contains("close") };
    let length = match of("content-length") {
        Some(text) => text.parse().map_err(|_| 400_u16)?,
        None => 0,
    };
    let chunked = of("transfer-encoding").is_some_and(|t| t.contains("chunked"));
    let expects_go_on = of("expect").is_some_and(|e| e.contains("100-continue"));
    let target = target.to_owned();
    let chunks = request.version != Some(0);
    Ok(Some((Head { method, target, headers, length, chunked, expects_go_on, keep, chunks }, end)))
}

/// A body in chunks (RFC 9112 section 7.1), trailers dropped.
async fn chunked(stream: &mut TcpStream, kept: &mut Vec<u8>) -> Result<Vec<u8>, Read> {
    let mut body = Vec::new();
    loop {
        let (end, size) = loop {
            match httparse::parse_chunk_size(kept) {
                Ok(httparse::Status::Complete((end, size))) => {
                    break (end, usize::try_from(size).unwrap_or(usize::MAX));
                }
                Ok(httparse::Status::Partial) if kept.len() < MOST_HEAD => {}
                _ => return Err(Read::Bad(400)),
            }
            if !more(stream, kept).await {
                return Err(Read::Closed);
            }
        };
        kept.drain(..end);
        if size > MOST_BODY || body.len() + size > MOST_BODY {
            return Err(Read::Bad(413));
        }
        if size == 0 {
            // Trailers end with an empty line.
            loop {
                if let Some(at) = kept.windows(2).position(|w| w == b"\r\n") {
                    kept.drain(..at + 2);
                    if at == 0 {
                        return Ok(body);
                    }
                } else if kept.len() > MOST_HEAD || !more(stream, kept).await {
                    return Err(Read::Closed);
                }
            }
        }
        while kept.len() < size + 2 {
            if !more(stream, kept).await {
                return Err(Read::Closed);
            }
        }
        body.extend(kept.drain(..size));
        kept.drain(..2);
    }
}

/// How the body of an answer is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// `Content-Length`, of so many bytes more than there are.
    Length(usize),
    /// In chunks.
    Chunked,
    /// By the end of the connection.
    Closing,
}

/// The head of an answer, with its last line break.
pub(super) fn head_of(answer: &Response, framing: Framing, keep: bool, odd: bool) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    let mut header = |name: &str, value: &str| {
        let name = if odd { shouted(name) } else { name.to_owned() };
        // A line break in a value would end the header.
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        out.push_str(&format!("{name}: {value}\r\n"));
    };
    for (name, value) in answer.headers.iter().filter(|(n, _)| n != "content-length" && n != "transfer-encoding") {
        header(name, value);
    }
    match framing {
        _ if matches!(answer.status, 204 | 304) => {}
        Framing::Length(more) => header("content-length", &(answer.body.len() + more).to_string()),
        Framing::Chunked => header("transfer-encoding", "chunked"),
        Framing::Closing => {}
    }
    header("connection", if keep { "keep-alive" } else { "close" });
    out.push_str("\r\n");
    out.into_bytes()
}

/// Header names mean the same in any case (RFC 9110 section 5.1).
fn shouted(name: &str) -> String {
    let mut up = false;
    name.chars()
        .map(|c| {
            up = !up;
            if up { c.to_ascii_uppercase() } else { c }
        })
        .collect()
}

/// The words after a status code; no client may rely on them.
pub(super) const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        207 => "Multi-Status",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(sent: &'static [u8]) -> Vec<Read> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let client = tokio::spawn(async move {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            // In small pieces: nothing may depend on where a piece ends.
            for piece in sent.chunks(7) {
                // What is refused at once is not read to its end.
                if stream.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            let _ = stream.shutdown().await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut kept = Vec::new();
        let mut out = Vec::new();
        loop {
            let read = read(&mut stream, &mut kept).await;
            let more = matches!(read, Read::Request(_));
            out.push(read);
            if !more {
                break;
            }
        }
        drop(stream);
        client.await.unwrap();
        out
    }

    #[tokio::test]
    async fn requests_one_after_the_other_are_read_whatever_their_framing() {
        let read = read_all(
            b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET http://h:1/d HTTP/1.1\r\nHost: h\r\n\r\n\
              POST /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n\
              GET /f HTTP/1.0\r\n\r\n",
        )
        .await;
        let shown: Vec<String> = read
            .iter()
            .map(|r| match r {
                Read::Request(r) => {
                    format!("{} {} {:?} keep {}", r.method.as_str(), r.target, String::from_utf8_lossy(&r.body), r.keep)
                }
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "POST /a?b=c \"body\" keep true",
                "GET /d \"\" keep true",
                "POST /e \"abcde\" keep true",
                "GET /f \"\" keep false",
                "Closed"
            ]
        );
    }

    #[tokio::test]
    async fn what_is_no_request_is_answered_and_costs_nothing() {
        assert_eq!(read_all(b"\x16\x03\x01 not http\r\n\r\n").await, [Read::Bad(400)]);
        assert_eq!(read_all(b"BREW / HTTP/1.1\r\n\r\n").await, [Read::Bad(501)]);
        assert_eq!(read_all(b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n").await, [Read::Bad(413)]);
        assert_eq!(
            read_all(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n").await,
            [Read::Bad(413)]
        );
        assert_eq!(read_all(b"GET / HTTP/1.1\r\nHost").await, [Read::Closed]);
    }
}
