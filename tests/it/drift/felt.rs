//! What one integration feels of a change: each kind of thing that a contract says, with its line, what rests on it and
//! what has to run again; what no flow touches is counted and not told.

use std::fmt::Write as _;

use platform_integration::base::yaml;
use serde_json::{Value, json};

use crate::cli::{run, workspace};

const BILLING: (&str, &str) = ("billing-to-crm", "billing.openapi.yaml");
const CRM: (&str, &str) = ("billing-to-crm", "crm.openapi.json");
const TILLS: (&str, &str) = ("tills-to-books", "tillpoint.openapi.yaml");
const BOOKS: (&str, &str) = ("tills-to-books", "hauptbuch.openapi.yaml");

/// What changes, in which description, the edit of the contract, and what stands at a pointer now (null: nothing).
type Felt = (&'static str, (&'static str, &'static str), Option<(&'static str, &'static str)>, &'static str, Value);

const CUSTOMER: &str = "/components/schemas/Customer";
const EXPLICIT: (&str, &str) = (
    "paginate: auto                   # cursor and next_cursor, as the description says",
    "paginate: {style: cursor, param: cursor, limit_param: limit, limit: 80, next: next_cursor, items: data}",
);

fn kinds() -> Vec<Felt> {
    let at = |field: &str| -> &'static str { format!("{CUSTOMER}/properties/{field}").leak() };
    vec![
        ("a field that a rule reads is gone", BILLING, None, at("name"), Value::Null),
        ("a field that no rule reads is gone", BILLING, None, at("phone"), Value::Null),
        (
            "a value that the value table lacks",
            BILLING,
            None,
            "/components/schemas/SubscriptionStatus/enum/4",
            json!("paused"),
        ),
        (
            "an amount in another unit",
            BILLING,
            None,
            at("balance/description"),
            json!("What the customer owes, in whole euros."),
        ),
        (
            "a field that a rule reads in other words",
            BILLING,
            None,
            at("email/description"),
            json!("Several customers may share it."),
        ),
        ("the key of the source is a number", BILLING, None, at("id"), json!({"type": "integer", "readOnly": true})),
        (
            "the field that says what is newer may be absent",
            BILLING,
            None,
            "/components/schemas/Customer/required/7",
            Value::Null,
        ),
        (
            "the parameter that asks for what is newer is gone",
            BILLING,
            None,
            "/paths/~1v1~1customers/get/parameters/2",
            Value::Null,
        ),
        ("another cursor", BILLING, None, "/paths/~1v1~1customers/get/parameters/0/name", json!("page_token")),
        (
            "another cursor, where the contract writes its pages out",
            BILLING,
            Some(EXPLICIT),
            "/paths/~1v1~1customers/get/parameters/0/name",
            json!("page_token"),
        ),
        (
            "smaller pages than the contract asks for",
            BILLING,
            Some(EXPLICIT),
            "/paths/~1v1~1customers/get/parameters/1/schema/maximum",
            json!(50),
        ),
        (
            "another way to authenticate",
            BILLING,
            None,
            "/components/securitySchemes/bearerAuth",
            json!({"type": "apiKey", "in": "header", "name": "X-Key"}),
        ),
        ("another base URL", BILLING, None, "/servers/0/url", json!("https://eu.billing.example")),
        (
            "tokens at another URL",
            CRM,
            None,
            "/components/securitySchemes/oauth2/flows/clientCredentials/tokenUrl",
            json!("https://id.crm.example/token"),
        ),
        (
            "a scope that the contract does not ask for",
            CRM,
            None,
            "/paths/~1v2~1contacts/post/security/0/oauth2/1",
            json!("contacts.admin"),
        ),
        (
            "a scope that the contract asks for anyway",
            CRM,
            None,
            "/paths/~1v2~1contacts/post/security/0/oauth2/1",
            json!("contacts.read"),
        ),
        ("a rate under that of the contract", CRM, None, "/paths/~1v2~1contacts/post/x-ratelimit/limit", json!(50)),
        ("a rate above that of the contract", CRM, None, "/paths/~1v2~1contacts/post/x-ratelimit/limit", json!(95)),
        (
            "a shorter field of the target",
            CRM,
            None,
            "/components/schemas/Contact/properties/first_name/maxLength",
            json!(50),
        ),
        (
            "a field of the target that must be sent",
            CRM,
            None,
            "/components/schemas/Contact/required/5",
            json!("first_name"),
        ),
        (
            "a field of the target that nothing fills must be sent",
            CRM,
            None,
            "/components/schemas/Contact/properties/region",
            json!({"type": "string"}),
        ),
        (
            "an operation of the target by another name",
            CRM,
            None,
            "/paths/~1v2~1contacts/post/operationId",
            json!("addContact"),
        ),
        ("the operation that finds is gone", CRM, None, "/paths/~1v2~1contacts~1search", Value::Null),
        (
            "an operation that no flow calls is gone",
            CRM,
            None,
            "/paths/~1v2~1contacts~1{contact_id}/delete",
            Value::Null,
        ),
        ("a write that cannot be repeated", BOOKS, None, "/paths/~1vouchers/post/parameters/0", Value::Null),
        ("the event is gone", TILLS, None, "/webhooks/saleBooked", Value::Null),
        ("an event that no flow hears is gone", TILLS, None, "/webhooks/tillClosed", Value::Null),
        ("the event proves its sender no more", TILLS, None, "/webhooks/saleBooked/post/parameters/2", Value::Null),
        (
            "the event holds its record as another type",
            TILLS,
            None,
            "/components/schemas/Sale/properties/total",
            json!({"type": "string"}),
        ),
    ]
}

/// Puts a value where a pointer leads, also behind the last item of a list; null takes it away.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let (holder, last) = pointer.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/");
    match document.pointer_mut(holder).unwrap_or_else(|| panic!("{pointer}")) {
        Value::Object(map) if value.is_null() => _ = map.remove(&last).unwrap_or_else(|| panic!("{pointer}")),
        Value::Object(map) => _ = map.insert(last, value),
        Value::Array(list) => {
            let i: usize = last.parse().unwrap();
            match (value, i < list.len()) {
                (Value::Null, _) => _ = list.remove(i),
                (value, true) => list[i] = value,
                (value, false) => list.push(value),
            }
        }
        other => panic!("{pointer}: {other}"),
    }
}

fn felt((what, (example, file), contract, pointer, value): Felt) -> String {
    let dir = workspace(example);
    let home = format!("examples/{example}");
    let (old, contract_file) = (format!("{home}/apis/{file}"), format!("{home}/integration.yaml"));
    if let Some((from, to)) = contract {
        let path = dir.path().join(&contract_file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }
    let text = std::fs::read_to_string(dir.path().join(&old)).unwrap();
    let mut document = yaml::parse(&text, yaml::Limits::default()).unwrap().to_value();
    put(&mut document, pointer, value);
    // A field that must be sent is new and required at once.
    if pointer.ends_with("/region") {
        put(&mut document, "/components/schemas/Contact/required/9", json!("region"));
    }
    std::fs::write(dir.path().join("new.json"), document.to_string()).unwrap();
    let out = run(dir.path(), &["drift", &old, "new.json", "--integration", &contract_file, "--format", "json"]);
    let said: Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|_| panic!("{what}: {}", String::from_utf8_lossy(&out.stderr)));
    let mut shown = format!("{what}: {} untouched\n", said["untouched"]);
    for c in said["changes"].as_array().unwrap() {
        let text = |key: &str| c[key].as_str().unwrap_or("-").to_owned();
        let list = |key: &str| {
            let names = c[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            names.collect::<Vec<_>>().join(", ")
        };
        let kind = if c["breaking"] == true { "breaks" } else { "harmless" };
        writeln!(shown, "  {} {} {kind}: {}", text("code"), text("severity"), text("message")).unwrap();
        writeln!(shown, "    {}", text("at").replace(&home, "")).unwrap();
        for (key, names) in [("constraints", list("constraints")), ("drills", list("drills"))] {
            if !names.is_empty() {
                writeln!(shown, "    {key}: {names}").unwrap();
            }
        }
    }
    shown
}

#[test]
fn each_kind_of_change_is_told_at_the_line_that_says_what_changed() {
    let all: String = kinds().into_iter().map(felt).collect();
    insta::assert_snapshot!("what_an_integration_feels", all);
}

#[test]
fn a_change_that_is_felt_has_the_fingerprint_that_it_has_for_everybody() {
    let dir = workspace(BILLING.0);
    let old = "examples/billing-to-crm/apis/billing.openapi.yaml";
    let text = std::fs::read_to_string(dir.path().join(old)).unwrap();
    let new =
        text.replace("active, trialing", "paused, active, trialing").replace("        email:\n", "        mail:\n");
    std::fs::write(dir.path().join("new.yaml"), new).unwrap();
    let prints = |more: &[&str]| -> Vec<String> {
        let args: Vec<&str> = ["drift", old, "new.yaml", "--format", "json"].iter().chain(more).copied().collect();
        let said: Value = serde_json::from_slice(&run(dir.path(), &args).stdout).unwrap();
        said["changes"].as_array().unwrap().iter().map(|c| c["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let all = prints(&[]);
    let felt = prints(&["--integration", "examples/billing-to-crm/integration.yaml"]);
    assert!(!felt.is_empty());
    assert_eq!(felt.iter().filter(|f| !all.contains(f)).collect::<Vec<_>>(), Vec::<&String>::new());
}
