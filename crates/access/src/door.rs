//! The two doors: that of those who work here, and that of those who have left.

store::words! {
    /// By which door somebody comes.
    pub enum Door {
        /// That of those who work here: `/`.
        Staff = "staff",
        /// That of those who have left: `/leavers`.
        Leavers = "leavers",
    }
}

impl Door {
    /// The door of somebody who has left, or has not.
    pub(crate) const fn of(leaver: bool) -> Self {
        if leaver { Self::Leavers } else { Self::Staff }
    }

    /// Where one logs in.
    pub(crate) const fn log_in(self) -> &'static str {
        match self {
            Self::Staff => "/",
            Self::Leavers => "/leavers",
        }
    }

    /// Where one asks for a link to set a password.
    pub(crate) const fn forgotten(self) -> &'static str {
        match self {
            Self::Staff => "/forgotten",
            Self::Leavers => "/leavers/forgotten",
        }
    }

    /// The page behind such a link.
    pub(crate) const fn reset(self) -> &'static str {
        match self {
            Self::Staff => "/reset",
            Self::Leavers => "/leavers/reset",
        }
    }
}
