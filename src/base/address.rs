//! Where a URL leads, as the client that sends the request reads it: parsed once by the rules of the URL standard, never
//! by looking for characters in the text.

use url::{Host, Origin, Url};

/// An absolute http or https URL with a host and without user info; nothing for anything else. Who writes user info
/// into a URL may be hiding another host behind it.
#[must_use]
pub fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let clean = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    (clean && url.host().is_some()).then_some(url)
}

/// Scheme, host and port of a URL that [`parse`] takes.
#[must_use]
pub fn origin(text: &str) -> Option<Origin> {
    parse(text).map(|url| url.origin())
}

/// Whether a request to this URL stays on this machine. No to whatever [`parse`] does not take.
#[must_use]
pub fn is_loopback(text: &str) -> bool {
    parse(text).is_some_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    })
}

/// Whether a request to this URL can be read on its way: plain HTTP beyond this machine.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !is_loopback(text) && parse(text).is_none_or(|url| url.scheme() != "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in
            ["http://127.0.0.1:80/x", "http://localhost", "http://LOCALHOST/", "http://[::1]:9/", "https://127.9/"]
        {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://api.example",
            "http://localhost@evil.example",
            "http://127.0.0.1@192.0.2.2:18080/v1/x",
            "http://localhost:80@evil.example/",
            "http:192.0.2.2:18080/token?x=://localhost/",
            "http:/192.0.2.2/://localhost/",
            "x://localhost/",
            "http://192.0.2.2\\@localhost/",
            "http://192.0.2.2#://localhost/",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://0.0.0.0/",
            "//localhost/",
            "localhost",
            "ftp://localhost/",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn plain_is_what_others_can_read() {
        assert!(is_plain("http://api.example/") && is_plain("http:api.example") && is_plain("nothing"));
        assert!(!is_plain("https://api.example/") && !is_plain("http://127.0.0.1:1/"));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("HTTPS://H:443/a"), origin("https://h/b"));
        assert_ne!(origin("https://h"), origin("https://h.evil.example"));
        assert_ne!(origin("https://h"), origin("http://h"));
        assert_eq!(origin("https://h@evil.example"), None);
    }
}
