//! The systems of a draft: where each is and how its caller is known.

use super::choose::Chosen;
use super::writing::Draft;
use super::yaml::scalar;
use crate::base::text::quoted;
use crate::checks::scopes::least;
use crate::model::{Operation, SchemeKind, SchemeUse, System};

/// `base_url`, where the description's first server is none or is for trying while another is for real.
pub(super) fn base_url(label: &str, system: &System, questions: &mut Vec<String>) -> Vec<String> {
    if system.servers.iter().all(|s| !s.url.starts_with("http")) {
        questions.push(format!("systems.{label}.base_url: the description names no server"));
        return vec![format!("    base_url: https://{label}.example   # ? the description names no server")];
    }
    let of = |kind: &str| {
        let facts = system.facts.iter().filter(|f| f.fact == "environment" && f.value["environment"] == kind);
        facts.filter_map(|f| f.value["host"].as_str()).collect::<Vec<_>>()
    };
    let at = |hosts: &[&str], url: &str| {
        hosts.iter().any(|h| url.split_once("://").is_some_and(|(_, rest)| rest.starts_with(h)))
    };
    let (real, first) = (of("production"), system.servers.first().map_or("", |s| s.url.as_str()));
    if at(&real, first) {
        return Vec::new();
    }
    let other = system.servers.iter().find(|s| s.url.starts_with("https://") && at(&real, &s.url));
    other.map_or_else(Vec::new, |s| {
        vec![format!(
            "    base_url: {}   # the one for real; the first of the description is for trying",
            scalar(&s.url)
        )]
    })
}

impl Draft<'_, '_> {
    /// The line of `auth`, with the scopes that the operations need and no more; or what is open about it.
    pub(super) fn auth(&self, label: &str, system: &System, questions: &mut Vec<String>) -> Vec<String> {
        let env = label.to_uppercase().replace('-', "_");
        let used = if label == self.params.source { self.list } else { self.write.main() };
        let wanted: Vec<&str> = used
            .security
            .iter()
            .filter(|alternative| alternative.len() == 1)
            .flatten()
            .map(|s| s.scheme.as_str())
            .collect();
        let supported = |name: &str| match system.schemes.get(name).map(|s| &s.kind) {
            Some(SchemeKind::Bearer | SchemeKind::Basic | SchemeKind::ApiKey { .. }) => true,
            Some(SchemeKind::Oauth2(flows)) => flows.iter().any(|f| f.kind == "clientCredentials"),
            _ => false,
        };
        let Some(name) = wanted.iter().copied().find(|n| supported(n)) else {
            if used.root_field.is_some() && system.schemes.is_empty() {
                questions.push(format!("systems.{label}.auth: a GraphQL schema does not say how to authenticate"));
                return vec![format!(
                    "    # auth: {{scheme: bearer, secret: env:{env}_TOKEN}}   # ? a GraphQL schema does not say how; or {}",
                    "basic, api_key with header, oauth2 with token_url"
                )];
            }
            if used.security.is_empty() {
                questions.extend(self.auth_question(label, system, used));
                let declared: Vec<&str> = system.schemes.keys().map(String::as_str).collect();
                let refuses = used.responses.iter().any(|r| r.status == "401");
                if declared.is_empty() || !refuses {
                    return Vec::new();
                }
                let schemes = quoted(&declared.join(", "), 120);
                questions.push(format!(
                    "systems.{label}.auth: {} requires none, as its description has it, but can answer 401, and there are schemes \
                     ({schemes}): which is meant?",
                    used.id
                ));
                return vec![format!(
                    "    # auth: {{scheme: {}, secret: env:{env}_TOKEN}}   # ? no operation asks for it, but 401 is answered",
                    scalar(declared.first().copied().unwrap_or_default())
                )];
            }
            let token = wanted.iter().copied().find(|name| {
                matches!(
                    system.schemes.get(*name).map(|s| &s.kind),
                    Some(SchemeKind::Oauth2(_) | SchemeKind::OpenId(_))
                )
            });
            if let Some(name) = token {
                let (scheme, scopes) = (scalar(name), self.scopes(label, name));
                let endpoint = matches!(system.schemes.get(name).map(|s| &s.kind),
                    Some(SchemeKind::Oauth2(flows)) if flows.iter().any(|f| f.token_url.is_some() || f.refresh_url.is_some()));
                if endpoint {
                    let file = format!("file:.platform-integration/{label}-refresh-token");
                    questions.push(format!(
                        "systems.{label}.auth: {name} gives tokens by a person's consent; who agrees, and puts the refresh token into {file}?"
                    ));
                    return vec![format!(
                        "    auth: {{scheme: {scheme}, client_id: env:{env}_CLIENT_ID, client_secret: env:{env}_CLIENT_SECRET, \
                         refresh_token: {file}{scopes}}}   # ? by a person's consent"
                    )];
                }
                questions.push(format!(
                    "systems.{label}.auth: {name} gives tokens to people only, not to programs; who issues the token in env:{env}_TOKEN, and \
                     who renews it?"
                ));
                return vec![format!(
                    "    auth: {{scheme: {scheme}, secret: env:{env}_TOKEN{scopes}}}   # ? a token issued elsewhere, by a person's consent"
                )];
            }
            if let Some(together) = used.security.iter().find(|all| {
                let plain = all.iter().filter(|s| supported(&s.scheme)).count();
                all.len() > 1 && plain == all.len()
            }) {
                let lines = together.iter().flat_map(|s| self.lines(label, system, &s.scheme));
                let parts: Vec<String> =
                    lines.map(|line| line.trim().trim_start_matches("auth: ").to_owned()).collect();
                // Each has a secret of its own.
                let numbered = parts.iter().enumerate().map(|(i, part)| match i {
                    0 => part.clone(),
                    _ => part.replace(&format!("env:{env}_"), &format!("env:{env}_{}_", i + 1)),
                });
                return vec![format!("    auth: [{}]", numbered.collect::<Vec<_>>().join(", "))];
            }
            let alternative =
                |all: &Vec<SchemeUse>| all.iter().map(|s| s.scheme.as_str()).collect::<Vec<_>>().join(" and ");
            let wanted = used.security.iter().map(alternative).collect::<Vec<_>>().join(", or ");
            questions.push(format!("systems.{label}.auth: {} wants {wanted}, which this release cannot send", used.id));
            return vec![format!(
                "    # auth: ?   {}",
                quoted(&format!("{wanted}: this release cannot send that"), 120)
            )];
        };
        self.lines(label, system, name)
    }

    /// The line for one scheme that a program can use.
    fn lines(&self, label: &str, system: &System, name: &str) -> Vec<String> {
        let env = label.to_uppercase().replace('-', "_");
        let scheme = scalar(name);
        match system.schemes.get(name).map(|s| &s.kind) {
            Some(SchemeKind::Basic) => {
                vec![format!("    auth: {{scheme: {scheme}, username: env:{env}_USER, password: env:{env}_PASSWORD}}")]
            }
            Some(SchemeKind::Oauth2(_)) => {
                let scopes = self.scopes(label, name);
                vec![format!(
                    "    auth: {{scheme: {scheme}, client_id: env:{env}_CLIENT_ID, client_secret: env:{env}_CLIENT_SECRET{scopes}}}"
                )]
            }
            _ => vec![format!("    auth: {{scheme: {scheme}, secret: env:{env}_TOKEN}}")],
        }
    }

    /// `, scopes: [...]` with the fewest that the operations of a side need of a scheme; nothing where they name none.
    fn scopes(&self, label: &str, scheme: &str) -> String {
        let operations: Vec<&Operation> = match self.write {
            _ if label == self.params.source => vec![self.list],
            Chosen::Upsert { find, create, update, .. } => vec![find, create, update],
            Chosen::Put { put: one } | Chosen::Create { create: one } => vec![one],
        };
        let scopes: Vec<String> = least(&operations, scheme).iter().map(|s| scalar(s)).collect();
        if scopes.is_empty() { String::new() } else { format!(", scopes: [{}]", scopes.join(", ")) }
    }
}
