//! What the kinds cannot see (patterns, bounds, item counts) is tried: generated records go through the mapping, and
//! what comes out is validated. Seeded, so the same contract always gets the same findings.

use std::collections::BTreeSet;

use super::Context;
use crate::base::rng::Rng;
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::mapping::Mapping;
use crate::mapping::path::Segment;
use crate::model::sample::sample;
use crate::model::{Direction, validate};

const ROUNDS: u64 = 64;

pub(super) fn run(cx: &mut Context<'_>, mapping: &Mapping) {
    if mapping.rules.is_empty() || !mapping.left_out.is_empty() {
        return;
    }
    let flagged: BTreeSet<Span> = cx.findings.iter().map(|f| f.location.at).collect();
    let mut told: BTreeSet<Span> = BTreeSet::new();
    for seed in 0..ROUNDS {
        let record = sample(cx.source.0, cx.source.1, &mut Rng::seeded(seed), Direction::Response);
        // A record that is rejected never reaches the target.
        let Ok(out) = mapping.apply(&record) else { continue };
        for violation in validate(cx.target.0, cx.target.1, &out, Direction::Request) {
            let rule = mapping.rules.iter().find(|r| within(&violation.pointer, r.target.segments()));
            let Some(rule) = rule else { continue };
            if flagged.contains(&rule.source_at) || flagged.contains(&rule.at) || !told.insert(rule.at) {
                continue;
            }
            let message = format!(
                "a generated record gives a value for target {} that {}",
                rule.target,
                quoted(&violation.because, 160)
            );
            cx.warning(rule.source_at, "sample-does-not-fit", message, FIX);
        }
    }
}

fn within(pointer: &str, target: &[Segment]) -> bool {
    let tokens: Vec<String> = pointer.split('/').skip(1).map(crate::base::pointer::unescape).collect();
    !tokens.is_empty()
        && tokens.iter().zip(target).all(|(token, segment)| match segment {
            Segment::Key(k) => k == token,
            Segment::Index(i) => token.parse() == Ok(*i),
        })
}

const FIX: &str = "convert the value so that it always fits, or make sure that the source never sends such a one";
