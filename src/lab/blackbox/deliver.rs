//! The sending side of a source's webhook, over a real connection to the program under test.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::control::Moment;
use super::server::Floor;
use crate::base::clock::{Clock as _, SystemClock};
use crate::connector::{HookPlan, Request};
use crate::lab::courier::{Delivered, How};
use crate::lab::mock::url::origin_of;
use crate::lab::trace::Event;

/// Attempts at one delivery during one start of the program; what is left is delivered at the next.
const ATTEMPTS: u32 = 4;
/// How long a sender waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a program may take to begin to listen.
const STARTING: Duration = Duration::from_secs(20);

/// Waits until somebody listens on the port.
pub(super) async fn listening(port: u16) -> bool {
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let knock = async {
        while TcpStream::connect(addr).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(STARTING, knock).await.is_ok()
}

/// Delivers all that is pending, one after the other. Ends early where the program is dead.
pub(super) async fn deliver(floor: &Floor, hook: &HookPlan, secrets: &[String], port: u16) {
    let waiting = floor.hall().outbox.pending.len();
    let mut at = 0;
    for _ in 0..waiting {
        let Some(delivery) = floor.hall().outbox.pending.get(at).cloned() else { return };
        let mut over = false;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(floor.clock.real(500 << attempt)).await;
            }
            let nth = floor.control.count(true);
            if floor.control.moment(nth, Moment::Arrived, true) {
                return;
            }
            // Signed by the true time, which the program checks it against.
            let now = SystemClock.now();
            let request = delivery.request(hook, secrets, now);
            let index = {
                let mut hall = floor.hall();
                let index = hall.trace.deliveries.len();
                let (run, at) = (floor.control.run(), floor.clock.now());
                hall.trace.deliveries.push(Delivered {
                    run,
                    at,
                    ended: None,
                    delivery: delivery.clone(),
                    status: None,
                });
                hall.trace.events.push(Event::Delivery(index));
                index
            };
            let early = async {
                // As long as it takes to read a request, and less than it takes to store one safely.
                tokio::time::sleep(Duration::from_millis(2)).await;
                if floor.control.moment(nth, Moment::Done, true) {
                    return;
                }
                std::future::pending::<()>().await;
            };
            let status = tokio::select! {
                status = tokio::time::timeout(PATIENCE, post(port, &request)) => status.ok().flatten(),
                () = early => return,
            };
            let ended = floor.clock.now();
            if let Some(noted) = floor.hall().trace.deliveries.get_mut(index) {
                (noted.ended, noted.status) = (Some(ended), status);
            }
            floor.control.news(false, Duration::ZERO);
            if floor.control.moment(nth, Moment::Answered, true) {
                if status.is_some_and(|s| (200..300).contains(&s)) {
                    floor.hall().outbox.pending.remove(at);
                }
                return;
            }
            // Whoever forges does not ask twice.
            if status.is_some_and(|s| (200..300).contains(&s)) || delivery.how != How::Genuine {
                over = true;
                break;
            }
        }
        if over {
            floor.hall().outbox.pending.remove(at);
        } else {
            at += 1;
        }
    }
}

/// Posts it; the status of the answer, where one came.
async fn post(port: u16, request: &Request) -> Option<u16> {
    let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await.ok()?;
    let _ = stream.set_nodelay(true);
    let target = request.url.get(origin_of(&request.url).len()..).filter(|t| !t.is_empty()).unwrap_or("/");
    let mut head = format!("POST {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n");
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", request.body.len()));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&request.body);
    stream.write_all(&bytes).await.ok()?;
    let mut answer = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let n = stream.read(&mut chunk).await.ok()?;
        answer.extend_from_slice(chunk.get(..n).unwrap_or_default());
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&answer) {
            // 1xx comes before the answer proper.
            Ok(httparse::Status::Complete(end)) if response.code.is_some_and(|c| c < 200) => {
                answer.drain(..end);
            }
            Ok(httparse::Status::Complete(_)) => return response.code,
            Ok(httparse::Status::Partial) if n > 0 && answer.len() < 64 * 1024 => {}
            _ => return None,
        }
    }
}
