//! Security schemes, and what an operation requires of them.

use std::collections::BTreeMap;

use super::document::{At, Document};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::model::{ApiKeyPlace, OauthFlow, SchemeKind, SchemeUse, SecurityScheme};

/// The security schemes at a place, by name.
pub(super) fn schemes(doc: &mut Document<'_>, place: &[&str]) -> BTreeMap<String, SecurityScheme> {
    let mut out = BTreeMap::new();
    for (name, at) in doc.at(place).iter().flat_map(At::children) {
        let Some(at) = doc.resolve(at) else { continue };
        match kind(&at) {
            Ok(kind) => {
                let description = at.quoted("description", 500);
                out.insert(quoted(name, 120), SecurityScheme { kind, description, pointer: at.pointer() });
            }
            Err(because) => {
                doc.warn("unknown-security-scheme", &at.pointer(), because, "correct the scheme's type");
            }
        }
    }
    out
}

/// The kind of one scheme, or why it is not known.
pub(in crate::readers) fn kind(at: &At<'_>) -> Result<SchemeKind, String> {
    let kind = at.text("type").unwrap_or("");
    match kind {
        "http" => Ok(match at.text("scheme").unwrap_or("").to_lowercase().as_str() {
            "basic" => SchemeKind::Basic,
            "bearer" => SchemeKind::Bearer,
            "" => return Err("the http scheme has no \"scheme\"".to_owned()),
            other => SchemeKind::Http(quoted(other, 40)),
        }),
        // Of Swagger 2.
        "basic" => Ok(SchemeKind::Basic),
        "apiKey" => {
            let name = at.text("name").map(|n| quoted(n, 120)).ok_or("the apiKey scheme has no \"name\"")?;
            let place = match at.text("in") {
                Some("header") => ApiKeyPlace::Header,
                Some("query") => ApiKeyPlace::Query,
                Some("cookie") => ApiKeyPlace::Cookie,
                other => {
                    return Err(format!("the apiKey scheme stands in \"{}\"", quoted(other.unwrap_or(""), 30)));
                }
            };
            Ok(SchemeKind::ApiKey { place, name })
        }
        "oauth2" => Ok(SchemeKind::Oauth2(flows(at))),
        "openIdConnect" => Ok(SchemeKind::OpenId(at.quoted("openIdConnectUrl", 500))),
        "mutualTLS" => Ok(SchemeKind::MutualTls),
        other => Err(format!("the type \"{}\" of the security scheme is unknown", quoted(other, 40))),
    }
}

fn flows(at: &At<'_>) -> Vec<OauthFlow> {
    let url = |flow: &At<'_>, key: &str| flow.text(key).map(|u| quoted(u, 500)).filter(|u| !u.is_empty());
    // Swagger 2 has one flow, on the scheme itself, under names of its own.
    let own = at.text("flow").map(|kind| {
        let kind = match kind {
            "accessCode" => "authorizationCode",
            "application" => "clientCredentials",
            other => other,
        };
        (kind, *at)
    });
    at.child("flows")
        .iter()
        .flat_map(At::children)
        .chain(own)
        .map(|(kind, flow)| OauthFlow {
            kind: quoted(kind, 40),
            device_url: url(&flow, "deviceAuthorizationUrl"),
            authorization_url: url(&flow, "authorizationUrl"),
            token_url: url(&flow, "tokenUrl"),
            refresh_url: url(&flow, "refreshUrl"),
            // `availableScopes` is what AsyncAPI 3 calls them.
            scopes: ["scopes", "availableScopes"]
                .into_iter()
                .filter_map(|key| flow.child(key))
                .flat_map(|scopes| scopes.children().collect::<Vec<_>>())
                .map(|(s, _)| quoted(s, 200))
                .collect(),
            pointer: flow.pointer(),
        })
        .collect()
}

/// The alternatives of a `security` list. `{}` among them means that nothing is required, and comes as an empty
/// alternative; the list itself empty means the same of the whole operation.
pub(super) fn requirement(
    doc: &mut Document<'_>,
    at: &At<'_>,
    schemes: &BTreeMap<String, SecurityScheme>,
) -> Vec<Vec<SchemeUse>> {
    let mut out = Vec::new();
    for alternative in at.items() {
        let mut uses = Vec::new();
        for (name, scopes) in alternative.children() {
            // OpenAPI 3.2 also lets a reference stand for the name.
            let scheme = quoted(name.strip_prefix("#/components/securitySchemes/").unwrap_or(name), 120);
            if !schemes.contains_key(&scheme) {
                let message = format!("the security scheme \"{scheme}\" is not declared");
                let fix = "declare it among the security schemes";
                doc.warn("unknown-security-scheme", &alternative.pointer(), message, fix);
            }
            let scopes = scopes.value.items().filter_map(Node::as_str);
            uses.push(SchemeUse { scheme, scopes: scopes.map(|s| quoted(s, 200)).collect() });
        }
        out.push(uses);
    }
    out
}
