//! Takes secrets out of text before it is stored, logged or shown.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};
use serde_json::Value;

const MASK: &str = "[redacted]";

const SHAPES: [&str; 8] = [
    // scheme and credentials of an Authorization header
    r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}",
    // well-known key shapes: Stripe, Slack, GitHub, AWS, Google, JWT
    r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}",
    r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    r"\bgh[pousr]_[A-Za-z0-9]{20,}",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bAIza[0-9A-Za-z_-]{35}\b",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
];

/// A name that says that what follows is a secret, and the value.
const NAMED: &str = r#"(?i)\b((?:api[_-]?key|access[_-]?token|refresh[_-]?token|client[_-]?secret|secret|password|passwd|authorization)["']?\s*[=:]\s*["']?)([^\s"'&,;}\]]{4,})"#;

/// User and password inside a URL.
const USER_INFO: &str = r"(://)[^\s/?#@:]*:[^\s/?#@]+(@)";

/// The shortest text that any of them matches has as many bytes.
const SHORTEST: usize = 6;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| SHAPES.iter().map(|p| pattern(p)).collect());
static KEY_VALUE: LazyLock<Regex> = LazyLock::new(|| pattern(NAMED));
static URL_USER: LazyLock<Regex> = LazyLock::new(|| pattern(USER_INFO));

/// All of them at once. Every text of every answer goes through here, and nearly none holds a secret.
static ANY: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(SHAPES.into_iter().chain([NAMED, USER_INFO])).expect("constant patterns"));

/// Whether the text holds something that looks like a secret's value.
#[must_use]
pub fn looks_secret(text: &str) -> bool {
    PATTERNS.iter().any(|p| p.is_match(text))
}

/// `text` with everything that looks like a secret masked. References (`env:NAME`, `file:PATH`) stay.
#[must_use]
pub fn text(text: &str) -> String {
    if text.len() < SHORTEST || !ANY.is_match(text) {
        return text.to_owned();
    }
    let mut out = Cow::Borrowed(text);
    for pattern in PATTERNS.iter() {
        if let Cow::Owned(masked) = pattern.replace_all(&out, MASK) {
            out = Cow::Owned(masked);
        }
    }
    let out = URL_USER.replace_all(&out, format!("${{1}}{MASK}${{2}}"));
    KEY_VALUE
        .replace_all(&out, |c: &regex::Captures<'_>| {
            let value = &c[2];
            if value.starts_with("env:") || value.starts_with("file:") || value.starts_with("[redacted") {
                c[0].to_owned()
            } else {
                format!("{}{MASK}", &c[1])
            }
        })
        .into_owned()
}

/// `value` with every string masked as by [`text`], and strings under secret-looking keys masked whole.
#[must_use]
pub fn json(value: &Value) -> Value {
    match value {
        Value::String(s) => Value::String(text(s)),
        Value::Array(items) => Value::Array(items.iter().map(json).collect()),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(k, v)| {
                    let v = match v {
                        Value::String(s) if secret_key(k) && !s.starts_with("env:") && !s.starts_with("file:") => {
                            Value::String(MASK.to_owned())
                        }
                        other => json(other),
                    };
                    (k.clone(), v)
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

fn secret_key(key: &str) -> bool {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    matches!(
        key.as_str(),
        "authorization"
            | "password"
            | "passwd"
            | "clientsecret"
            | "apikey"
            | "accesstoken"
            | "refreshtoken"
            | "privatekey"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_and_references_stay() {
        for (given, want) in [
            ("Authorization: Bearer abcdefgh12345", "Authorization: [redacted]"),
            ("key sk_live_abcdefgh1234 used", "key [redacted] used"),
            ("https://x?api_key=hunter22&a=1", "https://x?api_key=[redacted]&a=1"),
            ("secret: env:TOKEN", "secret: env:TOKEN"),
            ("token bucket of 5", "token bucket of 5"),
            ("at https://ops:hunter22@api.example/v1", "at https://[redacted]@api.example/v1"),
            ("://:a@", "://[redacted]@"),
            ("https://api.example/a:b@c", "https://api.example/a:b@c"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(text(given), want);
        }
        assert_eq!(
            json(&json!({"client_secret": "abc", "n": [1, "Bearer 123456789"]})),
            json!({"client_secret": "[redacted]", "n": [1, "[redacted]"]})
        );
    }
}
