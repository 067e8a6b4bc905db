//! A run is killed at every step that it has, not at drawn ones alone.

use platform_integration::lab::{RealConnector, crash_at_every_step};

use super::naive::{Bug, Naive};
use super::plans;

#[test]
fn the_connector_that_we_ship_survives_a_crash_at_every_step() {
    let mut killed = 0;
    for (plan, systems) in plans::all() {
        for code in ["crash-anywhere", "crash-with-dead-letter", "crash-in-batch"] {
            match crash_at_every_step(&plan, &systems, &RealConnector, code, 1) {
                Ok((steps, failures)) => {
                    assert!(failures.is_empty(), "{} {code}: {failures:?}", plan.integration);
                    killed += steps;
                }
                Err(because) => assert!(because.contains("does not apply"), "{because}"),
            }
        }
    }
    assert!(killed > 1_000, "{killed}");
}

#[test]
fn a_checkpoint_before_the_write_shows_at_some_steps_and_not_at_others() {
    let (plan, systems) = plans::billing_to_crm();
    let broken = Naive(Bug::CheckpointFirst);
    let (steps, failures) = crash_at_every_step(&plan, &systems, &broken, "crash-anywhere", 1).unwrap();
    assert!(!failures.is_empty() && (failures.len() as u64) < steps, "{} of {steps}", failures.len());
    assert!(failures.iter().all(|(_, because)| because.contains("lost: ")), "{failures:?}");
    let whole = Naive(Bug::None);
    assert!(crash_at_every_step(&plan, &systems, &whole, "happy-path", 1).unwrap_err().contains("nothing is killed"));
}
