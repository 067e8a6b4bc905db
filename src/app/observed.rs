//! What a run saw of the systems: which address answered, how pages followed each other to their end. Only of systems that
//! were reached where contract and description put them: a stand-in (`--base-url`) tells nothing of what it stands for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::base::text::{plural, quoted};
use crate::connector::{LogLine, Observer, Plan, Report, Requested, Waits};
use crate::workflow::Saw;

/// Passes log lines on, and counts the pages that each flow read.
pub(super) struct Pages {
    to: Arc<dyn Observer>,
    read: Mutex<BTreeMap<String, u64>>,
}

impl Pages {
    /// In front of an observer.
    pub(super) fn before(to: Arc<dyn Observer>) -> Arc<Self> {
        Arc::new(Self { to, read: Mutex::default() })
    }

    fn of(&self, flow: &str) -> u64 {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).get(flow).copied().unwrap_or(0)
    }
}

impl Observer for Pages {
    fn log(&self, line: LogLine) {
        if line.get("event").and_then(Value::as_str) == Some("page-read")
            && let Some(flow) = line.get("flow").and_then(Value::as_str)
        {
            *self.read.lock().unwrap_or_else(PoisonError::into_inner).entry(flow.to_owned()).or_default() += 1;
        }
        self.to.log(line);
    }

    fn requested(&self, request: &Requested<'_>) {
        self.to.requested(request);
    }

    fn counted(&self, flow: &str, outcome: &'static str) {
        self.to.counted(flow, outcome);
    }

    fn waits(&self, wait: &Waits<'_>) {
        self.to.waits(wait);
    }
}

/// What these runs saw, each thing once; `instead` names the systems that something stood in for.
pub(super) fn saw(plans: &[Plan], reports: &[Report], pages: &Pages, instead: &BTreeMap<String, String>) -> Vec<Saw> {
    let mut out: Vec<Saw> = Vec::new();
    let mut add = |saw: Saw| {
        if !instead.contains_key(&saw.system) && !out.iter().any(|o| (&o.system, &o.fact) == (&saw.system, &saw.fact)) {
            out.push(saw);
        }
    };
    for (plan, report) in plans.iter().filter_map(|p| Some((p, reports.iter().find(|r| r.flow == p.flow)?))) {
        let (source, target) = (&plan.source, &plan.target);
        if let Some(list) = source.list.as_ref().filter(|_| report.counts.read > 0) {
            let read = plural(report.counts.read, "record");
            add(address(&source.system, &source.base_url, format!("{read} read from it")));
            let pages = pages.of(&plan.flow);
            // One page shows nothing of how the next is found; a pass that stopped, nothing of how they end.
            if let Some(p) = source.pagination.as_ref().filter(|_| pages > 1 && report.stopped.is_none()) {
                let value = json!({"style": p.style.as_str(), "param": p.param, "limit_param": p.limit_param});
                let says = format!("{} of {}, read to their end", plural(pages, "page"), quoted(&list.id, 80));
                add(Saw { system: source.system.clone(), fact: "pagination".to_owned(), value, says });
            }
        }
        if report.counts.written > 0 {
            let written = plural(report.counts.written, "record");
            add(address(&target.system, &target.base_url, format!("{written} written to it")));
        }
    }
    out
}

fn address(system: &str, base_url: &str, says: String) -> Saw {
    let url = url::Url::parse(base_url).ok();
    let host = url.as_ref().and_then(|u| u.host_str()).unwrap_or("").to_owned();
    let path = url.as_ref().map_or("", |u| u.path()).trim_end_matches('/').to_owned();
    Saw { system: system.to_owned(), fact: "base_url".to_owned(), value: json!({"host": host, "path": path}), says }
}
