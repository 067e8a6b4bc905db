//! TLS by rustls, when the server is given a key.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::app::Refusal;

/// Certificate and key, ready to use.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// From a certificate chain and its private key, both as PEM. TLS 1.2 and 1.3; HTTP/1.1.
    ///
    /// # Errors
    /// `bad-certificate`, `bad-key`: what was given is no PEM, or the key is not the certificate's.
    pub fn new(certificates: &[u8], key: &[u8]) -> Result<Self, Refusal> {
        let bad_certificate = |because: String| {
            Refusal::new(
                "bad-certificate",
                format!("the certificate given with --tls-cert cannot be used: {because}"),
                "give a PEM file with the server's certificate first, then the ones that signed it",
            )
        };
        let bad_key = |because: String| {
            Refusal::new(
                "bad-key",
                format!("the key given with --tls-key cannot be used: {because}"),
                "give the certificate's private key as an unencrypted PEM file (PKCS #8, PKCS #1 or SEC1)",
            )
        };
        let chain = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| bad_certificate(e.to_string()))?;
        if chain.is_empty() {
            return Err(bad_certificate("there is none in it".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| bad_key(e.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| bad_certificate(e.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| bad_key(e.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// What makes a TLS stream of a connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(***)")
    }
}
