//! `Prefer: code=404` and `Prefer: example=NAME` (RFC 7240; the switches that people know from Prism): the answer that is
//! described for this status, or the body that the description shows under this name, without anything being done. `Prefer: dynamic=true` and unknown preferences are ignored, as RFC 7240 section 2 has it.

use super::errors::Refusal;
use super::{Call, Effect, json_response, url};
use crate::base::rng::Rng;
use crate::base::text::quoted;
use crate::connector::{Request, Response};
use crate::model::{self, Action, Direction, impossible, sample, validate};

/// The status that a request prefers, by header or by the query parameter `__code`.
pub(super) fn code(request: &Request) -> Option<u16> {
    preferred(request, "code")?.parse().ok().filter(|c| (100..600).contains(c))
}

/// The name of the example that a request prefers, by header or by the query parameter `__example`.
pub(super) fn example(request: &Request) -> Option<String> {
    preferred(request, "example").filter(|name| !name.is_empty())
}

fn preferred(request: &Request, what: &str) -> Option<String> {
    let header = request.header("prefer").unwrap_or_default();
    let by_header = header
        .split([',', ';'])
        .filter_map(|p| p.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(what))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned());
    // Each request is asked, and hardly one says so.
    let may_say = |query: &str| query.contains("__") || query.contains('%');
    let query = || {
        let said = request.url.split_once('?').is_some_and(|(_, query)| may_say(query));
        let pairs = if said { url::query_of(&request.url) } else { Vec::new() };
        pairs.into_iter().find(|(n, _)| n.strip_prefix("__") == Some(what)).map(|p| p.1)
    };
    by_header.or_else(query)
}

/// The example of this name that the description shows for a status, where none is preferred for its success.
pub(super) fn shown(call: &Call<'_>, status: Option<u16>, name: &str) -> (Response, Effect) {
    let all = &call.op.responses;
    let described = match status {
        Some(status) => of(call, status),
        None => call.op.success(),
    };
    if let Some((described, body)) = described.and_then(|r| Some((r, r.examples.get(name)?))) {
        let success = if call.op.action == Action::Create { 201 } else { 200 };
        let status = status.or_else(|| described.status.parse().ok()).unwrap_or(success);
        let json = described.content_type.contains("json");
        let content_type = if json { &described.content_type } else { "application/json" };
        return (json_response(status, content_type, body), Effect::Nothing);
    }
    let names = |r: &model::Response| r.examples.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let known: Vec<String> = all
        .iter()
        .filter(|r| !r.examples.is_empty())
        .map(|r| format!("{} of its answer {}", names(r), r.status))
        .collect();
    let of_other = all.iter().find(|r| r.examples.contains_key(name)).filter(|r| r.status.parse::<u16>().is_ok());
    let because = match (of_other, known.is_empty()) {
        (_, true) => format!("{} shows no examples by name; leave example out, and an answer is made up", call.op.id),
        (Some(other), _) => format!(
            "the example {} of {} is one of its answer {}; ask for code={}, example={0}",
            quoted(name, 60),
            call.op.id,
            other.status,
            other.status
        ),
        (None, _) => {
            format!("{} shows no example {}; it shows {}", call.op.id, quoted(name, 60), known.join(", and "))
        }
    };
    call.refuse(404, "no-such-example", because)
}

fn of<'c>(call: &'c Call<'_>, status: u16) -> Option<&'c model::Response> {
    let (text, class) = (status.to_string(), format!("{}XX", status / 100));
    [text.as_str(), class.as_str(), "default"]
        .into_iter()
        .find_map(|s| call.op.responses.iter().find(|r| r.status.eq_ignore_ascii_case(s)))
}

/// The described answer of this status.
pub(super) fn answer(call: &Call<'_>, status: u16) -> (Response, Effect) {
    let Some(described) = of(call, status) else {
        let known: Vec<&str> = call.op.responses.iter().map(|r| r.status.as_str()).collect();
        let because = format!("{} describes no answer {status}; it describes {}", call.op.id, known.join(", "));
        return call.refuse(404, "no-such-answer", because);
    };
    let system = &call.blueprint.system;
    let mut response = if status >= 400 {
        let because = format!("status {status}, as the request prefers");
        Refusal::new(status, named(status), because).answer(system, Some(call.op))
    } else if let Some(schema) = described.schema {
        let body = sample::sample(&system.schemas, schema, &mut Rng::seeded(0), Direction::Response);
        if !validate(&system.schemas, schema, &body, Direction::Response).is_empty()
            && let Some(why) = impossible(&system.schemas, schema, Direction::Response)
        {
            return call.refuse(501, "unsatisfiable-schema", format!("{} has no answer {status}: {why}", call.op.id));
        }
        let json = described.content_type.contains("json");
        json_response(status, if json { &described.content_type } else { "application/json" }, &body)
    } else {
        Response { status, headers: Vec::new(), body: bytes::Bytes::new() }
    };
    let limit = call.op.rate_limit.as_ref().map_or(0, |l| l.requests);
    for name in &described.headers {
        let low = name.to_ascii_lowercase();
        let value = match low.as_str() {
            "retry-after" => 1,
            n if n.contains("remaining") => 0,
            n if n.contains("reset") => 1,
            n if n.contains("limit") => limit,
            _ => continue,
        };
        response.headers.push((low, value.to_string()));
    }
    if matches!(status, 429 | 503) && response.header("retry-after").is_none() {
        response.headers.push(("retry-after".to_owned(), "1".to_owned()));
    }
    if status == 304 || status == 204 {
        response.body = bytes::Bytes::new();
    }
    (response, Effect::Nothing)
}

const fn named(status: u16) -> &'static str {
    match status {
        400 => "bad-request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not-found",
        409 => "conflict",
        410 => "gone",
        415 => "unsupported-media-type",
        422 => "invalid",
        429 => "rate-limited",
        500..=599 => "server-error",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Method;

    #[test]
    fn the_preferred_status_is_read_from_header_or_query() {
        let ask = |prefer: &str, url: &str| {
            let headers = vec![("prefer".to_owned(), prefer.to_owned())];
            code(&Request { method: Method::Get, url: url.to_owned(), headers, body: bytes::Bytes::new() })
        };
        assert_eq!(ask("code=404", "/x"), Some(404));
        assert_eq!(ask("dynamic=true, code=\"429\"; q=1", "/x"), Some(429));
        assert_eq!(ask("respond-async", "/x?__code=503"), Some(503));
        let named = |prefer: &str, url: &str| {
            let headers = vec![("prefer".to_owned(), prefer.to_owned())];
            example(&Request { method: Method::Get, url: url.to_owned(), headers, body: bytes::Bytes::new() })
        };
        assert_eq!(named("code=200, example=\"a cat\"", "/x").as_deref(), Some("a cat"));
        assert_eq!(named("code=200", "/x?y=1&__example=two%20cats").as_deref(), Some("two cats"));
        assert_eq!(named("example=", "/x"), None);
        for none in ["", "code=abc", "code=9999", "example=cat"] {
            assert_eq!(ask(none, "/x"), None, "{none}");
        }
    }
}
