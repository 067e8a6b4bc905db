//! Descriptions that were read before, by this process or by another: found again by all that reading them depends on.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::App;
use super::context::Description;
use super::description;
use crate::base::digest::Digest;
use crate::readers::{self, BUILD, Input, KeptRead, Read, is_url};

/// From this many bytes on, a map is worth keeping. Smaller ones, most that are written by hand among them, are read in
/// about the time that looking for them takes.
const WORTH: usize = 64 << 10;

/// What is being written, by a thread of its own: nobody waits for it but the end of the process.
#[derive(Default)]
pub(super) struct Writing(Mutex<Option<JoinHandle<()>>>);

impl Writing {
    /// Starts it; one at a time, so that a server does not hold many maps twice.
    fn start(&self, work: impl FnOnce() + Send + 'static) {
        let mut going = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end(going.take());
        // Without a thread to spare, it is not kept.
        *going = std::thread::Builder::new().name("keep-map".to_owned()).spawn(work).ok();
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        end(self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

fn end(going: Option<JoinHandle<()>>) {
    // What became of it is of no importance to anybody.
    if let Some(going) = going {
        let _ = going.join();
    }
}

/// Reads a description, or finds what was read of it before; `named` is how the user named it.
pub(super) fn read(app: &App, input: &Input, named: &str) -> Arc<Description> {
    let origin = named.split(" + ").next().unwrap_or(named);
    let plain = input.plain_origin(origin);
    let key = input.key(plain, BUILD);
    let known = app.read.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    let known = known.unwrap_or_else(|| {
        let first = Arc::new(anew(app, input, named, plain, &key));
        let mut cache = app.read.lock().unwrap_or_else(PoisonError::into_inner);
        // A handful of descriptions is what one integration needs; a long-lived server must not keep them all.
        if cache.len() >= 16 {
            cache.clear();
        }
        cache.insert(key, Arc::clone(&first));
        first
    });
    if plain == origin {
        return known;
    }
    let mut findings = known.findings.clone();
    findings.iter_mut().for_each(|finding| readers::told_under(finding, origin));
    Arc::new(Description { system: known.system.clone(), findings, origin: origin.to_owned() })
}

/// Reads what this process has not read, or finds what another one kept; under its plain name.
fn anew(app: &App, input: &Input, named: &str, plain: &str, key: &Digest) -> Description {
    let description = |read: Read| Description {
        system: read.system.map(Arc::new),
        findings: read.findings,
        origin: plain.to_owned(),
    };
    let Some(maps) = app.maps.as_ref().filter(|_| worth(input, named)) else {
        return description(readers::read(input, plain));
    };
    if let Some(bytes) = maps.get(key, app.clock.now()) {
        match Read::from_bytes(&bytes) {
            Some(read) => return description(read),
            None => maps.forget(key),
        }
    }
    let read = description(readers::read(input, plain));
    let (maps, key, now) = (Arc::clone(maps), key.clone(), app.clock.now());
    let (system, findings) = (read.system.clone(), read.findings.clone());
    app.writing.start(move || {
        if let Some(bytes) = (KeptRead { system: system.as_deref(), findings: &findings }).to_bytes() {
            maps.put(&key, &bytes, now);
        }
    });
    read
}

/// Whether what comes of it may lie on the disk, and is worth it. What a description says, examples included, is written only
/// where it lies in files already: not what came over standard input or from an address.
fn worth(input: &Input, named: &str) -> bool {
    let parts = || std::iter::once(&input.main).chain(&input.others);
    let bytes: usize = parts().filter_map(|part| part.bytes.as_ref().ok()).map(Vec::len).sum();
    let fetched = |part: &readers::Part| is_url(&part.name) && part.bytes.is_ok();
    bytes >= WORTH && description::keeps(named) && !parts().any(fetched)
}
