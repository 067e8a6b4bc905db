//! A secret in a skill is a secret in every context it is read into.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Regex, RegexSet, RegexSetBuilder};

use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject, texts};

/// How sure a shape is: by itself, by the name that stands before it, or only as what people write as a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    Shape,
    Named,
    Password,
}

/// Kinds of secrets by their shape; the first group is the value. Certain ones first.
const SHAPES: &[(&str, Sure, &str)] = &[
    ("an access key of AWS", Sure::Shape, r"\b((?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16})\b"),
    (
        "a secret key of AWS",
        Sure::Shape,
        r#"(?i)\baws_?secret_?(?:access_?)?key["']?\s*[:=]\s*["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
    ),
    ("a token of GitHub", Sure::Shape, r"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("a token of GitLab", Sure::Shape, r"\b(gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat)-[A-Za-z0-9_-]{16,})"),
    ("a token of Slack", Sure::Shape, r"\b(xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,})"),
    (
        "an address with a secret of Slack",
        Sure::Shape,
        r"hooks\.slack\.com/(?:services|workflows)/(T[A-Z0-9]{6,}/[AB][A-Z0-9]{6,}/[A-Za-z0-9/]{16,})",
    ),
    (
        "an address with a secret of Discord",
        Sure::Shape,
        r"discord(?:app)?\.com/api/webhooks/([0-9]{17,20}/[A-Za-z0-9_-]{50,})",
    ),
    (
        "an address with a secret of Microsoft Teams",
        Sure::Shape,
        r"\.webhook\.office\.com/webhookb2/([0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32})",
    ),
    ("a secret key of Stripe", Sure::Shape, r"\b((?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/]{24,})"),
    ("an API key", Sure::Shape, r"\b(sk-(?:proj-|ant-[a-z0-9]+-|svcacct-)?[A-Za-z0-9_-]{20,})"),
    (
        "an API key of a model's host",
        Sure::Shape,
        r"\b((?:gsk_|r8_|xai-|pplx-|fw_|nvapi-|csk-|tgp_v1_)[A-Za-z0-9_-]{24,})",
    ),
    (
        "a token of a registry",
        Sure::Shape,
        r"\b((?:hf|npm)_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|rubygems_[a-f0-9]{40,}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}|oy2[a-z0-9]{43}|cio[A-Za-z0-9]{32})\b",
    ),
    ("an API key of Google", Sure::Shape, r"\b(AIza[0-9A-Za-z_-]{35})\b"),
    ("a secret of Google", Sure::Shape, r"\b(GOCSPX-[A-Za-z0-9_-]{24,}|ya29\.[A-Za-z0-9_-]{40,})"),
    ("a key of Azure", Sure::Shape, r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{42,}={1,2})"),
    ("a client secret of Azure", Sure::Shape, r"\b([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})"),
    ("an access key of Alibaba Cloud", Sure::Shape, r"\b(LTAI[A-Za-z0-9]{20})\b"),
    ("a key of SendGrid", Sure::Shape, r"\b(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64})"),
    (
        "a key for sending mail",
        Sure::Shape,
        r"\b(xkeysib-[a-f0-9]{40,}-[A-Za-z0-9]{16}|key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}|re_[A-Za-z0-9]{6,10}_[A-Za-z0-9]{20,})\b",
    ),
    ("a token of DigitalOcean", Sure::Shape, r"\b(do[opr]_v1_[a-f0-9]{40,})"),
    (
        "a token of a cloud",
        Sure::Shape,
        r"\b((?:nfp|sbp|rnd|pscale_(?:tkn|pw|oauth)|HRKU|fo1|koyeb|scw)[_-][A-Za-z0-9_-]{32,}|FlyV1 fm[12]_[A-Za-z0-9+/=,_-]{40,}|sb_secret_[A-Za-z0-9_-]{20,}|v1\.0-[a-f0-9]{24}-[a-f0-9]{100,})",
    ),
    (
        "a token of a secret store",
        Sure::Shape,
        r"\b(hv[sbr]\.[A-Za-z0-9_-]{24,}|ops_eyJ[A-Za-z0-9+/]{60,}|dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}|AGE-SECRET-KEY-1[A-Z0-9]{58}|A3-[A-Z0-9]{6}-[A-Z0-9-]{20,})",
    ),
    (
        "a token for infrastructure",
        Sure::Shape,
        r"\b(dapi[0-9a-f]{32}|pul-[a-f0-9]{40}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}|tskey-[a-z]+-[A-Za-z0-9-]{16,}|AKCp[A-Za-z0-9]{60,}|CCIPAT_[A-Za-z0-9_]{30,}|bkua_[a-f0-9]{40}|sq[apu]_[a-f0-9]{40})",
    ),
    (
        "a token for telemetry",
        Sure::Shape,
        r"\b(NRAK-[A-Z0-9]{27}|glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|glc_eyJ[A-Za-z0-9+/=]{40,}|sntry[su]_[A-Za-z0-9+/=_]{40,}|dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{60,}|ph[cx]_[A-Za-z0-9]{40,})",
    ),
    ("a token of Shopify", Sure::Shape, r"\b(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b"),
    (
        "a token of a payment service",
        Sure::Shape,
        r"\b(sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{56,}|EZ[AT]K[A-Za-z0-9]{50,}|access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}|rzp_live_[A-Za-z0-9]{14,}|FLWSECK(?:_TEST)?-[a-h0-9]{12,})",
    ),
    (
        "a token of a work tool",
        Sure::Shape,
        r"\b(ATATT3[A-Za-z0-9_=-]{40,}|ATCTT3[A-Za-z0-9_=-]{40,}|lin_api_[A-Za-z0-9]{32,}|ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}|pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|fig[dou]_[A-Za-z0-9_-]{36,}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}|pat-(?:na|eu)[0-9]-[a-f0-9-]{36}|CFPAT-[A-Za-z0-9_-]{43}|tk_[A-Za-z0-9]{48,})",
    ),
    ("a key of Twilio", Sure::Shape, r"\b(SK[0-9a-f]{32})\b"),
    ("a token of a bot", Sure::Shape, r"\b([0-9]{8,10}:AA[A-Za-z0-9_-]{33})\b"),
    ("a JSON web token", Sure::Shape, r"\b(eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"),
    (
        "a header with credentials",
        Sure::Shape,
        r#"(?i)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+([A-Za-z0-9._~+/=-]{8,})"#,
    ),
    (
        "a header with a key",
        Sure::Shape,
        r#"(?i)\b(?:x-[a-z0-9-]*(?:api-?key|token|secret|auth-?key)|api-?key|(?:private|job|deploy)-token)["']?\s*:\s*["']?([A-Za-z0-9._~+/=-]{16,})["']?(?:[\s"'\\`,;]|$)"#,
    ),
    (
        "the value of a secret",
        Sure::Named,
        r#"(?i)\b[a-z0-9_-]*(?:api_?-?key|secret|secret_?-?key|passwd|password|access_?-?token|auth_?-?token|private_?-?key|access_?-?key)["']?\s*[:=]\s*["']([A-Za-z0-9+/=_!@#%^&*.-]{16,})["']"#,
    ),
    (
        "a password in an address",
        Sure::Named,
        r"\b[a-z][a-z0-9+]{2,}://[A-Za-z0-9_.-]*:([^\s/@:<>{}$\x22']{10,})@[A-Za-z0-9.-]+",
    ),
    (
        "a password",
        Sure::Password,
        r#"(?:^|[\s`;&"'(-])(?:[A-Z0-9]+_)*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_KEY|API_?KEY|ACCESS_KEY|AUTH_?TOKEN|ACCESS_TOKEN|API_TOKEN|PRIVATE_KEY|PGPASSWORD|MYSQL_PWD|TOKEN)=["']?([^\s"'`$<>{}()\[\]|&;,]{8,})"#,
    ),
    (
        "a password",
        Sure::Password,
        r#"(?i)(?:^|[\s,{])["']?[a-z0-9_-]*(?:password|passwd|passphrase)["']?:\s*["']?([^\s"'`$<>{}()\[\]|,;]{8,})["']?\s*[,}]?\s*$"#,
    ),
    (
        "a password on a command line",
        Sure::Password,
        r#"\bcurl\b.*?\s(?:-u|--user)[ =]?["']?[^\s:"'$<>{}]+:([^\s"'`$<>{}]{8,})"#,
    ),
    (
        "a password on a command line",
        Sure::Password,
        r#"\s--(?:password|passwd|api-key|token|secret)[ =]["']?([^\s"'`$<>{}\[\]]{8,})"#,
    ),
];

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| SHAPES.iter().map(|(_, _, shape)| pattern(shape)).collect());
/// All of them at once: nearly no line holds any. A boundary of words outside ASCII would take the slow engine at the first
/// letter there; ASCII's lets more through to the pattern itself, never less. The cache holds the states that so many
/// patterns have; a smaller one is filled and thrown away again and again.
static ANY: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSetBuilder::new(SHAPES.iter().map(|(_, _, shape)| shape.replace(r"\b", r"(?-u:\b)")))
        .dfa_size_limit(64 << 20)
        .build()
        .expect("constant patterns")
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

/// What a password that nobody uses is called in examples: a word for it, and a number.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:[a-z]+[-_.@]?)?(?:pass(?:word|wd|phrase)?|pwd|pw|secret|admin|root|user|guest|demo|test|token|key|value|hunter|letmein|qwerty|welcome|postgres|mysql|api|swordfish|correct.horse.*)[-_.@]?[0-9]{0,6}[!?]?$|(?-i:^[A-Z0-9]+(?:_[A-Z0-9]+)+$)|pass(?:word|wd)|(?:^|[-_])(?:from|of|for|the|with)[-_]",
    )
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
            out.push(finding(subject, path, start + at, what, sure == Sure::Shape));
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

fn found(line: &str) -> Option<(&'static str, Sure, usize)> {
    for i in ANY.matches(line) {
        let Some(((what, sure, _), shape)) = SHAPES.get(i).zip(COMPILED.get(i)) else { continue };
        for value in shape.captures_iter(line).filter_map(|c| c.get(1)) {
            if is_secret(value.as_str(), *sure) {
                return Some((what, *sure, value.start()));
            }
        }
    }
    None
}

fn is_secret(value: &str, sure: Sure) -> bool {
    let digits = value.chars().any(|c| c.is_ascii_digit());
    let letters = value.chars().any(|c| c.is_ascii_alphabetic());
    let upper = value.chars().any(|c| c.is_ascii_uppercase());
    if STANDS_FOR.is_match(value) || !digits || !letters || in_a_row(value) || says_what_it_is(value) {
        return false;
    }
    // Words with hyphens are no random letters.
    let longest = value.split(['-', '_', '.']).map(str::len).max().unwrap_or_default();
    let hex = value.len() >= 32 && value.chars().all(|c| c.is_ascii_hexdigit());
    match sure {
        Sure::Shape => entropy(value) >= 2.8 && longest >= 8,
        Sure::Named => longest >= 10 && (entropy(value) >= 3.5 && upper || hex && entropy(value) >= 3.0),
        Sure::Password => {
            let call = value.contains(['/', '(', '\\']) || value.starts_with(['-', '.', '~', '%', '@', '*']);
            let reference = ["env:", "file:", "vault:", "op:", "arn:", "ref+"].iter().any(|r| value.starts_with(r));
            let by_hand = upper || value.contains(['!', '#', '^', '+', '=', '*', '@', '?']) || hex;
            !call && !reference && !value.contains("://") && !WORDS.is_match(value) && by_hand && entropy(value) >= 2.8
        }
    }
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
            "DB_PASSWORD=changeme1",
            "DB_PASSWORD=Your-Password-1",
            "DB_PASSWORD=${DB_PASSWORD_1}",
            "DB_PASSWORD=<password1>",
            "DB_PASSWORD=$(pass show db1)",
            "export API_KEY=MY_API_KEY_2",
            "TOKEN=env:TOKEN_1",
            "curl -u admin:password123 https://api.example.com",
            "curl -u user:pass https://api.example.com",
            "curl -u \"$USER:$TOKEN1\" https://api.example.com",
            "X-Api-Key: your-api-key-1234",
            "X-Api-Key: xxxxxxxxxxxxxxxxxxxx1",
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "aws_secret_access_key = <secret>",
            "SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxx1",
            "password: string, at least 8 characters",
            "tool --token \"$TOKEN1\"",
            "tool --password Password1",
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
        assert!(found(&format!("api_key = \"{body}\"")).is_some_and(|(_, sure, _)| sure == Sure::Named));
        // Made up here, part by part, so that no scanner takes this file for a leak.
        let hex = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a3928";
        let (h32, h40) = (&hex[..32], &hex[..40]);
        for line in [
            format!("use SG.{}.{body}", &body[..22]),
            format!("dop_v1_{hex}"),
            format!("shpat_{h32}"),
            format!("X-Api-Key: {h32}"),
            format!("curl -H 'X-Auth-Token: {h32}' https://a.example"),
            format!("aws_secret_access_key = {body}/{}", &body[..7]),
            format!("API_KEY=\"{h32}\""),
            format!("hvs.{body}"),
            format!("dapi{h32}"),
            format!("pul-{h40}"),
            format!("SK{h32}"),
            format!("12345678:AA{body}x"),
            format!("AccountKey={body}{body}Ab1Cd2Ef3Gh4Ij5Kl6Mn7O=="),
            format!("GOCSPX-{body}"),
            format!("gsk_{body}"),
            format!("lin_api_{body}"),
            format!("glsa_{body}_1a2b3c4d"),
        ] {
            assert!(found(&line).is_some(), "{line}");
        }
        let password = ["Tr0ub4dor", "#3xK"].concat();
        for line in [
            format!("curl -u ops:{} https://api.acme.io", ["Kx9!mQ2#", "vT"].concat()),
            format!("DB_PASSWORD={}", ["Kx9!mQ2#", "vT"].concat()),
            format!("export PGPASSWORD={password}"),
            format!("  password: {}", ["Kx9mQ2", "vT7z"].concat()),
            format!("tool --password {}", ["Kx9!mQ2#", "vT"].concat()),
        ] {
            assert!(found(&line).is_some_and(|(_, sure, _)| sure == Sure::Password), "{line}");
        }
        assert!(found("Authorization: Bearer abc123def456").is_some());
    }
}
