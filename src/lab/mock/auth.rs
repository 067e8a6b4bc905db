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
    /// The consent that it goes back to, where it came by a refresh token.
    family: Option<String>,
}

/// What one consent led to: its refresh tokens are used once each, and the last is good until one is used twice
/// (RFC 9700 section 4.14.2).
#[derive(Debug, Clone, PartialEq)]
struct Family {
    newest: String,
    revoked: bool,
}

/// The mock's memory of who may call.
#[derive(Debug, Clone)]
pub(super) struct Auth {
    credentials: Credentials,
    ttl_ms: i64,
    tokens: BTreeMap<String, Issued>,
    /// By the first refresh token of each.
    families: BTreeMap<String, Family>,
    /// Every refresh token handed out, and the first one that it goes back to.
    descent: BTreeMap<String, String>,
    rng: Rng,
}

impl Auth {
    pub(super) const fn new(credentials: Credentials, ttl_ms: i64, rng: Rng) -> Self {
        Self { credentials, ttl_ms, tokens: BTreeMap::new(), families: BTreeMap::new(), descent: BTreeMap::new(), rng }
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

    /// Redeems a refresh token for the one that follows it. A token that was used before ends everything that its consent
    /// led to: nobody can tell who of the two is the thief.
    fn rotated(&mut self, shown: &str, now: Timestamp) -> Option<(String, String)> {
        let first = self.descent.get(shown).cloned().unwrap_or_else(|| shown.to_owned());
        if !self.families.contains_key(&first) {
            if !self.credentials.takes(shown) {
                return None;
            }
            self.families.insert(first.clone(), Family { newest: shown.to_owned(), revoked: false });
        }
        let next = format!("rt_{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64());
        let family = self.families.get_mut(&first)?;
        if family.revoked || family.newest != shown {
            family.revoked = true;
            let led_to = self.tokens.values_mut().filter(|t| t.family.as_ref() == Some(&first) && t.expires > now);
            led_to.for_each(|t| t.expires = now);
            return None;
        }
        family.newest.clone_from(&next);
        self.descent.insert(next.clone(), first.clone());
        Some((next, first))
    }

    /// The token endpoint (RFC 6749 sections 4.4, 5 and 6): status, answer, and the tokens handed out.
    pub(super) fn issue(
        &mut self,
        system: &System,
        request: &Request,
        now: Timestamp,
    ) -> (u16, serde_json::Value, Vec<String>) {
        let form = url::pairs(&String::from_utf8_lossy(&request.body));
        let field = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let basic = authorization(request, "basic")
            .and_then(|b| STANDARD.decode(b).ok())
            .and_then(|b| String::from_utf8(b).ok())
            .and_then(|t| t.split_once(':').map(|(u, p)| (url::decode(u), url::decode(p))));
        let grant = field("grant_type").unwrap_or_default();
        // A public client has no secret, and nothing but a refresh token to show for itself.
        let client = basic
            .map(|(id, secret)| (id, Some(secret)))
            .or_else(|| Some((field("client_id")?, field("client_secret"))))
            .filter(|(_, secret)| secret.is_some() || grant == "refresh_token");
        if !matches!(grant.as_str(), "client_credentials" | "refresh_token" | "password" | "authorization_code") {
            return (400, json!({"error": "unsupported_grant_type"}), Vec::new());
        }
        let known = client.is_some_and(|(id, secret)| {
            self.credentials.takes(&id) && secret.is_none_or(|secret| self.credentials.takes(&secret))
        });
        if !known {
            return (401, json!({"error": "invalid_client"}), Vec::new());
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
                Vec::new(),
            );
        }
        let rotated = if grant == "refresh_token" {
            let Some(rotated) = self.rotated(&field("refresh_token").unwrap_or_default(), now) else {
                return (400, json!({"error": "invalid_grant"}), Vec::new());
            };
            Some(rotated)
        } else {
            None
        };
        let token = format!("at_{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64());
        let (refresh, family) = rotated.unzip();
        let expires = now.plus_ms(self.ttl_ms);
        self.tokens.insert(token.clone(), Issued { expires, scopes: scopes.clone(), family });
        let mut answer = json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.ttl_ms / 1000,
            "scope": scopes.join(" "),
        });
        if let Some(refresh) = &refresh {
            answer["refresh_token"] = json!(refresh);
        }
        (200, answer, std::iter::once(token).chain(refresh).collect())
    }
}

/// The credentials of an `Authorization` header of this scheme (lower case).
fn authorization<'r>(request: &'r Request, scheme: &str) -> Option<&'r str> {
    let (name, rest) = request.header("authorization")?.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}
