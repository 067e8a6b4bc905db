//! The wish that work ends early, passed down to where work can end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether work is still wanted. Clones share it; the default is a wish that nobody can make.
#[derive(Debug, Clone, Default)]
pub struct Stop(Option<Arc<Flag>>);

#[derive(Debug, Default)]
struct Flag {
    set: AtomicBool,
    above: Stop,
}

impl Stop {
    /// One that can be set, and is set as well when `self` is.
    #[must_use]
    pub fn below(&self) -> Self {
        Self(Some(Arc::new(Flag { set: AtomicBool::new(false), above: self.clone() })))
    }

    /// Says that the work is no longer wanted; without effect on the default.
    pub fn set(&self) {
        if let Some(flag) = &self.0 {
            flag.set.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it is no longer wanted.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.set.load(Ordering::Relaxed) || flag.above.is_set())
    }
}

impl PartialEq for Stop {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for Stop {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_below_stops_with_who_is_above_and_not_the_other_way() {
        let never = Stop::default();
        never.set();
        assert!(!never.is_set());
        let above = never.below();
        let (one, other) = (above.below(), above.below());
        one.set();
        assert_eq!([above.is_set(), one.is_set(), other.is_set()], [false, true, false]);
        above.clone().set();
        assert!(other.is_set() && !never.is_set());
    }
}
