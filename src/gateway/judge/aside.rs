//! How is something asked that may never answer?
//!
//! On a thread of its own, which is waited for a little and then left to itself: nothing can stop it. Its call is denied,
//! and everybody else goes on. While more than a few such threads are still busy, nobody is asked aside, and those who
//! would have to be are denied at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::policy::evaluate::LIMIT;

/// How many threads may be left behind at a time. They use up processors until they end.
const MOST: usize = 2;
/// As large as those of the workers: rules that need each other in a row use much of it.
const STACK: usize = 32 << 20;

/// Threads that were left behind.
#[derive(Debug, Default)]
pub(super) struct Aside(Arc<AtomicUsize>);

impl Aside {
    /// Asks, and gives up when it takes twice as long as an evaluation may.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, &'static str> {
        if self.0.load(Ordering::Acquire) >= MOST {
            return Err("rules of this kind are still being evaluated for calls that were given up; it was not asked");
        }
        let (said, answer) = sync_channel(1);
        let ended = Ended { met: Arc::default(), busy: Arc::clone(&self.0) };
        let met = Arc::clone(&ended.met);
        let work = move || {
            let _ended = ended;
            // Nobody may be there to hear it.
            drop(said.send(question()));
        };
        let begun = std::thread::Builder::new().name("policy".to_owned()).stack_size(STACK).spawn(work);
        if begun.is_err() {
            return Err("no thread could be had for the evaluation");
        }
        match answer.recv_timeout(LIMIT.saturating_add(GRACE)) {
            Ok(said) => Ok(said),
            Err(RecvTimeoutError::Disconnected) => Err("the evaluation broke off"),
            Err(RecvTimeoutError::Timeout) => {
                self.0.fetch_add(1, Ordering::AcqRel);
                if met.swap(true, Ordering::AcqRel) {
                    self.0.fetch_sub(1, Ordering::AcqRel);
                }
                answer.try_recv().map_err(|_| "one expression of a rule took longer than the whole evaluation may")
            }
        }
    }
}

/// The end of a thread: the second of the two who come to it, thread and whoever waits, sees that the other was there.
struct Ended {
    met: Arc<AtomicBool>,
    busy: Arc<AtomicUsize>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        if self.met.swap(true, Ordering::AcqRel) {
            self.busy.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// The engine stops by itself a little after its time in all other cases.
const GRACE: Duration = LIMIT;

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn who_never_answers_is_left_behind_and_no_more_than_a_few_of_them() {
        // POL-02
        let aside = Aside::default();
        assert_eq!(aside.ask(|| 7), Ok(7));
        let door = Arc::new(Barrier::new(MOST + 1));
        for _ in 0..MOST {
            let door = Arc::clone(&door);
            assert!(aside.ask(move || door.wait().is_leader()).unwrap_err().contains("longer"));
        }
        assert!(aside.ask(|| 7).unwrap_err().contains("not asked"));
        door.wait();
        while aside.0.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
        assert_eq!(aside.ask(|| 7), Ok(7));
    }

    #[test]
    fn who_breaks_off_does_not_stay_counted() {
        let aside = Aside::default();
        let broken: Result<u8, _> = aside.ask(|| panic!("a fault of the engine"));
        assert!(broken.is_err());
        while aside.0.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
    }
}
