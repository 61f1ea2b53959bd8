use records::InternetAccess as Policy;

store::words! {
    /// Where a request stands.
    pub enum Status {
        /// Nobody has asked.
        NotRequested = "not_requested",
        /// HR has to decide.
        Requested = "requested",
        /// It may log in from outside.
        Approved = "approved",
        /// HR said no.
        Refused = "refused",
        /// It was approved or requested, and is no longer.
        Withdrawn = "withdrawn",
    }
}

/// What the holder, HR or the policy can do to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The holder asks, or sets a password.
    Request,
    /// HR says yes.
    Approve,
    /// HR says no.
    Refuse,
    /// HR takes it back.
    Withdraw,
}

impl Status {
    /// Whether it stands in HR's list: those that are approved have nothing to wait for, and are found by their name.
    #[must_use]
    pub fn is_listed(self) -> bool {
        matches!(self, Self::Requested | Self::Refused | Self::Withdrawn)
    }

    /// The status after HR's `act`, or `None` where the act makes no sense.
    #[must_use]
    pub fn after(self, act: Act) -> Option<Self> {
        match (self, act) {
            (Self::NotRequested | Self::Refused | Self::Withdrawn, Act::Request) => Some(Self::Requested),
            (Self::NotRequested | Self::Requested | Self::Refused | Self::Withdrawn, Act::Approve) => {
                Some(Self::Approved)
            }
            (Self::Requested, Act::Refuse) => Some(Self::Refused),
            (Self::Approved | Self::Requested, Act::Withdraw) => Some(Self::Withdrawn),
            _ => None,
        }
    }

    /// The status after its holder has asked, under a policy. What HR once refused or withdrew, HR decides again.
    #[must_use]
    pub fn after_request(self, policy: Policy) -> Option<Self> {
        match (self, policy) {
            (Self::NotRequested, Policy::Automatic) => Some(Self::Approved),
            _ => self.after(Act::Request),
        }
    }
}

#[cfg(test)]
mod tests {
    use records::InternetAccess as Policy;

    use super::{Act, Status};

    #[test]
    fn every_act_on_every_status() {
        use Status::{Approved, NotRequested, Refused, Requested, Withdrawn};
        for (before, request, approve, refuse, withdraw) in [
            (NotRequested, Some(Requested), Some(Approved), None, None),
            (Requested, None, Some(Approved), Some(Refused), Some(Withdrawn)),
            (Approved, None, None, None, Some(Withdrawn)),
            (Refused, Some(Requested), Some(Approved), None, None),
            (Withdrawn, Some(Requested), Some(Approved), None, None),
        ] {
            let after = [Act::Request, Act::Approve, Act::Refuse, Act::Withdraw].map(|act| before.after(act));
            assert_eq!(after, [request, approve, refuse, withdraw], "{before}");
        }
    }

    #[test]
    fn the_policy_approves_only_what_hr_never_decided() {
        assert_eq!(Status::NotRequested.after_request(Policy::Automatic), Some(Status::Approved));
        assert_eq!(Status::NotRequested.after_request(Policy::Hr), Some(Status::Requested));
        for decided in [Status::Refused, Status::Withdrawn] {
            assert_eq!(decided.after_request(Policy::Automatic), Some(Status::Requested), "{decided}");
        }
        assert_eq!(Status::Approved.after_request(Policy::Automatic), None);
    }
}
