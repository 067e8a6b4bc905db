//! The webhook of a flow, with everything looked up.

use super::PlanError;
use super::signature::{Signing, Timed};
use crate::base::secret::SecretRef;
use crate::contract::{EventId, Webhook};
use crate::model::{System, Tell};

/// A webhook as the runtime receives it.
#[derive(Debug, Clone)]
pub struct HookPlan {
    /// Name of the event, for logs.
    pub event: String,
    /// Path at which it is received.
    pub path: String,
    /// How it is signed.
    pub signing: Signing,
    /// The secrets that are taken: the one, and the one before it.
    pub secrets: Vec<SecretRef>,
    /// What tells one event from another.
    pub id: IdPlan,
    /// Path of the record in the payload; empty: the payload is the record.
    pub record: Vec<String>,
    /// Path in the record of the field that orders its changes.
    pub version: Option<Vec<String>>,
    /// What tells this event from others that are sent to the same path.
    pub tells: Vec<Tell>,
}

/// Where the id of an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdPlan {
    /// In this header, in lower case.
    Header(String),
    /// At this path of the payload.
    Field(Vec<String>),
}

/// Looks up what the webhook of a source needs.
///
/// # Errors
/// What is missing and where to set it.
pub(super) fn plan(name: &str, system: &System, clause: &Webhook) -> Result<HookPlan, PlanError> {
    let lacks = |because: String| PlanError::Webhook { system: name.to_owned(), because };
    let Some(event) = system.event(&clause.event) else {
        let hint = crate::base::text::did_you_mean(&clause.event, system.events.iter().map(|e| e.name.as_str()));
        return Err(lacks(format!("the description has no webhook or callback {}{hint}", clause.event.value)));
    };
    let Some(verify) = &clause.verify else {
        return Err(lacks("an event that nobody signed is nobody's; set webhook.verify".to_owned()));
    };
    let header = verify.header.as_ref().map(|h| h.to_ascii_lowercase());
    let header = header.or_else(|| verify.scheme.header().map(str::to_owned));
    let Some(header) = header else {
        return Err(lacks("the header with the signature is not known; set webhook.verify.header".to_owned()));
    };
    let signing = Signing {
        scheme: verify.scheme,
        header,
        base64: verify.base64,
        prefix: verify.prefix.as_ref().map(|p| p.value.clone()),
        timed: verify.timestamp.as_ref().map(|header| Timed {
            header: header.to_ascii_lowercase(),
            signed: verify.signed.as_ref().map_or_else(|| Timed::USUAL.to_owned(), |s| s.value.clone()),
        }),
        tolerance_ms: verify.tolerance_ms,
    };
    let secrets = verify
        .secrets()
        .map(|(key, text)| {
            SecretRef::parse(text)
                .ok_or_else(|| lacks(format!("webhook.verify.{key} must be a reference such as env:NAME")))
        })
        .collect::<Result<_, _>>()?;
    let path = |dotted: &str| dotted.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let id = match (&clause.id, verify.scheme.id_header(), verify.scheme.id_field()) {
        (Some(EventId::Header(name)), ..) => IdPlan::Header(name.to_ascii_lowercase()),
        (Some(EventId::Field(field)), ..) => IdPlan::Field(path(field)),
        (None, Some("webhook-id"), _) => IdPlan::Header(signing.beside("id")),
        (None, Some(header), _) => IdPlan::Header(header.to_owned()),
        (None, None, Some(field)) => IdPlan::Field(path(field)),
        (None, None, None) => {
            return Err(lacks("what tells one event from another is not known; set webhook.id".to_owned()));
        }
    };
    Ok(HookPlan {
        event: clause.event.value.clone(),
        path: clause.path.value.clone(),
        signing,
        secrets,
        id,
        record: clause.record.as_ref().map(|r| path(r)).unwrap_or_default(),
        version: clause.version.as_ref().map(|v| path(v)),
        tells: event.tells(&system.schemas),
    })
}
