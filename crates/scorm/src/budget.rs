/// What one manifest may cost: bytes that are read or built again and again, for each item or file that refers to them. A small manifest
/// in which everything refers to everything would take hours and gigabytes.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(16 * 1024 * 1024)
    }
}

impl Budget {
    /// Whether there is so much left, which is gone then. Where there is not, there is nothing left for anything else.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }

    /// Whether all is gone.
    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}
