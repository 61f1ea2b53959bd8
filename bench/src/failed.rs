use std::fmt;

/// Why something could not be measured, in words. Everything that fails here ends a measurement, so it takes any error.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl Failed {
    pub(crate) fn because(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::because(error)
    }
}
