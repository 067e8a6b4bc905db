//! The systems behind real sockets: a door for each, and one for the host that belongs to nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;

use super::answer;
use super::clock::RealClock;
use super::control::{Control, Counted, Moment};
use super::environment::token_path;
use super::http::{self, Incoming, Read};
use crate::base::clock::{Clock as _, Timestamp};
use crate::connector::{Request, Response, TransportError};
use crate::lab::bench::{Bench, Purpose};
use crate::lab::faults::{Disposition, ELSEWHERE, Wire};
use crate::lab::mock::url::{origin_of, path_of, query_of};
use crate::lab::mock::{Quirk, http_date};
use crate::lab::trace::{Event, ask_of};
use crate::lab::world::{Begun, Hall};
use crate::model::Method;

/// The name under which the host that belongs to nobody is told.
pub(super) const NOWHERE: &str = "elsewhere";
/// A program that is to have heard what came of its last write has heard it by then.
const HEARD: Duration = Duration::from_millis(250);
/// How long a refused connection is refused: no attempt in this time is seen, and a program has three.
const DOWN: Duration = Duration::from_millis(100);
/// A program that is killed once it has heard an answer is killed within so many milliseconds.
const ACTED: u64 = 40;

/// All doors of a schedule.
pub(super) struct Floor {
    pub(super) bench: Arc<Bench>,
    pub(super) hall: Arc<Mutex<Hall>>,
    pub(super) clock: RealClock,
    pub(super) control: Arc<Control>,
    /// What the time of the mocks is ahead, in milliseconds.
    pub(super) ahead_ms: Mutex<i64>,
    doors: BTreeMap<String, Door>,
    /// Records that were listed in this run: what comes again is no news.
    listed: Mutex<BTreeSet<(usize, String)>>,
}

struct Door {
    addr: SocketAddr,
    down: Notify,
}

impl Floor {
    /// Opens a door for every system of the plan, on free ports of loopback. They are closed with the runtime.
    pub(super) fn open(
        bench: &Arc<Bench>,
        hall: Arc<Mutex<Hall>>,
        clock: RealClock,
        control: Arc<Control>,
    ) -> io::Result<Arc<Self>> {
        let plan = &bench.plan;
        let names: BTreeSet<String> =
            [&plan.source.system, &plan.target.system].into_iter().cloned().chain([NOWHERE.to_owned()]).collect();
        let mut doors = BTreeMap::new();
        let mut listeners = Vec::new();
        for name in names {
            let (holder, listener) = bound()?;
            let addr = listener.local_addr()?;
            doors.insert(name.clone(), Door { addr, down: Notify::new() });
            listeners.push((name, holder, listener));
        }
        let floor = Arc::new(Self {
            bench: Arc::clone(bench),
            hall,
            clock,
            control,
            ahead_ms: Mutex::new(0),
            doors,
            listed: Mutex::default(),
        });
        for (name, holder, listener) in listeners {
            tokio::spawn(Arc::clone(&floor).keep(name, holder, listener));
        }
        Ok(floor)
    }

    /// Where each system listens.
    pub(super) fn doors(&self) -> BTreeMap<String, SocketAddr> {
        self.doors.iter().filter(|(name, _)| *name != NOWHERE).map(|(name, door)| (name.clone(), door.addr)).collect()
    }

    pub(super) fn hall(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_of_mocks(&self) -> Timestamp {
        self.clock.now().plus_ms(*self.ahead_ms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes connections until the door is taken down, then again.
    async fn keep(self: Arc<Self>, name: String, _holder: TcpSocket, mut listener: TcpListener) {
        let Some(door) = self.doors.get(&name) else { return };
        loop {
            tokio::select! {
                taken = listener.accept() => {
                    let Ok((stream, _)) = taken else { continue };
                    // Small writes must go out as they are written.
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(Arc::clone(&self).connection(name.clone(), stream));
                }
                () = door.down.notified() => {
                    drop(listener);
                    tokio::time::sleep(self.clock.real(u64::try_from(DOWN.as_millis()).unwrap_or(0))).await;
                    // The port is still held: nobody else can have taken it.
                    match listening(door.addr) {
                        Ok(again) => listener = again,
                        Err(_) => return,
                    }
                }
            }
        }
    }

    async fn connection(self: Arc<Self>, name: String, mut stream: TcpStream) {
        let mut kept = Vec::new();
        loop {
            match http::read(&mut stream, &mut kept).await {
                Read::Request(incoming) => {
                    self.control.opened();
                    let goes_on = self.exchange(&name, &mut stream, incoming).await;
                    self.control.closed();
                    if !goes_on {
                        return;
                    }
                }
                Read::Closed => return,
                Read::Bad(status) => {
                    let refusal = Response { status, headers: Vec::new(), body: bytes::Bytes::new() };
                    let _ = answer::send(&mut stream, &refusal, false, false).await;
                    return;
                }
            }
        }
    }

    /// The request as the plan knows it: under the address that the system has in the contract.
    fn as_planned(&self, name: &str, incoming: &Incoming) -> Request {
        let plan = &self.bench.plan;
        let origin = if name == NOWHERE {
            ELSEWHERE
        } else {
            let base = if name == plan.source.system { &plan.source.base_url } else { &plan.target.base_url };
            let token = token_path(&self.bench, name).filter(|t| path_of(t) == path_of(&incoming.target));
            origin_of(token.unwrap_or(base))
        };
        Request {
            method: incoming.method,
            url: format!("{origin}{}", incoming.target),
            headers: incoming.headers.clone(),
            body: incoming.body.clone(),
        }
    }

    /// Kills the program, where it is time at this write; true where it is dead.
    fn dies(&self, (nth, from_fault): (u64, u64), moment: Moment) -> bool {
        let dead = self.control.moment(nth, moment, Counted::Writes);
        self.control.moment(from_fault, moment, Counted::FromFault) || dead
    }

    /// One exchange. True where the connection may be used again.
    async fn exchange(&self, name: &str, stream: &mut TcpStream, incoming: Incoming) -> bool {
        let request = self.as_planned(name, &incoming);
        let run = self.control.run();
        let asks = ask_of(name, &canonical(&request));
        let (begun, disposition) = {
            let at = self.clock.now();
            self.hall().begin(&self.bench, run, at, name, &request, asks)
        };
        if begun.beyond {
            self.control.runaway.store(true, Ordering::SeqCst);
            self.control.kill();
            return false;
        }
        let hit = begun.fault.is_some();
        let nth = if begun.purpose.writes() { self.control.count_write(hit) } else { (0, 0) };
        if self.control.is_due(nth.1, Moment::Arrived, Counted::FromFault) {
            tokio::time::sleep(HEARD).await;
        }
        if self.dies(nth, Moment::Arrived) {
            return false;
        }
        // The way there and back: without it nobody could tell who works side by side.
        let way = self.hall().latency.between(2, 8);
        tokio::time::sleep(Duration::from_millis(way)).await;
        let host = incoming.headers.iter().find(|(n, _)| n == "host").map(|(_, v)| v.clone());
        let here = host.or_else(|| self.doors.get(name).map(|d| d.addr.to_string())).unwrap_or_default();
        let shown = Request { url: format!("http://{here}{}", incoming.target), ..request };
        let one = One {
            floor: self,
            name,
            begun: &begun,
            asks,
            shown: &shown,
            nth,
            keep: incoming.keep,
            chunks: incoming.chunks,
            is_head: incoming.method == Method::Head,
        };
        one.act(stream, disposition).await
    }
}

/// One exchange on its way.
struct One<'f> {
    floor: &'f Floor,
    name: &'f str,
    begun: &'f Begun,
    /// The same number for requests that ask the same.
    asks: u64,
    shown: &'f Request,
    /// Which write of the run it is, and which from the first on that a fault hit; 0 for none.
    nth: (u64, u64),
    keep: bool,
    chunks: bool,
    is_head: bool,
}

impl One<'_> {
    /// Waits so long, and is true where somebody waits for an answer still.
    async fn still_there(&self, stream: &mut TcpStream, ms: u64) -> bool {
        tokio::select! {
            () = tokio::time::sleep(self.floor.clock.real(ms)) => true,
            () = answer::gone(stream) => {
                self.floor.control.news(true, Duration::ZERO);
                false
            }
        }
    }

    async fn act(&self, stream: &mut TcpStream, disposition: Disposition) -> bool {
        match disposition {
            Disposition::Pass => {}
            Disposition::Delay(ms) => {
                self.fired();
                let answer = self.commit(None);
                return self.still_there(stream, ms).await && self.reply(stream, answer).await;
            }
            Disposition::Late(ms) => {
                self.fired();
                if !self.still_there(stream, ms).await {
                    return false;
                }
            }
            Disposition::Reply(answer) => {
                self.fired();
                return self.reply(stream, answer).await;
            }
            Disposition::ReplyAfterCommit(answer) => {
                self.commit(None);
                self.fired();
                return !self.died(Moment::Done) && self.reply(stream, answer).await;
            }
            Disposition::Refuse => {
                self.fired();
                self.fail(TransportError::Connect("connection refused".to_owned()));
                if let Some(door) = self.floor.doors.get(self.name) {
                    door.down.notify_one();
                }
                return answer::reset(stream);
            }
            Disposition::LoseBeforeCommit => {
                self.fired();
                return self.lose(stream, "connection reset by peer");
            }
            Disposition::LoseAfterCommit => {
                self.commit(None);
                self.fired();
                return self.lose(stream, "connection reset by peer");
            }
            Disposition::Hang { commit } => {
                self.fired();
                if commit {
                    self.commit(None);
                }
                self.floor.control.news(true, Duration::ZERO);
                answer::gone(stream).await;
                // Whoever has given up tries again, or says so: that is what is waited for from here on.
                self.floor.control.news(true, Duration::ZERO);
                return false;
            }
            Disposition::Mutate(change) => {
                let before = self.commit(None);
                let answer = change(before.clone());
                if answer != before {
                    self.fired();
                }
                return self.reply(stream, answer).await;
            }
            Disposition::Bend(quirk) => {
                let answer = self.commit(Some(quirk));
                return self.reply(stream, answer).await;
            }
            Disposition::Fail { error, commit } => {
                if commit {
                    self.commit(None);
                }
                self.fired();
                self.fail(error.clone());
                if matches!(error, TransportError::Connect(_) | TransportError::Tls(_))
                    && let Some(door) = self.floor.doors.get(self.name)
                {
                    door.down.notify_one();
                }
                return answer::reset(stream);
            }
            Disposition::Alter(change) => {
                let at = self.floor.clock.now();
                let hall = &mut *self.floor.hall();
                if let Some(mock) = hall.mocks.get_mut(self.name) {
                    let altered = change(mock);
                    hall.trace.events.push(Event::Changed { at, what: altered.what });
                    hall.born.extend(altered.born);
                    hall.gone.extend(altered.gone);
                    hall.fired(self.begun);
                }
            }
            Disposition::Revoke => {
                let now = self.floor.now_of_mocks();
                let mut hall = self.floor.hall();
                if hall.mocks.get_mut(self.name).is_some_and(|m| m.revoke_tokens(now) > 0) {
                    hall.fired(self.begun);
                }
            }
            Disposition::Wire(wire) => return self.wire(stream, wire).await,
        }
        let answer = self.commit(None);
        !self.died(Moment::Done) && self.reply(stream, answer).await
    }

    /// What only a socket can do.
    async fn wire(&self, stream: &mut TcpStream, wire: Wire) -> bool {
        self.fired();
        if wire == Wire::Flood {
            let taken = answer::flood(stream).await;
            self.fail(TransportError::TooLarge { limit: taken });
            return answer::reset(stream);
        }
        let answer = self.commit(None);
        match wire {
            Wire::Drip(every_ms) => {
                self.floor.control.news(true, Duration::ZERO);
                answer::drip(stream, &answer, self.floor.clock.real(every_ms)).await;
                self.floor.control.news(true, Duration::ZERO);
                false
            }
            Wire::HalfClose => {
                self.fail(TransportError::Lost("closed without a byte".to_owned()));
                answer::half_close(stream).await;
                false
            }
            Wire::Garbage => {
                self.fail(TransportError::Lost("bytes that are no HTTP".to_owned()));
                answer::garbage(stream).await;
                false
            }
            Wire::Truncate => {
                self.fail(TransportError::Lost("half of the body, then the end".to_owned()));
                answer::truncated(stream, &answer).await;
                false
            }
            Wire::CutChunks => {
                self.fail(TransportError::Lost("chunks without the last one".to_owned()));
                if self.chunks {
                    answer::cut_chunks(stream, &answer).await;
                } else {
                    answer::truncated(stream, &answer).await;
                }
                false
            }
            Wire::CutClosed(share) => {
                self.fail(TransportError::Lost("a body without a length, and only a part of it".to_owned()));
                answer::cut_closed(stream, &answer, share).await;
                false
            }
            Wire::CloseAfter => {
                // Said to be kept, and closed all the same.
                let kept = Self { keep: true, ..*self };
                kept.reply(stream, answer).await;
                answer::close(stream).await;
                false
            }
            Wire::Odd => {
                let answer = self.finished(answer);
                self.end(Ok(answer.clone()));
                let takes = self.shown.header("accept-encoding").is_some_and(answer::takes_gzip);
                // Characters are parted in the others. The same request is answered in the same way again.
                let packed = (takes && self.asks.is_multiple_of(2)).then(|| answer::packed(&answer)).flatten();
                let answer = packed.unwrap_or(answer);
                answer::odd(stream, &answer, self.keep, self.is_head, self.chunks).await.is_ok() && self.keep
            }
            Wire::Disable => {
                super::files::touch(&self.floor.control.disable);
                self.reply(stream, answer).await
            }
            Wire::Terminate => {
                self.floor.control.ask_to_end();
                self.reply(stream, answer).await
            }
            Wire::Flood => false,
        }
    }

    fn commit(&self, quirk: Option<Quirk>) -> Response {
        let now = self.floor.now_of_mocks();
        self.floor.hall().commit(self.begun, self.name, self.shown, now, quirk)
    }

    fn fired(&self) {
        self.floor.hall().fired(self.begun);
    }

    fn died(&self, moment: Moment) -> bool {
        self.nth.0 > 0 && self.floor.dies(self.nth, moment)
    }

    fn lose(&self, stream: &mut TcpStream, how: &str) -> bool {
        if self.died(Moment::Done) {
            return false;
        }
        self.fail(TransportError::Lost(how.to_owned()));
        answer::reset(stream)
    }

    fn fail(&self, error: TransportError) {
        self.floor.control.news(true, Duration::ZERO);
        self.end(Err(error));
    }

    fn end(&self, outcome: Result<Response, TransportError>) {
        let now = self.floor.clock.now();
        self.floor.hall().end(self.begun, now, outcome);
    }

    /// The answer with what every answer has, under addresses that lead somewhere.
    fn finished(&self, mut answer: Response) -> Response {
        if let Some(nowhere) = self.floor.doors.get(NOWHERE) {
            let there = format!("http://{}", nowhere.addr);
            for (_, value) in answer.headers.iter_mut().filter(|(n, _)| n == "location" || n == "link") {
                *value = value.replace(ELSEWHERE, &there);
            }
            if let Ok(text) = std::str::from_utf8(&answer.body)
                && text.contains(ELSEWHERE)
            {
                answer.body = text.replace(ELSEWHERE, &there).into();
            }
        }
        if answer.header("date").is_none() {
            answer.headers.push(("date".to_owned(), http_date(self.floor.clock.now())));
        }
        answer
    }

    async fn reply(&self, stream: &mut TcpStream, answer: Response) -> bool {
        let answer = self.finished(answer);
        self.told(&answer);
        // Noted before it is sent: a wait begins when the answer is read, and that cannot be earlier.
        self.end(Ok(answer.clone()));
        if self.nth.0 > 0 {
            self.floor.control.answered();
        }
        let sent = answer::send(stream, &answer, self.keep, self.is_head).await.is_ok();
        if !sent {
            self.floor.hall().reopen(self.begun);
        }
        if self.floor.control.is_due(self.nth.0, Moment::Heard, Counted::Writes) {
            // It may be writing down what it has heard.
            tokio::time::sleep(Duration::from_millis(self.nth.0 * 13 % ACTED)).await;
        }
        !self.died(Moment::Answered) && !self.died(Moment::Heard) && sent && self.keep
    }

    /// Whether this answer is something that a quiet program would not have asked for.
    fn told(&self, answer: &Response) {
        let control = &self.floor.control;
        if answer.status >= 400 {
            let seconds = answer.header("retry-after").and_then(|w| w.parse::<u64>().ok()).unwrap_or(0);
            control.news(true, self.floor.clock.real(seconds.min(30 * 24 * 3600) * 1000));
            return;
        }
        let fresh = match self.begun.purpose {
            Purpose::List => {
                let run = control.run();
                let keys = self.floor.hall().read_by(self.begun);
                let mut listed = self.floor.listed.lock().unwrap_or_else(PoisonError::into_inner);
                keys.into_iter().filter(|key| listed.insert((run, key.clone()))).count() > 0
            }
            Purpose::Token | Purpose::Other => false,
            _ => true,
        };
        if fresh {
            control.news(false, Duration::ZERO);
        } else if control.quiet_for().1 {
            control.old_news();
        }
    }
}

/// A port that stays taken, and a listener on it.
fn bound() -> io::Result<(TcpSocket, TcpListener)> {
    let holder = TcpSocket::new_v4()?;
    reusable(&holder)?;
    holder.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = listening(holder.local_addr()?)?;
    Ok((holder, listener))
}

fn listening(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    reusable(&socket)?;
    socket.bind(addr)?;
    socket.listen(1024)
}

#[cfg(unix)]
fn reusable(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseport(true)
}

#[cfg(not(unix))]
fn reusable(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseaddr(true)
}

/// The same for requests that ask the same, in whatever order fields and parameters are sent.
fn canonical(request: &Request) -> Request {
    let mut query = query_of(&request.url);
    query.sort();
    let path = path_of(&request.url);
    let body = match serde_json::from_slice::<Value>(&request.body) {
        Ok(body) => sorted(body).to_string().into(),
        Err(_) => request.body.clone(),
    };
    Request { method: request.method, url: format!("{path}?{query:?}"), headers: Vec::new(), body }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let fields: BTreeMap<String, Value> = map.into_iter().map(|(name, v)| (name, sorted(v))).collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
