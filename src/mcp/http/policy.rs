//! What may listen where: nothing is reachable from another machine unless callers say who they are, over TLS.

use std::net::{IpAddr, SocketAddr};

use super::{Limits, Principals, Tls};
use crate::app::Refusal;
use crate::base::text;

/// What `serve --http` was started with.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who is let in; nothing lets in whoever reaches the address, as the local user.
    pub principals: Option<Principals>,
    /// Key and certificate; nothing is plain HTTP.
    pub tls: Option<Tls>,
    /// A proxy in front ends TLS, so plain HTTP beyond loopback is meant.
    pub behind_proxy: bool,
    /// Names or `name:port` that `Host` may carry, beside the address itself and loopback.
    pub hosts: Vec<String>,
    /// Origins that browsers may call from, beside loopback: `https://app.example.com`.
    pub origins: Vec<String>,
    /// Limits.
    pub limits: Limits,
}

impl HttpOptions {
    /// On this address, for the local user.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            principals: None,
            tls: None,
            behind_proxy: false,
            hosts: Vec::new(),
            origins: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Whether this may be served.
    ///
    /// # Errors
    /// `open-to-the-network`, `plain-over-the-network`, `no-principal`, `bad-host`, `bad-origin`.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.principals.as_ref().is_some_and(Principals::is_empty) {
            return Err(Refusal::new(
                "no-principal",
                "the file of tokens names nobody, so nobody could call",
                "add a line to it: NAME env:VARIABLE, NAME file:PATH or NAME sha256:DIGEST",
            ));
        }
        for host in &self.hosts {
            if !is_host(host) {
                return Err(Refusal::new(
                    "bad-host",
                    format!("\"{}\" is no host name", text::quoted(host, 80)),
                    "give a name as it stands in URLs, with a port or without: --allow-host mcp.example.com",
                ));
            }
        }
        for origin in &self.origins {
            if !is_origin(origin) {
                return Err(Refusal::new(
                    "bad-origin",
                    format!("\"{}\" is no origin", text::quoted(origin, 80)),
                    "give scheme and host, with a port or without: --allow-origin https://app.example.com",
                ));
            }
        }
        // A name of the outside reaches a loopback address through a proxy or a tunnel.
        let beyond = if !self.listen.ip().is_loopback() {
            Some(self.listen.ip().to_string())
        } else if self.behind_proxy {
            Some("it through a proxy".to_owned())
        } else {
            self.hosts.iter().find(|h| !is_loopback_name(h)).map(|h| text::quoted(h, 80))
        };
        let Some(beyond) = beyond else { return Ok(()) };
        if self.principals.is_none() {
            return Err(Refusal::new(
                "open-to-the-network",
                format!("whoever reaches {beyond} could use every tool and read all evidence"),
                "say who may call: --tokens FILE, with a line NAME env:VARIABLE for each; or listen on 127.0.0.1 alone",
            ));
        }
        if self.tls.is_none() && !self.behind_proxy && !self.listen.ip().is_loopback() {
            return Err(Refusal::new(
                "plain-over-the-network",
                format!("tokens and evidence would cross the network to {beyond} unencrypted"),
                "give --tls-cert PATH and --tls-key PATH; or --behind-proxy, when a proxy in front ends TLS",
            ));
        }
        Ok(())
    }
}

/// The hosts that are taken: loopback by its names, the address itself, and what was allowed.
pub(super) fn hosts(ip: IpAddr, allowed: &[String]) -> Vec<String> {
    let mut all: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    if !ip.is_unspecified() && !ip.is_loopback() {
        all.push(ip.to_string());
    }
    all.extend(allowed.iter().cloned());
    all
}

/// The origins that are taken: pages of this machine, and what was allowed. A request without one is no browser's.
pub(super) fn origins(allowed: &[String]) -> Vec<String> {
    let mut all: Vec<String> =
        ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"].map(str::to_owned).to_vec();
    all.extend(allowed.iter().map(|origin| {
        let Some((scheme, host)) = origin.split_once("://") else { return origin.clone() };
        let port = match scheme {
            _ if host.rsplit(']').next().is_some_and(|h| h.contains(':')) => return origin.clone(),
            "https" => 443,
            _ => 80,
        };
        // Without a port the library would take every port.
        format!("{origin}:{port}")
    }));
    all
}

fn is_host(host: &str) -> bool {
    !host.contains('@') && http::uri::Authority::try_from(host).is_ok()
}

fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|host| is_host(host.strip_suffix(":*").unwrap_or(host)))
}

fn is_loopback_name(host: &str) -> bool {
    let Ok(authority) = http::uri::Authority::try_from(host) else { return false };
    let name = authority.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Digest;

    fn on(listen: &str) -> HttpOptions {
        HttpOptions::new(listen.parse().expect("an address"))
    }

    fn known() -> Option<Principals> {
        let mut all = Principals::default();
        all.add("ada", &Digest::of_bytes(b"token"));
        Some(all)
    }

    #[test]
    fn nothing_is_open_to_the_network_by_mistake() {
        let code = |options: HttpOptions| options.check().map_or_else(|r| r.code, |()| "served".to_owned());
        let outside = vec!["mcp.example.com".to_owned()];
        let inside = vec!["localhost:8080".to_owned(), "[::1]:8080".to_owned()];
        assert_eq!(code(on("127.0.0.1:0")), "served");
        assert_eq!(code(on("[::1]:0")), "served");
        assert_eq!(code(HttpOptions { hosts: inside, ..on("127.0.0.1:0") }), "served");
        assert_eq!(code(on("0.0.0.0:0")), "open-to-the-network");
        assert_eq!(code(on("[::]:0")), "open-to-the-network");
        assert_eq!(code(on("192.0.2.7:0")), "open-to-the-network");
        // Reached by a name of the outside, or through a proxy: loopback alone keeps nobody out.
        assert_eq!(code(HttpOptions { hosts: outside.clone(), ..on("127.0.0.1:0") }), "open-to-the-network");
        assert_eq!(code(HttpOptions { behind_proxy: true, ..on("127.0.0.1:0") }), "open-to-the-network");
        let principals = known();
        assert_eq!(code(HttpOptions { principals: principals.clone(), ..on("0.0.0.0:0") }), "plain-over-the-network");
        let proxied = HttpOptions { principals: principals.clone(), behind_proxy: true, ..on("0.0.0.0:0") };
        assert_eq!(code(proxied), "served");
        assert_eq!(code(HttpOptions { principals, hosts: outside, ..on("127.0.0.1:0") }), "served");
        assert_eq!(code(HttpOptions { principals: Some(Principals::default()), ..on("127.0.0.1:0") }), "no-principal");
    }

    #[test]
    fn hosts_and_origins_are_what_they_should_be() {
        for wrong in ["", "a b", "user@host", "http://host"] {
            assert!(!is_host(wrong), "{wrong}");
        }
        for wrong in ["app.example.com", "https://", "ftp://host", "null", "https://u@host"] {
            assert!(!is_origin(wrong), "{wrong}");
        }
        let given = ["https://app.example.com", "http://dev.example.com", "https://x.example:8443", "http://y:*"];
        let all = origins(&given.map(str::to_owned));
        assert_eq!(
            all[3..],
            ["https://app.example.com:443", "http://dev.example.com:80", "https://x.example:8443", "http://y:*"]
        );
    }
}
