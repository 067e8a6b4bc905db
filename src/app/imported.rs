//! The log that a query is about: the own one, or that of a bundle which was taken in.

use std::sync::Arc;

use super::{Call, No, Refusal};
use crate::base::pack;
use crate::base::text;
use crate::evidence::Store;
use crate::evidence::bundle::{self, Proven};
use crate::store::MemoryStore;

/// The store of the call, or the proven content of the bundle whose digest or origin begins with `wanted`.
///
/// # Errors
/// `unknown-bundle`, and faults of the store.
pub(super) fn store(call: &Call<'_>, wanted: Option<&str>) -> Result<Arc<dyn Store>, No> {
    let Some(wanted) = wanted else { return Ok(Arc::clone(&call.app.store)) };
    let next = "platform-integration evidence --kind evidence-imported lists what was taken in";
    // Whoever is authenticated sees their own sessions; a bundle holds those of others.
    if call.face.principal().is_some() {
        return Err(Refusal::new("unknown-bundle", "bundles are for the local user", next).into());
    }
    let hex = wanted.trim_start_matches("sha256:");
    let begins = |digest: &str| !hex.is_empty() && digest.trim_start_matches("sha256:").starts_with(hex);
    let mut found = call.app.store.bundles(None)?;
    found.retain(|b| begins(b.digest.as_str()) || begins(&b.origin));
    // Of one log the bundle that goes furthest; others say nothing that it does not say.
    let mut proven = Vec::new();
    for kept in &found {
        let (mut events, mut blobs) = (Vec::new(), Vec::new());
        let reader = std::io::BufReader::new(pack::gunzipped(&kept.bytes));
        let proof = bundle::prove(reader, &[], |p| match p {
            Proven::Blob(blob) => blobs.push(blob),
            Proven::Event(event) => events.push(*event),
        });
        match proof {
            Ok(proof) => proven.push((proof.records, kept.origin.clone(), events, blobs)),
            Err(e) => {
                let because = format!("the bundle {} does not prove: {e}", kept.digest.short());
                return Err(
                    Refusal::new("bundle-does-not-prove", because, "platform-integration evidence verify").into()
                );
            }
        }
    }
    proven.sort_by_key(|p| p.0);
    if proven.windows(2).any(|w| matches!(w, [a, b] if a.1 != b.1)) {
        let because = format!("\"{}\" names bundles of several logs", text::quoted(wanted, 60));
        return Err(Refusal::new("unknown-bundle", because, "give more digits").into());
    }
    let Some((_, _, events, blobs)) = proven.pop() else {
        let because = format!("no bundle \"{}\" was taken in", text::quoted(wanted, 60));
        return Err(Refusal::new("unknown-bundle", because, next).into());
    };
    Ok(Arc::new(MemoryStore::of(events, blobs)))
}
