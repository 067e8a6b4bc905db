//! One document from an address that somebody named: what is there may be anybody's, and so may be where it leads.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, StatusCode, header, redirect};
use url::{Host, Url};

use super::http::chain;
use crate::base::address;

/// Most redirects followed.
const MOST_REDIRECTS: usize = 5;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// What a download may reach beyond public hosts over TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Loopback and private addresses. Link-local ones, where clouds keep their credentials, are never reached.
    pub private: bool,
    /// Plain HTTP.
    pub http: bool,
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// No absolute http or https URL, or one with a user name in it.
    #[error("{url} is no https address without user name and password")]
    NoUrl {
        /// As given, or as a redirect gave it.
        url: String,
    },
    /// Plain HTTP.
    #[error("{url} is plain http, which anybody on the way can change")]
    Plain {
        /// The address.
        url: String,
    },
    /// The host's address is not a public one.
    #[error("{host} is at {ip}, which is not a public address")]
    Private {
        /// The host.
        host: String,
        /// Its address.
        ip: IpAddr,
    },
    /// Too many redirects.
    #[error("more than {MOST_REDIRECTS} redirects")]
    Redirects,
    /// More bytes than asked for.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// Another status than 200.
    #[error("{host} answered {status}")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// The network failed, or took too long.
    #[error("{0}")]
    Failed(String),
}

/// Fetches a document of at most `limit` bytes with GET. No credential, cookie or referrer is sent, and no proxy is asked:
/// the host's addresses are looked up once, every one is judged, and the connection goes to one of those, after each
/// redirect anew. At most 5 redirects and 30 seconds. Blocks; makes a runtime of its own in a thread of its own.
///
/// # Errors
/// See [`DownloadError`].
pub fn download(url: &str, reach: Reach, limit: u64) -> Result<Vec<u8>, DownloadError> {
    let failed = |e: &dyn std::fmt::Display| DownloadError::Failed(e.to_string());
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| failed(&e))?;
            let got = runtime.block_on(async {
                let late = || DownloadError::Failed(format!("no whole answer within {} seconds", PATIENCE.as_secs()));
                tokio::time::timeout(PATIENCE, follow(url, reach, limit)).await.unwrap_or_else(|_| Err(late()))
            });
            // A lookup of names may still block in a thread of its own.
            runtime.shutdown_background();
            got
        });
        work.join().unwrap_or_else(|_| Err(failed(&"the download broke off")))
    })
}

async fn follow(url: &str, reach: Reach, limit: u64) -> Result<Vec<u8>, DownloadError> {
    // Another part of the process may have installed one; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut here = permitted(url, reach)?;
    for _ in 0..=MOST_REDIRECTS {
        let host = here.host_str().unwrap_or_default().to_owned();
        let answer = ask(&here, &host, reach).await?;
        if answer.status().is_redirection() {
            let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
            let to = to.and_then(|to| here.join(to).ok());
            let Some(to) = to else {
                return Err(DownloadError::Status { host, status: answer.status().as_u16() });
            };
            here = permitted(to.as_str(), reach)?;
            continue;
        }
        if answer.status() != StatusCode::OK {
            return Err(DownloadError::Status { host, status: answer.status().as_u16() });
        }
        return body(answer, limit).await;
    }
    Err(DownloadError::Redirects)
}

/// The address, if it is one that may be asked.
fn permitted(text: &str, reach: Reach) -> Result<Url, DownloadError> {
    let shown = || crate::base::redact::text(&crate::base::text::quoted(text, 160));
    let url = address::parse(text).ok_or_else(|| DownloadError::NoUrl { url: shown() })?;
    if url.scheme() == "http" && !reach.http {
        return Err(DownloadError::Plain { url: shown() });
    }
    Ok(url)
}

async fn ask(url: &Url, host: &str, reach: Reach) -> Result<reqwest::Response, DownloadError> {
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(ip)) => vec![(ip, port).into()],
        Some(Host::Ipv6(ip)) => vec![(ip, port).into()],
        _ => tokio::net::lookup_host((host, port))
            .await
            .map_err(|e| DownloadError::Failed(format!("{host} cannot be found: {e}")))?
            .collect(),
    };
    let allowed = |ip: IpAddr| {
        if reach.private { address::is_private(ip) || address::is_public(ip) } else { address::is_public(ip) }
    };
    // One address of several that is not public makes the whole name suspect.
    if let Some(bad) = addresses.iter().find(|a| !allowed(a.ip())) {
        return Err(DownloadError::Private { host: host.to_owned(), ip: bad.ip() });
    }
    if addresses.is_empty() {
        return Err(DownloadError::Failed(format!("{host} has no address")));
    }
    let builder = || {
        Client::builder()
            .user_agent(concat!("platform-integration/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT)
            .resolve_to_addrs(host, &addresses)
    };
    let failed = |e: reqwest::Error| DownloadError::Failed(format!("{host}: {}", chain(&e)));
    // On a machine without root certificates plain HTTP still works.
    let client = builder().build().or_else(|_| builder().tls_certs_only([]).build()).map_err(failed)?;
    let request = client.get(url.clone()).header(header::ACCEPT_ENCODING, "identity").header(header::ACCEPT, "*/*");
    request.send().await.map_err(failed)
}

async fn body(mut answer: reqwest::Response, limit: u64) -> Result<Vec<u8>, DownloadError> {
    if answer.content_length().is_some_and(|length| length > limit) {
        return Err(DownloadError::TooLarge { limit });
    }
    let mut out = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| DownloadError::Failed(chain(&e)))? {
        if (out.len() + chunk.len()) as u64 > limit {
            return Err(DownloadError::TooLarge { limit });
        }
        out.extend_from_slice(&chunk);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    const HERE: Reach = Reach { private: true, http: true };

    /// Answers each connection with the next of these, as often as the last; the head of each request is handed back.
    fn serve(answers: Vec<String>) -> (String, std::sync::mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let (tell, told) = std::sync::mpsc::channel();
        let own = base.clone();
        std::thread::spawn(move || {
            let last = answers.last().cloned().unwrap_or_default();
            for answer in answers.into_iter().chain(std::iter::repeat(last)) {
                let Ok((mut socket, _)) = listener.accept() else { return };
                let mut head = [0; 4096];
                let read = socket.read(&mut head).unwrap_or(0);
                let _ = tell.send(String::from_utf8_lossy(&head[..read]).into_owned());
                let _ = socket.write_all(answer.replace("@@BASE@@", &own).as_bytes());
            }
        });
        (base, told)
    }

    fn to(place: &str) -> String {
        format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    }

    fn text(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    }

    #[test]
    fn a_document_is_fetched_through_a_redirect_and_nothing_is_sent_with_it() {
        let (base, told) = serve(vec![to("/b"), text("openapi")]);
        assert_eq!(download(&format!("{base}/a"), HERE, 100), Ok(b"openapi".to_vec()));
        let second = told.iter().nth(1).expect("two requests").to_lowercase();
        assert!(second.starts_with("get /b "), "{second}");
        for header in ["authorization", "cookie", "referer"] {
            assert!(!second.contains(header), "{second}");
        }
    }

    #[test]
    fn what_is_not_public_is_not_reached_by_address_or_by_name() {
        let (base, told) = serve(vec![text("secret")]);
        let by_name = base.replace("127.0.0.1", "localhost");
        for url in [&base, &by_name] {
            let e = download(url, Reach { private: false, http: true }, 100);
            assert!(matches!(e, Err(DownloadError::Private { .. })), "{e:?}");
        }
        assert!(matches!(download(&base, Reach { private: true, http: false }, 100), Err(DownloadError::Plain { .. })));
        for url in ["ftp://h.example/x", "https://user@h.example/", "x.yaml", "https://"] {
            assert!(matches!(download(url, HERE, 100), Err(DownloadError::NoUrl { .. })), "{url}");
        }
        assert!(told.try_recv().is_err(), "no connection was made");
    }

    #[test]
    fn a_redirect_is_judged_like_the_first_address() {
        for (place, ip) in
            [("http://169.254.169.254/latest/meta-data/", "169.254.169.254"), ("http://[fe80::1]/", "fe80::1")]
        {
            let (base, _told) = serve(vec![to(place)]);
            let e = download(&base, HERE, 100);
            let Err(DownloadError::Private { ip: found, .. }) = e else { panic!("{e:?}") };
            assert_eq!(found.to_string(), ip);
        }
        let (base, _told) = serve(vec![to("file:///etc/passwd")]);
        assert!(matches!(download(&base, HERE, 100), Err(DownloadError::NoUrl { .. })));
        let (base, told) = serve(vec![to("@@BASE@@/again")]);
        assert_eq!(download(&base, HERE, 100), Err(DownloadError::Redirects));
        assert_eq!(told.try_iter().count(), MOST_REDIRECTS + 1);
    }

    #[test]
    fn size_is_bounded_whether_or_not_it_is_told() {
        let (base, _told) = serve(vec![text(&"x".repeat(101))]);
        assert_eq!(download(&base, HERE, 100), Err(DownloadError::TooLarge { limit: 100 }));
        let (base, _told) = serve(vec![format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(101))]);
        assert_eq!(download(&base, HERE, 100), Err(DownloadError::TooLarge { limit: 100 }));
        let (base, _told) =
            serve(vec!["HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()]);
        assert!(matches!(download(&base, HERE, 100), Err(DownloadError::Status { status: 404, .. })));
    }
}
