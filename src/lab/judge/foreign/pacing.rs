//! Waits of a program, on the clock of the mocks: timers fire early, answers take their way, and a worker beside the one that
//! was told to wait may have sent its request already.

use std::collections::BTreeMap;

use super::Foreign;
use crate::base::clock::Timestamp;
use crate::connector::{Response, TransportError};
use crate::lab::bench::Purpose;
use crate::lab::judge::Evidence;
use crate::lab::judge::pacing::{FEW, Wait, chance, hardly_waited, length, waited};
use crate::lab::trace::{Exchanged, Outcome};

/// Real milliseconds after an answer in which what was on its way beside it arrives.
pub(in crate::lab) const ON_ITS_WAY_MS: i64 = 1_000;
/// Real milliseconds after an answer in which a program that works side by side may not have read it in all its parts: a worker that
/// has asked whether it may send is connecting, or waits for a processor.
const UNHEARD_MS: i64 = 150;
/// Real milliseconds that are nobody's fault.
const UNSHARP_MS: i64 = 30;

pub(super) fn judge(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    if e.bench.plan.delivery.retry.honor_retry_after {
        told_to_wait(e, program, out);
    }
    backoff(e, out);
}

/// The most requests of the run that were under way at the same time.
fn side_by_side(run: &[&Exchanged]) -> usize {
    let under_way = |at: i64| run.iter().filter(|x| x.at.0 <= at && x.ended.is_some_and(|t| t.0 > at)).count();
    run.iter().map(|x| under_way(x.at.0)).max().unwrap_or(0)
}

fn told_to_wait(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    let workers = e.runs.iter().map(|seen| side_by_side(&e.trace.run(seen.run).collect::<Vec<_>>())).max().unwrap_or(0);
    for told in &e.trace.exchanges {
        let Some(response) = told.answer().filter(|r| matches!(r.status, 429 | 503)) else { continue };
        let (Some((wait, sharp)), Some(ended)) = (wait_ms(response), told.ended) else { continue };
        let slack = wait / 10 + program.ms(UNSHARP_MS) + if sharp { 0 } else { 1000 };
        let until = ended.plus_ms(wait - slack);
        let run: Vec<&Exchanged> = e.trace.run(told.run).collect();
        // What was sent before the answer was there nobody could hold back.
        let too_early = |x: &&&Exchanged| {
            x.system == told.system && x.purpose != Purpose::Token && x.nth > told.nth && x.at > ended && x.at < until
                // A limit holds for all that ask with a key; what cannot be served for now may be this operation alone.
                && (response.status == 429 || x.asks_as(told))
        };
        // Each worker beside the one that was told may send one request more before it hears of it. Of workers that were never seen
        // together one may be there all the same; of those that were, as many again in the first moment, since not all are seen at
        // once. Who does not hear of it at all sends more than these, and later.
        let (others, heard_ms) = match workers {
            0 | 1 => (1, UNSHARP_MS),
            workers => (workers, ON_ITS_WAY_MS),
        };
        let at_once = if workers > 1 { 2 * workers } else { 1 };
        let by = |ms: i64| ended.plus_ms(program.ms(ms));
        let mut beside = 0;
        let early = run.iter().filter(too_early).find(|x| {
            let excused = !x.asks_as(told)
                && ((x.at <= by(UNHEARD_MS.min(heard_ms)) && beside < at_once)
                    || (x.at <= by(heard_ms) && beside < others));
            beside += usize::from(excused);
            !excused
        });
        if let Some(early) = early {
            out.push(format!(
                "pacing: {} said to wait {} (request {}), request {} came after {} ms",
                told.system,
                length(wait),
                told.nth,
                early.nth,
                early.at.0 - ended.0
            ));
        }
    }
}

/// Retry-After in milliseconds, and whether it is exact: a date counts whole seconds.
fn wait_ms(response: &Response) -> Option<(i64, bool)> {
    let text = response.header("retry-after")?;
    if let Ok(seconds) = text.parse::<i64>() {
        return Some((seconds.max(0) * 1000, true));
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let wait = date(text)?.duration_since(date(response.header("date")?)?).unwrap_or_default();
    Some((i64::try_from(wait.as_millis()).ok()?, false))
}

/// A correct run, even with a base of a fifth of the contract's, is held guilty less often than this.
const BY_CHANCE: f64 = 1e-4;
/// What a program's base may be shorter.
const SHORTER: u64 = 5;

/// With full jitter a single wait may be as good as none, several in a row may not.
fn backoff(e: &Evidence<'_>, out: &mut Vec<String>) {
    let retry = &e.bench.plan.delivery.retry;
    for seen in &e.runs {
        let all: Vec<&Exchanged> = e.trace.run(seen.run).collect();
        let waits = waited(&all, helps_to_ask_again);
        let mut chains: BTreeMap<u64, Vec<Wait>> = BTreeMap::new();
        waits.iter().for_each(|(asks, _, wait)| chains.entry(*asks).or_default().push(*wait));
        // Each request by itself, since workers side by side wait side by side; then one after the other.
        let together = one_after_the_other(waits.iter().map(|(_, from, wait)| (from.0, from.0 + wait.ms)).collect());
        let (base, cap) = (retry.base_ms / SHORTER, retry.cap_ms / SHORTER);
        let hardly = |waits: &&Vec<Wait>| {
            waits.len() >= FEW
                && (chance(waits, base, cap) < BY_CHANCE || so_many_short(waits, base.min(cap)) < BY_CHANCE)
        };
        if let Some(waits) = chains.values().chain([&together]).find(hardly) {
            out.push(hardly_waited(seen.run, waits, retry.base_ms));
        }
    }
}

/// How likely it is, at most, that so many of these waits are as short as they are, were each drawn from up to `bound_ms`: what else
/// holds a program up, its own limit of requests, makes some of them long. The smallest tail of the binomial distribution over all
/// lengths, times their number, since that many are looked at (Bonferroni).
fn so_many_short(waits: &[Wait], bound_ms: u64) -> f64 {
    let mut all: Vec<i64> = waits.iter().map(|wait| wait.ms.max(0)).collect();
    all.sort_unstable();
    let n = all.len();
    let tail = |(short, ms): (usize, &i64)| {
        let p = ((*ms as f64 + 1.0) / (bound_ms as f64 + 1.0)).min(1.0);
        at_least(short + 1, n, p)
    };
    all.iter().enumerate().skip(FEW).map(tail).fold(1.0, f64::min) * n as f64
}

/// The probability of `k` or more of `n`, each with `p`.
fn at_least(k: usize, n: usize, p: f64) -> f64 {
    // The term of 0, then each from the one before.
    let mut term = (1.0 - p).powi(i32::try_from(n).unwrap_or(i32::MAX));
    if term <= 0.0 {
        return 1.0;
    }
    let mut below = 0.0;
    for i in 0..k {
        below += term;
        term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
    }
    (1.0 - below).max(0.0)
}

/// When each pause began and ended after which what failed without a word on when to come back was sent again, over all runs; and
/// whether requests were under way side by side.
pub(in crate::lab) fn pauses(e: &Evidence<'_>) -> (Vec<(i64, i64)>, bool) {
    let runs: Vec<Vec<&Exchanged>> = e.runs.iter().map(|seen| e.trace.run(seen.run).collect()).collect();
    let of_run = |run: &Vec<&Exchanged>| waited(run, helps_to_ask_again);
    let spans = runs.iter().flat_map(of_run).map(|(_, from, wait)| (from.0, from.0 + wait.ms)).collect();
    (spans, runs.iter().any(|run| side_by_side(run) > 1))
}

/// Waits of which no two are at the same time: workers may share one pause, and that was drawn once.
fn one_after_the_other(mut spans: Vec<(i64, i64)>) -> Vec<Wait> {
    spans.sort_unstable();
    let mut apart: Vec<(i64, i64)> = Vec::new();
    for span in spans {
        match apart.last_mut() {
            Some(last) if span.0 < last.1 => last.1 = last.1.max(span.1),
            _ => apart.push(span),
        }
    }
    apart.into_iter().map(|(from, to)| Wait { ms: to - from, before: 0 }).collect()
}

/// When it ended, where another attempt could help and no wait is prescribed.
fn helps_to_ask_again(x: &Exchanged) -> Option<Timestamp> {
    let again = match &x.outcome {
        Outcome::Answered(r) => matches!(r.status, 500 | 502 | 503 | 504) && r.header("retry-after").is_none(),
        // Whoever finds a kept connection closed opens another one at once, and does so rightly.
        Outcome::Failed(error) => !matches!(error, TransportError::Tls(_)) && x.fault != Some("closed-connection"),
        Outcome::Open => false,
    };
    again.then_some(x.ended?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_short_waits_among_a_few_long_ones_are_no_chance() {
        let waits = |all: &[i64]| all.iter().map(|ms| Wait { ms: *ms, before: 0 }).collect::<Vec<_>>();
        // Drawn from up to 200 ms.
        assert!(so_many_short(&waits(&[12, 14, 11, 13, 900, 12, 15, 400]), 200) < BY_CHANCE);
        assert!(so_many_short(&waits(&[12, 190, 70, 13, 150, 110, 95, 40]), 200) > 0.1);
        assert!(so_many_short(&waits(&[5, 8, 120, 60, 180, 3]), 200) > BY_CHANCE, "three short ones come by chance");
        assert!((at_least(2, 3, 0.5) - 0.5).abs() < 1e-9 && at_least(0, 5, 0.3) > 0.999);
        assert!(at_least(3, 3, 1.0) > 0.999);
    }
}
