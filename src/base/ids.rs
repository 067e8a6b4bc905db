//! Handles that people can read aloud.

use crate::base::clock::Timestamp;
use crate::base::rng::Rng;

/// A session handle such as `s-20261123-k7m2qd`: the day (UTC) and 30 random bits.
#[must_use]
pub fn session_id(now: Timestamp, rng: &mut Rng) -> String {
    let day: String = now.rfc3339().chars().take(10).filter(|c| *c != '-').collect();
    format!("s-{day}-{}", short(rng, 6))
}

/// `len` characters of an alphabet without look-alikes (5 bits each).
#[must_use]
pub fn short(rng: &mut Rng, len: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstvwxyz0123456789";
    (0..len).map(|_| char::from(ALPHABET[usize::from(rng.next_u32() as u8 & 31)])).collect()
}

/// A W3C trace id: 16 random bytes in hex. <https://www.w3.org/TR/trace-context/>
#[must_use]
pub fn trace_id(rng: &mut Rng) -> String {
    format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64() | 1)
}

/// A W3C parent (span) id: 8 random bytes in hex, never all zero.
#[must_use]
pub fn span_id(rng: &mut Rng) -> String {
    format!("{:016x}", rng.next_u64() | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_have_the_form_they_promise() {
        let mut rng = Rng::seeded(7);
        let id = session_id(Timestamp(0), &mut rng);
        assert!(id.starts_with("s-19700101-") && id.len() == 17, "{id}");
        assert_eq!(trace_id(&mut rng).len(), 32);
        assert_eq!(span_id(&mut rng).len(), 16);
    }
}
