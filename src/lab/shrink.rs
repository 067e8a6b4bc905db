//! Makes a failing schedule smaller: fewer faults, fewer hits of each, fewer crashes, fewer records, as long as it still
//! breaks the same rule (delta debugging; A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing
//! Input", IEEE TSE 28(2), 2002). Nothing in it is left to chance: one seed is always shrunk to the same schedule.

use std::sync::Arc;

use super::Subject;
use super::bench::Bench;
use super::drills::Drill;
use super::schedule::{Extent, Played, Reduction, play_part};

/// Schedules played for one failure, at most.
const TRIES: usize = 240;

/// The smallest schedule found that breaks the same rule, with how large it was and is.
pub(super) fn shrink(
    bench: &Arc<Bench>,
    drill: &dyn Drill,
    seed: u64,
    subject: &dyn Subject,
    whole: Played,
) -> (Played, String) {
    let Some(rule) = whole.failures.first().map(|f| rule_of(f)) else { return (whole, String::new()) };
    let extent = play_part(bench, drill, seed, subject, false, &Reduction::default()).1;
    let was = size(&extent);
    let part = Reduction {
        records: Some((0..extent.records).collect()),
        hits: extent.hits.clone(),
        sooner: vec![None; extent.hits.len()],
        crash_at: (!extent.crash_at.is_empty()).then(|| extent.crash_at.clone()),
    };
    let mut search = Search { bench, drill, seed, subject, rule, tries: 0, part, extent, best: whole };
    search.faults();
    search.crashes();
    search.sooner();
    search.records();
    search.hits();
    search.crash_steps();
    let Search { best, extent, .. } = search;
    let now = size(&extent);
    let told = if now == was { format!("{now}; nothing can be left out") } else { format!("{now}, shrunk from {was}") };
    (best, told)
}

fn size(extent: &Extent) -> String {
    use crate::base::text::plural;
    let hits: u64 = extent.hits.iter().sum();
    let mut parts = vec![plural(extent.records as u64, "record"), plural(hits, "fault")];
    if !extent.crash_at.is_empty() {
        parts.push(plural(extent.crash_at.len() as u64, "crash"));
    }
    parts.join(", ")
}

/// The rule that a failure breaks: its first word, or its words without what is counted in them.
fn rule_of(failure: &str) -> String {
    match failure.split_once(':') {
        Some((rule, _)) if !rule.contains(' ') || rule.len() < 16 => rule.to_owned(),
        _ => {
            failure.split(' ').filter(|w| !w.bytes().any(|b| b.is_ascii_digit())).take(4).collect::<Vec<_>>().join(" ")
        }
    }
}

struct Search<'s> {
    bench: &'s Arc<Bench>,
    drill: &'s dyn Drill,
    seed: u64,
    subject: &'s dyn Subject,
    rule: String,
    tries: usize,
    part: Reduction,
    extent: Extent,
    best: Played,
}

impl Search<'_> {
    /// Takes the smaller schedule if it still fails.
    fn take(&mut self, part: Reduction) -> bool {
        if self.tries >= TRIES || part == self.part {
            return false;
        }
        self.tries += 1;
        let (played, extent) = play_part(self.bench, self.drill, self.seed, self.subject, false, &part);
        let same = played.failures.iter().any(|f| rule_of(f) == self.rule);
        if same {
            (self.part, self.extent, self.best) = (part, extent, played);
        }
        same
    }

    fn faults(&mut self) {
        for place in 0..self.part.hits.len() {
            let mut part = self.part.clone();
            part.hits[place] = 0;
            self.take(part);
        }
    }

    /// A fault that hits the first exchange of its kind needs no others before it.
    fn sooner(&mut self) {
        for place in 0..self.part.sooner.len() {
            let Some(purpose) = self.extent.purposes.get(place).copied().flatten() else { continue };
            let mut part = self.part.clone();
            part.sooner[place] = Some(purpose);
            self.take(part);
        }
    }

    fn crashes(&mut self) {
        let mut place = 0;
        while let Some(crash_at) = self.part.crash_at.clone().filter(|all| place < all.len()) {
            let mut fewer = crash_at;
            fewer.remove(place);
            if !self.take(Reduction { crash_at: Some(fewer), ..self.part.clone() }) {
                place += 1;
            }
        }
    }

    /// Halves, quarters and so on are left out, down to single records.
    fn records(&mut self) {
        let mut size = self.part.records.as_ref().map_or(0, Vec::len).div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while let Some(kept) = self.part.records.clone().filter(|all| from < all.len() && all.len() > 1) {
                let to = (from + size).min(kept.len());
                let fewer: Vec<usize> = kept[..from].iter().chain(&kept[to..]).copied().collect();
                if !self.without(&kept, fewer) {
                    from += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }

    /// With fewer records a run has fewer steps: the crashes move with them.
    fn without(&mut self, kept: &[usize], fewer: Vec<usize>) -> bool {
        let (all, left) = (kept.len() as u64, fewer.len() as u64);
        let part = Reduction { records: Some(fewer), ..self.part.clone() };
        if left == 0 {
            return false;
        }
        if self.take(part.clone()) {
            return true;
        }
        let Some(crash_at) = &part.crash_at else { return false };
        let moved: Vec<u64> = crash_at.iter().map(|at| (at * left / all).max(1)).collect();
        self.take(Reduction { crash_at: Some(moved), ..part })
    }

    fn hits(&mut self) {
        for place in 0..self.part.hits.len() {
            // What did not happen any more is not there any more.
            let happened = self.extent.hits.get(place).copied().unwrap_or(0);
            let mut most = self.part.hits[place].min(happened);
            while most > 1 {
                let mut part = self.part.clone();
                part.hits[place] = most / 2;
                if !self.take(part) {
                    break;
                }
                most /= 2;
            }
        }
    }

    /// One crash is moved to the first step that will do.
    fn crash_steps(&mut self) {
        let Some([at]) = self.part.crash_at.as_deref() else { return };
        for step in 1..*at {
            if self.take(Reduction { crash_at: Some(vec![step]), ..self.part.clone() }) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rule_of;

    #[test]
    fn a_rule_is_known_by_its_words_whatever_is_counted() {
        assert_eq!(rule_of("lost: 2 of 14 source records: a, b"), rule_of("lost: 1 of 3 source records: b"));
        assert_eq!(
            rule_of("run 1 claims FAIL, the systems say PASS"),
            rule_of("run 2 claims FAIL, the systems say PASS")
        );
        assert_ne!(rule_of("lost: 2 of 14"), rule_of("duplicate: source record a"));
    }
}
