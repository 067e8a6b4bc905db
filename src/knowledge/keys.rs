//! The facts that an overlay may state, and what their values hold: one table for parser, schema and messages.

/// What stands under a key of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Text.
    Text,
    /// A whole number from 1.
    Count,
    /// true or false.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A fact by name, and the keys that its value must have. Other keys are allowed: they are shown as they are.
pub(super) type FactShape = (&'static str, &'static [(&'static str, Shape)]);

use Shape::{Count, Flag, Text, Word};

/// The facts, named as in `map --format json`.
pub(super) const FACTS: &[FactShape] = &[
    ("auth_mode", &[("type", Text)]),
    ("base_url", &[("host", Text)]),
    ("oauth2_authorization_url", &[("host", Text), ("path", Text)]),
    ("oauth2_token_url", &[("host", Text), ("path", Text)]),
    ("pagination", &[("style", Word(&["cursor", "page", "offset", "link_header", "link_body"]))]),
    ("rate_limit", &[("requests", Count), ("window_ms", Count)]),
    ("rate_limit_header", &[("name", Text)]),
    ("concurrency_limit", &[("requests", Count)]),
    ("idempotency", &[("supported", Flag)]),
    ("required_header", &[("name", Text)]),
    ("webhooks", &[("value", Flag)]),
    ("webhook_subscribe_endpoint", &[("method", Text), ("path", Text)]),
    ("webhook_signature", &[("header", Text)]),
    ("error_format", &[("format", Text)]),
    ("versioning", &[("in", Word(&["header", "path", "query", "host"]))]),
    ("ordering", &[]),
    ("change_feed", &[("operation", Text)]),
    ("timestamps", &[("format", Word(&["rfc3339", "unix_seconds", "unix_milliseconds", "local"]))]),
    ("money", &[("unit", Word(&["minor", "major"]))]),
    ("environment", &[("environment", Text), ("host", Text)]),
    ("service_level", &[]),
    ("deprecation", &[]),
    ("data_protection", &[]),
];
