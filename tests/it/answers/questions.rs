//! Questions as people ask them, over a description of an office that has a little of everything, and over real ones where
//! the corpus is at hand.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::invented::inspect;
use super::{application, described};

/// A collection and the fields of its record beside the id.
const OFFICE: &[(&str, &str)] = &[
    ("customers", "email display_name credit_limit"),
    ("invoices", "due_on amount_cents customer_id"),
    ("payments", "amount_cents method"),
    ("refunds", "amount_cents reason"),
    ("orders", "placed_at status"),
    ("products", "sku list_price"),
    ("coupons", "percent_off"),
    ("warehouses", "city capacity"),
    ("inventory_levels", "quantity_on_hand"),
    ("shipments", "carrier tracking_number"),
    ("suppliers", "vat_number"),
    ("employees", "hired_on manager_id"),
    ("payslips", "gross net"),
    ("leave_requests", "starts_on days"),
    ("timesheets", "minutes"),
    ("projects", "budget"),
    ("tickets", "severity"),
    ("meetings", "starts_at"),
    ("attendees", "meeting_id"),
    ("documents", "pages"),
    ("signatures", "signed_at"),
    ("campaigns", "subject_line"),
    ("subscribers", "opted_in"),
    ("roles", "rights"),
    ("audit_logs", "actor"),
    ("photos", "width"),
];

fn office() -> String {
    let mut out =
        "openapi: 3.1.0\ninfo: {title: Office, version: '1'}\nservers: [{url: 'https://office.example'}]\npaths:\n"
            .to_owned();
    let mut schemas = String::new();
    for (many, fields) in OFFICE {
        let pascal: String = platform_integration::base::text::words(many)
            .iter()
            .map(|w| format!("{}{}", w[..1].to_uppercase(), &w[1..]))
            .collect();
        let one = pascal.strip_suffix('s').unwrap_or(&pascal);
        let body = format!("{{application/json: {{schema: {{$ref: '#/components/schemas/{one}'}}}}}}");
        let many_of =
            format!("{{application/json: {{schema: {{type: array, items: {{$ref: '#/components/schemas/{one}'}}}}}}}}");
        let id = "parameters: [{name: id, in: path, required: true, schema: {type: string}}]";
        let ok = |content: &str| format!("responses: {{'200': {{description: ok, content: {content}}}}}");
        write!(
            out,
            "  /{many}:\n    get: {{operationId: list{pascal}, {}}}\n    post: {{operationId: create{one}, requestBody: {{content: {body}}}, {}}}\n  \
             /{many}/{{id}}:\n    get: {{operationId: get{one}, {id}, {}}}\n    patch: {{operationId: update{one}, {id}, requestBody: {{content: {body}}}, {}}}\n    \
             delete: {{operationId: delete{one}, {id}, responses: {{'204': {{description: gone}}}}}}\n",
            ok(&many_of), ok(&body), ok(&body), ok(&body)
        )
        .expect("a string");
        let fields: Vec<String> = fields.split(' ').map(|f| format!("{f}: {{type: string}}")).collect();
        writeln!(schemas, "    {one}: {{type: object, properties: {{id: {{type: string}}, {}}}}}", fields.join(", "))
            .expect("a string");
    }
    format!("{out}components:\n  schemas:\n{schemas}")
}

/// What is found, and the place of what was expected; 0 where it is not among the first three.
fn place(matches: &Value, expected: &str) -> usize {
    let of = matches["matches"].as_array().expect("matches").iter().take(3);
    of.map(|m| m["name"].as_str().unwrap_or_default()).position(|n| n == expected).map_or(0, |i| i + 1)
}

#[test]
fn questions_find_what_they_mean() {
    let (_dir, app) = described(&office());
    let mut missed = Vec::new();
    for (question, expected) in [
        ("who do we bill?", "customer"),
        ("who do we owe?", "supplier"),
        ("who bought it?", "customer"),
        ("who works here?", "employee"),
        ("who came to the meeting?", "attendee"),
        ("who gets the newsletter?", "subscriber"),
        ("what do we sell?", "product"),
        ("what was bought", "order"),
        ("unpaid bills", "invoice"),
        ("money given back", "refund"),
        ("how much is in stock", "inventory_level"),
        ("where is it stored", "warehouse"),
        ("parcels on their way", "shipment"),
        ("discount codes", "coupon"),
        ("salaries", "payslip"),
        ("when are people away", "leave_request"),
        ("time off", "leave_request"),
        ("hours worked", "timesheet"),
        ("jobs that we do for others", "project"),
        ("bugs", "ticket"),
        ("support cases", "ticket"),
        ("video calls", "meeting"),
        ("contracts", "document"),
        ("who signed?", "signature"),
        ("newsletters", "campaign"),
        ("permissions", "role"),
        ("history of changes", "audit_log"),
        ("pictures", "photo"),
        ("cancel a purchase", "deleteOrder"),
        ("add a client", "createCustomer"),
        ("upload a picture", "createPhoto"),
        ("change the price of an article", "updateProduct"),
        ("tracking number", "shipment.tracking_number"),
        ("date of hire", "employee.hired_on"),
        ("/invoices/{id}", "getInvoice"),
        ("createCoupon", "createCoupon"),
    ] {
        let found = inspect(&app, "api.yaml", json!({"find": question}));
        if place(&found, expected) == 0 {
            let names: Vec<&str> =
                found["matches"].as_array().into_iter().flatten().take(5).filter_map(|m| m["name"].as_str()).collect();
            missed.push(format!("{question}: {expected} is not among {names:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Descriptions that nobody here wrote, small enough to be ranked in a build for tests.
#[test]
fn questions_about_real_descriptions_find_what_they_mean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = std::env::var_os("CORPUS").map_or_else(|| root.join("../shared/corpus"), PathBuf::from).join("specs");
    if !corpus.is_dir() {
        eprintln!("skipped: no corpus at {}; set CORPUS to its folder", corpus.display());
        return;
    }
    let app = application(&corpus);
    let mut missed = Vec::new();
    for (file, questions) in CORPUS {
        for (question, expected) in *questions {
            let found = inspect(&app, file, json!({"find": question}));
            if place(&found, expected) == 0 {
                let names: Vec<&str> = found["matches"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .take(5)
                    .filter_map(|m| m["name"].as_str())
                    .collect();
                missed.push(format!("{file}: {question}: {expected} is not among {names:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Files below `specs`, each with questions and what one of the first three answers is.
const CORPUS: &[(&str, &[(&str, &str)])] = &[
    (
        "xero/xero-payroll-uk.yaml",
        &[
            ("vacations", "leave"),
            ("who works here?", "employee"),
            ("which benefits do we give", "benefit"),
            ("what taxes does an employee pay", "tax"),
        ],
    ),
    ("xero/xero-projects.yaml", &[("where do we log hours", "time.duration"), ("jobs we work on", "project")]),
    ("vtex/apisguru-Orders-API.json", &[("cancel a purchase", "CancelOrder"), ("shipping tracking", "tracking")]),
    (
        "keap/ballerina-keap.yaml",
        &[("appointments", "appointment"), ("send a mail", "sendEmail"), ("what do we sell?", "product")],
    ),
    ("servicenow/ballerina-servicenow.yaml", &[("support tickets", "case")]),
    (
        "shopify/ballerina-shopify.admin.yaml",
        &[("who do we bill?", "customer"), ("what was bought", "order"), ("discount codes", "order.discount_codes")],
    ),
    (
        "launchdarkly/apisguru-launchdarkly.com.json",
        &[("toggle a feature", "patchFeatureFlag"), ("audit trail", "auditlog")],
    ),
    ("vtex/apisguru-Logistics-API.json", &[("warehouses", "warehouse"), ("shipping rates", "shipping")]),
    ("ebay/apisguru-sell-fulfillment.json", &[("parcels sent", "shipping_fulfillment")]),
    ("pandadoc/ballerina-pandadoc.yaml", &[("contracts to sign", "document")]),
    ("wordpress/ballerina-wordpress.yaml", &[("articles", "post"), ("upload a picture", "media")]),
    ("zoom/ballerina-zoom.yaml", &[("who attended?", "meeting_participant")]),
    ("e-conomic/apisguru-e-conomic.com.json", &[("who do we bill?", "project_customer")]),
];
