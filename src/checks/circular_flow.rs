//! Flows that feed each other in a circle.

use std::collections::VecDeque;

use super::between::Ends;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "circular-flow",
    summary: "Flows feed each other in a circle, and none leaves out what another of them wrote: a change comes back as an echo, and is \
              sent on again.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let flows = subject.ends();
    let fed = |f: &Ends<'_>| {
        // What both call with one credential, the source can tell apart, where it says that it does.
        let echoes = |g: &Ends<'_>| f.feeds(g) && !f.guarded(g) && !subject.silent(g.flow);
        let all = flows.iter().enumerate().filter(|(_, g)| echoes(g));
        all.map(|(i, _)| i).collect::<Vec<usize>>()
    };
    let feeds: Vec<Vec<usize>> = flows.iter().map(fed).collect();
    for (last, ends) in flows.iter().enumerate() {
        // Each circle is told once, at the flow of it that stands last.
        let Some(way) = circle(&feeds, last) else { continue };
        let names: Vec<String> = way.iter().filter_map(|i| flows.get(*i)).map(|f| quoted(&f.flow.name, 60)).collect();
        let new = way.iter().filter_map(|i| flows.get(*i)).any(Ends::creates);
        let message = if way.len() == 1 {
            format!("{} reads what it writes: each change comes back to it", names.concat())
        } else {
            format!("{} feed each other, and nothing tells an echo from a change", names.join(" and "))
        };
        let fix = "write a constant that marks what the flow made, origin: {const: NAME}, and leave such records out where they are read back: \
                   by a parameter of that field in source.params, or by its values with else: reject";
        let finding = if new {
            subject.error(&CHECK, ends.flow.at, format!("{message}, so records are made without end"))
        } else {
            subject.warning(&CHECK, ends.flow.at, message)
        };
        out.push(finding.fix(fix));
    }
}

/// The shortest way from a flow back to itself over flows that stand before it; nothing where there is none.
fn circle(feeds: &[Vec<usize>], last: usize) -> Option<Vec<usize>> {
    let mut came: Vec<Option<usize>> = vec![None; feeds.len()];
    let mut next = VecDeque::from([last]);
    while let Some(at) = next.pop_front() {
        for to in feeds.get(at).into_iter().flatten().copied().filter(|to| *to <= last) {
            if to == last {
                let mut way = vec![at];
                let mut back = at;
                while back != last {
                    back = (*came.get(back)?)?;
                    way.push(back);
                }
                way.sort_unstable();
                return Some(way);
            }
            if let Some(slot) = came.get_mut(to).filter(|slot| slot.is_none()) {
                *slot = Some(at);
                next.push_back(to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::circle;

    #[test]
    fn a_circle_is_found_from_its_last_flow_alone() {
        let feeds = vec![vec![1], vec![2], vec![0, 3], vec![]];
        assert_eq!(circle(&feeds, 0), None);
        assert_eq!(circle(&feeds, 1), None);
        assert_eq!(circle(&feeds, 2), Some(vec![0, 1, 2]));
        assert_eq!(circle(&feeds, 3), None);
        assert_eq!(circle(&[vec![0]], 0), Some(vec![0]));
    }
}
