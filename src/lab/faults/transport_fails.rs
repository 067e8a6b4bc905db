//! No answer, for a reason that the transport knows.

use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::TransportError;

/// No answer, for a reason that the transport knows: the name is not resolved, the certificate is refused, the answer is
/// larger than anybody reads.
#[derive(Debug)]
pub struct TransportFails {
    /// What it hits.
    pub aim: Aim,
    error: TransportError,
}

impl TransportFails {
    /// The host's name leads nowhere, for now.
    #[must_use]
    pub fn no_name(aim: Aim) -> Self {
        let words = "dns error: failed to lookup address information: temporary failure in name resolution";
        Self { aim, error: TransportError::Connect(words.to_owned()) }
    }

    /// The certificate is not one to trust.
    #[must_use]
    pub fn no_tls(aim: Aim) -> Self {
        Self { aim, error: TransportError::Tls("invalid peer certificate: certificate expired".to_owned()) }
    }

    /// The answer does not end within what the transport reads.
    #[must_use]
    pub const fn too_large(aim: Aim) -> Self {
        Self { aim, error: TransportError::TooLarge { limit: 64 * 1024 * 1024 } }
    }
}

impl Fault for TransportFails {
    fn code(&self) -> &'static str {
        match self.error {
            TransportError::Tls(_) => "tls-refused",
            TransportError::TooLarge { .. } => "answer-too-large",
            TransportError::Connect(_) | TransportError::Lost(_) => "name-not-resolved",
        }
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        // Who answers too much has had the request; the others never saw it.
        let commit = matches!(self.error, TransportError::TooLarge { .. });
        Disposition::Fail { error: self.error.clone(), commit }
    }
}
