//! The sending side of a source's webhook, over a real connection to the program under test.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::control::{Counted, Moment};
use super::server::Floor;
use crate::base::clock::{Clock as _, SystemClock};
use crate::connector::{HookPlan, Request};
use crate::lab::courier::{Delivered, Delivery};
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

/// Of what an answer says, what is looked at.
const MOST_SAID: usize = 64 * 1024;
/// How long a sender waits for more of it.
const SAID: Duration = Duration::from_millis(200);

/// What became of a delivery after all its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    /// Nothing is left to be done about it.
    Over,
    /// It is delivered again at the next start.
    Left,
    /// The program is dead; true where it had taken the delivery.
    Dead(bool),
}

/// All that delivering takes.
pub(super) struct Sender<'s> {
    pub(super) floor: &'s Floor,
    pub(super) hook: &'s HookPlan,
    /// The one, and the one before it.
    pub(super) secrets: &'s [String],
    pub(super) port: u16,
    /// All at once.
    pub(super) burst: bool,
}

impl Sender<'_> {
    /// Delivers all that is pending, one after the other or all at once. Ends early where the program is dead.
    pub(super) async fn deliver(&self) {
        if self.burst {
            let all = std::mem::take(&mut self.floor.hall().outbox.pending);
            let became = futures::future::join_all(all.iter().map(|d| self.one(d))).await;
            let left = all.into_iter().zip(became).filter(|(_, b)| matches!(b, Became::Left | Became::Dead(false)));
            self.floor.hall().outbox.pending.extend(left.map(|(delivery, _)| delivery));
            return;
        }
        let waiting = self.floor.hall().outbox.pending.len();
        let mut at = 0;
        for _ in 0..waiting {
            let Some(delivery) = self.floor.hall().outbox.pending.get(at).cloned() else { return };
            let became = self.one(&delivery).await;
            match became {
                Became::Over | Became::Dead(true) => _ = self.floor.hall().outbox.pending.remove(at),
                Became::Left | Became::Dead(false) => at += 1,
            }
            if matches!(became, Became::Dead(_)) {
                return;
            }
        }
    }

    /// One delivery with its attempts.
    async fn one(&self, delivery: &Delivery) -> Became {
        let (floor, port) = (self.floor, self.port);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(floor.clock.real(500 << attempt)).await;
            }
            let nth = floor.control.count_delivery();
            if floor.control.moment(nth, Moment::Arrived, Counted::Deliveries) {
                return Became::Dead(false);
            }
            // Signed by the true time, which the program checks it against.
            let now = SystemClock.now();
            let request = delivery.request(self.hook, self.secrets, now);
            let index = self.noted(delivery, delivery.needed(self.hook, self.secrets, &request, now));
            let early = async {
                // As long as it takes to read a request, and less than it takes to store one safely.
                tokio::time::sleep(Duration::from_millis(2)).await;
                if floor.control.moment(nth, Moment::Done, Counted::Deliveries) {
                    return;
                }
                std::future::pending::<()>().await;
            };
            let answered = tokio::select! {
                answered = tokio::time::timeout(PATIENCE, post(port, &request)) => answered.ok().flatten(),
                () = early => return Became::Dead(false),
            };
            let (status, said) = answered.map_or((None, Vec::new()), |(status, said)| (Some(status), said));
            let ended = floor.clock.now();
            if let Some(noted) = floor.hall().trace.deliveries.get_mut(index) {
                (noted.ended, noted.status, noted.said) = (Some(ended), status, said);
            }
            floor.control.news(false, Duration::ZERO);
            let taken = status.is_some_and(|s| (200..300).contains(&s));
            if floor.control.moment(nth, Moment::Answered, Counted::Deliveries) {
                return Became::Dead(taken);
            }
            // Whoever forges does not ask twice.
            if taken || !delivery.how.is_genuine() {
                return Became::Over;
            }
        }
        Became::Left
    }

    /// Notes an attempt that is about to be made; tells its place.
    fn noted(&self, delivery: &Delivery, needed: Option<String>) -> usize {
        let (run, at) = (self.floor.control.run(), self.floor.clock.now());
        let mut hall = self.floor.hall();
        let index = hall.trace.deliveries.len();
        let delivery = delivery.clone();
        hall.trace.deliveries.push(Delivered {
            run,
            at,
            ended: None,
            delivery,
            status: None,
            said: Vec::new(),
            needed,
        });
        hall.trace.events.push(Event::Delivery(index));
        index
    }
}

/// Posts it; the status of the answer, where one came, and what it says as far as that comes at once.
/// `Webhook-Signature`
fn in_title_case(name: &str) -> String {
    let mut first = true;
    name.chars()
        .map(|c| {
            let out = if first { c.to_ascii_uppercase() } else { c };
            first = !c.is_alphanumeric();
            out
        })
        .collect()
}

async fn post(port: u16, request: &Request) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await.ok()?;
    let _ = stream.set_nodelay(true);
    let target = request.url.get(origin_of(&request.url).len()..).filter(|t| !t.is_empty()).unwrap_or("/");
    let mut head = format!("POST {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n");
    // Senders write names in either way, which mean the same (RFC 9110 section 5.1); here the body decides, as good as by chance.
    let titled = request.body.len().is_multiple_of(2);
    for (name, value) in &request.headers {
        let name = if titled { in_title_case(name) } else { name.clone() };
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", request.body.len()));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&request.body);
    // Who refuses a body by its length answers before all of it was sent, and may then close.
    let _ = stream.write_all(&bytes).await;
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
            Ok(httparse::Status::Complete(_)) => {
                let code = response.code?;
                while answer.len() < MOST_SAID {
                    // The sender has its answer with the status; what follows late is for nobody.
                    match tokio::time::timeout(SAID, stream.read(&mut chunk)).await {
                        Ok(Ok(n)) if n > 0 => answer.extend_from_slice(chunk.get(..n).unwrap_or_default()),
                        _ => break,
                    }
                }
                return Some((code, answer));
            }
            Ok(httparse::Status::Partial) if n > 0 && answer.len() < 64 * 1024 => {}
            _ => return None,
        }
    }
}
