//! Room for bodies with files, which are held while they arrive and until nothing works on them any more.
//!
//! It is shared by employer: no one of them takes more than half, so that slow lines, or somebody who sends nothing on purpose, keep the
//! others from nothing. Room is counted in bytes, not in bodies, so that a few small files do not keep each other out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

/// All the room there is: twice that of the largest body.
#[derive(Clone, Debug)]
pub(crate) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// So many bytes the bodies of one employer may have.
    each: usize,
    taken: Mutex<HashMap<Uuid, usize>>,
}

impl Inner {
    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// Room where no body has more than `largest` bytes.
    pub(crate) fn new(largest: usize) -> Self {
        Self(Arc::new(Inner { each: largest, taken: Mutex::default() }))
    }

    /// Room for so many bytes; `None` where the employer has not so much left, or all of them together have not.
    pub(crate) fn take(&self, employer: Uuid, bytes: usize) -> Option<Place> {
        let mut taken = self.0.taken();
        let own = taken.get(&employer).copied().unwrap_or_default() + bytes;
        let all = taken.values().sum::<usize>() + bytes;
        if own > self.0.each || all > 2 * self.0.each {
            return None;
        }
        taken.insert(employer, own);
        Some(Place { places: self.clone(), employer, bytes })
    }
}

/// Room that is given back with this value.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    employer: Uuid,
    bytes: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken();
        if let Some(own) = taken.get_mut(&self.employer) {
            *own -= self.bytes;
            if *own == 0 {
                taken.remove(&self.employer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);
    const THREE: Uuid = Uuid::from_u128(3);

    #[test]
    fn no_employer_takes_the_room_of_the_others() {
        let places = Places::new(100);
        let large = places.take(ONE, 100).unwrap();
        assert!(places.take(ONE, 1).is_none());
        let small = places.take(TWO, 30).unwrap();
        let other = places.take(TWO, 70).unwrap();
        assert!(places.take(TWO, 1).is_none());
        // Two that take all they may leave nothing to a third, until one of them ends.
        assert!(places.take(THREE, 1).is_none());
        drop(small);
        let third = places.take(THREE, 30).unwrap();
        drop((large, other, third));
        assert!(places.0.taken().is_empty());
    }
}
