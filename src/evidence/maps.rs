//! The port behind which maps are kept: what was read of a description once, so that it need not be read again.

use crate::base::clock::Timestamp;
use crate::base::digest::Digest;

/// Bytes by key, to be had again or not. No evidence: nothing rests on it, no record names it, and what is lost is worked
/// out anew. So nothing here fails; what cannot be kept is not kept, and nobody waits for it longer than a moment.
pub trait Maps: Send + Sync {
    /// What was kept under a key, bit for bit; nothing where there is nothing, or not all of it. It counts as used `now`.
    fn get(&self, key: &Digest, now: Timestamp) -> Option<Vec<u8>>;

    /// Keeps bytes under a key, in the place of what is there. What was not used for the longest time makes room.
    fn put(&self, key: &Digest, bytes: &[u8], now: Timestamp);

    /// Drops what is under a key.
    fn forget(&self, key: &Digest);
}
