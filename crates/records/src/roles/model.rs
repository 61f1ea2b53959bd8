use audit::{Actor, NewEntry, Origin};
use store::Instant;
use uuid::Uuid;

use crate::{Holder, words};

store::words! {
    /// What somebody may be at an employer, beside staff.
    pub enum Role {
        /// Helps staff that cannot get in.
        ServiceDesk = "service_desk",
        /// Loads and corrects staff records, decides internet access, grants roles.
        Hr = "hr",
        /// Publishes payslips.
        Payroll = "payroll",
        /// Publishes courses.
        Learning = "learning",
        /// Reads the trail.
        Auditor = "auditor",
    }
}

impl Role {
    /// Whether it takes a second HR person to grant it, where the employer has two, and all HR are told of it.
    #[must_use]
    pub const fn is_sensitive(self) -> bool {
        matches!(self, Self::Hr | Self::Payroll | Self::Auditor)
    }
}

store::words! {
    /// What a use case on others needs; each belongs to one role.
    pub enum Permission {
        /// Load staff records.
        ImportStaff = "import_staff",
        /// Correct one staff record.
        CorrectStaff = "correct_staff",
        /// Allot a new username.
        AllotUsername = "allot_username",
        /// Let a held identity field work early.
        ReleaseHold = "release_hold",
        /// Approve, refuse or withdraw internet access.
        DecideInternetAccess = "decide_internet_access",
        /// Grant a role, or withdraw one.
        GrantRole = "grant_role",
        /// Change the employer's settings.
        ChangeSettings = "change_settings",
        /// Lift a lock.
        Unlock = "unlock",
        /// Have the second factors taken off that somebody has lost.
        ReEnrol = "re_enrol",
        /// See why somebody cannot get in.
        ReadWhy = "read_why",
        /// Have a link sent to the address on somebody's record.
        SendLink = "send_link",
        /// Tell HR that something on somebody's record is wrong.
        TellHr = "tell_hr",
        /// Hold a date of birth that somebody says against the one on the record.
        CheckDateOfBirth = "check_date_of_birth",
        /// Read and prove the trail.
        ReadTrail = "read_trail",
        /// Upload a run of payslips and tick its warnings off.
        CheckPayslips = "check_payslips",
        /// Look at one payslip while its run is checked.
        LookAtPayslip = "look_at_payslip",
        /// Publish a run of payslips.
        PublishPayslips = "publish_payslips",
        /// Withdraw one.
        WithdrawPayslips = "withdraw_payslips",
        /// See whom a run has not reached, and print theirs for the post.
        PrintPayslips = "print_payslips",
        /// Take course packages in, publish and retire them.
        PublishCourses = "publish_courses",
    }
}

impl Permission {
    /// Whose it is.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::ImportStaff
            | Self::CorrectStaff
            | Self::AllotUsername
            | Self::ReleaseHold
            | Self::DecideInternetAccess
            | Self::GrantRole
            | Self::ChangeSettings => Role::Hr,
            Self::Unlock
            | Self::ReEnrol
            | Self::ReadWhy
            | Self::SendLink
            | Self::TellHr
            | Self::CheckDateOfBirth => Role::ServiceDesk,
            Self::ReadTrail => Role::Auditor,
            Self::CheckPayslips
            | Self::LookAtPayslip
            | Self::PublishPayslips
            | Self::WithdrawPayslips
            | Self::PrintPayslips => Role::Payroll,
            Self::PublishCourses => Role::Learning,
        }
    }
}

/// Who asks for a permit: the person who is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Their staff record.
    pub staff_record: Uuid,
    /// Its employer.
    pub employer: Uuid,
    /// Whether they are inside that employer's networks.
    pub inside: bool,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// They do not hold the role there.
    #[error("{}", words::needs_role(*.0))]
    Role(Role),
    /// They hold the role, but are outside the employer's networks.
    #[error("{}", words::ROLE_FROM_OUTSIDE)]
    Outside,
    /// It is their own record.
    #[error("{}", words::OWN_RECORD)]
    OwnRecord,
    /// Somebody else than who made the change has to do this.
    #[error("{}", words::SECOND_PERSON)]
    SecondPerson,
    /// They hold a role that the caller does not.
    #[error("{}", words::MORE_RIGHTS)]
    MoreRights,
    /// The permit is for something else.
    #[error("{}", words::OTHER_PERMIT)]
    OtherPermit,
}

/// The proof that somebody may do one thing at one employer. Only [`permit`](super::permit) and the operator's commands make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    permission: Permission,
    employer: Uuid,
    /// `None` for the operator.
    staff_record: Option<Uuid>,
    /// All that the person holds there.
    roles: Vec<Role>,
}

impl Permit {
    /// The operator's, at the command line.
    #[must_use]
    pub fn operator(permission: Permission, employer: Uuid) -> Self {
        Self { permission, employer, staff_record: None, roles: Vec::new() }
    }

    pub(super) fn person(
        permission: Permission,
        employer: Uuid,
        staff_record: Uuid,
        roles: Vec<Role>,
    ) -> Self {
        Self { permission, employer, staff_record: Some(staff_record), roles }
    }

    /// An entry about nobody on the trail of its employer, of whoever holds it.
    #[must_use]
    pub fn entry(
        &self,
        id: Uuid,
        at: Instant,
        event: &'static str,
        data: serde_json::Value,
        origin: Origin,
    ) -> NewEntry {
        NewEntry { actor: self.actor(), origin, ..NewEntry::own(id, at, self.employer, event, data) }
    }

    /// Whether it covers acting on somebody's account: nobody does so on an account with more rights than their own. HR grants all
    /// roles, so none is more than theirs.
    ///
    /// # Errors
    /// What [`Permit::check`] says, and [`Refused::MoreRights`].
    pub fn check_account(&self, permission: Permission, holder: &Holder) -> Result<(), Refused> {
        self.check(permission, holder.employer.id, Some(holder.record.id))?;
        let theirs = |role: &Role| self.roles.contains(role) || self.roles.contains(&Role::Hr);
        if self.staff_record.is_some() && !holder.roles.iter().all(theirs) {
            return Err(Refused::MoreRights);
        }
        Ok(())
    }

    /// Whether it covers this, where `about` is the staff record that is acted on. Each use case asks first.
    ///
    /// # Errors
    /// [`Refused::OtherPermit`], and [`Refused::OwnRecord`] for one's own record.
    pub fn check(&self, permission: Permission, employer: Uuid, about: Option<Uuid>) -> Result<(), Refused> {
        if (self.permission, self.employer) != (permission, employer) {
            return Err(Refused::OtherPermit);
        }
        if about.is_some() && about == self.staff_record {
            return Err(Refused::OwnRecord);
        }
        Ok(())
    }

    /// What it is for.
    #[must_use]
    pub fn permission(&self) -> Permission {
        self.permission
    }

    /// The person's staff record; `None` for the operator.
    #[must_use]
    pub fn staff_record(&self) -> Option<Uuid> {
        self.staff_record
    }

    /// The employer it is for.
    #[must_use]
    pub fn employer(&self) -> Uuid {
        self.employer
    }

    /// Who stands on the trail.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self.staff_record {
            Some(staff_record) => {
                Actor::Person { staff_record, role: Some(self.permission.role().as_str().to_owned()) }
            }
            None => Actor::Operator,
        }
    }
}
