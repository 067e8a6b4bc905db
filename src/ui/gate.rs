//! What every request passes: under which name, by which method, as whom; and what every answer carries.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use base64::Engine as _;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};

use super::pages::{self, Page};
use super::{Known, Ui};
use crate::app::Face;
use crate::base::text;
use crate::html;

/// The longest address of a page, in bytes.
const LONGEST: usize = 4_096;

/// The hosts that are taken: loopback by its names, the address itself, and what was allowed.
pub(super) fn hosts(ip: IpAddr, allowed: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec();
    match ip {
        ip if ip.is_unspecified() || ip.is_loopback() => {}
        IpAddr::V4(ip) => all.push(ip.to_string()),
        IpAddr::V6(ip) => all.push(format!("[{ip}]")),
    }
    all.extend(allowed);
    all
}

/// A name of this machine alone, with a port or without.
pub(super) fn is_loopback(host: &str) -> bool {
    let Ok(authority) = http::uri::Authority::try_from(host) else { return false };
    let name = authority.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What a page may do: show itself with its own style, ask this server whether there is news, send its search here.
pub(super) fn policy() -> String {
    format!(
        "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
        html::policy_hash(html::STYLE),
        html::policy_hash(pages::SCRIPT)
    )
}

/// Whether the request names this server as it is reached: a page of elsewhere can make its own name resolve to this
/// machine, and then its name stands here.
fn is_ours(headers: &HeaderMap, hosts: &[String]) -> bool {
    let mut given = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (given.next().and_then(|h| h.to_str().ok()), given.next()) else { return false };
    let Ok(authority) = http::uri::Authority::try_from(host) else { return false };
    // The parser takes any number for a port.
    let port = host.get(authority.host().len()..).unwrap_or(host);
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok());
    !host.contains('@')
        && is_port
        && hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host) || ours.eq_ignore_ascii_case(authority.host()))
}

/// Who asks. Browsers ask for name and password by themselves: the token is the password, the name may be anything.
fn principal(headers: &HeaderMap, known: Option<&Known>) -> Result<Option<String>, ()> {
    let Some(known) = known else { return Ok(None) };
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.split_once(' '));
    let token = match given {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().to_owned()),
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
            let pair = base64::engine::general_purpose::STANDARD.decode(pair.trim()).ok();
            let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok());
            pair.and_then(|pair| pair.split_once(':').map(|(_, token)| token.trim().to_owned()))
        }
        _ => None,
    };
    token.and_then(|token| known(&token)).map(Some).ok_or(())
}

/// Answers one request.
pub(super) async fn answer<B>(ui: Arc<Ui>, request: Request<B>) -> Response<Body> {
    let policy = ui.policy.clone();
    let (page, more) = admit(ui, request).await;
    let mut response = Response::new(Body::from(page.body));
    *response.status_mut() = page.status;
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &str); 9] = [
        (header::CONTENT_TYPE, page.media),
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    if let Some((name, value)) = more {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn admit<B>(ui: Arc<Ui>, request: Request<B>) -> (Page, Option<(HeaderName, &'static str)>) {
    let no = |status, title: &str, because: String, next: &str| (pages::problem(status, title, &because, next), None);
    if !is_ours(request.headers(), &ui.hosts) {
        return no(
            StatusCode::FORBIDDEN,
            "Not under this name",
            "this server does not answer to the name in the Host header".to_owned(),
            "open it as http://127.0.0.1 with its port, or start it with --allow-host NAME, if that is meant",
        );
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let page = pages::problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only reading",
            &format!("these pages only read, and {} would do more", text::quoted(request.method().as_str(), 20)),
            "ask with GET; what is to be done is done through the tools and on the command line",
        );
        return (page, Some((header::ALLOW, "GET, HEAD")));
    }
    let Ok(principal) = principal(request.headers(), ui.known.as_ref()) else {
        let page = pages::problem(
            StatusCode::UNAUTHORIZED,
            "Who asks?",
            "this server shows evidence to callers with a token",
            "give the token as the password, with any name; who runs the server gives out tokens",
        );
        let challenge = "Basic realm=\"platform-integration\", charset=\"UTF-8\"";
        return (page, Some((header::WWW_AUTHENTICATE, challenge)));
    };
    let uri = request.uri();
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    if path.len() + query.len() > LONGEST {
        return no(
            StatusCode::URI_TOO_LONG,
            "Too long an address",
            format!("an address here has at most {LONGEST} bytes"),
            "search for less at once",
        );
    }
    let Ok(_permit) = ui.room.acquire().await else {
        return no(
            StatusCode::SERVICE_UNAVAILABLE,
            "Stopping",
            "the server is about to stop".to_owned(),
            "start it again",
        );
    };
    let face = Face::Browser { principal };
    let app = Arc::clone(&ui.app);
    // The store blocks; a page that panics is a page that says so.
    let made = tokio::task::spawn_blocking(move || pages::of(&app, &face, &path, &query)).await;
    match made {
        Ok(page) => (page, None),
        Err(_) => no(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This page failed",
            "putting the page together failed; nothing was changed".to_owned(),
            "load it again; the log on stderr says more",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_answered_to() {
        let ours = hosts("127.0.0.1".parse().expect("an address"), vec!["look.example.com".to_owned()]);
        let with = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).expect("a header"));
            is_ours(&headers, &ours)
        };
        for host in ["127.0.0.1:7878", "localhost:7878", "[::1]:7878", "LOCALHOST", "look.example.com:443"] {
            assert!(with(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:7878", "localhost@evil.example", "", "localhost evil"] {
            assert!(!with(host), "{host}");
        }
        for host in ["localhost:99999", "localhost:65536", "127.0.0.1:-1", "[::1]:70000", "localhost:", "localhost:x"] {
            assert!(!with(host), "{host}");
        }
        assert!(!is_ours(&HeaderMap::new(), &ours));
        let mut two = HeaderMap::new();
        two.append(header::HOST, HeaderValue::from_static("localhost"));
        two.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(!is_ours(&two, &ours));
    }

    #[test]
    fn a_token_is_a_bearer_or_a_password_and_nothing_else_lets_in() {
        let known: Known = Arc::new(|token| (token == "right").then(|| "ada".to_owned()));
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).expect("a header"));
            principal(&headers, Some(&known))
        };
        let basic = |pair: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        assert_eq!(with("Bearer right"), Ok(Some("ada".to_owned())));
        assert_eq!(with(&basic("anything:right")), Ok(Some("ada".to_owned())));
        for wrong in ["Bearer wrong", "right", "Basic right", &basic("right"), &basic("right:"), "Digest right"] {
            assert_eq!(with(wrong), Err(()), "{wrong}");
        }
        assert_eq!(principal(&HeaderMap::new(), Some(&known)), Err(()));
        assert_eq!(principal(&HeaderMap::new(), None), Ok(None));
    }
}
