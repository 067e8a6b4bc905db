//! How a flow authenticates: the contract's `auth` against the description's security schemes.

use url::Url;

use super::{AuthPlan, PlanError};
use crate::base::address::{origin, parse as absolute};
use crate::base::secret::SecretRef;
use crate::base::text::did_you_mean;
use crate::base::yaml::Spanned;
use crate::contract::Auth;
use crate::model::{ApiKeyPlace, SchemeKind, System};

/// Looks the scheme up and turns it into what the runtime does. `server` is the description's own address.
pub(super) fn authenticate(
    name: &str,
    system: &System,
    auth: &Auth,
    base_url: &str,
    server: Option<&str>,
) -> Result<AuthPlan, PlanError> {
    let Some(scheme) = system.schemes.get(&auth.scheme.value) else {
        return Err(PlanError::NoScheme {
            system: name.to_owned(),
            scheme: auth.scheme.value.clone(),
            hint: did_you_mean(&auth.scheme, system.schemes.keys().map(String::as_str)),
        });
    };
    let refused =
        |field, because: &str| PlanError::Auth { system: name.to_owned(), field, because: because.to_owned() };
    let reference = |field, given: &Option<Spanned<String>>| match given {
        None => Err(refused(field, "is missing; the scheme needs it")),
        Some(text) => SecretRef::parse(text)
            .ok_or_else(|| refused(field, "must be a reference such as env:NAME or file:PATH, never the value")),
    };
    let secret = || reference("secret", &auth.secret);
    let unsupported = |kind: &str| PlanError::UnsupportedAuth { system: name.to_owned(), kind: kind.to_owned() };
    match &scheme.kind {
        SchemeKind::Bearer | SchemeKind::OpenId(_) => secret().map(AuthPlan::Bearer),
        SchemeKind::Basic => {
            if auth.username.is_none() {
                return Ok(AuthPlan::Basic { username: secret()?, password: None });
            }
            let password = if auth.password.is_some() { Some(reference("password", &auth.password)?) } else { None };
            Ok(AuthPlan::Basic { username: reference("username", &auth.username)?, password })
        }
        SchemeKind::ApiKey { place: ApiKeyPlace::Header, name } => {
            Ok(AuthPlan::HeaderKey { name: name.clone(), secret: secret()? })
        }
        SchemeKind::ApiKey { place: ApiKeyPlace::Query, name } => {
            Ok(AuthPlan::QueryKey { name: name.clone(), secret: secret()? })
        }
        SchemeKind::ApiKey { place: ApiKeyPlace::Cookie, .. } => Err(unsupported("a key in a cookie")),
        // A token that somebody already has.
        SchemeKind::Oauth2(_) if auth.client_id.is_none() && auth.secret.is_some() => secret().map(AuthPlan::Bearer),
        SchemeKind::Oauth2(flows) => {
            let token_url = flows.iter().find(|f| f.kind == "clientCredentials").and_then(|f| f.token_url.as_deref());
            let Some(token_url) = token_url else {
                return Err(unsupported("an OAuth 2 flow other than client credentials"));
            };
            let Some(token_url) = token_address(token_url, base_url, server) else {
                return Err(unsupported("a token URL that is none"));
            };
            Ok(AuthPlan::ClientCredentials {
                token_url,
                client_id: reference("client_id", &auth.client_id)?,
                client_secret: reference("client_secret", &auth.client_secret)?,
                scopes: auth.scopes.iter().map(|s| s.value.clone()).collect(),
            })
        }
        SchemeKind::Http(scheme) => Err(unsupported(&format!("HTTP {scheme}"))),
        SchemeKind::MutualTls => Err(unsupported("a client certificate")),
    }
}

/// The absolute token URL, as it was read. A relative one is joined to the base; one at the description's own server moves
/// with the base when that is overridden: a secret for a stand-in must not go to the real system.
fn token_address(token_url: &str, base_url: &str, server: Option<&str>) -> Option<String> {
    let Ok(url) = Url::parse(token_url) else {
        let joined = Url::parse(&format!("{base_url}/")).ok()?.join(token_url).ok()?;
        return Some(absolute(joined.as_str())?.into());
    };
    let url = absolute(url.as_str())?;
    let moved = server.and_then(origin).is_some_and(|s| s == url.origin());
    match (moved, origin(base_url)) {
        (true, Some(base)) if base != url.origin() => {
            let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
            Some(format!("{}{}{query}", base.ascii_serialization(), url.path()))
        }
        _ => Some(url.into()),
    }
}
