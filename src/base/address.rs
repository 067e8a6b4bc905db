//! Where a URL leads, as the client that sends the request reads it: parsed once by the rules of the URL standard, never
//! by looking for characters in the text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Origin, Url};

/// An absolute http or https URL with a host and without user info; nothing for anything else. Who writes user info
/// into a URL may be hiding another host behind it.
#[must_use]
pub fn parse(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(is_taken)
}

fn is_taken(url: &Url) -> bool {
    let clean = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    clean && url.host().is_some()
}

/// Scheme, host and port of a URL that [`parse`] takes.
#[must_use]
pub fn origin(text: &str) -> Option<Origin> {
    parse(text).map(|url| url.origin())
}

/// Whether a request to this URL stays on this machine. No to whatever [`parse`] does not take.
#[must_use]
pub fn is_loopback(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| stays(&url))
}

/// As [`is_loopback`], of a URL that was read already.
#[must_use]
pub fn stays(url: &Url) -> bool {
    is_taken(url)
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
}

/// Whether a request to this URL can be read on its way: plain HTTP beyond this machine.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !is_loopback(text) && parse(text).is_none_or(|url| url.scheme() != "https")
}

/// Whether an address is that of a host on the public internet: none of the ranges that RFC 6890 and its registries set
/// aside, nor an IPv6 form of such an IPv4 address.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => {
            if let Some(inner) = embedded(ip) {
                return public_v4(inner);
            }
            let [first, second, ..] = ip.segments();
            // 2000::/3 is what is handed out; of it, documentation, benchmarks and ORCHID are not hosts.
            let handed_out = first & 0xe000 == 0x2000;
            let set_aside =
                first == 0x2001 && (second < 0x0200 || second == 0x0db8) || first == 0x3fff && second < 0x1000;
            handed_out && !set_aside
        }
    }
}

/// Whether an address is loopback or one of a private network (RFC 1918, RFC 4193). Not link-local: there clouds keep
/// the credentials of their machines.
#[must_use]
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => match embedded(ip) {
            Some(inner) => inner.is_loopback() || inner.is_private(),
            // fd00:ec2::254 is the metadata address of one large cloud.
            None => ip.is_loopback() || ip.segments()[0] & 0xfe00 == 0xfc00 && ip.segments()[..2] != [0xfd00, 0x0ec2],
        },
    }
}

/// The IPv4 address within a mapped, compatible, 6to4 or NAT64 address.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(of(high, low))
        }
        _ => None,
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let set_aside = a == 0
        || a == 100 && (64..128).contains(&b)
        || a == 192 && b == 0 && (c == 0 || c == 2)
        || a == 192 && b == 88 && c == 99
        || a == 198 && (b == 18 || b == 19 || b == 51 && c == 100)
        || a == 203 && b == 0 && c == 113
        || a >= 224;
    !(set_aside || ip.is_loopback() || ip.is_private() || ip.is_link_local())
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

    #[test]
    fn only_hosts_of_the_internet_are_public() {
        for ip in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "0.0.0.0",
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "::7f00:1",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["127.0.0.1", "10.0.0.1", "::1", "fd12::1", "::ffff:10.0.0.1"] {
            assert!(is_private(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "8.8.8.8", "0.0.0.0", "::"]
        {
            assert!(!is_private(ip.parse().unwrap()), "{ip}");
        }
    }
}
