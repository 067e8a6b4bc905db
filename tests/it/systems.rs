//! Two small systems for the checks, built by hand: the readers have their own tests.

use std::collections::BTreeMap;

use platform_integration::base::digest::Digest;
use platform_integration::model::{
    Action, Basis, Body, CursorFrom, Event, Method, OauthFlow, Operation, PageStyle, Pagination, ParamIn, Parameter,
    RateLimit, SchemaId, SchemeKind, SchemeUse, SecurityScheme, Server, System,
};
use serde_json::{Value, json};

use crate::schemas::add;

fn system(title: &str, url: Option<&str>) -> System {
    System {
        title: title.to_owned(),
        format: "openapi",
        format_version: "3.1.0".to_owned(),
        api_version: "1".to_owned(),
        origin: format!("{title}.yaml"),
        digest: Digest::of_bytes(title.as_bytes()),
        servers: url
            .map(|url| Server { url: url.to_owned(), description: String::new(), pointer: "#/servers/0".to_owned() })
            .into_iter()
            .collect(),
        schemes: BTreeMap::new(),
        operations: Vec::new(),
        events: Vec::new(),
        entities: BTreeMap::new(),
        schemas: Default::default(),
        facts: Vec::new(),
        remarks: Vec::new(),
    }
}

fn scheme(system: &mut System, name: &str, kind: SchemeKind) {
    let pointer = format!("#/components/securitySchemes/{name}");
    system.schemes.insert(name.to_owned(), SecurityScheme { kind, description: String::new(), pointer });
}

fn schema(system: &mut System, name: &str, json: &Value) -> SchemaId {
    add(&mut system.schemas, json, &format!("#/components/schemas/{name}"))
}

/// `name`, `name*` (required); in the path where the path has it, in the header where it has a capital.
fn operation(id: &str, method: Method, path: &str, action: Action, params: &[&str]) -> Operation {
    let pointer = format!("#/paths/{}/{}", path.replace('/', "~1"), method.as_str().to_lowercase());
    let parameter = |text: &&str| {
        let name = text.trim_end_matches('*').to_owned();
        let place = if path.contains(&format!("{{{name}}}")) {
            ParamIn::Path
        } else if name.starts_with(|c: char| c.is_uppercase()) {
            ParamIn::Header
        } else {
            ParamIn::Query
        };
        let required = text.ends_with('*') || place == ParamIn::Path;
        Parameter { name, place, required, schema: None, description: String::new(), pointer: pointer.clone() }
    };
    Operation {
        id: id.to_owned(),
        method,
        path: path.to_owned(),
        summary: String::new(),
        deprecated: false,
        parameters: params.iter().map(parameter).collect(),
        body: None,
        responses: Vec::new(),
        security: Vec::new(),
        entity: None,
        action,
        items: None,
        inside: Vec::new(),
        record: None,
        pagination: None,
        incremental: None,
        feed: None,
        idempotency: None,
        rate_limit: None,
        root_field: None,
        pointer,
    }
}

fn cursor(next: bool, operation: &Operation) -> Pagination {
    Pagination {
        style: PageStyle::Cursor,
        param: Some("cursor".to_owned()),
        limit_param: Some("limit".to_owned()),
        limit_max: Some(100),
        next: next.then(|| CursorFrom::Body(vec!["next_cursor".to_owned()])),
        more: None,
        total: None,
        first_page: 0,
        basis: Basis::Stated { pointer: operation.pointer.clone() },
    }
}

fn needs(scheme: &str, scopes: &[&str]) -> Vec<Vec<SchemeUse>> {
    let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
    vec![vec![SchemeUse { scheme: scheme.to_owned(), scopes }]]
}

/// Orders, asked for by GraphQL.
pub(crate) fn graph() -> System {
    let path = format!("{}/tests/fixtures/readers/graphql/shapes.graphql", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(path).expect("the fixture is in the repository");
    platform_integration::readers::read_bytes(&text, "graph.graphql").system.expect("the fixture is a schema")
}

/// Orders, by gRPC alone.
pub(crate) fn rpc() -> System {
    let text = b"syntax = \"proto3\";\npackage shop;\nmessage Order { string note = 1; }\n\
                 service Orders { rpc CreateOrder(Order) returns (Order); }\n";
    platform_integration::readers::read_bytes(text, "rpc.proto").system.expect("is a description")
}

/// A shop: customers, in several kinds of lists.
pub(crate) fn shop() -> System {
    let mut shop = described();
    let json = json!({
        "type": "object",
        "required": ["type", "data"],
        "properties": {"type": {"type": "string", "enum": ["customer.changed"]}, "data": customer_json()},
    });
    let payload = schema(&mut shop, "CustomerChanged", &json);
    shop.events.push(Event {
        name: "customerChanged".to_owned(),
        summary: String::new(),
        payload: Some(payload),
        headers: Vec::new(),
        pointer: "#/webhooks/customerChanged".to_owned(),
    });
    shop
}

fn customer_json() -> Value {
    json!({
        "type": "object",
        "required": ["id", "email", "name", "updated_at", "tags"],
        "properties": {
            "id": {"type": "string", "maxLength": 64},
            "email": {"type": "string", "format": "email", "maxLength": 254},
            "name": {"type": "string", "maxLength": 80},
            "note": {"type": ["string", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "updated_at": {"type": "string", "format": "date-time"},
        },
    })
}

fn described() -> System {
    let mut shop = system("Shop", Some("https://shop.example"));
    scheme(&mut shop, "bearer", SchemeKind::Bearer);
    let customer = schema(&mut shop, "Customer", &customer_json());
    let list = |id: &str, path: &str, params: &[&str]| {
        let mut op = operation(id, Method::Get, path, Action::List, params);
        op.items = Some(vec!["data".to_owned()]);
        op.record = Some(customer);
        op.security = needs("bearer", &[]);
        op
    };
    let mut customers = list("listCustomers", "/customers", &["cursor", "limit", "updated[gte]", "expand"]);
    customers.pagination = Some(cursor(true, &customers));
    let mut endless = list("listEndless", "/endless", &["cursor", "limit"]);
    endless.pagination = Some(cursor(false, &endless));
    // What a reader's rule made of the parameters' names, without a word in the description.
    let mut guessed = list("listGuessed", "/guessed", &["cursor", "limit"]);
    let from = vec![format!("{}/parameters/0", guessed.pointer)];
    guessed.pagination =
        Some(Pagination { basis: Basis::Inferred { rule: "cursor-by-name", from }, ..cursor(true, &guessed) });
    let mut versioned = list("listVersioned", "/versioned", &["cursor", "limit", "Shop-Version*"]);
    versioned.pagination = Some(cursor(true, &versioned));
    let mut one = operation("getCustomer", Method::Get, "/customers/{customer_id}", Action::Get, &["customer_id"]);
    one.record = Some(customer);
    one.security = needs("bearer", &[]);
    shop.operations = vec![customers, list("listUnpaged", "/unpaged", &[]), endless, guessed, versioned, one];
    shop
}

/// A CRM: contacts by search and by key, notes without any protection; at most 100 writes in 10 seconds.
pub(crate) fn crm(url: Option<&str>) -> System {
    let mut crm = system("CRM", url);
    let flow = OauthFlow {
        kind: "clientCredentials".to_owned(),
        token_url: Some("https://crm.example/token".to_owned()),
        scopes: vec!["read".to_owned(), "write".to_owned(), "admin".to_owned()],
        ..OauthFlow::default()
    };
    scheme(&mut crm, "oauth", SchemeKind::Oauth2(vec![flow]));
    let contact = schema(
        &mut crm,
        "Contact",
        &json!({
            "type": "object",
            "required": ["email"],
            "properties": {
                "id": {"type": "string", "readOnly": true},
                "email": {"type": "string", "format": "email", "maxLength": 254},
                "name": {"type": "string", "maxLength": 80},
                "handle": {"type": "string", "maxLength": 80},
            },
        }),
    );
    let note = schema(
        &mut crm,
        "Note",
        &json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "maxLength": 80}}}),
    );
    let read = |id: &str, path: &str, params: &[&str], action: Action| {
        let mut op = operation(id, Method::Get, path, action, params);
        op.items = Some(vec!["results".to_owned()]);
        op.record = Some(contact);
        op.security = needs("oauth", &["read"]);
        op
    };
    let write = |id: &str, method: Method, path: &str, action: Action, params: &[&str], body: SchemaId| {
        let mut op = operation(id, method, path, action, params);
        let pointer = format!("{}/requestBody", op.pointer);
        op.body = Some(Body {
            required: true,
            content_type: "application/json".to_owned(),
            others: Vec::new(),
            schema: Some(body),
            pointer,
        });
        op.record = Some(body);
        op.security = needs("oauth", &["write"]);
        let basis = Basis::Stated { pointer: format!("{}/x-ratelimit", op.pointer) };
        op.rate_limit = Some(RateLimit { requests: 100, window_ms: 10_000, basis });
        op
    };
    crm.operations = vec![
        read("searchContacts", "/contacts/search", &["email*"], Action::Search),
        read("listContacts", "/contacts", &["offset", "limit"], Action::List),
        write("createContact", Method::Post, "/contacts", Action::Create, &["Idempotency-Key"], contact),
        write("updateContact", Method::Patch, "/contacts/{contact_id}", Action::Update, &["contact_id"], contact),
        write("putContact", Method::Put, "/contacts/{handle}", Action::Upsert, &["handle"], contact),
        write("createNote", Method::Post, "/notes", Action::Create, &[], note),
    ];
    crm
}
