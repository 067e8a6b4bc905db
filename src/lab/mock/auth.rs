//! Who may call: each operation's security requirement, enforced; tokens issued where the description says so.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::url;
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::connector::Request;
use crate::model::{ApiKeyPlace, Operation, SchemeKind, SchemeUse, System};

/// Which credentials the mock takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Any that is not empty, for people who try things out.
    Any,
    /// These only: tokens, keys, user names, passwords, client ids and secrets.
    Only(Vec<String>),
}

impl Credentials {
    fn takes(&self, value: &str) -> bool {
        match self {
            Self::Any => !value.is_empty(),
            Self::Only(known) => known.iter().any(|k| k == value),
        }
    }
}

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Denied {
    /// 401: nothing was shown.
    Missing,
    /// 401: what was shown is wrong, expired or revoked.
    Invalid,
    /// 403: the token lacks these.
    Scope(Vec<String>),
}

#[derive(Debug, Clone, PartialEq)]
struct Issued {
    expires: Timestamp,
    scopes: Vec<String>,
}

/// The mock's memory of who may call.
#[derive(Debug, Clone)]
pub(super) struct Auth {
    credentials: Credentials,
    ttl_ms: i64,
    tokens: BTreeMap<String, Issued>,
    rng: Rng,
}

impl Auth {
    pub(super) const fn new(credentials: Credentials, ttl_ms: i64, rng: Rng) -> Self {
        Self { credentials, ttl_ms, tokens: BTreeMap::new(), rng }
    }

    /// Takes these credentials from now on, and no others.
    pub(super) fn take_only(&mut self, known: Vec<String>) {
        self.credentials = Credentials::Only(known);
    }

    /// Every token handed out so far is refused from now on. Tells how many were still good.
    pub(super) fn revoke(&mut self, now: Timestamp) -> usize {
        let good = self.tokens.values_mut().filter(|t| t.expires > now);
        good.map(|t| t.expires = now).count()
    }

    /// Lets the request in, or says why not.
    pub(super) fn check(
        &self,
        system: &System,
        op: &Operation,
        request: &Request,
        now: Timestamp,
    ) -> Result<(), Denied> {
        let mut why = Denied::Missing;
        if op.security.is_empty() {
            return Ok(());
        }
        for alternative in &op.security {
            match alternative.iter().try_for_each(|s| self.one(system, s, request, now)) {
                Ok(()) => return Ok(()),
                // A credential that was shown and is wrong says more than one that was not.
                Err(Denied::Missing) => {}
                Err(other) => why = other,
            }
        }
        Err(why)
    }

    fn one(&self, system: &System, used: &SchemeUse, request: &Request, now: Timestamp) -> Result<(), Denied> {
        let Some(scheme) = system.schemes.get(&used.scheme) else { return Ok(()) };
        match &scheme.kind {
            SchemeKind::MutualTls => Ok(()),
            SchemeKind::Basic => {
                let shown = authorization(request, "basic").ok_or(Denied::Missing)?;
                let decoded = STANDARD.decode(shown).ok().and_then(|b| String::from_utf8(b).ok());
                let pair = decoded.as_deref().and_then(|t| t.split_once(':')).ok_or(Denied::Invalid)?;
                let password_ok = pair.1.is_empty() || self.credentials.takes(pair.1);
                if self.credentials.takes(pair.0) && password_ok { Ok(()) } else { Err(Denied::Invalid) }
            }
            SchemeKind::Bearer => self.bearer(request),
            SchemeKind::Http(_) => request.header("authorization").map(|_| ()).ok_or(Denied::Missing),
            SchemeKind::ApiKey { place, name } => {
                let shown = match place {
                    ApiKeyPlace::Header => request.header(&name.to_ascii_lowercase()).map(str::to_owned),
                    ApiKeyPlace::Query => url::query_of(&request.url).into_iter().find(|(n, _)| n == name).map(|p| p.1),
                    ApiKeyPlace::Cookie => request
                        .header("cookie")
                        .and_then(|c| c.split(';').filter_map(|p| p.trim().split_once('=')).find(|(n, _)| n == name))
                        .map(|(_, v)| v.to_owned()),
                }
                .ok_or(Denied::Missing)?;
                // Many APIs put a word before the key: `Bearer x`, `Klaviyo-API-Key x`.
                let bare = shown.rsplit(' ').next().unwrap_or_default();
                if self.credentials.takes(&shown) || self.credentials.takes(bare) {
                    Ok(())
                } else {
                    Err(Denied::Invalid)
                }
            }
            SchemeKind::Oauth2(_) | SchemeKind::OpenId(_) => {
                let shown = authorization(request, "bearer").ok_or(Denied::Missing)?;
                match self.tokens.get(shown) {
                    Some(token) if token.expires <= now => Err(Denied::Invalid),
                    Some(token) => {
                        let lacking: Vec<String> =
                            used.scopes.iter().filter(|s| !token.scopes.contains(s)).cloned().collect();
                        if lacking.is_empty() { Ok(()) } else { Err(Denied::Scope(lacking)) }
                    }
                    // A token from elsewhere: a person's own, or one planted for a static bearer.
                    None => self.bearer(request),
                }
            }
        }
    }

    fn bearer(&self, request: &Request) -> Result<(), Denied> {
        let shown = authorization(request, "bearer").ok_or(Denied::Missing)?;
        if self.credentials.takes(shown) { Ok(()) } else { Err(Denied::Invalid) }
    }

    /// The token endpoint (RFC 6749 section 4.4, 5): status, answer, and the token handed out.
    pub(super) fn issue(
        &mut self,
        system: &System,
        request: &Request,
        now: Timestamp,
    ) -> (u16, serde_json::Value, Option<String>) {
        let form = url::pairs(&String::from_utf8_lossy(&request.body));
        let field = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let basic = authorization(request, "basic")
            .and_then(|b| STANDARD.decode(b).ok())
            .and_then(|b| String::from_utf8(b).ok())
            .and_then(|t| t.split_once(':').map(|(u, p)| (url::decode(u), url::decode(p))));
        let client = basic.or_else(|| Some((field("client_id")?, field("client_secret")?)));
        let grant = field("grant_type").unwrap_or_default();
        if !matches!(grant.as_str(), "client_credentials" | "refresh_token" | "password" | "authorization_code") {
            return (400, json!({"error": "unsupported_grant_type"}), None);
        }
        let known = client.is_some_and(|(id, secret)| self.credentials.takes(&id) && self.credentials.takes(&secret));
        if !known {
            return (401, json!({"error": "invalid_client"}), None);
        }
        let offered: Vec<&String> = system
            .schemes
            .values()
            .filter_map(|s| if let SchemeKind::Oauth2(flows) = &s.kind { Some(flows) } else { None })
            .flatten()
            .flat_map(|f| &f.scopes)
            .collect();
        let scopes: Vec<String> = match field("scope") {
            Some(asked) if !asked.trim().is_empty() => asked.split_whitespace().map(str::to_owned).collect(),
            _ => offered.iter().map(|s| (*s).clone()).collect(),
        };
        if let Some(unknown) = scopes.iter().find(|s| !offered.is_empty() && !offered.contains(s)) {
            return (
                400,
                json!({"error": "invalid_scope", "error_description": format!("{unknown} is not offered")}),
                None,
            );
        }
        let token = format!("at_{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64());
        self.tokens.insert(token.clone(), Issued { expires: now.plus_ms(self.ttl_ms), scopes: scopes.clone() });
        let answer = json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.ttl_ms / 1000,
            "scope": scopes.join(" "),
        });
        (200, answer, Some(token))
    }
}

/// The credentials of an `Authorization` header of this scheme (lower case).
fn authorization<'r>(request: &'r Request, scheme: &str) -> Option<&'r str> {
    let (name, rest) = request.header("authorization")?.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}
