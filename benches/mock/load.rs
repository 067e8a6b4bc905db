//! The load: whole requests written to kept-alive connections, answers read to their end, nothing else done with them.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 16;

/// What came back.
pub(crate) struct Load {
    /// Answers a second, whatever their status.
    pub(crate) rate: f64,
    /// Answers with a status below 300.
    pub(crate) good: u64,
}

/// One request on a connection of its own; its status.
pub(crate) async fn ask(port: u16, request: &[u8], limit: Duration) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    tokio::time::timeout(limit, one(&mut stream, request, &mut Vec::new())).await.ok()?
}

/// Sends the requests in turn for so long.
pub(crate) async fn load(port: u16, requests: &[Vec<u8>], time: Duration) -> Load {
    let (done, good, next) = (Cell::new(0_u64), Cell::new(0_u64), Cell::new(0_usize));
    let begun = Instant::now();
    let work = (0..CONNECTIONS).map(|_| async {
        let mut buffer = Vec::with_capacity(1 << 16);
        let mut stream = None;
        while begun.elapsed() < time {
            if stream.is_none() {
                stream = TcpStream::connect(("127.0.0.1", port)).await.ok();
                if let Some(s) = &stream {
                    let _ = s.set_nodelay(true);
                }
            }
            let Some(open) = stream.as_mut() else {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            let Some(request) = requests.get(next.get() % requests.len()) else { return };
            next.set(next.get() + 1);
            match tokio::time::timeout(time * 2, one(open, request, &mut buffer)).await.ok().flatten() {
                Some(status) => {
                    done.set(done.get() + 1);
                    good.set(good.get() + u64::from(status < 300));
                }
                None => stream = None,
            }
        }
    });
    join_all(work).await;
    Load { rate: done.get() as f64 / begun.elapsed().as_secs_f64(), good: good.get() }
}

/// Writes a request and reads its answer to the end; the status.
async fn one(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> Option<u16> {
    stream.write_all(request).await.ok()?;
    buffer.clear();
    let head = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(buffer.get(..head)?).to_ascii_lowercase();
    let status: u16 = text.split(' ').nth(1)?.parse().ok()?;
    let length = text.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let chunked = text.contains("transfer-encoding: chunked");
    loop {
        let whole = match length {
            Some(length) => buffer.len() >= head + length,
            None if chunked => buffer.ends_with(b"0\r\n\r\n"),
            None => true,
        };
        if whole {
            return Some(status);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}
