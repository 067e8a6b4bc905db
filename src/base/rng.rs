//! Randomness that a seed replays.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A seeded generator (ChaCha8): the same seed gives the same numbers on every machine.
#[derive(Debug, Clone)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// A generator that replays.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A generator seeded by the operating system, for ids and jitter in production.
    #[must_use]
    pub fn from_os() -> Self {
        Self(ChaCha8Rng::from_seed(rand::random()))
    }

    /// A generator of its own for one purpose, so that more draws in one place do not shift another.
    #[must_use]
    pub fn fork(&self, purpose: &str) -> Self {
        let mut seed = self.0.clone();
        let base = seed.next_u64();
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325; // FNV-1a
        for byte in purpose.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self::seeded(base ^ hash)
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64 }
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True once in `n` draws on average.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n.max(1)) == 0
    }

    /// One of `items`, or nothing when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        items.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_replays_and_a_fork_is_its_own() {
        let (mut a, mut b) = (Rng::seeded(1), Rng::seeded(1));
        assert_eq!((0..5).map(|_| a.next_u64()).collect::<Vec<_>>(), (0..5).map(|_| b.next_u64()).collect::<Vec<_>>());
        let root = Rng::seeded(1);
        assert_ne!(root.fork("x").next_u64(), root.fork("y").next_u64());
        assert!((0..100).all(|_| (3..=5).contains(&a.between(3, 5))));
        assert_eq!(a.below(0), 0);
    }
}
