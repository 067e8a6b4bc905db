//! Security that a description does not declare: GraphQL schemas cannot, and some other descriptions do not. The contract
//! says it then, by one of five schemes, and everything after this sees it as if it were declared.

use std::sync::Arc;

use super::{Auth, SystemUse};
use crate::model::{ApiKeyPlace, OauthFlow, SchemeKind, SchemeUse, SecurityScheme, System};

/// The names of schemes that a contract may spell out, with what each needs beside its secrets.
pub const SCHEMES: &str = "bearer, basic, api_key (with header), oauth2 (with token_url) or mutual_tls";

/// The system with the scheme of the contract's `auth`, required by every operation, where the description declares no
/// scheme at all and this is one of [`SCHEMES`]; the system as it is otherwise.
#[must_use]
pub fn declared(system: &Arc<System>, used: &SystemUse) -> Arc<System> {
    let Some(first) = used.auth.as_ref().filter(|_| system.schemes.is_empty()) else { return Arc::clone(system) };
    let Some(kinds) = first.all().map(|auth| Some((auth, kind(auth)?))).collect::<Option<Vec<_>>>() else {
        return Arc::clone(system);
    };
    let mut system = System::clone(system);
    let together: Vec<SchemeUse> = kinds
        .iter()
        .map(|(auth, _)| SchemeUse {
            scheme: auth.scheme.value.clone(),
            scopes: auth.scopes.iter().map(|s| s.value.clone()).collect(),
        })
        .collect();
    for operation in system.operations.iter_mut().filter(|o| o.security.is_empty()) {
        operation.security = vec![together.clone()];
    }
    for (auth, kind) in kinds {
        let described = SecurityScheme { kind, description: String::new(), pointer: "#".to_owned() };
        system.schemes.insert(auth.scheme.value.clone(), described);
    }
    Arc::new(system)
}

fn kind(auth: &Auth) -> Option<SchemeKind> {
    Some(match auth.scheme.as_str() {
        "bearer" => SchemeKind::Bearer,
        "basic" => SchemeKind::Basic,
        "api_key" => SchemeKind::ApiKey { place: ApiKeyPlace::Header, name: auth.header.as_ref()?.value.clone() },
        "oauth2" => SchemeKind::Oauth2(vec![OauthFlow {
            kind: if auth.refresh_token.is_some() { "authorizationCode" } else { "clientCredentials" }.to_owned(),
            token_url: Some(auth.token_url.as_ref()?.value.clone()),
            scopes: auth.scopes.iter().map(|s| s.value.clone()).collect(),
            ..OauthFlow::default()
        }]),
        "mutual_tls" => SchemeKind::MutualTls,
        _ => return None,
    })
}
