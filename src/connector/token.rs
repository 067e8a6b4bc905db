//! Fetches OAuth 2 access tokens: with client credentials (RFC 6749 section 4.4) or a refresh token (section 6).

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::address::encode;
use super::auth::basic;
use super::body::{Content, content};
use super::exchange::{self, Again, Miss, Tries};
use super::gate::Gate;
use super::run::{Run, Stop};
use super::trace::{Attempt, Said, Trace};
use super::{Request, envelope};
use crate::base::secret::Secret;
use crate::model::Method;

/// Who asks.
pub(super) struct Client<'c> {
    /// Absolute.
    pub token_url: &'c str,
    /// Client id.
    pub id: &'c Secret,
    /// Client secret; a public client has none.
    pub secret: Option<&'c Secret>,
    /// Asked for; empty leaves it to the server.
    pub scopes: &'c [String],
    /// The refresh token to redeem; nothing: client credentials.
    pub refresh: Option<&'c Secret>,
}

/// Code of a stop by a refresh token that is not taken: `invalid_grant` (RFC 6749 section 5.2).
pub(super) const GRANT_REFUSED: &str = "grant-refused";

/// An access token.
pub(super) struct Token {
    /// Its value.
    pub value: Secret,
    /// The refresh token to use from now on, where the answer holds one.
    pub refresh: Option<Secret>,
    /// Used until here: some time before it expires.
    pub fresh_until: Option<Instant>,
}

/// Fetches a token, with as many attempts as any other request has.
pub(super) async fn fetch(run: &Run<'_>, gate: &Gate, client: &Client<'_>) -> Result<Token, Stop> {
    let mut trace = run.trace("token");
    let mut tries = Tries::default();
    // RFC 6749 section 2.3.1: servers must take HTTP Basic; the few that only read the form say so by refusing.
    let mut in_form = client.secret.is_none();
    loop {
        gate.paced(run).await?;
        let said = Said {
            system: &gate.system,
            operation: "token",
            method: Method::Post,
            base: client.token_url,
            path: "",
            url: client.token_url,
        };
        let attempt = trace.attempt(run, &said);
        let request = request(client, in_form, &trace, &attempt);
        let sent = exchange::send_once(run, gate, "token", request).await;
        attempt.ended(&sent);
        let miss = match sent.and_then(|r| exchange::sorted(run, gate, r)) {
            Ok(response) => match content(&response) {
                Content::Json(body) => match token(&body) {
                    Some(token) => {
                        run.log("info", "token-fetched", Some(&trace.id), json!({"system": gate.system}));
                        return Ok(token);
                    }
                    None => {
                        let says = body.as_object().map(envelope::says).unwrap_or_default();
                        return Err(failed(gate, &format!("the answer holds no access token {says}")));
                    }
                },
                Content::Broken(why) => Miss::Again(Again::unknown("unreadable-answer", why)),
                Content::Empty | Content::Other => return Err(failed(gate, "the answer holds no access token")),
            },
            Err(miss) => miss,
        };
        match miss {
            Miss::Refused(r) if !in_form && matches!(r.status, 400 | 401) && fits_form(&r.says) => in_form = true,
            Miss::Refused(r) if client.refresh.is_some() && r.says.contains("invalid_grant") => {
                return Err(Stop::new(GRANT_REFUSED, r.says));
            }
            Miss::Refused(r) => return Err(failed(gate, &format!("status {}: {}", r.status, r.says))),
            Miss::Stop(stop) => return Err(stop),
            Miss::Again(again) | Miss::Exhausted(again) => {
                match exchange::back_off(run, gate, &mut tries, again, &mut trace).await {
                    Ok(()) => {}
                    Err(Miss::Stop(stop)) => return Err(stop),
                    Err(Miss::Again(a) | Miss::Exhausted(a)) => {
                        return Err(Stop::new(
                            "auth-unavailable",
                            format!("no token from {}: {}", gate.system, a.because),
                        ));
                    }
                    Err(Miss::Refused(r)) => return Err(failed(gate, &r.says)),
                }
            }
        }
    }
}

/// A refusal that may be of the way in which the client showed itself: none of the grant, or of what was asked for (RFC 6749 section
/// 5.2). Many endpoints have words of their own for a client that they did not see.
fn fits_form(says: &str) -> bool {
    let of_the_grant =
        ["invalid_grant", "invalid_scope", "unauthorized_client", "unsupported_grant_type", "access_denied"];
    !of_the_grant.iter().any(|word| says.contains(word))
}

fn failed(gate: &Gate, why: &str) -> Stop {
    Stop::new(
        "auth-failed",
        format!("{} gives no token ({why}); check client id, secret and scopes of the contract", gate.system),
    )
}

fn request(client: &Client<'_>, in_form: bool, trace: &Trace, attempt: &Attempt) -> Request {
    let mut body = match client.refresh {
        None => "grant_type=client_credentials".to_owned(),
        Some(token) => format!("grant_type=refresh_token&refresh_token={}", encode(token.expose())),
    };
    if !client.scopes.is_empty() {
        body.push_str("&scope=");
        body.push_str(&encode(&client.scopes.join(" ")));
    }
    let mut headers = vec![
        ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ("accept".to_owned(), "application/json".to_owned()),
        ("traceparent".to_owned(), attempt.traceparent.clone()),
        ("x-correlation-id".to_owned(), trace.id.clone()),
    ];
    let (id, secret) = (encode(client.id.expose()), client.secret.map(|s| encode(s.expose())));
    match secret {
        Some(secret) if in_form => body.push_str(&format!("&client_id={id}&client_secret={secret}")),
        Some(secret) => headers.push(("authorization".to_owned(), basic(&id, &secret).expose().to_owned())),
        None => body.push_str(&format!("&client_id={id}")),
    }
    Request { method: Method::Post, url: client.token_url.to_owned(), headers, body: Bytes::from(body) }
}

fn token(body: &Value) -> Option<Token> {
    let value = body.get("access_token")?.as_str().filter(|t| !t.is_empty())?;
    let seconds = body.get("expires_in").and_then(|e| match e {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.parse().ok(),
        _ => None,
    });
    // None at all is no life: some say so of a token that does not expire, and every request would fetch one.
    let life = seconds
        .filter(|s| *s > 0.0)
        .and_then(|s| Duration::try_from_secs_f64(s).ok())
        .map(|life| life.min(super::retry::YEAR));
    // A tenth of its life, at most a minute: enough for a request on its way.
    let fresh_until = life.map(|life| Instant::now() + life.saturating_sub((life / 10).min(Duration::from_secs(60))));
    let refresh = body.get("refresh_token").and_then(Value::as_str).filter(|t| !t.is_empty());
    let refresh = refresh.map(|t| Secret::new(t.to_owned()));
    Some(Token { value: Secret::new(value.to_owned()), refresh, fresh_until })
}
