//! How a flow authenticates: the contract's `auth` against the description's security schemes.

use url::Url;

use super::{AuthPlan, PlanError};
use crate::base::address::{is_loopback, origin, parse as absolute};
use crate::base::secret::SecretRef;
use crate::base::text::did_you_mean;
use crate::base::yaml::Spanned;
use crate::contract::{Auth, SystemUse};
use crate::model::{ApiKeyPlace, OauthFlow, SchemeKind, System};

/// Looks the schemes up and turns them into what the runtime does. `server` is the description's own address.
pub(super) fn authenticate(
    name: &str,
    system: &System,
    used: &SystemUse,
    base_url: &str,
    server: Option<&str>,
) -> Result<AuthPlan, PlanError> {
    let refused =
        |field, because: &str| PlanError::Auth { system: name.to_owned(), field, because: because.to_owned() };
    let mut parts = Vec::new();
    for auth in used.auth.iter().flat_map(Auth::all) {
        parts.push(one(name, system, auth, base_url, server)?);
    }
    if parts.iter().filter(|part| part.token_url().is_some()).count() > 1 {
        return Err(refused("scheme", "asks for two tokens, and one Authorization header carries one"));
    }
    if let Some(ca) = &used.ca {
        let ca = SecretRef::parse(ca).ok_or_else(|| refused("ca", "must be a reference such as file:PATH"))?;
        // One connection has one setting.
        match parts.iter_mut().find_map(|part| if let AuthPlan::Tls { ca, .. } = part { Some(ca) } else { None }) {
            Some(slot) => *slot = Some(ca),
            None => parts.push(AuthPlan::Tls { identity: None, ca: Some(ca) }),
        }
    }
    Ok(match parts.len() {
        0 => AuthPlan::None,
        1 => parts.remove(0),
        _ => AuthPlan::All(parts),
    })
}

fn one(name: &str, system: &System, auth: &Auth, base_url: &str, server: Option<&str>) -> Result<AuthPlan, PlanError> {
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
        SchemeKind::ApiKey { place: ApiKeyPlace::Cookie, name } => {
            Ok(AuthPlan::CookieKey { name: name.clone(), secret: secret()? })
        }
        // A token that somebody already has.
        SchemeKind::Oauth2(_) if auth.client_id.is_none() && auth.secret.is_some() => secret().map(AuthPlan::Bearer),
        SchemeKind::Oauth2(flows) if auth.refresh_token.is_some() => {
            let stated = |f: &&OauthFlow| f.refresh_url.is_some() || f.token_url.is_some();
            let by_consent = flows.iter().filter(stated).find(|f| f.kind == "authorizationCode");
            let flow = by_consent.or_else(|| flows.iter().find(stated));
            let token_url = flow.and_then(|f| f.refresh_url.as_deref().or(f.token_url.as_deref()));
            let Some(token_url) = token_url.and_then(|url| token_address(url, base_url, server)) else {
                return Err(unsupported("a token URL that is none"));
            };
            let client_secret = auth.client_secret.is_some().then(|| reference("client_secret", &auth.client_secret));
            Ok(AuthPlan::RefreshToken {
                token_url,
                client_id: reference("client_id", &auth.client_id)?,
                client_secret: client_secret.transpose()?,
                refresh_token: reference("refresh_token", &auth.refresh_token)?,
                scopes: auth.scopes.iter().map(|s| s.value.clone()).collect(),
            })
        }
        SchemeKind::Oauth2(flows) => {
            let token_url = flows.iter().find(|f| f.kind == "clientCredentials").and_then(|f| f.token_url.as_deref());
            let Some(token_url) = token_url else {
                return Err(unsupported(
                    "an OAuth 2 flow that gives tokens to people only; write refresh_token, or secret for a token issued elsewhere",
                ));
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
        SchemeKind::MutualTls => Ok(AuthPlan::Tls {
            identity: Some((reference("certificate", &auth.certificate)?, reference("key", &auth.key)?)),
            ca: None,
        }),
    }
}

/// The absolute token URL, as it was read. A relative one is joined to the base; one at the description's own server moves
/// with the base when that is overridden, and one anywhere else moves with a base on this machine: a secret for a stand-in
/// must not go to a real system, and a mock hands out its own tokens.
fn token_address(token_url: &str, base_url: &str, server: Option<&str>) -> Option<String> {
    let Ok(url) = Url::parse(token_url) else {
        let joined = Url::parse(&format!("{base_url}/")).ok()?.join(token_url).ok()?;
        return Some(absolute(joined.as_str())?.into());
    };
    let url = absolute(url.as_str())?;
    let stands_in = is_loopback(base_url) && !is_loopback(url.as_str()) && !server.is_some_and(is_loopback);
    let moved = stands_in || server.and_then(origin).is_some_and(|s| s == url.origin());
    match (moved, origin(base_url)) {
        (true, Some(base)) if base != url.origin() => {
            let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
            Some(format!("{}{}{query}", base.ascii_serialization(), url.path()))
        }
        _ => Some(url.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::token_address;

    #[test]
    fn tokens_come_from_where_the_requests_go() {
        let shop = Some("https://api.shop.example/v1");
        let asked = |token, base| token_address(token, base, shop).expect("an address");
        let (here, elsewhere) = ("https://api.shop.example/token?v=2", "https://auth.shop.example/oauth/token");
        assert_eq!(asked(here, "https://api.shop.example/v1"), here);
        assert_eq!(asked(here, "https://staging.example/v1"), "https://staging.example/token?v=2");
        assert_eq!(asked("oauth/token", "https://staging.example/v1"), "https://staging.example/v1/oauth/token");
        // Another host's tokens are its own, but for a stand-in: its secret stays on this machine.
        assert_eq!(asked(elsewhere, "https://staging.example/v1"), elsewhere);
        assert_eq!(asked(elsewhere, "http://127.0.0.1:8080"), "http://127.0.0.1:8080/oauth/token");
        let local = "http://localhost:9000/token";
        assert_eq!(asked(local, "http://127.0.0.1:8080"), local);
    }
}
