//! Broken connectors: each is caught by the drill that exists for its break.

use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, run_drills, seed_of};

use super::broken::BROKEN;
use super::naive::{Bug, KILLED_BY, Naive, On, benches};
use super::plans::Bench;

/// What comes of at most 24 schedules; one that fails is enough.
fn verdict(bench: &Bench, bug: Bug, code: &str) -> (Verdict, String) {
    let mut last = (Verdict::Unproven, String::new());
    for n in 0..24 {
        let options = DrillOptions {
            seed: seed_of(3, code, n),
            schedules: 1,
            only: Some(code.to_owned()),
            shrink: false,
            ..DrillOptions::default()
        };
        let matrix = run_drills(&bench.0, &bench.1, &Naive(bug), &options, &mut |_| {}).unwrap();
        let why = matrix.rows.iter().flat_map(|r| &r.failures).map(|f| f.because.clone()).next();
        last = (matrix.verdict, why.unwrap_or_else(|| format!("{:?}", matrix.not_applicable)));
        if last.0 == Verdict::Fail || matrix.rows.is_empty() {
            break;
        }
    }
    last
}

#[test]
fn every_break_is_caught_by_the_drill_that_exists_for_it() {
    let benches = benches();
    let mut alive = Vec::new();
    for (bug, code, on) in KILLED_BY {
        for (name, bench) in &benches {
            if !on.is(*name) {
                continue;
            }
            let (verdict, why) = verdict(bench, *bug, code);
            println!("{bug:?} {code} {name:?}: {verdict} {why}");
            // What does not apply to one of two examples is shown by the other.
            let elsewhere = *on == On::Both && verdict == Verdict::Unproven && why.contains(code);
            if verdict != Verdict::Fail && !elsewhere {
                alive.push(format!("{bug:?} survives {code} on {name:?}: {verdict} {why}"));
            }
        }
    }
    assert!(alive.is_empty(), "{}", alive.join("\n"));
}

#[test]
fn every_break_of_our_own_connector_is_caught_by_the_drill_that_exists_for_it() {
    for broken in BROKEN {
        for (plan, systems) in (broken.shows)() {
            let options = DrillOptions {
                seed: 3,
                schedules: 8,
                only: Some(broken.drill.to_owned()),
                shrink: false,
                ..DrillOptions::default()
            };
            let matrix = run_drills(&plan, &systems, broken.subject, &options, &mut |_| {}).unwrap();
            assert_eq!(matrix.verdict, Verdict::Fail, "{} survives {}: {:?}", broken.name, broken.drill, matrix.rows);
        }
    }
}
