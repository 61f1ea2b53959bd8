use crate::words;

store::words! {
    /// A column of a staff file.
    pub enum Column {
        /// The employer's number for the staff record.
        EmployeeNumber = "employee_number",
        /// The number of the post.
        AssignmentNumber = "assignment_number",
        /// `Dr`, `Ms`, …
        Title = "title",
        /// First name and further ones.
        FirstNames = "first_names",
        /// Last name.
        LastName = "last_name",
        /// Date of birth.
        DateOfBirth = "date_of_birth",
        /// Email address.
        Email = "email",
        /// The UUID of the smartcard.
        SmartcardUuid = "smartcard_uuid",
        /// What the post is.
        Position = "position",
        /// Where it belongs.
        Department = "department",
        /// Where it is.
        Location = "location",
        /// The manager's employee number.
        Manager = "manager",
        /// The post's first day.
        StartDate = "start_date",
        /// The post's last day.
        LeavingDate = "leaving_date",
        /// First day of a long absence.
        AbsentFrom = "absent_from",
        /// Last day of a long absence.
        AbsentTo = "absent_to",
    }
}

impl Column {
    /// Whether a file has to have it.
    #[must_use]
    pub const fn is_required(self) -> bool {
        matches!(
            self,
            Self::EmployeeNumber | Self::FirstNames | Self::LastName | Self::DateOfBirth | Self::StartDate
        )
    }

    /// Whether it holds a day.
    pub(super) const fn is_date(self) -> bool {
        matches!(
            self,
            Self::DateOfBirth | Self::StartDate | Self::LeavingDate | Self::AbsentFrom | Self::AbsentTo
        )
    }

    /// What a change of it is called where it is an assignment's.
    pub(super) fn of_assignment(self, assignment_number: &str) -> String {
        format!("{} {assignment_number}", self.as_str())
    }

    /// So many characters at most.
    pub(super) const fn most(self) -> usize {
        match self {
            Self::EmployeeNumber | Self::Manager => 30,
            Self::AssignmentNumber => 40,
            _ => 500,
        }
    }
}

/// A file to fill in: the header and two made-up lines.
#[must_use]
pub fn template() -> &'static str {
    include_str!("template.csv")
}

/// What each column holds, one a line, for a command's help.
#[must_use]
pub fn help() -> String {
    let line = |column: &Column| {
        let needed = if column.is_required() { words::COLUMN_REQUIRED } else { "" };
        format!("{:<18} {}{needed}\n", column.as_str(), words::column(*column))
    };
    Column::ALL.iter().map(line).collect()
}
