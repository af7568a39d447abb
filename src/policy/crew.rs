//! How is work shared over the processors?

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rules that need each other in a row use up the stack of whoever evaluates them.
const STACK: usize = 32 << 20;

/// Does every piece of work once, on as many threads as asked for, and gives the results in the order of the work.
pub fn share<T: Sync, R: Send>(work: &[T], workers: usize, each: &(dyn Fn(&T) -> R + Sync)) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(work.len()));
    let toil = || {
        while let Some((at, piece)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            work.get(at).map(|piece| (at, piece))
        } {
            let result = each(piece);
            // A lock is poisoned only by a panic, which ends the scope below anyway.
            if let Ok(mut done) = done.lock() {
                done.push((at, result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, work.len().max(1)) {
            // Where no thread is to be had, those that are there, and at last this one, do the work.
            drop(std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, toil));
        }
    });
    toil();
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_and_in_order() {
        let work: Vec<usize> = (0..100).collect();
        for workers in [0, 1, 4] {
            assert_eq!(
                share(&work, workers, &|piece| piece * 2),
                work.iter().map(|piece| piece * 2).collect::<Vec<_>>()
            );
        }
        assert!(share(&[0_u8; 0], 3, &|piece| *piece).is_empty());
    }
}
