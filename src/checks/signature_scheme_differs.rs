//! Events that are signed in another way than the contract verifies: every one of them is refused.
//!
//! The forms are public: Standard Webhooks 1.0 (three headers, `v1,` and base64), Stripe (`Stripe-Signature: t=…,v1=…`), GitHub
//! (`X-Hub-Signature-256: sha256=…` in hex), and an HMAC of the body in hex or base64 in a header of the vendor's own.

use super::prose::{Told, of_event, of_system};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::{SignatureScheme as Scheme, Verify};
use crate::finding::{Finding, Severity};
use crate::model::{ApiKeyPlace, Event, SchemeKind, System};

pub(super) static CHECK: Check = Check {
    code: "signature-scheme-differs",
    summary: "webhook.verify reads another header, or another form of signature, than the description says events are signed with.",
    severity: Severity::Error,
    run,
};

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `v1,` and base64, over id, time and body.
    Standard,
    /// `t=…,v1=…`
    Timed,
    /// `sha256=` and hex.
    Prefixed,
    Hex,
    Base64,
}

/// What the description says.
struct Stated {
    /// Headers that carry a signature, as written.
    headers: Vec<String>,
    form: Option<Form>,
    pointer: String,
}

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some((system, event, hook)) = subject.event(flow) else { continue };
        let Some(verify) = &hook.verify else { continue };
        let stated = stated(system, event);
        let reads = verify.header.as_ref().map(|h| h.as_str()).or_else(|| verify.scheme.header()).unwrap_or_default();
        let name = quoted(&event.name, 60);
        let other = !stated.headers.is_empty() && !stated.headers.iter().any(|h| h.eq_ignore_ascii_case(reads));
        let unlike = stated.form.is_some_and(|form| !fits(form, verify));
        let at = verify.header.as_ref().map_or(verify.at, |h| h.at);
        let fix = advice(&stated);
        if other {
            let header = stated.headers.first().map(|h| quoted(h, 60)).unwrap_or_default();
            let message =
                format!("{name} is signed in {header}, and {} reads {}", verify.scheme.as_str(), quoted(reads, 60));
            out.push(subject.error(&CHECK, at, message).fix(fix).because_of(stated.pointer));
        } else if unlike {
            let form = stated.form.map_or("", shown);
            let written = if verify.base64 { "hmac in base64" } else { verify.scheme.as_str() };
            let message = format!("{name} is signed by {form}, and verify says {written}");
            out.push(subject.error(&CHECK, verify.at, message).fix(fix).because_of(stated.pointer));
        }
    }
}

fn fits(form: Form, verify: &Verify) -> bool {
    let (scheme, base64) = (verify.scheme, verify.base64);
    let usual = verify.prefix.as_ref().is_none_or(|p| p.value == "sha256=");
    match form {
        Form::Standard => matches!(scheme, Scheme::StandardWebhooks),
        Form::Timed => matches!(scheme, Scheme::Stripe),
        Form::Prefixed => matches!(scheme, Scheme::Github) || (matches!(scheme, Scheme::Hmac) && !base64 && usual),
        Form::Hex => matches!(scheme, Scheme::Hmac) && !base64,
        Form::Base64 => matches!(scheme, Scheme::Hmac) && base64,
    }
}

const fn shown(form: Form) -> &'static str {
    match form {
        Form::Standard => "Standard Webhooks",
        Form::Timed => "t=…,v1=… in one header",
        Form::Prefixed => "sha256=… in hex",
        Form::Hex => "an HMAC in hex",
        Form::Base64 => "an HMAC in base64",
    }
}

fn advice(stated: &Stated) -> String {
    let header = stated.headers.first().map_or_else(|| "NAME".to_owned(), |h| quoted(h, 60));
    let own = |known: &str| {
        if header.eq_ignore_ascii_case(known) || header == "NAME" {
            String::new()
        } else {
            format!(", header: {header}")
        }
    };
    match stated.form {
        Some(Form::Standard) => format!(
            "write verify: {{scheme: standard-webhooks, secret: env:NAME{}, tolerance: 5m}}",
            own("webhook-signature")
        ),
        Some(Form::Timed) => {
            format!("write verify: {{scheme: stripe, secret: env:NAME{}, tolerance: 5m}}", own("stripe-signature"))
        }
        Some(Form::Prefixed) => {
            format!("write verify: {{scheme: github, secret: env:NAME{}}}", own("x-hub-signature-256"))
        }
        Some(Form::Base64) => {
            format!("write verify: {{scheme: hmac, header: {header}, encoding: base64, secret: env:NAME}}")
        }
        Some(Form::Hex) | None => format!(
            "write verify: {{scheme: hmac, header: {header}, secret: env:NAME}}, in the encoding that the sender uses; where a time is signed with the body, \
             timestamp and signed say how"
        ),
    }
}

/// Headers and form that the description states: the event's own headers and words first, then what is said of all events.
fn stated(system: &System, event: &Event) -> Stated {
    let signs = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("signature") || name.contains("hmac")
    };
    // `HMAC-SHA256` is no header, and `signature-based` none either.
    let header = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("-signature") || name.contains("-hmac")
    };
    let own = of_event(system, event);
    let general: Vec<Told<'_>> = of_system(system)
        .into_iter()
        .filter(|t| {
            t.says(&["webhook", "event", "deliver", "callback"]) && t.says(&["sign", "hmac", "standard webhooks"])
        })
        .collect();
    let declared: Vec<String> = event.headers.iter().filter(|h| signs(&h.name)).map(|h| h.name.clone()).collect();
    let named = |told: &[Told<'_>]| told.iter().flat_map(|t| tokens(t.text)).filter(|t| header(t)).collect::<Vec<_>>();
    let by_scheme = || {
        let keys = system.schemes.values().filter_map(|s| match &s.kind {
            SchemeKind::ApiKey { place: ApiKeyPlace::Header, name }
                if signs(name) && s.description.to_lowercase().contains("webhook") =>
            {
                Some(name.clone())
            }
            _ => None,
        });
        keys.collect::<Vec<_>>()
    };
    let headers =
        [declared, named(&own), named(&general), by_scheme()].into_iter().find(|h| !h.is_empty()).unwrap_or_default();
    let first = own.iter().chain(&general).find(|t| form(t).is_some());
    let by_name = headers.iter().find_map(|h| match h.to_ascii_lowercase().as_str() {
        "stripe-signature" => Some(Form::Timed),
        "x-hub-signature-256" => Some(Form::Prefixed),
        "webhook-signature" | "svix-signature" => Some(Form::Standard),
        _ => None,
    });
    let pointer = first.map_or_else(|| event.pointer.clone(), |t| t.pointer.to_owned());
    Stated { form: by_name.or_else(|| first.and_then(form)), headers, pointer }
}

/// The form that a sentence tells; nothing where it tells several, or none.
fn form(told: &Told<'_>) -> Option<Form> {
    if told.says(&["standard webhooks", "standard-webhooks", "standardwebhooks"]) {
        return Some(Form::Standard);
    }
    if told.says(&["t="]) && told.says(&["v1="]) {
        return Some(Form::Timed);
    }
    if !told.says(&["sign", "hmac", "sha256=", "sha-256"]) || told.says(&["v1,"]) {
        return None;
    }
    if told.says(&["sha256="]) {
        return Some(Form::Prefixed);
    }
    // How the secret is written is another matter.
    let of_secret = [
        "secret is base64",
        "base64-encoded secret",
        "base64 encoded secret",
        "decode the secret",
        "base64 secret",
        "secret from base64",
    ];
    if told.says(&of_secret) {
        return None;
    }
    match (told.says(&["base64", "base-64"]), told.says(&["hex"])) {
        (true, false) => Some(Form::Base64),
        (false, true) => Some(Form::Hex),
        _ => None,
    }
}

/// Names of headers in a text: words joined by hyphens.
fn tokens(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).map(|t| t.trim_matches('-'));
    parts.filter(|t| t.contains('-')).map(str::to_owned)
}
