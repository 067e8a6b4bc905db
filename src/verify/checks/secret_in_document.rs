//! A secret in a skill is a secret in every context it is read into.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject, texts};

/// Kinds of secrets by their shape; the first group is the value. Certain ones first.
static SHAPES: LazyLock<Vec<(&str, bool, Regex)>> = LazyLock::new(|| {
    [
        ("an access key of AWS", true, r"\b((?:AKIA|ASIA)[0-9A-Z]{16})\b"),
        ("a token of GitHub", true, r"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
        ("a token of Slack", true, r"\b(xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,})"),
        ("an address with a secret of Slack", true, r"hooks\.slack\.com/services/(T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,})"),
        ("a secret key of Stripe", true, r"\b((?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,})"),
        ("an API key", true, r"\b(sk-(?:proj-|ant-[a-z0-9]+-|svcacct-)?[A-Za-z0-9_-]{20,})"),
        ("a token of GitLab", true, r"\b(glpat-[A-Za-z0-9_-]{16,})"),
        ("a token of a registry", true, r"\b((?:hf|npm)_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,})"),
        ("an API key of Google", true, r"\b(AIza[0-9A-Za-z_-]{35})\b"),
        ("a JSON web token", true, r"\b(eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"),
        ("a header with credentials", true, r#"(?i)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+([A-Za-z0-9._~+/=-]{8,})"#),
        (
            "the value of a secret",
            false,
            r#"(?i)\b[a-z_-]*(?:api_?-?key|secret|passwd|password|access_?-?token|auth_?-?token|private_?-?key)["']?\s*[:=]\s*["']([A-Za-z0-9+/=_!@#%^&*.-]{16,})["']"#,
        ),
        ("a password in an address", false, r"\b[a-z][a-z0-9+]{2,}://[A-Za-z0-9_.-]+:([^\s/@:<>{}$\x22']{10,})@[A-Za-z0-9.-]+"),
    ]
    .into_iter()
    .map(|(what, sure, pattern)| (what, sure, Regex::new(pattern).expect("a constant pattern")))
    .collect()
});
/// The beginning of a private key and enough of it to be one.
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\\n|[\s\x22'+#/])*([A-Za-z0-9+/=]{32,})")
        .expect("a constant pattern")
});
/// Words that say that a value stands for one.
static STANDS_FOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)example|x{4,}|your|placeholder|dummy|fake|sample|changeme|change[-_]me|redacted|not[-_]?a[-_]?real|insert|replace|here$|\.\.\.|\*{3,}|0123456789|1234567890|test[-_]?(?:key|token|secret)|my[-_]|secret[-_]?key|some[-_]|token[-_]?(?:here|value|123)|process\.env|os\.environ|getenv|^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.eyJzdWIiOiIxMjM0NTY3ODkw")
        .expect("a constant pattern")
});

const RULE: Rule = Rule {
    code: "secret-in-document",
    id: "PI052",
    severity: Severity::Error,
    finds: "A file holds what looks like the value of a secret.",
    source: "a secret in a skill is in every context that reads it",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, text) in texts::of(skill, subject).filter(|(path, _)| !texts::is_test(path)) {
        for (start, line) in texts::lines(text).filter(|(_, line)| line.len() >= 16) {
            let Some((what, sure, at)) = found(line) else { continue };
            out.push(finding(subject, path, start + at, what, sure));
        }
        if let Some(value) = KEY
            .captures(text)
            .and_then(|c| c.get(1))
            .filter(|v| entropy(v.as_str()) > 3.5 && !STANDS_FOR.is_match(v.as_str()))
        {
            out.push(finding(subject, path, value.start(), "a private key", true));
        }
    }
    out
}

/// The value itself is not repeated.
fn finding(subject: &Subject<'_>, path: &str, at: usize, what: &str, sure: bool) -> Finding {
    let mut finding = RULE.at(subject.place(path, at), format!("here stands what looks like {what}"));
    if !sure {
        finding.severity = Severity::Warning;
    }
    finding.fix("write a reference, env:NAME or file:PATH, and revoke the secret")
}

fn found(line: &str) -> Option<(&'static str, bool, usize)> {
    for (what, sure, shape) in SHAPES.iter() {
        for value in shape.captures_iter(line).filter_map(|c| c.get(1)) {
            if is_secret(value.as_str(), *sure) {
                return Some((what, *sure, value.start()));
            }
        }
    }
    None
}

fn is_secret(value: &str, sure: bool) -> bool {
    let digits = value.chars().any(|c| c.is_ascii_digit());
    let letters = value.chars().any(|c| c.is_ascii_alphabetic());
    let upper = value.chars().any(|c| c.is_ascii_uppercase());
    if STANDS_FOR.is_match(value) || !digits || !letters || in_a_row(value) || says_what_it_is(value) {
        return false;
    }
    // Words with hyphens are no random letters.
    let longest = value.split(['-', '_', '.']).map(str::len).max().unwrap_or_default();
    if sure { entropy(value) >= 2.8 && longest >= 8 } else { entropy(value) >= 3.5 && upper && longest >= 10 }
}

/// Whether a value was typed and not drawn: letters and digits by turns, each the one after the last of its kind
/// (`A1B2C3D4…`).
fn in_a_row(value: &str) -> bool {
    let follows = |a: u8, b: u8| b == a.saturating_add(1) || (a, b) == (b'9', b'0');
    let (mut best, mut run) = (0, 0);
    for three in value.as_bytes().windows(3) {
        let &[a, b, c] = three else { continue };
        let turns = a.is_ascii_digit() != b.is_ascii_digit();
        run = if turns && follows(a, c) { run + 1 } else { 0 };
        best = best.max(run);
    }
    best >= 12
}

/// Whether a password is called one by itself (`SecurePassword123!`): nobody's is.
fn says_what_it_is(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let word = lower.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    ["password", "passwd", "passphrase"].iter().any(|w| word.ends_with(w) && word.len() < 24)
}

/// Bits of each character, by how often each occurs.
fn entropy(text: &str) -> f64 {
    let mut counts: BTreeMap<char, f64> = BTreeMap::new();
    for c in text.chars() {
        *counts.entry(c).or_default() += 1.0;
    }
    let all = text.chars().count() as f64;
    counts.values().map(|n| -(n / all) * (n / all).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_secret_is_none() {
        for line in [
            "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
            "export OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxx",
            "api_key = \"YOUR_API_KEY_GOES_HERE_1\"",
            "Authorization: Bearer YOUR_TOKEN_1",
            "Authorization: Bearer <token>",
            "Authorization: Bearer ${TOKEN}",
            "password = \"correct-horse-battery-staple\"",
            "postgres://user:password@localhost:5432/db",
            "sk-proj-your-key-here-123456789",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "token: \"process.env.GITHUB_TOKEN_1\"",
            "basic authentication and token endpoints are words",
            "a risk-assessment-of-many-words-in-2026",
            "maps_key = AIzaSyA1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P6Q",
            "password: \"VeryStrongPassword123!\"",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn secrets_are_known_by_shape_and_by_chance() {
        let body = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv";
        for prefix in ["ghp_", "sk-proj-", "sk-ant-api03-", "xoxb-", "sk_live_", "glpat-", "npm_"] {
            assert!(found(&format!("use {prefix}{body} here")).is_some(), "{prefix}");
        }
        let key = format!("AKIA{}", "Q3ZXW7VBN4KLP2MD");
        assert!(found(&key).is_some());
        assert!(found(&format!("api_key = \"{body}\"")).is_some_and(|(_, sure, _)| !sure));
        assert!(found("Authorization: Bearer abc123def456").is_some());
    }
}
