//! Room: skill.
