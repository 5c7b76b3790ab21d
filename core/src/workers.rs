//! Independent pieces of work, one after the other or at once. The pure core starts no threads: whoever calls it says who
//! does its work. Results never depend on it (spec 0.3).

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Who does independent pieces of work: [`Alone`], or the threads of a pool.
///
/// ```
/// use unblended::Workers;
/// /// A thread for each piece.
/// #[derive(Debug)]
/// struct Threads;
/// impl Workers for Threads {
///     fn each(&self, pieces: usize, work: &(dyn Fn(usize) + Sync)) {
///         std::thread::scope(|scope| {
///             for piece in 0..pieces {
///                 scope.spawn(move || work(piece));
///             }
///         });
///     }
/// }
/// ```
pub trait Workers: fmt::Debug + Sync {
    /// Calls `work` with every number below `pieces`, in any order, several at once or not, and returns when all is done.
    /// What is left out is done by the caller.
    fn each(&self, pieces: usize, work: &(dyn Fn(usize) + Sync));
}

/// One piece after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Workers for Alone {
    fn each(&self, pieces: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..pieces).for_each(work);
    }
}

/// What each item becomes, in the order of the items.
pub(crate) fn map<T: Sync, R: Send>(workers: &dyn Workers, items: &[T], make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::default()).collect();
    workers.each(items.len(), &|at| {
        if let (Some(item), Some(place)) = (items.get(at), results.get(at)) {
            put(place, make(item));
        }
    });
    items.iter().zip(results).map(|(item, result)| taken(result).unwrap_or_else(|| make(item))).collect()
}

/// Two results that do not need each other.
pub(crate) fn both<A: Send, B: Send>(
    workers: &dyn Workers,
    first: impl Fn() -> A + Sync,
    second: impl Fn() -> B + Sync,
) -> (A, B) {
    let (made_first, made_second) = (Mutex::default(), Mutex::default());
    workers.each(2, &|at| if at == 0 { put(&made_first, first()) } else { put(&made_second, second()) });
    (taken(made_first).unwrap_or_else(first), taken(made_second).unwrap_or_else(second))
}

fn put<R>(place: &Mutex<Option<R>>, result: R) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
}

fn taken<R>(place: Mutex<Option<R>>) -> Option<R> {
    place.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does every other piece, from the last to the first.
    #[derive(Debug)]
    struct Half;

    impl Workers for Half {
        fn each(&self, pieces: usize, work: &(dyn Fn(usize) + Sync)) {
            (0..pieces).rev().step_by(2).for_each(work);
        }
    }

    #[test]
    fn results_are_in_the_order_of_items_whoever_makes_them() {
        let items: Vec<usize> = (0..9).collect();
        for workers in [&Alone as &dyn Workers, &Half] {
            assert_eq!(map(workers, &items, |item| item * 2), [0, 2, 4, 6, 8, 10, 12, 14, 16]);
            assert_eq!(both(workers, || "a", || 1), ("a", 1));
        }
    }
}
