//! Credentials: resolved once, renewed once when they are refused, and never shown.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::time::Instant;

use super::gate::Gate;
use super::run::{Run, Stop, lock};
use super::{AuthPlan, Hold, token};
use crate::base::redact;
use crate::base::secret::{Secret, SecretRef};

/// What authenticates a request, or a part of it.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// A header (name in lower case).
    Header(String, Secret),
    /// A query parameter.
    Query(String, Secret),
    /// A cookie.
    Cookie(String, Secret),
}

/// A credential as it is used.
#[derive(Debug)]
pub(super) struct Held {
    /// Which renewal it is; told back when it is refused.
    pub generation: u64,
    /// Where its parts go.
    pub places: Vec<Place>,
    /// Renewed from here on, before the system has to refuse it.
    pub fresh_until: Option<Instant>,
}

/// The credential of a gate. One renewal at a time, however many were refused.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    held: tokio::sync::Mutex<Option<Arc<Held>>>,
    known: Mutex<Vec<String>>,
    /// A refresh token that could not be kept yet; the one that is kept is spent.
    unkept: Mutex<Option<Secret>>,
}

impl Credentials {
    /// The credential to send now. `refused`: the generation that was answered 401; it is renewed unless somebody
    /// else already did.
    pub(super) async fn current(&self, run: &Run<'_>, gate: &Gate, refused: Option<u64>) -> Result<Arc<Held>, Stop> {
        let mut held = self.held.lock().await;
        if let Some(now) = held.as_ref()
            && refused != Some(now.generation)
            && now.fresh_until.is_none_or(|until| Instant::now() < until)
        {
            return Ok(now.clone());
        }
        if run.halt.is_cancelled() {
            // Somebody else's renewal failed while this one waited; asking again would hammer the token endpoint.
            return Err(run.why());
        }
        let renewed = match self.renew(run, gate, held.as_deref(), refused.is_some()).await {
            Ok(renewed) => Arc::new(renewed),
            Err(stop) => {
                run.halt_with(stop.clone());
                return Err(stop);
            }
        };
        *held = Some(renewed.clone());
        Ok(renewed)
    }

    async fn renew(&self, run: &Run<'_>, gate: &Gate, old: Option<&Held>, refused: bool) -> Result<Held, Stop> {
        let generation = old.map_or(1, |h| h.generation + 1);
        let mut places = Vec::new();
        let mut fresh_until = None;
        for part in gate.auth.parts() {
            let (place, until) = self.part(run, gate, part).await?;
            places.extend(place);
            fresh_until = fresh_until.into_iter().chain(until).min();
        }
        if refused && old.is_some_and(|old| old.places == places) {
            return Err(Stop::new(
                "auth-failed",
                format!(
                    "{} does not accept the credential; put a valid one where the contract's auth points",
                    gate.system
                ),
            ));
        }
        Ok(Held { generation, places, fresh_until })
    }

    async fn part(
        &self,
        run: &Run<'_>,
        gate: &Gate,
        part: &AuthPlan,
    ) -> Result<(Option<Place>, Option<Instant>), Stop> {
        let place = match part {
            AuthPlan::ClientCredentials { token_url, client_id, client_secret, scopes } => {
                let id = self.resolve(run, client_id)?;
                let secret = self.resolve(run, client_secret)?;
                let client = token::Client { token_url, id: &id, secret: Some(&secret), scopes, refresh: None };
                let token = token::fetch(run, gate, &client).await?;
                self.remember(token.value.expose());
                return Ok((Some(bearer(&token.value)), token.fresh_until));
            }
            AuthPlan::RefreshToken { .. } => {
                let token = self.refreshed(run, gate, part).await?;
                return Ok((Some(bearer(&token.value)), token.fresh_until));
            }
            // The transport shows it when it connects; several are planned as one list.
            AuthPlan::None | AuthPlan::Tls { .. } | AuthPlan::All(_) => None,
            AuthPlan::Bearer(secret) => Some(bearer(&self.resolve(run, secret)?)),
            AuthPlan::Basic { username, password } => {
                let user = self.resolve(run, username)?;
                let password = password.as_ref().map(|p| self.resolve(run, p)).transpose()?;
                let value = match (&password, user.expose().split_once(':')) {
                    // `user:password` in one secret.
                    (None, Some((user, password))) => {
                        self.remember(password);
                        basic(user, password)
                    }
                    _ => basic(user.expose(), password.as_ref().map_or("", Secret::expose)),
                };
                self.remember(value.expose().trim_start_matches("Basic "));
                Some(Place::Header("authorization".to_owned(), value))
            }
            AuthPlan::HeaderKey { name, secret } => {
                Some(Place::Header(name.to_ascii_lowercase(), self.resolve(run, secret)?))
            }
            AuthPlan::QueryKey { name, secret } => Some(Place::Query(name.clone(), self.resolve(run, secret)?)),
            AuthPlan::CookieKey { name, secret } => Some(Place::Cookie(name.clone(), self.resolve(run, secret)?)),
        };
        Ok((place, None))
    }

    /// An access token for the refresh token. A newer refresh token is kept before the access token is used: whoever is
    /// killed after this point starts with the newest one.
    async fn refreshed(&self, run: &Run<'_>, gate: &Gate, part: &AuthPlan) -> Result<token::Token, Stop> {
        let AuthPlan::RefreshToken { token_url, client_id, client_secret, refresh_token, scopes } = part else {
            return Err(Stop::new("auth-failed", format!("{} has no refresh token", gate.system)));
        };
        let id = self.resolve(run, client_id)?;
        let secret = client_secret.as_ref().map(|s| self.resolve(run, s)).transpose()?;
        // Held over the request: two processes with one single-use token would lock each other out.
        let _held = held(run, gate, refresh_token).await?;
        let mut spent: Option<Secret> = None;
        loop {
            let waiting = lock(&self.unkept).clone();
            let current = match waiting {
                Some(newer) => newer,
                None => self.resolve(run, refresh_token)?,
            };
            if spent.as_ref() == Some(&current) {
                return Err(Stop::new(
                    "auth-failed",
                    format!(
                        "{} does not take the refresh token any more; have a person agree again, and put the new token into {refresh_token}",
                        gate.system
                    ),
                ));
            }
            // Also when nothing waits: a place that takes nothing is found out before the server spends the token.
            self.keep(run, gate, refresh_token, &current)?;
            let client = token::Client { token_url, id: &id, secret: secret.as_ref(), scopes, refresh: Some(&current) };
            let token = match token::fetch(run, gate, &client).await {
                Ok(token) => token,
                // Somebody else may have renewed it meanwhile: then a newer one is kept.
                Err(stop) if stop.code == token::GRANT_REFUSED => {
                    *lock(&self.unkept) = None;
                    spent = Some(current);
                    continue;
                }
                Err(stop) => return Err(stop),
            };
            self.remember(token.value.expose());
            if let Some(newer) = token.refresh.as_ref().filter(|newer| **newer != current) {
                self.remember(newer.expose());
                // Where a person put another one meanwhile, theirs stays.
                if self.resolve(run, refresh_token)? == current {
                    *lock(&self.unkept) = Some(newer.clone());
                    self.keep(run, gate, refresh_token, newer)?;
                }
                run.log("info", "refresh-token-rotated", None, json!({"system": gate.system}));
            }
            return Ok(token);
        }
    }

    fn keep(&self, run: &Run<'_>, gate: &Gate, reference: &SecretRef, token: &Secret) -> Result<(), Stop> {
        let unkept = |why: &str| {
            Stop::new(
                "refresh-token-unkept",
                format!(
                    "the newest refresh token of {} cannot be kept in {reference}: {}; make room or give leave to write there, this run keeps trying",
                    gate.system,
                    redact::bounded(why, 200)
                ),
            )
        };
        let known = run.world.secrets.resolve(reference).is_ok_and(|now| now == *token);
        match run.world.secrets.keep(reference, token) {
            Ok(true) => {}
            Ok(false) if known => {}
            Ok(false) => run.log(
                "warn",
                "refresh-token-not-kept",
                None,
                json!({
                    "system": gate.system,
                    "because": format!("{reference} cannot be written, so the newest refresh token is lost when this process ends; write refresh_token: file:PATH"),
                }),
            ),
            Err(why) => return Err(unkept(&why)),
        }
        *lock(&self.unkept) = None;
        Ok(())
    }

    fn resolve(&self, run: &Run<'_>, reference: &SecretRef) -> Result<Secret, Stop> {
        let secret = run.world.secrets.resolve(reference).map_err(|why| {
            Stop::new("secret-missing", format!("{reference} cannot be read: {}", redact::bounded(&why, 200)))
        })?;
        self.remember(secret.expose());
        Ok(secret)
    }

    fn remember(&self, secret: &str) {
        // A mask for two letters would blacken whole texts.
        if secret.len() < 4 {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for form in [secret.to_owned(), super::address::encode(secret), STANDARD.encode(secret)] {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        // What holds another one goes first, or the rest of it would stay.
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The text without any secret that was ever resolved here, raw, URL-encoded or in base64.
    pub(super) fn mask(&self, text: &str) -> String {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "[redacted]") } else { text }
        })
    }
}

/// How long another process is waited for that renews the same refresh token.
const RENEWAL: Duration = Duration::from_secs(60);

/// The only one who renews this refresh token, until it is dropped.
async fn held(run: &Run<'_>, gate: &Gate, reference: &SecretRef) -> Result<Hold, Stop> {
    let until = Instant::now() + RENEWAL;
    loop {
        let why = match run.world.secrets.hold(reference) {
            Ok(Some(hold)) => return Ok(hold),
            Ok(None) => "another process renews it and does not come to an end".to_owned(),
            Err(why) => why,
        };
        if Instant::now() >= until {
            let why = redact::bounded(&why, 200);
            return Err(Stop::new("auth-unavailable", format!("no token from {}: {reference}: {why}", gate.system)));
        }
        run.sleep(Duration::from_millis(200)).await?;
    }
}

fn bearer(token: &Secret) -> Place {
    Place::Header("authorization".to_owned(), Secret::new(format!("Bearer {}", token.expose())))
}

/// RFC 7617.
pub(super) fn basic(user: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}
