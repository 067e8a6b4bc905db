//! Row 5: adversarial validation. Mock systems made from descriptions, faults, drills, and judges that believe only
//! what the systems saw. One run is a pure function of plan, systems, drill and seed.

pub mod mock;
pub mod serve;
