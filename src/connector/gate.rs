//! What everyone who uses one credential shares: the pause a server asked for, the rate, the breakers, the token.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Origin;

use super::auth::{Credentials, Place};
use super::breaker::{Breaker, Leave, NoLeave};
use super::exchange::{self, Again, Miss};
use super::load::Load;
use super::rate::Window;
use super::retry::LONGEST_WAIT;
use super::run::{Run, Stop};
use super::{AuthPlan, Request};
use crate::base::address;
use crate::contract::Rate;

/// The gates of a process, one per system and credential. Runs that are given the same gates share pauses, rates,
/// breakers and tokens; a new value forgets them all.
#[derive(Debug, Default)]
pub struct Gates(Mutex<Vec<Arc<Gate>>>);

impl Gates {
    /// The gate of this system and credential.
    pub(super) fn of(&self, system: &str, base_url: &str, auth: &AuthPlan) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.iter().find(|g| g.system == system && g.base_url == base_url && g.auth == *auth) {
            return gate.clone();
        }
        let gate = Arc::new(Gate {
            system: system.to_owned(),
            base_url: base_url.to_owned(),
            auth: auth.clone(),
            origins: origins(base_url, auth),
            credentials: Credentials::default(),
            pace: Mutex::default(),
            load: Load::default(),
            reads: Breaker::default(),
            writes: Breaker::default(),
        });
        gates.push(gate.clone());
        gate
    }
}

#[derive(Debug, Default)]
struct Pace {
    paused_until: Option<Instant>,
    window: Window,
}

/// The way to one system with one credential.
#[derive(Debug)]
pub(super) struct Gate {
    /// Name of the system in the contract.
    pub system: String,
    /// Without a slash at the end.
    pub base_url: String,
    /// How to authenticate.
    pub auth: AuthPlan,
    /// Where requests may go: to the base URL's origin, and to that of the token endpoint. Each with what every URL begins
    /// with that is written as its origin is: what follows a host and a slash leads nowhere else.
    origins: Vec<(Origin, String)>,
    /// What it authenticates with.
    pub credentials: Credentials,
    pace: Mutex<Pace>,
    /// Requests under way.
    pub load: Load,
    reads: Breaker,
    writes: Breaker,
}

fn origins(base_url: &str, auth: &AuthPlan) -> Vec<(Origin, String)> {
    let all = [Some(base_url), auth.token_url()].into_iter().flatten().filter_map(address::origin);
    all.map(|origin| (origin.clone(), format!("{}/", origin.ascii_serialization()))).collect()
}

impl Gate {
    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this URL leads to where the plan points. It is asked of the whole URL just before it is sent, whatever
    /// the parts were that it was put together from.
    pub(super) fn leads_to(&self, url: &str) -> bool {
        self.origins.iter().any(|(_, start)| url.starts_with(start.as_str()))
            || address::origin(url).is_some_and(|origin| self.origins.iter().any(|(known, _)| *known == origin))
    }

    /// Keeps under this rate from now on, too.
    pub(super) fn tighten(&self, rate: Rate) {
        self.pace().window.tighten(rate);
    }

    /// Nobody sends with this credential for so long.
    pub(super) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait.min(super::retry::YEAR);
        let mut pace = self.pace();
        pace.paused_until = Some(pace.paused_until.map_or(until, |now| now.max(until)));
    }

    /// The breaker for requests that read, or for those that write.
    pub(super) const fn breaker(&self, reads: bool) -> &Breaker {
        if reads { &self.reads } else { &self.writes }
    }

    /// Takes a place in the rate now, or tells when to ask again.
    fn place(&self) -> Result<(), Instant> {
        let mut pace = self.pace();
        let now = Instant::now();
        match pace.paused_until {
            Some(until) if until > now => Err(until),
            _ => pace.window.take(now),
        }
    }

    /// Waits for pause and rate.
    pub(super) async fn paced(&self, run: &Run<'_>) -> Result<(), Stop> {
        while let Err(at) = self.place() {
            self.wait(run, at).await?;
        }
        Ok(())
    }

    /// Sleeps until then; not where the server asked for a pause longer than a run sleeps.
    async fn wait(&self, run: &Run<'_>, at: Instant) -> Result<(), Stop> {
        let asked = self.pace().paused_until.map(|until| until.saturating_duration_since(Instant::now()));
        match asked.filter(|wait| *wait > LONGEST_WAIT) {
            Some(wait) => Err(exchange::too_long(self, wait)),
            None => run.sleep_until(at).await,
        }
    }

    /// As [`Gate::paced`], behind the breaker for requests that read, or for those that write.
    /// `who`: the record that the request is about, where it is about one.
    pub(super) async fn leave(&self, run: &Run<'_>, reads: bool, who: Option<&str>) -> Result<Leave<'_>, Miss> {
        loop {
            let leave = match self.breaker(reads).leave(&run.halt, run.patience(), who).await {
                Ok(leave) => leave,
                Err(NoLeave::Halted) => return Err(run.why().into()),
                Err(NoLeave::Alone) => {
                    let because = "each attempt at this record failed, and none at another".to_owned();
                    return Err(Miss::Exhausted(Again::unknown("server-error", because)));
                }
                Err(NoLeave::Down) => {
                    return Err(Miss::Stop(Stop::new(
                        "target-down",
                        format!(
                            "{} did not recover while this run waited; what was not delivered comes again",
                            self.system
                        ),
                    )));
                }
            };
            match self.place() {
                Ok(()) => return Ok(leave),
                Err(_) if leave.is_probe() => {
                    self.paced(run).await?;
                    return Ok(leave);
                }
                // The breaker may open while this one waits, so it is asked again.
                Err(at) => self.wait(run, at).await?,
            }
        }
    }

    /// Takes what this credential is made of out of a text.
    pub(super) fn mask(&self, text: &str) -> String {
        self.credentials.mask(text)
    }

    /// The request's URL without the key that this gate adds to it.
    pub(super) fn strip(&self, url: &str) -> String {
        self.auth.in_query().map_or_else(|| url.to_owned(), |name| super::address::without_query(url, name))
    }

    /// The request, with what authenticates it.
    pub(super) fn sign(&self, request: &mut Request, places: &[Place]) {
        for place in places {
            match place {
                Place::Header(name, value) => {
                    request.headers.push((name.clone(), value.expose().to_owned()));
                }
                Place::Query(name, value) => {
                    super::address::push_query(&mut request.url, name, value.expose());
                }
                Place::Cookie(name, value) => {
                    let pair = format!("{name}={}", value.expose());
                    // RFC 6265 section 5.4: one header, whatever it holds.
                    match request.headers.iter_mut().find(|(n, _)| n == "cookie") {
                        Some((_, cookies)) => *cookies = format!("{cookies}; {pair}"),
                        None => request.headers.push(("cookie".to_owned(), pair)),
                    }
                }
            }
        }
    }
}
