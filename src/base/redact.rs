//! Takes secrets out of text before it is stored, logged or shown.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};
use serde_json::Value;

const MASK: &str = "[redacted]";

const SHAPES: [&str; 12] = [
    // scheme and credentials of an Authorization header
    r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}",
    // well-known key shapes: Stripe, Slack, GitHub, AWS, Google, JWT, OpenAI and Anthropic, GitLab, Hugging Face, npm
    r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}",
    r"\bx(?:ox[abeprs]|app)-[A-Za-z0-9-]{10,}",
    r"\bgh[pousr]_[A-Za-z0-9]{20,}",
    r"\bgithub_pat_[A-Za-z0-9_]{20,}",
    r"\bsk-[A-Za-z0-9_-]{16,}",
    r"\bglpat-[A-Za-z0-9_-]{16,}",
    r"\b(?:hf|npm)_[A-Za-z0-9]{20,}",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bAIza[0-9A-Za-z_-]{35}\b",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
];

/// A name that says that what follows is a secret, and the value.
const NAMED: &str = r#"(?i)((?:api[_-]?key|(?:access|refresh|auth|id|session)[_-]?token|private[_-]?key|secret|password|passwd|passphrase|authorization)["']?\s*[=:]\s*["']?)([^\s"'&,;}\]]{4,})"#;

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

/// `text` with keys masked that are known by their shape alone: for our own sentences, in which words such as "basic
/// authentication" are no secret.
#[must_use]
pub fn keys(text: &str) -> String {
    let mut out = Cow::Borrowed(text);
    for pattern in PATTERNS.iter().skip(1) {
        if let Cow::Owned(masked) = pattern.replace_all(&out, MASK) {
            out = Cow::Owned(masked);
        }
    }
    out.into_owned()
}

/// Text from outside, made safe to show and to keep: [`super::text::quoted`], masked as by [`text`], and only then cut
/// to `max` characters, since half a secret has no shape to be known by.
#[must_use]
pub fn bounded(given: &str, max: usize) -> String {
    super::text::truncate(&text(&super::text::quoted(given, usize::MAX)), max)
}

/// `value` with every string and every name masked as by [`text`], and what stands under secret-looking names masked
/// whole.
#[must_use]
pub fn json(value: &Value) -> Value {
    match value {
        Value::String(s) => Value::String(text(s)),
        Value::Array(items) => Value::Array(items.iter().map(json).collect()),
        Value::Object(map) => {
            let mut out = serde_json::Map::new();
            for (k, v) in map {
                let mut name = text(k);
                // Two names that were secrets are two names still.
                while out.contains_key(&name) {
                    name.push('\'');
                }
                out.insert(name, if secret_key(k) { whole(v) } else { json(v) });
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

/// The value of a secret-looking name; references stay, and so does what says whether there is one.
fn whole(value: &Value) -> Value {
    match value {
        Value::String(s) if s.is_empty() || s.starts_with("env:") || s.starts_with("file:") => value.clone(),
        Value::String(_) | Value::Number(_) => Value::String(MASK.to_owned()),
        Value::Array(items) => Value::Array(items.iter().map(whole).collect()),
        Value::Object(_) => json(value),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

fn secret_key(key: &str) -> bool {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    matches!(
        key.as_str(),
        "authorization"
            | "password"
            | "passwd"
            | "passphrase"
            | "secret"
            | "clientsecret"
            | "appsecret"
            | "apisecret"
            | "secretkey"
            | "signingsecret"
            | "webhooksecret"
            | "apikey"
            | "token"
            | "apitoken"
            | "accesstoken"
            | "refreshtoken"
            | "authtoken"
            | "bearertoken"
            | "idtoken"
            | "sessiontoken"
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
            ("WEBHOOK_SECRET=hunter22", "WEBHOOK_SECRET=[redacted]"),
            ("a risk-assessment-of-many-words", "a risk-assessment-of-many-words"),
            ("npm_config_registry_of_the_house", "npm_config_registry_of_the_house"),
        ] {
            assert_eq!(text(given), want);
        }
        assert_eq!(
            json(&json!({"client_secret": "abc", "n": [1, "Bearer 123456789"]})),
            json!({"client_secret": "[redacted]", "n": [1, "[redacted]"]})
        );
    }

    /// Made up here, letter by letter, so that no scanner takes this file for a leak.
    fn keys() -> Vec<String> {
        let body = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0".to_owned();
        ["sk-proj-", "sk-ant-api03-", "sk-", "github_pat_", "glpat-", "xapp-1-", "xoxe-", "hf_", "npm_", "ghp_"]
            .iter()
            .map(|prefix| format!("{prefix}{body}"))
            .collect()
    }

    #[test]
    fn the_keys_of_the_field_are_known_by_their_shape() {
        for key in keys() {
            assert_eq!(text(&format!("use {key} please")), "use [redacted] please", "{key}");
            assert!(looks_secret(&key), "{key}");
        }
    }

    #[test]
    fn half_a_secret_is_not_left_by_cutting() {
        for key in keys() {
            for max in [14, 20, 30] {
                let cut = bounded(&format!("use {key}"), max);
                assert!("use [redacted]".starts_with(cut.trim_end_matches('…')), "{key}: {cut}");
            }
            // Hidden characters inside it do not hide it.
            let (a, b) = key.split_at(6);
            assert_eq!(bounded(&format!("use  {a}\u{200b}{b}"), 300), "use [redacted]");
        }
    }

    #[test]
    fn names_that_say_secret_mask_all_that_stands_under_them() {
        let key = &keys()[0];
        let given = json!({
            "secret": "abc", "token": ["abc", 12_345], "password": 1234, "apiSecret": null, "key": "env:abc",
            "auth": {"token": "env:TOKEN", "client_secret": "file:key"}, "tokens": 5, key.as_str(): 1,
        });
        let want = json!({
            "secret": "[redacted]", "token": ["[redacted]", "[redacted]"], "password": "[redacted]", "apiSecret": null,
            "key": "env:abc", "auth": {"token": "env:TOKEN", "client_secret": "file:key"}, "tokens": 5, "[redacted]": 1,
        });
        assert_eq!(json(&given), want);
    }
}
