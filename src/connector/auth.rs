//! Credentials: resolved once, renewed once when they are refused, and never shown.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;

use super::AuthPlan;
use super::gate::Gate;
use super::run::{Run, Stop};
use crate::base::redact;
use crate::base::secret::{Secret, SecretRef};

/// What authenticates a request.
#[derive(Debug)]
pub(super) enum Place {
    /// Nothing.
    Nowhere,
    /// A header (name in lower case).
    Header(String, Secret),
    /// A query parameter.
    Query(String, Secret),
}

/// A credential as it is used.
#[derive(Debug)]
pub(super) struct Held {
    /// Which renewal it is; told back when it is refused.
    pub generation: u64,
    /// Where it goes.
    pub place: Place,
    /// Renewed from here on, before the system has to refuse it.
    pub fresh_until: Option<Instant>,
}

/// The credential of a gate. One renewal at a time, however many were refused.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    held: tokio::sync::Mutex<Option<Arc<Held>>>,
    known: Mutex<Vec<String>>,
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
        let (place, fresh_until) = match &gate.auth {
            AuthPlan::ClientCredentials { token_url, client_id, client_secret, scopes } => {
                let id = self.resolve(run, client_id)?;
                let secret = self.resolve(run, client_secret)?;
                let client = super::token::Client { token_url, id: &id, secret: &secret, scopes };
                let token = super::token::fetch(run, gate, &client).await?;
                self.remember(token.value.expose());
                (bearer(&token.value), token.fresh_until)
            }
            AuthPlan::None => (Place::Nowhere, None),
            AuthPlan::Bearer(secret) => (bearer(&self.resolve(run, secret)?), None),
            AuthPlan::Basic { username, password } => {
                let user = self.resolve(run, username)?;
                let password = password.as_ref().map(|p| self.resolve(run, p)).transpose()?;
                let value = basic(user.expose(), password.as_ref().map_or("", Secret::expose));
                self.remember(value.expose().trim_start_matches("Basic "));
                (Place::Header("authorization".to_owned(), value), None)
            }
            AuthPlan::HeaderKey { name, secret } => {
                (Place::Header(name.to_ascii_lowercase(), self.resolve(run, secret)?), None)
            }
            AuthPlan::QueryKey { name, secret } => (Place::Query(name.clone(), self.resolve(run, secret)?), None),
        };
        if refused && old.is_some_and(|old| same(&old.place, &place)) {
            return Err(Stop::new(
                "auth-failed",
                format!(
                    "{} does not accept the credential; put a valid one where the contract's auth points",
                    gate.system
                ),
            ));
        }
        Ok(Held { generation, place, fresh_until })
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
    }

    /// The text without any secret that was ever resolved here, raw, URL-encoded or in base64.
    pub(super) fn mask(&self, text: &str) -> String {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "[redacted]") } else { text }
        })
    }
}

fn same(a: &Place, b: &Place) -> bool {
    match (a, b) {
        (Place::Nowhere, Place::Nowhere) => true,
        (Place::Header(_, a), Place::Header(_, b)) | (Place::Query(_, a), Place::Query(_, b)) => a == b,
        _ => false,
    }
}

fn bearer(token: &Secret) -> Place {
    Place::Header("authorization".to_owned(), Secret::new(format!("Bearer {}", token.expose())))
}

/// RFC 7617.
pub(super) fn basic(user: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}
