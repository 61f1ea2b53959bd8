use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use sha2::{Digest, Sha256};

/// So many signatures are remembered: 40 bytes each. Then they are forgotten, and come back as cards are shown.
const MOST: usize = 50_000;

type Seen = Arc<Mutex<HashSet<[u8; 32]>>>;

/// An algorithm that remembers the signatures which it found right. The same cards are shown every day, and to check the issuer's
/// signature on one takes longer than the rest of its check. What was right stays right; what was wrong is checked again.
#[derive(Debug)]
struct Remembering {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    seen: Seen,
}

/// These algorithms, with one memory of signatures.
pub(super) fn remembering(
    algorithms: &[&'static dyn SignatureVerificationAlgorithm],
) -> Vec<Box<dyn SignatureVerificationAlgorithm>> {
    let seen = Seen::default();
    let remember = |algorithm: &&'static dyn SignatureVerificationAlgorithm| {
        Box::new(Remembering { algorithm: *algorithm, seen: seen.clone() }) as Box<_>
    };
    algorithms.iter().map(remember).collect()
}

impl SignatureVerificationAlgorithm for Remembering {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let mut digest = Sha256::new();
        // Each with its length, so that no two cases read the same.
        let [kind, of_key] = [self.signature_alg_id(), self.public_key_alg_id()];
        for part in [&kind[..], &of_key[..], public_key, message, signature] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let digest: [u8; 32] = digest.finalize().into();
        if self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(&digest) {
            return Ok(());
        }
        self.algorithm.verify_signature(public_key, message, signature)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(digest);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.algorithm.fips()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Takes what ends with the message, and counts how often it is asked.
    #[derive(Debug)]
    struct Counting(AtomicUsize);

    impl SignatureVerificationAlgorithm for Counting {
        fn verify_signature(
            &self,
            _: &[u8],
            message: &[u8],
            signature: &[u8],
        ) -> Result<(), InvalidSignature> {
            self.0.fetch_add(1, Ordering::Relaxed);
            if signature.ends_with(message) { Ok(()) } else { Err(InvalidSignature) }
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            rustls::pki_types::alg_id::ECDSA_P256
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            rustls::pki_types::alg_id::ECDSA_SHA256
        }
    }

    #[test]
    fn what_was_right_is_remembered_and_nothing_else() {
        let counting: &'static Counting = Box::leak(Box::new(Counting(AtomicUsize::new(0))));
        let algorithms = remembering(&[counting]);
        let verify = |key: &str, message: &str, signature: &str| {
            let before = counting.0.load(Ordering::Relaxed);
            let right =
                algorithms[0].verify_signature(key.as_bytes(), message.as_bytes(), signature.as_bytes());
            (right.is_ok(), counting.0.load(Ordering::Relaxed) > before)
        };
        assert_eq!(verify("key", "card", "by card"), (true, true));
        assert_eq!(verify("key", "card", "by card"), (true, false));
        // Neither another key, nor another card, nor what reads the same without its lengths.
        assert_eq!(verify("yek", "card", "by card"), (true, true));
        assert_eq!(verify("key", "ard", "by card"), (true, true));
        assert_eq!(verify("keyc", "ard", "by card"), (true, true));
        for _ in 0..2 {
            assert_eq!(verify("key", "card", "forged"), (false, true));
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let counting: &'static Counting = Box::leak(Box::new(Counting(AtomicUsize::new(0))));
        let seen = Seen::default();
        let remembering = Remembering { algorithm: counting, seen: seen.clone() };
        for number in 0..=MOST {
            let message = number.to_string();
            remembering.verify_signature(b"key", message.as_bytes(), message.as_bytes()).unwrap();
            assert!(seen.lock().unwrap().len() <= MOST);
        }
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}
