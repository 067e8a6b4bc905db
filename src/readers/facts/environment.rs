//! `environment`: which base URL is for trying and which is for real. A connector tried on the real one writes real records.

use serde_json::json;

use super::base_url::host_and_path;
use super::{Detector, Hints, Look};
use crate::base::text::words;
use crate::model::{Fact, System, environment as kind};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "environment", look: Look::Observe(run) };

fn run(system: &System, _: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut facts = Vec::new();
    let mut unnamed = Vec::new();
    for server in system.servers.iter().take(12) {
        let Some((host, path)) = host_and_path(&server.url) else { continue };
        let of_host = words(host).iter().find_map(|w| kind(w));
        // A description names several at times ("for production use the other one"): the host decides before it.
        let said = words(&server.description);
        let kinds: Vec<&str> = said.iter().filter_map(|w| kind(w)).collect();
        let of_description = kinds.first().copied().filter(|first| kinds.iter().all(|k| k == first));
        let of_path = words(path).iter().find_map(|w| kind(w));
        let value = |kind: &str| json!({"environment": kind, "host": host, "path": path});
        match (of_host, of_description.or(of_path)) {
            (Some(kind), Some(other)) if kind != other => unnamed.push((value("unknown"), server.pointer.clone())),
            (Some(kind), _) => facts.push(Fact::inferred(
                "environment",
                value(kind),
                "named-in-the-host",
                vec![server.pointer.clone()],
                0.70,
            )),
            (None, Some(kind)) => facts.push(Fact::stated("environment", value(kind), server.pointer.clone())),
            (None, None) => unnamed.push((value("production"), server.pointer.clone())),
        }
    }
    let tried = facts.iter().any(|f| f.value["environment"] != "production");
    let real = facts.iter().any(|f| f.value["environment"] == "production");
    // The only one without a name beside those for trying is the real one.
    if let [(value, pointer)] = unnamed.as_slice()
        && tried
        && !real
        && value["environment"] == "production"
    {
        let from = vec![pointer.clone()];
        facts.push(Fact::inferred("environment", value.clone(), "the-other-is-for-trying", from, 0.55));
    }
    found.extend(facts);
}
