//! Looks up the place that an origin names: `system#/json/pointer` claims that a description states something there.

use std::path::PathBuf;

use super::{App, description};
use crate::base::pointer;
use crate::model::System;
use crate::readers;

/// Whether `system#/json/pointer` leads to something; nothing where the origin is of another form (a document, a
/// person), or the system is not known, or its description cannot be read: then nothing is claimed that could be
/// looked up here.
pub(super) fn found(app: &App, place_of: &dyn Fn(&str) -> Option<PathBuf>, origin: &str) -> Option<bool> {
    let (system, place) = origin.split_once('#').filter(|(_, place)| place.starts_with('/'))?;
    let path = place_of(system)?;
    let (input, _) = description::gather(app, &path, &path.display().to_string()).ok()?;
    let root = readers::whole(&input);
    if root.as_ref().is_some_and(|root| pointer::resolve(root, place).is_some()) {
        return Some(true);
    }
    // Of what is no tree, and of any GraphQL schema, pointers lead into what was read.
    let into_read = |read: &System| root.is_none() || read.operations.iter().any(|o| o.root_field.is_some());
    match readers::read(&input, system).system {
        Some(read) if into_read(&read) => Some(read.states(&format!("#{place}"))),
        _ => root.map(|_| false),
    }
}
