//! Security that a description does not declare: GraphQL schemas cannot, and some other descriptions do not. The contract
//! says it then, by one of four schemes, and everything after this sees it as if it were declared.

use std::sync::Arc;

use super::{Auth, SystemUse};
use crate::model::{ApiKeyPlace, OauthFlow, SchemeKind, SchemeUse, SecurityScheme, System};

/// The names of schemes that a contract may spell out, with what each needs beside its secrets.
pub const SCHEMES: &str = "bearer, basic, api_key (with header) or oauth2 (with token_url)";

/// The system with the scheme of the contract's `auth`, required by every operation, where the description declares no
/// scheme at all and this is one of [`SCHEMES`]; the system as it is otherwise.
#[must_use]
pub fn declared(system: &Arc<System>, used: &SystemUse) -> Arc<System> {
    let Some((auth, kind)) = used.auth.as_ref().filter(|_| system.schemes.is_empty()).and_then(|a| Some((a, kind(a)?)))
    else {
        return Arc::clone(system);
    };
    let mut system = System::clone(system);
    let scheme = auth.scheme.value.clone();
    let scopes: Vec<String> = auth.scopes.iter().map(|s| s.value.clone()).collect();
    for operation in system.operations.iter_mut().filter(|o| o.security.is_empty()) {
        operation.security = vec![vec![SchemeUse { scheme: scheme.clone(), scopes: scopes.clone() }]];
    }
    let described = SecurityScheme { kind, description: String::new(), pointer: "#".to_owned() };
    system.schemes.insert(scheme, described);
    Arc::new(system)
}

fn kind(auth: &Auth) -> Option<SchemeKind> {
    Some(match auth.scheme.as_str() {
        "bearer" => SchemeKind::Bearer,
        "basic" => SchemeKind::Basic,
        "api_key" => SchemeKind::ApiKey { place: ApiKeyPlace::Header, name: auth.header.as_ref()?.value.clone() },
        "oauth2" => SchemeKind::Oauth2(vec![OauthFlow {
            kind: "clientCredentials".to_owned(),
            token_url: Some(auth.token_url.as_ref()?.value.clone()),
            scopes: auth.scopes.iter().map(|s| s.value.clone()).collect(),
            ..OauthFlow::default()
        }]),
        _ => return None,
    })
}
