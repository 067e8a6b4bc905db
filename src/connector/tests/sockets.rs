//! What servers do over real sockets, and what is made of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::stage::Stage;
use crate::base::secret::SecretRef;
use crate::connector::{
    Answers, AuthPlan, HttpTransport, MOST_BYTES, Request, Response, Transport as _, TransportError, listen,
};
use crate::evidence::Verdict;
use crate::model::Method;

fn request(url: String) -> Request {
    Request { method: Method::Get, url, headers: Vec::new(), body: Bytes::new() }
}

/// Reads the head of a request.
async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap_or(0) > 0 {
        seen.push(byte[0]);
    }
}

/// A server for one connection.
async fn serving<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        serve(stream).await;
    });
    addr
}

async fn asked(stage: &Stage, url: String) -> Result<Response, TransportError> {
    let transport = HttpTransport::serving(std::slice::from_ref(&stage.plan), stage.secrets.as_ref()).unwrap();
    transport.send("target", request(url)).await
}

async fn plainly(answer: &'static [u8]) -> Result<Response, TransportError> {
    let addr = serving(async move |mut stream| {
        stream.write_all(answer).await.unwrap();
    })
    .await;
    asked(&Stage::with(0), format!("http://{addr}/")).await
}

#[tokio::test]
async fn what_is_no_whole_answer_is_lost_and_not_empty() {
    for answer in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"data\": [",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
        b"\x00\x01\x02 garbage\r\n\r\n",
    ] {
        let got = plainly(answer).await;
        assert!(matches!(got, Err(TransportError::Lost(_))), "{got:?}");
    }
    let html = plainly(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>").await;
    assert_eq!(html.unwrap().header("content-type"), Some("text/html"));
}

#[tokio::test]
async fn gigabytes_are_not_taken_in_whether_they_are_announced_or_not() {
    let told = plainly(b"HTTP/1.1 200 OK\r\ncontent-length: 5000000000\r\n\r\n{").await;
    assert!(matches!(told, Err(TransportError::TooLarge { .. })), "{told:?}");
    let addr = serving(async |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let mut chunk = b"100000\r\n".to_vec();
        chunk.extend(vec![b' '; 0x10_0000]);
        chunk.extend(b"\r\n");
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await;
    let untold = asked(&Stage::with(0), format!("http://{addr}/")).await;
    assert!(matches!(untold, Err(TransportError::TooLarge { .. })), "{untold:?}");
}

#[tokio::test]
async fn an_answer_that_does_not_begin_in_time_is_given_up() {
    let addr = serving(async |stream| {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let mut stage = Stage::with(0);
    stage.plan.delivery.first_byte_ms = Some(50);
    let got = asked(&stage, format!("http://{addr}/")).await;
    assert_eq!(got, Err(TransportError::Lost("no answer began within 50 ms".to_owned())));
}

/// A byte now and then, for ever: the limit on the whole ends it.
#[tokio::test]
async fn an_answer_that_drips_is_given_up() {
    let addr = serving(async |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await;
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let mut stage = Stage::with(0);
    stage.plan.source.base_url = format!("http://{addr}");
    stage.plan.delivery.timeout_ms = 100;
    stage.plan.delivery.retry.attempts = 1;
    let transport = HttpTransport::serving(std::slice::from_ref(&stage.plan), stage.secrets.as_ref()).unwrap();
    stage.world.transport = Arc::new(transport);
    let report = stage.run().await;
    let (code, because) = report.stopped.unwrap();
    assert_eq!(code, "source-down");
    assert!(because.contains("no whole answer within 100 ms"), "{because}");
}

#[tokio::test]
async fn who_cannot_be_reached_did_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    for url in [format!("http://{closed}/"), "http://nowhere.invalid/".to_owned()] {
        let got = asked(&Stage::with(0), url.clone()).await;
        assert!(matches!(got, Err(TransportError::Connect(_))), "{url}: {got:?}");
    }
}

/// Nobody takes the connections, and no more of them are queued: what comes then is not answered at all, not even with a refusal.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_is_not_made_in_time_is_given_up() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(one) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(addr)).await {
        queued.push(one.unwrap());
        assert!(queued.len() < 64, "the queue has no end");
    }
    let mut stage = Stage::with(0);
    stage.plan.delivery.connect_ms = Some(50);
    let got = tokio::time::timeout(Duration::from_secs(3), asked(&stage, format!("http://{addr}/"))).await;
    assert_eq!(got.unwrap(), Err(TransportError::Connect("127.0.0.1: no connection within 50 ms".to_owned())));
}

/// Nothing on the wire tells that a body is cut which ends where the connection ends (RFC 9112 section 8): what is left is no JSON.
#[tokio::test]
async fn a_page_without_a_length_that_is_cut_is_no_page() {
    let cut = plainly(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"data\": [{\"id\": 1}").await;
    assert_eq!(cut.unwrap().status, 200, "the transport cannot know");
    let addr = serving(async |mut stream| {
        let page = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"data\": [], \"has_more\": fal";
        stream.write_all(page).await.unwrap();
    })
    .await;
    let mut stage = Stage::with(0);
    stage.plan.source.base_url = format!("http://{addr}");
    stage.plan.delivery.retry.attempts = 1;
    let transport = HttpTransport::serving(std::slice::from_ref(&stage.plan), stage.secrets.as_ref()).unwrap();
    stage.world.transport = Arc::new(transport);
    let report = stage.run().await;
    let (code, because) = report.stopped.unwrap();
    assert_eq!((code.as_str(), report.verdict), ("unexpected-answer", Verdict::Partial), "{because}");
}

/// An authority, and what it signed.
struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// Certificate and key in PEM and DER.
    fn signed(&self, usage: ExtendedKeyUsagePurpose, expired: bool) -> (String, KeyPair, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        if expired {
            params.not_before = rcgen::date_time_ymd(2019, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key, certificate.der().clone())
    }

    /// A server with a certificate of this authority; `clients`: whose certificates it asks for.
    async fn serve(&self, expired: bool, clients: Option<&Self>) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (_, key, der) = self.signed(ExtendedKeyUsagePurpose::ServerAuth, expired);
        let builder = match clients {
            None => rustls::ServerConfig::builder().with_no_client_auth(),
            Some(authority) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(authority.der.clone()).unwrap();
                let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
                rustls::ServerConfig::builder().with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![der], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
            let _ = stream.shutdown().await;
        });
        format!("https://localhost:{port}/")
    }
}

fn with_tls(identity: Option<(String, String)>, ca: &Authority) -> Stage {
    let mut stage = Stage::with(0);
    let identity = identity.map(|(certificate, key)| (stage.secret("CERT", &certificate), stage.secret("KEY", &key)));
    let ca: SecretRef = stage.secret("CA", &ca.pem);
    stage.plan.target.auth = AuthPlan::All(vec![
        AuthPlan::Bearer(stage.secret("TOKEN", "token-1")),
        AuthPlan::Tls { identity, ca: Some(ca) },
    ]);
    stage
}

#[tokio::test]
async fn a_certificate_that_expired_or_is_of_another_authority_is_refused_and_not_retried() {
    let (ours, other) = (Authority::new(), Authority::new());
    for (url, trusted, taken) in [
        (ours.serve(false, None).await, &ours, true),
        (ours.serve(true, None).await, &ours, false),
        (other.serve(false, None).await, &ours, false),
    ] {
        let got = asked(&with_tls(None, trusted), url).await;
        match taken {
            true => assert_eq!(got.unwrap().status, 200),
            false => assert!(matches!(got, Err(TransportError::Tls(_))), "{got:?}"),
        }
    }
    // Nobody on this machine trusts it where the contract names no authority.
    let got = asked(&Stage::with(0), ours.serve(false, None).await).await;
    assert!(matches!(got, Err(TransportError::Tls(_))), "{got:?}");
}

#[tokio::test]
async fn mutual_tls_shows_the_certificate_of_the_contract() {
    let (servers, clients, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let of = |authority: &Authority| {
        let (certificate, key, _) = authority.signed(ExtendedKeyUsagePurpose::ClientAuth, false);
        Some((certificate, key.serialize_pem()))
    };
    for (identity, taken) in [(of(&clients), true), (of(&strangers), false), (None, false)] {
        let url = servers.serve(false, Some(&clients)).await;
        let got = asked(&with_tls(identity, &servers), url).await;
        match taken {
            true => assert_eq!(got.unwrap().status, 200),
            false => assert!(got.is_err(), "{got:?}"),
        }
    }
}

#[test]
fn what_is_no_certificate_is_said_without_its_content() {
    let ca = Authority::new();
    let stage = with_tls(Some(("hush-certificate".to_owned(), "hush-key".to_owned())), &ca);
    let said = HttpTransport::serving(std::slice::from_ref(&stage.plan), stage.secrets.as_ref()).unwrap_err();
    assert!(said.because.contains("env:CERT and env:KEY") && !said.because.contains("hush"), "{said}");
    stage.secret("CA", "hush-authority");
    let stage = with_tls(None, &ca);
    stage.secret("CA", "hush-authority");
    let said = HttpTransport::serving(std::slice::from_ref(&stage.plan), stage.secrets.as_ref()).unwrap_err();
    assert!(said.because.contains("env:CA") && !said.because.contains("hush"), "{said}");
}

/// Takes whatever comes.
struct Taken;

impl Answers for Taken {
    fn answer(&self, _request: &Request) -> Response {
        Response { status: 200, headers: Vec::new(), body: Bytes::new() }
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_read_to_its_end_before_it_is_refused() {
    let stop = CancellationToken::new();
    let listening = listen(Taken, SocketAddr::from(([127, 0, 0, 1], 0)), stop.clone()).await.unwrap();
    for (size, status) in [(MOST_BYTES, 200), (MOST_BYTES + 1, 413), (4 * MOST_BYTES, 413)] {
        let mut stream = TcpStream::connect(listening.addr).await.unwrap();
        let head = format!("POST /hooks HTTP/1.1\r\nhost: here\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; size]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{size}: {answer}");
    }
    stop.cancel();
    listening.done.await.unwrap();
}
