//! Plays one schedule with a program of its own: the same stage, faults and judges as in virtual time, a process in place of our
//! connector.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::clock::RealClock;
use super::control::{Control, Counted, KillAt, Moment};
use super::deliver::{self, Sender};
use super::emptied::Watch;
use super::environment::{Places, Program, Started};
use super::process::{Listener, Process};
use super::server::Floor;
use super::{DEADLINE_S, files, told};
use crate::base::clock::Clock as _;
use crate::base::rng::Rng;
use crate::base::stop::Stop;
use crate::connector::{AuthPlan, WritePlan};
use crate::evidence::DeadLetter;
use crate::lab::bench::Bench;
use crate::lab::drills::Drill;
use crate::lab::judge::{Foreign, PRINTED, RunSeen, TOLD, longest_waits_s};
use crate::lab::schedule::{Played, Prepared, Reduction};
use crate::lab::trace::Event;
use crate::lab::world::{Exit, RunEnd, skipped};

/// How often a program is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// How long a service may take to end once it is asked to.
const GRACE: Duration = Duration::from_secs(10);
/// A service that has done all there is to do is quiet for so long.
const QUIET: Duration = Duration::from_millis(1500);
/// The same where something is missing: it may wait before it tries again.
const QUIET_AND_OWING: Duration = Duration::from_secs(8);
/// A pause before an attempt that is waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(40);
/// A service to which nothing came for so long but failures is asked to end when two thirds of its time are over.
const IN_VAIN: Duration = Duration::from_secs(15);
/// A service is up after so long.
const UP: Duration = Duration::from_millis(1500);
/// A request that is open for so long is never given up.
const STUCK: Duration = Duration::from_secs(20);
/// Further starts of a program that says that it is not done.
const SPARE: usize = 2;
/// Before a killed program is started again.
const RESTART: Duration = Duration::from_millis(50);
/// Between two runs.
const PAUSE: Duration = Duration::from_millis(20);
/// Lines of output in a timeline.
const MOST_LINES: usize = 400;

/// Ports for programs to listen on, below those that systems hand out by themselves.
static PORTS: AtomicU32 = AtomicU32::new(0);

/// Plays it.
///
/// # Errors
/// What keeps the lab itself from playing, or that the program cannot be started.
pub(super) fn play(
    bench: &Arc<Bench>,
    program: &Program,
    drill: &dyn Drill,
    seed: u64,
    tell: bool,
    stop: &Stop,
) -> Result<Played, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let root = Rng::seeded(seed);
        let stage = Prepared::set(bench, drill, &root, &Reduction::default());
        let mut scene = Scene::open(bench, program, stage, stop)?;
        scene.all(drill, &root).await?;
        Ok(scene.judged(drill, seed, tell))
    })
}

struct Scene<'s> {
    bench: &'s Arc<Bench>,
    program: &'s Program,
    prepared: Prepared,
    floor: Arc<Floor>,
    control: Arc<Control>,
    places: Places,
    stop: &'s Stop,
    runs: Vec<RunSeen>,
    spare_from: usize,
    /// Runs that were killed with a request open.
    left_open: BTreeSet<usize>,
    printed: String,
    /// Second processes that were started while the first was at work.
    twins: u64,
    /// Keeps the directory until all is judged.
    _directory: tempfile::TempDir,
}

impl<'s> Scene<'s> {
    fn open(bench: &'s Arc<Bench>, program: &'s Program, prepared: Prepared, stop: &'s Stop) -> Result<Self, String> {
        let directory = tempfile::Builder::new().prefix("drill-").tempdir().map_err(|e| e.to_string())?;
        let at = |name: &str| directory.path().join(name);
        let state = at("state");
        std::fs::create_dir(&state).map_err(|e| e.to_string())?;
        let control = Arc::new(Control::new(at("disabled")));
        let clock = RealClock::start(program.scale);
        let floor =
            Floor::open(bench, prepared.stage.shared(), clock, Arc::clone(&control)).map_err(|e| e.to_string())?;
        let places = Places {
            doors: floor.doors(),
            state,
            disable: at("disabled"),
            letters: at("dead-letters.jsonl"),
            port: free_port()?,
        };
        Ok(Self {
            bench,
            program,
            prepared,
            floor,
            control,
            places,
            stop,
            runs: Vec::new(),
            spare_from: usize::MAX,
            left_open: BTreeSet::new(),
            printed: String::new(),
            twins: 0,
            _directory: directory,
        })
    }

    /// All runs of the schedule.
    async fn all(&mut self, drill: &dyn Drill, root: &Rng) -> Result<(), String> {
        let _ = drill;
        let mut rng = root.fork("crashes");
        let mut passes = 0;
        while passes < self.prepared.passes {
            let mut kill = (self.prepared.crashes > 0).then(|| self.kill_at(&mut rng));
            // The first time it may have nothing yet to write anew.
            let again = kill.is_some_and(|k| k.counted == Counted::Writes) && !self.runs.is_empty();
            let rewriting = again.then(|| 1 + rng.below(2));
            if let Some(kill) = kill.as_mut().filter(|_| again && rng.one_in(2)) {
                // Such a moment is short, and not every one is seen: it is given several.
                kill.nth += self.bench.page * 2;
            }
            let end = self.run(kill, rewriting).await?;
            let crashed = end == RunEnd::Crashed;
            if crashed {
                self.prepared.crashes -= 1;
            } else {
                passes += 1;
                self.prepared.crashes = 0;
            }
            if !crashed && !matches!(end, RunEnd::Exited(_)) {
                return Ok(());
            }
            files::remove(&self.places.disable);
            if !crashed {
                self.skip(self.prepared.pause_ms);
            }
            tokio::time::sleep(if crashed { RESTART } else { PAUSE }).await;
            if passes == 1 && !crashed {
                self.prepared.after_first_pass(self.bench, root);
            }
            if passes == 2 && !crashed {
                self.prepared.after_second_pass(self.bench, root);
            }
        }
        self.make_up().await
    }

    /// A program that has said that it is not done is started again: what it owes, it may deliver then.
    async fn make_up(&mut self) -> Result<(), String> {
        self.spare_from = self.runs.len() + 1;
        for _ in 0..SPARE {
            let owes = self.runs.last().is_some_and(|last| {
                let honest = match &last.end {
                    RunEnd::Exited(exit) => self.program.service || !exit.is_success(),
                    _ => false,
                };
                honest && !last.missing.is_empty()
            });
            if !owes || self.stop.is_set() {
                return Ok(());
            }
            self.prepared.stage.disarm();
            if !matches!(self.run(None, None).await?, RunEnd::Exited(_)) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn kill_at(&self, rng: &mut Rng) -> KillAt {
        let counted = match (self.prepared.crash_while_delivering, self.prepared.crash_at_fault) {
            (true, _) => Counted::Deliveries,
            (false, true) => Counted::FromFault,
            (false, false) => Counted::Writes,
        };
        // A killed run leaves less to do for the next.
        let most = match self.bench.plan.target.write {
            // All records may go in one request.
            WritePlan::Bulk { .. } if counted != Counted::Deliveries => 1,
            _ if self.runs.is_empty() => self.bench.page * 2,
            _ => self.bench.page,
        };
        let heard = if counted == Counted::Writes { Moment::Heard } else { Moment::Answered };
        let moment = [Moment::Arrived, Moment::Done, Moment::Done, Moment::Answered, heard, heard];
        let moment = rng.pick(&moment).copied().unwrap_or(Moment::Done);
        let bulk = matches!(self.bench.plan.target.write, WritePlan::Bulk { .. });
        if counted == Counted::FromFault && !bulk {
            // First while the write after the one that was hit is on its way: what came of that one has been heard, and what
            // was noted of it is on the disk by then, or never. Later anywhere.
            let second = self.runs.iter().all(|r| r.end != RunEnd::Crashed) || rng.one_in(2);
            return KillAt {
                nth: if second { 2 } else { 1 },
                moment: if second { Moment::Arrived } else { moment },
                counted,
            };
        }
        KillAt { nth: 1 + rng.below(most.max(1)), moment, counted }
    }

    /// The memory of the mocks goes on by so much; their clocks go on showing the true time.
    fn skip(&self, pause_ms: i64) {
        let ahead = skipped(pause_ms);
        if ahead == 0 {
            return;
        }
        let mut all = self.floor.ahead_ms.lock().unwrap_or_else(PoisonError::into_inner);
        *all += ahead;
        for mock in self.floor.hall().mocks.values_mut() {
            mock.set_clock_off(-*all);
        }
    }

    /// One start of the program, to its end. `rewriting`: from this write on it is killed when it writes a file of its state anew in
    /// its place.
    async fn run(&mut self, kill: Option<KillAt>, rewriting: Option<u64>) -> Result<RunEnd, String> {
        let from = self.floor.clock.now();
        let hook = self.bench.plan.source.webhook.as_ref().filter(|_| self.program.service);
        let run = self.prepared.stage.begin(from, self.prepared.budget, hook.is_some());
        self.control.begin(run, kill);
        if let Some(from) = rewriting {
            self.control.kill_when_rewriting(from);
        }
        let watch = rewriting.map(|_| Watch::start(&self.places.state, &self.control));
        let started = self.program.started(self.bench, &self.places, self.prepared.stage.planted());
        let mut process = Process::start(&started, &self.listener())?;
        self.control.watch(process.group());
        let deadline = Instant::now() + Duration::from_secs(self.program.deadline_s);
        let burst = self.prepared.stage.is_burst();
        let sender = hook.map(|hook| (hook, self.prepared.stage.hook_secrets())).map(|(hook, secrets)| {
            let (floor, hook, port) = (Arc::clone(&self.floor), hook.clone(), self.places.port);
            tokio::spawn(async move {
                if deliver::listening(port).await {
                    let (floor, hook, secrets) = (&*floor, &hook, secrets.as_slice());
                    Sender { floor, hook, secrets, port, burst }.deliver().await;
                } else {
                    let (at, what) =
                        (floor.clock.now(), format!("nobody listens on PORT {port}: nothing is delivered"));
                    floor.hall().trace.events.push(Event::Changed { at, what });
                }
            })
        });
        let longest = deadline + Duration::from_secs(self.longest_s() - self.program.deadline_s);
        let twin = self.twin(run, &mut process, &started).await?;
        let mut end = self.wait(&mut process, deadline, longest, sender.as_ref()).await;
        if let Some(twin) = twin {
            let other = self.twin_ended(twin, longest).await;
            // One of the two works: whoever says that all is well speaks for both.
            if let (RunEnd::Exited(ended), Some(other)) = (&end, other)
                && !ended.is_success()
                && other.is_success()
            {
                end = RunEnd::Exited(other);
            }
        }
        if let Some(sender) = sender {
            sender.abort();
        }
        let (output, last) = process.close();
        if let Some(emptied) = watch.and_then(Watch::end) {
            let name = emptied.name;
            let what = format!("killed while it wrote STATE_DIR/{name} anew in its place: the file is empty");
            let at = self.floor.clock.now();
            self.floor.hall().trace.events.push(Event::Changed { at, what });
        }
        self.printed.push_str(&output.text);
        let end = match end {
            RunEnd::Exited(exit) => RunEnd::Exited(Exit { last_words: last, ..exit }),
            other => other,
        };
        let to = self.floor.clock.now();
        self.prepared.stage.finish(to, run, &end);
        let letters = self.letters();
        let known: BTreeSet<String> = self.runs.iter().flat_map(|r| &r.letters).map(|l| l.key.clone()).collect();
        let mut seen = self.prepared.seen_with(self.bench, run, end.clone(), from, &letters);
        seen.letters.retain(|l| !known.contains(&l.key));
        self.runs.push(seen);
        Ok(end)
    }

    /// Real seconds that a run may take in which no request hangs: a job that waits as its contract lets it is at work. A service is asked
    /// to end when it has come to rest.
    fn longest_s(&self) -> u64 {
        let given = self.program.deadline_s;
        if self.program.service || given != DEADLINE_S {
            return given;
        }
        let waits = longest_waits_s(&self.bench.plan.delivery.retry) / u64::from(self.program.scale.max(1));
        // Two systems may fail, one after the other, and each attempt takes its time.
        if waits < given / 2 { given } else { given + waits }
    }

    /// In the first run a second process beside the first, where the drill wants one and the first is at work still.
    async fn twin(&mut self, run: usize, process: &mut Process, started: &Started) -> Result<Option<Process>, String> {
        let Some(after) = self.prepared.process.twin_after_ms.filter(|_| run == 1) else { return Ok(None) };
        // Of two jobs either may be the first. A service is up, and stays up, when another one is started.
        let up = if self.program.service { UP } else { Duration::ZERO };
        tokio::time::sleep(Duration::from_millis(after) + up).await;
        if process.ended().is_some() {
            return Ok(None);
        }
        let twin = Process::start(started, &self.listener())?;
        self.twins += 1;
        self.note("a second process is started beside the first");
        Ok(Some(twin))
    }

    /// Something that the timeline tells.
    fn note(&self, what: &str) {
        let at = self.floor.clock.now();
        self.floor.hall().trace.events.push(Event::Changed { at, what: what.to_owned() });
    }

    /// How the second process ended, when the first has; a service is asked to.
    async fn twin_ended(&mut self, mut twin: Process, deadline: Instant) -> Option<Exit> {
        let mut until = deadline;
        if self.program.service {
            twin.group().ask_to_end();
            until = Instant::now() + GRACE;
        }
        while twin.ended().is_none() && Instant::now() < until && !self.stop.is_set() {
            tokio::time::sleep(LOOK).await;
        }
        let ended = twin.ended().map(|status| exit(status, self.program.service));
        self.printed.push_str(&twin.close().0.text);
        ended
    }

    /// Until it has ended by itself, was killed, is quiet, or takes too long.
    async fn wait(
        &mut self,
        process: &mut Process,
        deadline: Instant,
        longest: Instant,
        sender: Option<&tokio::task::JoinHandle<()>>,
    ) -> RunEnd {
        let mut asked = false;
        let mut ask_until = deadline;
        // Who tries in vain, at whatever pace, has shown what there is to see.
        let in_vain = deadline - deadline.saturating_duration_since(Instant::now()) / 3;
        let from = Instant::now();
        // What a busy machine took from the lab itself.
        let mut late = Duration::ZERO;
        // Since then a request has been open at every look.
        let mut open: Option<Instant> = None;
        loop {
            if self.control.runaway.load(Ordering::SeqCst) {
                return RunEnd::Runaway;
            }
            let ended = process.ended();
            if self.control.killed.load(Ordering::SeqCst) {
                return RunEnd::Crashed;
            }
            let asked_so_far = asked || self.control.asked.load(Ordering::SeqCst);
            // A shell or a starter before it ends at once; the program itself may have something to finish.
            let finishing = asked_so_far && Instant::now() < ask_until && process.group().is_alive();
            if let Some(status) = ended.filter(|_| !finishing) {
                return RunEnd::Exited(exit(status, asked_so_far));
            }
            if self.stop.is_set() {
                return RunEnd::Deadline;
            }
            let now = Instant::now();
            if !asked && self.control.asked.load(Ordering::SeqCst) {
                (asked, ask_until) = (true, now + GRACE);
            }
            if asked && now >= ask_until {
                return RunEnd::Exited(Exit { asked, overran: true, ..Exit::default() });
            }
            if !asked && self.control.told_to_come_back_much_later() {
                (asked, ask_until) = (true, now + GRACE);
                self.note("the program is asked to end (SIGTERM)");
                process.group().ask_to_end();
            }
            open = if self.control.has_open() { open.or(Some(now)) } else { None };
            let stuck = open.is_some_and(|since| now >= since + STUCK);
            let until = if stuck { deadline } else { longest };
            // Time without a processor is not the program's.
            if !asked && now >= until && now >= until + late + process.waited(longest.saturating_duration_since(from)) {
                if self.control.has_open() {
                    self.left_open.insert(self.control.run());
                }
                return RunEnd::Deadline;
            }
            if self.program.service
                && !asked
                && sender.is_none_or(tokio::task::JoinHandle::is_finished)
                && (self.is_quiet() || (now >= in_vain && self.control.failing_for() >= IN_VAIN))
            {
                asked = true;
                ask_until = now + GRACE;
                self.note("the program is asked to end (SIGTERM)");
                process.group().ask_to_end();
            }
            tokio::time::sleep(LOOK).await;
            late += now.elapsed().saturating_sub(LOOK * 4);
        }
    }

    /// A service has nothing more to do, or does nothing more.
    fn is_quiet(&mut self) -> bool {
        let (quiet, failed) = self.control.quiet_for();
        if quiet < QUIET {
            return false;
        }
        if quiet >= self.patience() {
            return true;
        }
        // One that reads a list and has asked for nothing yet may be starting still.
        let run = self.control.run();
        let asked = self.floor.hall().trace.exchanges.last().is_some_and(|x| x.run == run);
        if !asked && self.bench.plan.source.webhook.is_none() {
            return false;
        }
        let expected = self.prepared.expected(self.bench);
        !failed && self.prepared.owed(self.bench, &expected).is_empty()
    }

    /// How long a service that owes records may be quiet. What failed in an earlier run may wait for its next attempt as long as the
    /// contract lets it.
    fn patience(&self) -> Duration {
        let cap = Duration::from_millis(self.bench.plan.delivery.retry.cap_ms).min(LONGEST_PAUSE);
        let cap = cap / self.bench.real.map_or(1, |real| real.scale.max(1));
        if self.control.run() > 1 { QUIET_AND_OWING.max(cap) } else { QUIET_AND_OWING }
    }

    fn listener(&self) -> Listener {
        let floor = Arc::clone(&self.floor);
        let lines = AtomicU32::new(0);
        Arc::new(move |line: &str| {
            if lines.fetch_add(1, Ordering::Relaxed) as usize >= MOST_LINES {
                return;
            }
            let at = floor.clock.now();
            let line = serde_json::from_str::<Value>(line).unwrap_or_else(|_| Value::String(line.to_owned()));
            floor.hall().trace.events.push(Event::Logged { at, line });
        })
    }

    /// All that it wrote so far, with the place.
    fn wrote(&self) -> Vec<(String, String)> {
        let mut out = vec![(PRINTED.to_owned(), self.printed.clone())];
        out.push(("DEAD_LETTER_FILE".to_owned(), files::text(&self.places.letters)));
        let below = files::below(&self.places.state).into_iter();
        out.extend(below.map(|(name, text)| (format!("STATE_DIR/{name}"), text)));
        out
    }

    fn letters(&mut self) -> Vec<DeadLetter> {
        let expected = self.prepared.expected(self.bench);
        let excusable = self.prepared.excusable(self.bench, &expected);
        let filed = told::filed(&expected, &files::text(&self.places.letters));
        let now = self.prepared.stage.now();
        let mut letters = told::letters(&self.bench.plan.flow, &expected, &excusable, &filed, &self.wrote(), now);
        let file = files::text(&self.places.letters);
        for letter in &mut letters {
            letter.because = told::reason(&file, &letter.key).unwrap_or_else(|| TOLD.to_owned());
        }
        letters
    }

    /// Planted values by which somebody is called and which open nothing.
    fn names(&self) -> BTreeSet<String> {
        let plan = &self.bench.plan;
        let called = [&plan.source.auth, &plan.target.auth].into_iter().filter_map(|auth| match auth {
            AuthPlan::ClientCredentials { client_id, .. } => Some(client_id),
            AuthPlan::Basic { username, password: Some(_) } => Some(username),
            _ => None,
        });
        let planted = self.prepared.stage.planted();
        called.filter_map(|reference| planted.get(&reference.to_string()).cloned()).collect()
    }

    /// Planted refresh tokens.
    fn refresh_tokens(&self) -> BTreeSet<String> {
        let plan = &self.bench.plan;
        let parts = plan.source.auth.parts().iter().chain(plan.target.auth.parts());
        let tokens = parts.filter_map(|auth| match auth {
            AuthPlan::RefreshToken { refresh_token, .. } => Some(refresh_token),
            _ => None,
        });
        let planted = self.prepared.stage.planted();
        tokens.filter_map(|reference| planted.get(&reference.to_string()).cloned()).collect()
    }

    fn judged(mut self, drill: &dyn Drill, seed: u64, tell: bool) -> Played {
        let letters = self.letters();
        let expected = self.prepared.expected(self.bench);
        let file = files::text(&self.places.letters);
        let lettered = told::lettered(&expected, &file);
        let foreign = Foreign {
            service: self.program.service,
            scale: self.program.scale,
            deadline_s: self.program.deadline_s,
            longest_s: self.longest_s(),
            spare_from: self.spare_from,
            left_open: self.left_open.clone(),
            wrote: self.wrote(),
            names: self.names(),
            keeps: self.refresh_tokens(),
            twins: self.twins,
            filed: told::filed(&expected, &file),
            unreasoned: told::unreasoned(&lettered, &file),
            lettered,
        };
        self.prepared.judged_with(self.bench, drill, seed, self.runs, tell, letters, Some(foreign))
    }
}

fn exit(status: std::process::ExitStatus, asked: bool) -> Exit {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    Exit { code: status.code(), signal, asked, overran: false, last_words: String::new() }
}

/// A port on which nobody listens. None is held: the program is to listen on it.
fn free_port() -> Result<u16, String> {
    const FIRST: u32 = 20_000;
    const MANY: u32 = 10_000;
    for _ in 0..200 {
        let n = PORTS.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (n + std::process::id() * 97) % MANY;
        let port = u16::try_from(port).unwrap_or(20_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err("no free port of loopback was found".to_owned())
}
