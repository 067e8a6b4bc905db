//! The overlays that come with the program: `resources/overlays`.

/// Name and text of each, by name.
pub const SHIPPED: &[(&str, &str)] = &[
    ("airtable.knowledge.yaml", include_str!("../../resources/overlays/airtable.knowledge.yaml")),
    ("asana.knowledge.yaml", include_str!("../../resources/overlays/asana.knowledge.yaml")),
    ("github.knowledge.yaml", include_str!("../../resources/overlays/github.knowledge.yaml")),
    ("hubspot.knowledge.yaml", include_str!("../../resources/overlays/hubspot.knowledge.yaml")),
    ("intercom.knowledge.yaml", include_str!("../../resources/overlays/intercom.knowledge.yaml")),
    ("notion.knowledge.yaml", include_str!("../../resources/overlays/notion.knowledge.yaml")),
    ("quickbooks.knowledge.yaml", include_str!("../../resources/overlays/quickbooks.knowledge.yaml")),
    ("sendgrid.knowledge.yaml", include_str!("../../resources/overlays/sendgrid.knowledge.yaml")),
    ("slack.knowledge.yaml", include_str!("../../resources/overlays/slack.knowledge.yaml")),
    ("square.knowledge.yaml", include_str!("../../resources/overlays/square.knowledge.yaml")),
    ("stripe.knowledge.yaml", include_str!("../../resources/overlays/stripe.knowledge.yaml")),
    ("xero.knowledge.yaml", include_str!("../../resources/overlays/xero.knowledge.yaml")),
    ("zendesk.knowledge.yaml", include_str!("../../resources/overlays/zendesk.knowledge.yaml")),
];
