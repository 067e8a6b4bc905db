//! `source.webhook`.

use super::reader::{Fields, Reader};
use crate::base::text::quoted;
use crate::base::yaml::{Kind, Node};
use crate::contract::keys::{EVENT_ID, VERIFY, WEBHOOK};
use crate::contract::{EventId, SignatureScheme, Verify, Webhook};

/// Keys of a source that are about its list operation.
const OF_THE_LIST: [&str; 5] = ["every", "paginate", "incremental", "feed", "params"];

/// Reads it; `s` is the source around it.
pub(super) fn webhook(r: &mut Reader<'_>, node: &Node, s: &Fields<'_>) -> Option<Webhook> {
    beside(r, s);
    let w = r.fields(node, &WEBHOOK, &s.path("webhook"))?;
    let event = r.text(&w, "event");
    let path = r.text(&w, "path").filter(|path| {
        let plain = path.starts_with('/') && !path.contains(['?', '#', '{', '\\']) && !path.contains("..");
        if !plain || path.chars().any(char::is_whitespace) {
            let message = format!("{} is \"{}\", which is no plain path", w.path("path"), quoted(path, 60));
            let fix = "begin with a slash, without query or placeholders: /hooks/orders".to_owned();
            r.error("bad-value", path.at, message, fix);
            return false;
        }
        true
    });
    let verify = w.node("verify").map(|n| {
        let v = r.fields(n, &VERIFY, &w.path("verify"))?;
        verify(r, &v)
    });
    let id = w.node("id").and_then(|n| {
        if matches!(n.kind, Kind::String(_)) {
            return r.plain_text(n, &w.path("id")).map(EventId::Field);
        }
        let i = r.fields(n, &EVENT_ID, &w.path("id"))?;
        r.header(&i, "header").map(EventId::Header)
    });
    let (record, version) = (r.text(&w, "record"), r.text(&w, "version"));
    // One that could not be read is no licence to take unsigned events.
    let verify = match verify {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Webhook { at: w.at, event: event?, path: path?, verify, id, record, version })
}

fn verify(r: &mut Reader<'_>, v: &Fields<'_>) -> Option<Verify> {
    let scheme = r.word(v, "scheme").map(|word| match word {
        "stripe" => SignatureScheme::Stripe,
        "github" => SignatureScheme::Github,
        "hmac" => SignatureScheme::Hmac,
        _ => SignatureScheme::StandardWebhooks,
    });
    let (secret, previous, header) = (r.text(v, "secret"), r.text(v, "previous"), r.header(v, "header"));
    let (prefix, timestamp, signed) = (r.text(v, "prefix"), r.header(v, "timestamp"), r.text(v, "signed"));
    let encoding = r.word(v, "encoding");
    let tolerance_ms = r.duration(v, "tolerance");
    let scheme = scheme?;
    let mut only = |key: &str, fits: bool, fix: &str| {
        if let Some(node) = v.node(key).filter(|_| !fits) {
            let message = format!("{} means nothing to {}", v.path(key), scheme.as_str());
            r.error("bad-value", node.at, message, fix.to_owned());
        }
    };
    let hmac = scheme == SignatureScheme::Hmac;
    only("encoding", hmac, "leave it out: the scheme says how its signature is written");
    only("prefix", hmac, "leave it out: the scheme says what stands before its signature");
    only("timestamp", hmac, "leave it out: the scheme says whether a time is signed, and where it stands");
    only("signed", hmac, "leave it out: the scheme says what is signed");
    only(
        "tolerance",
        scheme.has_time() || timestamp.is_some(),
        if hmac {
            "name the header of the time (timestamp: X-Timestamp); or leave it out: without a time in what is signed, the event id alone keeps replays out"
        } else {
            "leave it out: what this scheme signs holds no time, so the event id alone keeps replays out"
        },
    );
    if let (Some(time), Some(name)) = (&timestamp, &header)
        && time.eq_ignore_ascii_case(name)
    {
        let message = format!("{} is {}, which carries the signature", v.path("timestamp"), quoted(time, 60));
        r.error("bad-value", time.at, message, "name the header that carries the time of signing".to_owned());
    }
    let signed = signed.filter(|signed| {
        let wrong = faults_of(signed, timestamp.is_some());
        if let Some((because, fix)) = &wrong {
            let message = format!("{} is \"{}\", {because}", v.path("signed"), quoted(signed, 60));
            r.error("bad-value", signed.at, message, (*fix).to_owned());
        }
        wrong.is_none()
    });
    if hmac && v.node("header").is_none() {
        let message = format!("{} lacks the key \"header\"", v.path("scheme"));
        r.error("missing-key", v.at, message, "add header: the header that carries the signature".to_owned());
        return None;
    }
    Some(Verify {
        at: v.at,
        scheme,
        secret: secret?,
        previous,
        header,
        base64: encoding == Some("base64"),
        prefix,
        timestamp,
        signed,
        tolerance_ms,
    })
}

/// Why this is no text to sign, and what to write.
fn faults_of(signed: &str, timed: bool) -> Option<(&'static str, &'static str)> {
    if !timed {
        return Some((
            "and no timestamp is named",
            "add timestamp: the header with the time of signing; of the body alone, leave signed out",
        ));
    }
    if signed.matches("{body}").count() != 1 {
        return Some((
            "which does not hold the body once",
            "write {body} where the body stands: v0:{timestamp}:{body}",
        ));
    }
    if signed.matches("{timestamp}").count() != 1 {
        return Some((
            "which does not hold the time once, so anybody could change it",
            "write {timestamp} where the time stands: v0:{timestamp}:{body}",
        ));
    }
    if signed.contains("{timestamp}{body}") || signed.contains("{body}{timestamp}") {
        return Some((
            "in which nothing parts the time from the body, so digits could move from one to the other",
            "write what the sender puts between them: v0:{timestamp}:{body}",
        ));
    }
    let rest = signed.replace("{body}", "").replace("{timestamp}", "");
    rest.contains(['{', '}'])
        .then_some(("which holds something that is not known", "use {timestamp} and {body} alone, and plain text"))
}

/// What stands beside a webhook and is about a list needs one; a list beside a webhook needs a pace.
fn beside(r: &mut Reader<'_>, s: &Fields<'_>) {
    if s.node("operation").is_some() {
        if s.node("every").is_none() {
            let message = format!("{} has an operation beside webhook, and no every", s.path("webhook"));
            let fix = "add every: time between two sweeps for what was never delivered".to_owned();
            r.error("missing-key", s.at, message, fix);
        }
        return;
    }
    for key in OF_THE_LIST {
        if let Some(node) = s.node(key) {
            let message = format!("{} is about a list, and the source has a webhook only", s.path(key));
            let fix = "add operation: a list to sweep for what was never delivered; or leave it out".to_owned();
            r.error("missing-key", node.at, message, fix);
        }
    }
}
