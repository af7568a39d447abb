//! How does a task that wakes itself keep its thread?
//!
//! A connection of hyper wakes its own task while it is being polled: a body that is wanted, a request that is handed
//! over. The scheduler takes that for new work, puts the task at the end of its queue and wakes a sleeping worker to
//! come and steal it. Under one call at a time this cost two wake-ups of another processor a call, which was more than
//! policy and record together. Here such a task is simply polled again, on the same thread.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// A task that keeps waking itself gives others their turn after this many rounds.
const ROUNDS: usize = 8;

const WAITING: u8 = 0;
const POLLED: u8 = 1;
const WOKEN: u8 = 2;

/// Runs a future and polls it again at once when it was woken meanwhile.
pub async fn unbroken<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = Arc::new(Bell { state: AtomicU8::new(WAITING), task: AtomicWaker::new() });
    let waker = Waker::from(Arc::clone(&bell));
    poll_fn(|context| {
        bell.task.register(context.waker());
        for _ in 0..ROUNDS {
            bell.state.store(POLLED, Ordering::SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(output);
            }
            let waiting = bell.state.compare_exchange(POLLED, WAITING, Ordering::SeqCst, Ordering::SeqCst);
            if waiting.is_ok() {
                return Poll::Pending;
            }
        }
        bell.state.store(WAITING, Ordering::SeqCst);
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Rung by whoever wakes the future; passed on to its task unless the task is at work and will see it.
struct Bell {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let state = self.state.compare_exchange(POLLED, WOKEN, Ordering::SeqCst, Ordering::SeqCst);
        if state == Err(WAITING) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Polls once a future that wakes itself so many times before it ends; says how it stands and who was woken.
    fn polled(times: usize) -> (Poll<()>, usize) {
        let mut wakes = 0..times;
        let future = unbroken(poll_fn(move |context| {
            if wakes.next().is_none() {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let polled = pin!(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(&count))));
        (polled, count.0.load(Ordering::SeqCst))
    }

    #[test]
    fn a_future_that_wakes_itself_wakes_nobody_else() {
        assert_eq!(polled(0), (Poll::Ready(()), 0));
        assert_eq!(polled(ROUNDS - 1), (Poll::Ready(()), 0));
    }

    #[test]
    fn one_that_never_stops_lets_others_have_their_turn() {
        assert_eq!(polled(ROUNDS), (Poll::Pending, 1));
        assert_eq!(polled(1000), (Poll::Pending, 1));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_is_woken_from_elsewhere_goes_on() {
        let (to, mut from) = tokio::sync::mpsc::channel(1);
        let listening = tokio::spawn(unbroken(async move {
            let mut heard = Vec::new();
            while let Some(number) = from.recv().await {
                heard.push(number);
            }
            heard
        }));
        for number in 0..10_000 {
            to.send(number).await.unwrap();
        }
        drop(to);
        assert_eq!(listening.await.unwrap(), (0..10_000).collect::<Vec<_>>());
    }
}
