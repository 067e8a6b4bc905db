//! Probes of mocks in virtual time: one that is as described, and one that is another system than its description.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::questions::Asking;
use crate::base::clock::{ManualClock, Timestamp};
use crate::base::rng::Rng;
use crate::base::secret::{Secret, SecretRef};
use crate::connector::{
    Gates, LogLine, Observer, Plan, Request, Response, SecretSource, Transport, TransportError, World, plan,
};
use crate::evidence::MemoryLedger;
use crate::lab::mock::{MockOptions, MockSystem};
use crate::model::{Method, System};
use crate::{contract, mapping, readers};

const CONTRACT: &str = include_str!("../../../examples/billing-to-crm/integration.yaml");
const BILLING: &str = include_str!("../../../examples/billing-to-crm/apis/billing.openapi.yaml");
const CRM: &str = include_str!("../../../examples/billing-to-crm/apis/crm.openapi.json");

fn read(text: &str, name: &str) -> Arc<System> {
    Arc::new(readers::read_bytes(text.as_bytes(), name).system.expect("a description"))
}

/// Both systems as mocks, and everything that they were asked.
struct Wire {
    mocks: Mutex<BTreeMap<String, MockSystem>>,
    seen: Mutex<Vec<(tokio::time::Instant, Request)>>,
}

#[async_trait::async_trait]
impl Transport for Wire {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        self.seen.lock().expect("whole").push((tokio::time::Instant::now(), request.clone()));
        let mut mocks = self.mocks.lock().expect("whole");
        let mock = mocks.get_mut(system).ok_or_else(|| TransportError::Connect("nobody".to_owned()))?;
        Ok(mock.handle(&request, Timestamp(1_800_000_000_000)))
    }
}

struct Any;

impl SecretSource for Any {
    fn resolve(&self, _reference: &SecretRef) -> Result<Secret, String> {
        Ok(Secret::new("planted-secret".to_owned()))
    }

    fn keep(&self, _reference: &SecretRef, _value: &Secret) -> Result<bool, String> {
        Ok(false)
    }
}

impl Observer for Any {
    fn log(&self, _line: LogLine) {}
}

/// What is seen of a billing system that is as `real` says and described as ever; each request that was sent.
async fn probed(real: &str, requests: u64) -> (String, Vec<(tokio::time::Instant, Request)>) {
    let systems: BTreeMap<String, Arc<System>> =
        [("billing".to_owned(), read(BILLING, "billing.yaml")), ("crm".to_owned(), read(CRM, "crm.json"))].into();
    let contract = contract::parse(CONTRACT, "integration.yaml").0.expect("a contract");
    let rules = mapping::compile(&contract.flows["contacts"].map, "integration.yaml").0;
    let plan: Plan = plan(&contract, "contacts", &systems, rules, &BTreeMap::new()).expect("a plan");
    let mut billing = MockSystem::new(read(real, "real.yaml"), 1, MockOptions::default());
    billing.seed_records("customer", 12, &mut Rng::seeded(1));
    let mut crm = MockSystem::new(Arc::clone(&systems["crm"]), 2, MockOptions::default());
    crm.seed_records("contact", 4, &mut Rng::seeded(2));
    let wire = Arc::new(Wire {
        mocks: Mutex::new([("billing".to_owned(), billing), ("crm".to_owned(), crm)].into()),
        seen: Mutex::default(),
    });
    let world = World {
        transport: Arc::clone(&wire) as _,
        ledger: Arc::new(MemoryLedger::default()),
        clock: Arc::new(ManualClock::new(Timestamp(1_800_000_000_000))),
        rng: Arc::new(Mutex::new(Rng::seeded(3))),
        secrets: Arc::new(Any),
        observer: Arc::new(Any),
        stop: CancellationToken::new(),
        tracer: None,
        trace: None,
    };
    let mut asking = Asking::new(requests, &systems);
    asking.flow(&plan, &world, &Gates::default()).await;
    let (asked, observed, unasked) = asking.told();
    let mut text = format!("{asked} requests\n");
    for o in observed {
        text.push_str(&format!(
            "{:<8} {:<15} {:<6} {}\n",
            o.system,
            o.fact,
            format!("{:?}", o.agrees.map(u8::from)),
            o.says
        ));
        assert!(!format!("{}{}", o.says, o.value).contains("@example.com"), "a value was told: {}", o.says);
    }
    unasked.iter().for_each(|u| text.push_str(&format!("not asked: {u}\n")));
    let seen = wire.seen.lock().expect("whole").clone();
    (text, seen)
}

#[tokio::test(start_paused = true)]
async fn a_system_that_is_as_described_confirms_it() {
    let (text, seen) = probed(BILLING, 12).await;
    insta::assert_snapshot!(text);
    let questions: Vec<_> = seen.iter().filter(|(_, r)| !r.url.contains("/oauth2/token")).collect();
    assert!(questions.iter().all(|(_, r)| r.method == Method::Get), "only GET is asked");
    for pair in questions.windows(2) {
        assert!(pair[1].0.duration_since(pair[0].0).as_millis() >= 1_000, "one a second");
    }
}

#[tokio::test(start_paused = true)]
async fn a_system_that_is_another_contradicts_its_description() {
    let real = BILLING
        .replace("- name: updated[gte]", "- name: changed_after")
        .replace("- name: limit\n", "- name: per_page\n")
        .replace(
            "        name:\n          type: string\n          minLength: 1",
            "        name:\n          type: [integer, \"null\"]\n          minLength: 1",
        )
        .replace("        phone:\n          type: [string, \"null\"]", "        mobile:\n          type: string");
    assert_ne!(real, BILLING);
    insta::assert_snapshot!(probed(&real, 12).await.0);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_asked_than_was_allowed() {
    let (text, seen) = probed(BILLING, 2).await;
    let questions = seen.iter().filter(|(_, r)| !r.url.contains("/oauth2/token")).count();
    assert_eq!(questions, 2, "{text}");
    assert!(text.starts_with("2 requests\n") && text.contains("not asked: "), "{text}");
}
