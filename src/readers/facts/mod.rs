//! What a description only implies: one detector per fact. Each fills derived fields of the model and pushes facts
//! with their ground. Detectors know the model and the hints, never a format.

mod actions;
mod auth_mode;
mod base_url;
mod bulk;
mod change_feed;
mod concurrency;
mod deprecation;
mod description_origin;
mod entities;
mod entity_fields;
mod environment;
mod error_format;
mod idempotency;
mod incremental;
mod leaves;
mod money;
mod oauth2;
mod ordering;
mod page_names;
mod pagination;
mod paging_kin;
mod path;
mod rate_limit;
mod rate_limit_header;
mod records;
mod regulation;
mod required_header;
mod said;
mod sensitive;
mod sensitive_field;
mod service_level;
mod timestamps;
mod versioning;
mod webhook_event;
mod webhook_signature;
mod webhooks;

pub(crate) use rate_limit::limit_in;
pub(crate) use sensitive::Around;

use std::collections::BTreeMap;

use crate::base::tree::Node;
use crate::model::System;

/// A text that the model has no place for at full length.
#[derive(Debug, Clone)]
pub struct Prose<'d> {
    /// Index of the operation it is about; nothing for the whole system.
    pub operation: Option<usize>,
    /// Where it stands.
    pub pointer: String,
    /// As written: untrusted, only to be searched.
    pub text: &'d str,
}

/// A vendor's extension.
#[derive(Debug, Clone)]
pub struct Extension<'d> {
    /// Index of the operation it is about; nothing for the whole system.
    pub operation: Option<usize>,
    /// Its name, `x-…`.
    pub name: &'d str,
    /// Its value.
    pub value: Node<'d>,
    /// Where it stands.
    pub pointer: String,
}

/// What a reader saw beside the model.
#[derive(Debug, Clone, Default)]
pub struct Hints<'d> {
    /// Descriptions of the system, its operations and their answers.
    pub prose: Vec<Prose<'d>>,
    /// Descriptions of parameters, by operation index and name.
    pub parameters: BTreeMap<(usize, String), Prose<'d>>,
    /// Extensions of the system and its operations.
    pub extensions: Vec<Extension<'d>>,
    /// What the description says of itself beside title and version: contact, terms, documentation. Name, value, place.
    pub about: Vec<(&'static str, &'d str, String)>,
    /// What the prose says of the topics that several detectors ask for; found in one look, at the first question.
    said: std::cell::OnceCell<said::Said>,
}

impl<'d> Hints<'d> {
    /// Keeps the extensions of an object.
    pub fn extensions_of(&mut self, object: Node<'d>, pointer: &str, operation: Option<usize>) {
        for (name, value) in object.entries() {
            if name.starts_with("x-") {
                let pointer = crate::base::pointer::join(pointer, name);
                self.extensions.push(Extension { operation, name, value, pointer });
            }
        }
    }
}

/// One detector.
pub struct Detector {
    /// The fact it finds.
    pub fact: &'static str,
    /// Looks into the system and adds what it finds.
    pub run: fn(&mut System, &Hints<'_>),
}

/// All detectors, each after those it builds on.
pub const ALL: &[Detector] = &[
    records::DETECTOR,
    actions::DETECTOR,
    entities::DETECTOR,
    bulk::DETECTOR,
    auth_mode::DETECTOR,
    base_url::DETECTOR,
    pagination::DETECTOR,
    incremental::DETECTOR,
    idempotency::DETECTOR,
    rate_limit::DETECTOR,
    rate_limit_header::DETECTOR,
    oauth2::DETECTOR,
    required_header::DETECTOR,
    webhooks::DETECTOR,
    sensitive_field::DETECTOR,
    webhook_event::DETECTOR,
    environment::DETECTOR,
    versioning::DETECTOR,
    error_format::DETECTOR,
    concurrency::DETECTOR,
    ordering::DETECTOR,
    change_feed::DETECTOR,
    timestamps::DETECTOR,
    money::DETECTOR,
    webhook_signature::DETECTOR,
    deprecation::DETECTOR,
    service_level::DETECTOR,
    regulation::DETECTOR,
    description_origin::DETECTOR,
];

/// The system of a description, for tests of detectors.
#[cfg(test)]
fn system_of(text: &str) -> System {
    super::read_bytes(text.as_bytes(), "api.yaml").system.expect("the description is readable")
}

/// The values of a fact, for tests of detectors.
#[cfg(test)]
fn values_of(text: &str, fact: &str) -> Vec<serde_json::Value> {
    system_of(text).facts_named(fact).map(|f| f.value.clone()).collect()
}

/// Runs all detectors.
pub fn derive(system: &mut System, hints: &Hints<'_>) {
    for detector in ALL {
        (detector.run)(system, hints);
    }
}
