//! Data about people that goes to another part of the world.

use std::collections::BTreeMap;

use super::account::host;
use super::sensitive::{carried, incoming};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "sensitive-data-leaves-region",
    summary: "What is about people, payments or health goes from a system in one region to one in another, as their addresses tell.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let (from, to) = (&flow.source.system, &flow.target.system);
        let (Some(here), Some(there)) = (region(subject, from), region(subject, to)) else { continue };
        if here == there {
            continue;
        }
        let sensitive = incoming(subject, flow);
        let rules = subject.mappings.get(&flow.name).into_iter().flat_map(|m| m.rules());
        let all: BTreeMap<&str, &str> = rules.filter_map(|r| carried(&sensitive, r)).collect();
        let Some((first, kind)) = all.first_key_value() else { continue };
        let (first, more) = (quoted(first, 60), all.len() - 1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message = format!(
            "{first}{more} ({kind}) goes from {} ({}) to {} ({})",
            from.value,
            here.to_uppercase(),
            to.value,
            there.to_uppercase()
        );
        let fix = format!(
            "use an address of {} in the same region, hide it by with: [{{pseudonym: {{key: env:NAME}}}}], leave it out, or let the one who answers for the data accept it: \
             accepted: [{{code: {}, at: {}, because: …, by: …}}]",
            to.value, CHECK.code, flow.name
        );
        out.push(subject.warning(&CHECK, to.at, message).sure(0.75).fix(fix));
    }
}

/// The region that the address of a system tells, else the description of that server.
fn region(subject: &Subject<'_>, system: &str) -> Option<&'static str> {
    let url = subject.url(system)?;
    let host = host(url)?;
    // The last label is a country's or nobody's; it does not tell where the machine is.
    let labels = host.rsplit_once('.').map_or("", |(labels, _)| labels);
    let of_host = labels.split(['.', '-']).find_map(of_label);
    of_host.or_else(|| {
        let trimmed = url.trim_end_matches('/');
        let server = subject.systems.get(system)?.servers.iter().find(|s| s.url.trim_end_matches('/') == trimmed)?;
        let mut told: Vec<&str> = words(&server.description).iter().filter_map(|w| of_word(w)).collect();
        told.dedup();
        // More than one tells nothing.
        if let [only] = told.as_slice() { region_named(only) } else { None }
    })
}

fn of_label(label: &str) -> Option<&'static str> {
    let name = label.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase();
    match name.as_str() {
        "eu" | "europe" | "euw" | "eun" | "euc" => Some("eu"),
        "us" | "usa" | "use" | "usw" => Some("us"),
        "uk" | "gb" => Some("uk"),
        "ap" | "apac" | "aps" | "apne" | "apse" => Some("ap"),
        "au" => Some("au"),
        "ca" => Some("ca"),
        "cn" => Some("cn"),
        "jp" => Some("jp"),
        "br" => Some("br"),
        _ => None,
    }
}

fn of_word(word: &str) -> Option<&'static str> {
    match word {
        "eu" | "europe" | "european" | "frankfurt" | "ireland" => Some("eu"),
        "usa" | "american" | "america" | "virginia" | "oregon" | "us" => Some("us"),
        "apac" | "asia" => Some("ap"),
        "canada" | "canadian" => Some("ca"),
        "australia" | "australian" => Some("au"),
        _ => None,
    }
}

fn region_named(name: &str) -> Option<&'static str> {
    ["eu", "us", "ap", "ca", "au"].into_iter().find(|r| *r == name)
}
