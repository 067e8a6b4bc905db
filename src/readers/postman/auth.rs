//! How requests authenticate: their own `auth`, else that of the nearest folder, else the collection's.

use std::collections::BTreeMap;

use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::model::{ApiKeyPlace, OauthFlow, SchemeKind, SchemeUse, SecurityScheme};
use crate::readers::openapi::document::{At, Document};

/// What is inherited: nothing said yet, nothing needed, or one scheme.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Auth {
    /// No `auth` on the way up.
    Unsaid,
    /// `noauth`.
    Nothing,
    /// The scheme of this name, with these scopes.
    By(String, Vec<String>),
}

impl Auth {
    /// As the security of an operation.
    pub(super) fn requirement(&self) -> Vec<Vec<SchemeUse>> {
        match self {
            Self::By(scheme, scopes) => vec![vec![SchemeUse { scheme: scheme.clone(), scopes: scopes.clone() }]],
            Self::Unsaid | Self::Nothing => Vec::new(),
        }
    }
}

/// The schemes seen so far.
#[derive(Debug, Default)]
pub(super) struct Schemes(pub(super) BTreeMap<String, SecurityScheme>);

impl Schemes {
    /// What a collection, folder or request says, else what it inherits.
    pub(super) fn of(&mut self, doc: &mut Document<'_>, at: &At<'_>, inherited: &Auth) -> Auth {
        let Some(auth) = at.child("auth").filter(|a| a.value.is_map()) else { return inherited.clone() };
        let stated = auth.text("type").unwrap_or("");
        let value = |key: &str| value(&auth, stated, key);
        if stated == "noauth" {
            return Auth::Nothing;
        }
        let mut scopes = Vec::new();
        let kind = match stated {
            "basic" => SchemeKind::Basic,
            "bearer" => SchemeKind::Bearer,
            "apikey" => SchemeKind::ApiKey {
                place: if value("in") == Some("query") { ApiKeyPlace::Query } else { ApiKeyPlace::Header },
                name: quoted(value("key").unwrap_or("Authorization"), 120),
            },
            "oauth2" => {
                let flow = flow(value);
                scopes.clone_from(&flow.scopes);
                SchemeKind::Oauth2(vec![flow])
            }
            "oauth1" => SchemeKind::Http("oauth".to_owned()),
            "digest" | "hawk" | "ntlm" => SchemeKind::Http(stated.to_owned()),
            "awsv4" => SchemeKind::Http("aws4-hmac-sha256".to_owned()),
            "jwt" => SchemeKind::Bearer,
            other => {
                let message = format!("the authentication \"{}\" is unknown", quoted(other, 40));
                doc.warn("unknown-security-scheme", &auth.pointer(), message, "record how the system authenticates");
                return inherited.clone();
            }
        };
        for key in ["token", "password", "accessToken", "clientSecret", "value", "secretKey", "consumerSecret"] {
            if value(key).is_some_and(|v| !v.is_empty() && !v.contains("{{")) {
                let message = format!("the collection holds a credential as \"{key}\"; it is not read");
                doc.warn(
                    "credential-in-description",
                    &auth.pointer(),
                    message,
                    "put a variable there, and revoke the credential",
                );
            }
        }
        Auth::By(self.name(stated, kind, auth.pointer()), scopes)
    }

    /// A scheme that a header of requests tells: `Authorization: Bearer {{token}}`.
    pub(super) fn of_header(&mut self, value: &str, pointer: String) -> Auth {
        let word = value.split(' ').next().unwrap_or("").to_ascii_lowercase();
        let (name, kind) = match word.as_str() {
            "bearer" => ("bearer", SchemeKind::Bearer),
            "basic" => ("basic", SchemeKind::Basic),
            _ => ("apikey", SchemeKind::ApiKey { place: ApiKeyPlace::Header, name: "Authorization".to_owned() }),
        };
        Auth::By(self.name(name, kind, pointer), Vec::new())
    }

    /// The name of the scheme of this kind; another one where the name is taken by another kind.
    fn name(&mut self, stated: &str, kind: SchemeKind, pointer: String) -> String {
        let known = self.0.iter().find(|(_, scheme)| scheme.kind == kind).map(|(name, _)| name.clone());
        known.unwrap_or_else(|| {
            let taken = self.0.keys().filter(|k| k.starts_with(stated)).count();
            let name = if taken == 0 { stated.to_owned() } else { format!("{stated}-{}", taken + 1) };
            self.0.insert(name.clone(), SecurityScheme { kind, description: String::new(), pointer });
            name
        })
    }
}

/// A setting of an authentication: in 2.1 a list of keys and values, in 2.0 an object.
fn value<'d>(auth: &At<'d>, stated: &str, key: &str) -> Option<&'d str> {
    let settings = auth.value.get(stated)?;
    match settings {
        Node::List(list) => {
            list.iter().find(|s| s.get("key").and_then(Node::as_str) == Some(key))?.get("value")?.as_str()
        }
        other => other.get(key)?.as_str(),
    }
}

fn flow<'d>(value: impl Fn(&str) -> Option<&'d str>) -> OauthFlow {
    let url = |key: &str| value(key).filter(|v| !v.is_empty() && !v.starts_with("{{")).map(|v| quoted(v, 500));
    let kind = match value("grant_type") {
        Some("client_credentials") => "clientCredentials",
        Some("password_credentials" | "password") => "password",
        Some("implicit") => "implicit",
        _ => "authorizationCode",
    };
    let scopes = value("scope").unwrap_or("").split([' ', ',']).filter(|s| !s.is_empty() && !s.contains("{{"));
    OauthFlow {
        kind: kind.to_owned(),
        authorization_url: url("authUrl"),
        token_url: url("accessTokenUrl"),
        refresh_url: url("refreshTokenUrl"),
        device_url: None,
        scopes: scopes.map(|s| quoted(s, 200)).collect(),
        // Settings stand in a list.
        pointer: String::new(),
    }
}
