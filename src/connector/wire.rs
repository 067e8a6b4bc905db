//! What goes over the wire, and the port that carries it.

use bytes::Bytes;

use crate::model::Method;

/// Header names in lower case, in the order added.
pub type Headers = Vec<(String, String)>;

/// A request to one of the contract's systems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Absolute URL, query included. Never holds a secret that a header could carry.
    pub url: String,
    /// Header names in lower case.
    pub headers: Headers,
    /// Body, empty for none.
    pub body: Bytes,
}

impl Request {
    /// The first header of this name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Headers,
    /// Body, bounded by the transport.
    pub body: Bytes,
}

impl Response {
    /// The first header of this name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection was made: the server did nothing.
    #[error("no connection: {0}")]
    Connect(String),
    /// The certificate or the TLS handshake was refused: not retried.
    #[error("TLS refused: {0}")]
    Tls(String),
    /// The connection ended before a whole answer: the server may have done it.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The answer is larger than the transport takes.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
}

/// Carries requests. It follows no redirect, retries nothing and has no timeout: all three are the connector's.
#[async_trait::async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request to the system of this name and waits for the whole answer. Dropping the future aborts it; the
    /// server may have done it all the same.
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError>;
}
