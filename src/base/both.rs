//! Two pieces of work at once.

use std::sync::Mutex;
use std::thread::{Builder, scope};

/// Runs `aside` on a second thread and `here` on this one. Where the system gives no thread, one after the other.
/// A panic of either is a panic of this.
pub fn both<A: Send, B>(aside: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (A, B) {
    let aside = Mutex::new(Some(aside));
    let run = || aside.lock().ok().and_then(|mut work| work.take()).map(|work| work());
    scope(|scope| {
        let other = Builder::new().spawn_scoped(scope, run).ok();
        let here = here();
        let done = match other.map(std::thread::ScopedJoinHandle::join) {
            Some(Ok(done)) => done,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => run(),
        };
        (done.expect("the work is taken once"), here)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done_and_may_borrow() {
        let text = "abc".to_owned();
        let (length, upper) = both(|| text.len(), || text.to_uppercase());
        assert_eq!((length, upper.as_str()), (3, "ABC"));
    }

    #[test]
    fn a_panic_comes_through() {
        let caught = std::panic::catch_unwind(|| both(|| std::panic::resume_unwind(Box::new("aside")), || 1));
        assert_eq!(caught.map(|((), b)| b).expect_err("it panicked").downcast_ref::<&str>(), Some(&"aside"));
    }
}
