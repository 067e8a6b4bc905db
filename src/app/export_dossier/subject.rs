//! What the contract itself says: rules, findings, what it accepts and what it leaves out.

use super::super::Call;
use super::super::subject::Compiled;
use crate::base::yaml::Spanned;
use crate::checks::Risk;
use crate::contract::Contract;
use crate::finding::Finding;
use crate::scaffold::{AcceptedLine, FindingLine, MappingLine};

/// The rules of all flows, each with the fields it reads.
pub(super) fn mapping_lines(compiled: &Compiled, contract: &Contract) -> Vec<MappingLine> {
    let of_flow = |flow: &String| compiled.mappings.get(flow).map(|m| (flow.clone(), m));
    let lines = contract.flows.keys().filter_map(of_flow).flat_map(|(flow, mapping)| {
        let rules = mapping.rules().iter().zip(mapping.rows());
        rules
            .map(|(rule, row)| MappingLine {
                flow: flow.clone(),
                target: row.target,
                from: row.from,
                how: row.how,
                sources: rule.reads().map(ToString::to_string).collect(),
            })
            .collect::<Vec<_>>()
    });
    lines.collect()
}

pub(super) fn finding_lines(compiled: &Compiled) -> Vec<FindingLine> {
    let line = |f: &Finding| FindingLine {
        severity: f.severity.as_str().to_owned(),
        code: f.code.to_owned(),
        place: f.location.to_string(),
        message: f.message.clone(),
    };
    compiled.findings.iter().map(line).collect()
}

/// What the contract accepts, with what a person has said to it.
pub(super) fn accepted_lines(call: &Call<'_>, compiled: &Compiled) -> Vec<AcceptedLine> {
    let state = |risk: &Risk| match risk.waits_as() {
        None => "a warning: the entry alone is enough".to_owned(),
        Some(id) => match call.facts.constraints.get(&id).filter(|c| c.says == risk.says()) {
            Some(c) => c.state_line(),
            None => "an error: a person has yet to confirm it".to_owned(),
        },
    };
    let line = |risk: &Risk| AcceptedLine {
        code: risk.code.to_owned(),
        place: risk.place.clone(),
        severity: risk.severity.as_str().to_owned(),
        message: risk.message.clone(),
        because: risk.because.clone(),
        by: risk.by.clone(),
        state: state(risk),
    };
    compiled.risks.iter().map(line).collect()
}

/// The fields that flows leave out: those on a line that is still marked `# ?`, as a draft marks what needs a decision, and
/// the others.
pub(super) fn left_out(text: &str, contract: &Contract) -> (Vec<String>, Vec<String>) {
    let lines: Vec<&str> = text.lines().collect();
    let open = |line: u32| {
        // A list over several lines is marked at its key, too.
        let above = lines.iter().take(line as usize).rev();
        let end = above.clone().position(|l| l.trim_start().starts_with("unmapped:")).unwrap_or(0);
        let at_key = above.clone().nth(end).is_some_and(|l| l.contains("# ?"));
        at_key || above.clone().next().is_some_and(|l| l.contains("# ?"))
    };
    let all = contract.flows.values().flat_map(|f| &f.unmapped);
    let (open, decided): (Vec<_>, Vec<_>) = all.partition(|u| open(u.at.line));
    let names = |list: Vec<&Spanned<String>>| list.into_iter().map(|u| u.value.clone()).collect();
    (names(open), names(decided))
}

#[cfg(test)]
mod tests {
    use super::left_out;
    use crate::contract;

    #[test]
    fn what_a_draft_left_out_is_undecided_until_its_mark_is_gone() {
        let whole = include_str!("../../../examples/billing-to-crm/integration.yaml");
        let (above, rest) = whole.split_once("    unmapped:").expect("it leaves fields out");
        let below = rest.split_once("\n    delivery:").expect("delivery follows").1;
        let of = |lines: &str| {
            let text = format!("{above}    unmapped:{lines}\n    delivery:{below}");
            let (open, decided) = left_out(&text, &contract::parse(&text, "integration.yaml").0.expect("a contract"));
            (open.join(" "), decided.join(" "))
        };
        let pair = |open: &str, decided: &str| (open.to_owned(), decided.to_owned());
        assert_eq!(of(" [a, b]   # ? left out: is that right?"), pair("a b", ""));
        assert_eq!(of(" [a, b]   # Mira: not wanted"), pair("", "a b"));
        assert_eq!(of("   # ? is that right?\n      - a\n      - b"), pair("a b", ""));
        assert_eq!(of("\n      - a\n      - b   # ? really"), pair("b", "a"));
    }
}
