//! A world, a plan and what a test looks at afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::world::Systems;
use crate::base::clock::{ManualClock, Timestamp};
use crate::base::rng::Rng;
use crate::base::secret::{Secret, SecretRef};
use crate::base::yaml;
use crate::connector::{
    AuthPlan, BackPlan, Call, DeletesPlan, ListPlan, LogLine, Observer, Plan, Report, SecretSource, SourcePlan,
    TargetPlan, World, WritePlan, run_once,
};
use crate::contract::{Breaker, Delivery, Order, Retry};
use crate::evidence::{Checkpoint, DeadLetter, DeadState, Effect, Ledger, MemoryLedger};
use crate::mapping::{self, Mapping};
use crate::model::{Basis, CursorFrom, Method, PageStyle, Pagination};

/// Remembers log lines.
#[derive(Default)]
pub(super) struct Log(pub Mutex<Vec<LogLine>>);

impl Observer for Log {
    fn log(&self, line: LogLine) {
        self.0.lock().unwrap().push(line);
    }
}

/// Secrets by reference, and whether the place that they are kept in is full.
pub(super) struct Secrets(pub Mutex<BTreeMap<String, String>>, pub std::sync::atomic::AtomicBool);

impl SecretSource for Secrets {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        let all = self.0.lock().unwrap();
        all.get(&reference.to_string()).map(|s| Secret::new(s.clone())).ok_or_else(|| "it is not set".to_owned())
    }

    fn keep(&self, reference: &SecretRef, value: &Secret) -> Result<bool, String> {
        if self.1.load(std::sync::atomic::Ordering::Relaxed) {
            return Err("no space left on device".to_owned());
        }
        self.0.lock().unwrap().insert(reference.to_string(), value.expose().to_owned());
        Ok(true)
    }
}

/// Everything a test holds.
pub(super) struct Stage {
    pub systems: Arc<Systems>,
    pub ledger: Arc<MemoryLedger>,
    pub log: Arc<Log>,
    pub secrets: Arc<Secrets>,
    pub world: World,
    pub plan: Plan,
}

impl Stage {
    /// Customers `1..=n` at the source, an upsert by email to the target, pages of two.
    pub(super) fn with(customers: usize) -> Self {
        let systems = Arc::new(Systems::new());
        *systems.customers.lock().unwrap() = (1..=customers).map(customer).collect();
        let ledger = Arc::new(MemoryLedger::default());
        let log = Arc::new(Log::default());
        let secrets = Arc::new(Secrets(Mutex::default(), false.into()));
        let world = World {
            transport: systems.clone(),
            ledger: ledger.clone(),
            clock: Arc::new(ManualClock::new(Timestamp(1_795_428_000_000))),
            rng: Arc::new(Mutex::new(Rng::seeded(7))),
            secrets: secrets.clone(),
            observer: log.clone(),
            stop: CancellationToken::new(),
            tracer: None,
            trace: None,
        };
        Self { systems, ledger, log, secrets, world, plan: plan() }
    }

    pub(super) async fn run(&self) -> Report {
        run_once(&self.plan, &self.world).await
    }

    pub(super) fn secret(&self, name: &str, value: &str) -> SecretRef {
        let reference = SecretRef::parse(&format!("env:{name}")).unwrap();
        self.secrets.0.lock().unwrap().insert(reference.to_string(), value.to_owned());
        reference
    }

    /// The target asks for a token that the flow fetches itself.
    pub(super) fn with_tokens(mut self) -> Self {
        self.systems.tokens.lock().unwrap().insert("nobody-has-this-one".into());
        self.plan.target.auth = AuthPlan::ClientCredentials {
            token_url: "https://target.example/oauth/token".into(),
            client_id: self.secret("ID", "client-77"),
            client_secret: self.secret("SECRET", "hush-hush/1"),
            scopes: vec!["contacts.write".into()],
        };
        self
    }

    /// The target gives tokens for a refresh token that is good for one use.
    pub(super) fn with_refresh(mut self) -> Self {
        self.systems.tokens.lock().unwrap().insert("nobody-has-this-one".into());
        *self.systems.refresh.lock().unwrap() = Some("refresh-0-abcdefgh".into());
        self.plan.target.auth = AuthPlan::RefreshToken {
            token_url: "https://target.example/oauth/token".into(),
            client_id: self.secret("ID", "client-77"),
            client_secret: Some(self.secret("SECRET", "hush-hush/1")),
            refresh_token: self.secret("REFRESH", "refresh-0-abcdefgh"),
            scopes: vec!["contacts.write".into()],
        };
        self
    }

    pub(super) fn letters(&self) -> Vec<DeadLetter> {
        self.ledger.dead_letters(None).unwrap().into_iter().filter(|l| l.state == DeadState::Waiting).collect()
    }

    pub(super) fn letter_codes(&self) -> Vec<(String, String)> {
        self.letters().into_iter().map(|l| (l.key, l.code)).collect()
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        self.ledger.checkpoint("contacts").unwrap()
    }

    /// Events of a flow that wait.
    pub(super) fn ledger_inbox(&self, flow: &str) -> usize {
        self.ledger.inbox(flow, 0, 10_000).unwrap().len()
    }

    pub(super) fn effect(&self, key: &str) -> Option<Effect> {
        self.ledger.effect("contacts", key).unwrap()
    }

    pub(super) fn set_customer(&self, at: usize, customer: Value) {
        *self.systems.customers.lock().unwrap().get_mut(at).unwrap() = customer;
    }

    /// All that a person or another program gets to see.
    pub(super) fn shown(&self) -> String {
        let log = format!("{:?}", self.log.0.lock().unwrap());
        let letters = format!("{:?}", self.ledger.dead_letters(None).unwrap());
        format!("{log}{letters}{:?}{:?}", self.checkpoint(), self.ledger.runs(10).unwrap())
    }

    pub(super) fn events(&self, event: &str) -> usize {
        self.log.0.lock().unwrap().iter().filter(|l| l["event"] == event).count()
    }
}

pub(super) fn customer(n: usize) -> Value {
    json!({"id": format!("c{n}"), "email": format!("u{n}@x.example"), "name": format!("User {n}"),
        "updated_at": format!("2026-11-01T00:00:{n:02}Z")})
}

pub(super) fn mapping(rules: &str) -> Mapping {
    let node = yaml::parse(rules, yaml::Limits::default()).unwrap();
    let yaml::Kind::Map(entries) = node.kind else { panic!("no mapping") };
    let (mapping, findings) = mapping::compile(&entries, "test.yaml");
    assert!(findings.is_empty(), "{findings:?}");
    mapping
}

pub(super) fn call(id: &str, method: Method, path: &str) -> Call {
    Call {
        id: id.into(),
        method,
        path: path.into(),
        content_type: "application/json".into(),
        params: Vec::new(),
        answers_json: true,
        query: None,
        search: None,
        answers_later: false,
    }
}

pub(super) fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').map(str::to_owned).collect()
}

pub(super) fn pagination(style: PageStyle) -> Pagination {
    Pagination {
        style,
        param: None,
        limit_param: None,
        limit_max: None,
        next: None,
        more: None,
        total: None,
        first_page: 1,
        basis: Basis::Stated { pointer: "#".into() },
    }
}

fn plan() -> Plan {
    Plan {
        integration: "test".into(),
        flow: "contacts".into(),
        every_ms: None,
        source: SourcePlan {
            system: "source".into(),
            base_url: "https://source.example".into(),
            auth: AuthPlan::None,
            list: Some(call("listCustomers", Method::Get, "/customers")),
            file: None,
            webhook: None,
            key: path("id"),
            items: path("data"),
            inside: Vec::new(),
            pagination: Some(Pagination {
                param: Some("cursor".into()),
                next: Some(CursorFrom::Body(path("next_cursor"))),
                more: Some(path("has_more")),
                total: Some(path("total")),
                ..pagination(PageStyle::Cursor)
            }),
            limit: None,
            incremental: Some((path("updated_at"), "updated[gte]".into())),
            feed: None,
            overlap_ms: 0,
            rate: None,
            deletes: DeletesPlan::Ignore,
        },
        target: TargetPlan {
            system: "target".into(),
            base_url: "https://target.example".into(),
            auth: AuthPlan::None,
            write: WritePlan::Upsert {
                matching: path("email"),
                find: call("searchContacts", Method::Get, "/contacts/search"),
                find_param: "email".into(),
                find_items: path("results"),
                find_pages: None,
                create: call("createContact", Method::Post, "/contacts"),
                update: call("updateContact", Method::Patch, "/contacts/{contact_id}"),
                target_key: "id".into(),
                idempotency: None,
            },
            delete: None,
            rate: None,
            back: BackPlan {
                key: "id".into(),
                get: Some(call("getContact", Method::Get, "/contacts/{contact_id}")),
                delete: Some(call("deleteContact", Method::Delete, "/contacts/{contact_id}")),
                list: Some(ListPlan {
                    call: call("listContacts", Method::Get, "/contacts"),
                    items: path("results"),
                    inside: Vec::new(),
                    pagination: None,
                }),
                writable: ["email", "name", "phone"].map(str::to_owned).to_vec(),
            },
        },
        mapping: mapping("email: email\nname: name"),
        takes: None,
        delivery: Delivery {
            order: Order::PerKey,
            retry: Retry { attempts: 4, base_ms: 500, cap_ms: 10_000, ..Retry::default() },
            timeout_ms: 5_000,
            breaker: Some(Breaker { open_after: 5, probe_every_ms: 30_000 }),
            ..Delivery::default()
        },
    }
}

/// The target only creates, with or without an idempotency key.
pub(super) fn create_only(header: Option<&str>) -> WritePlan {
    WritePlan::Create {
        create: call("createContact", Method::Post, "/contacts"),
        idempotency: header.map(str::to_owned),
    }
}

pub(super) fn with_key(write: &mut WritePlan, header: &str) {
    if let WritePlan::Upsert { idempotency, .. } = write {
        *idempotency = Some(header.to_owned());
    }
}

/// The target takes every contact under a key of ours.
pub(super) fn put() -> WritePlan {
    WritePlan::Put { put: call("putContact", Method::Put, "/contacts/{contact_id}"), key: None }
}
