//! The made-up employers: two of them, with staff, for trying the portal out and for tests in a browser.
//!
//! Everything goes in by the use cases that real data goes in by. Nobody here exists; `.example` addresses belong to nobody, and
//! the mail domain `nhs.net` is only written, since the demo's mails go to a folder that [`mailbox`] shows.

mod courses;
pub mod mailbox;
mod pay;
mod teach;

pub use courses::courses;
pub use pay::{Files, example_files, pay};
pub use teach::teach;

use audit::Origin;
use records::{
    Contact, EmployerError, Grant, GrantError, LocalLink, NewEmployer, Permission, Permit, Role, Settings,
    Username,
    import::{self, ApplyError, Options, PlanError},
};
use store::{Clock, Day, Db, Entropy, StoreError};

/// An employer of the demo.
pub struct Example {
    /// Three digits.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its staff, as a file to load.
    pub staff: &'static str,
}

/// The two.
pub const EXAMPLES: [Example; 2] = [
    Example { code: "427", name: "Northmoor Hospitals Trust", staff: include_str!("../data/427.csv") },
    Example { code: "999", name: "Southdown Community Health Trust", staff: include_str!("../data/999.csv") },
];

/// Somebody to log in as.
pub struct Login {
    /// Their username.
    pub username: &'static str,
    /// Their email address, where the demo's links go.
    pub email: &'static str,
    /// Their date of birth, as it is typed.
    pub date_of_birth: (&'static str, &'static str, &'static str),
    /// Who they are.
    pub who: &'static str,
}

/// People whose password is set when the demo starts; [`pay`] has loaded one of them.
pub const LOGINS: [Login; 3] = [
    Login {
        username: "427HOWSEA01",
        email: "helen.owsea@nhs.net",
        date_of_birth: ("14", "3", "1984"),
        who: "Helen O'Wsea, staff nurse at Northmoor",
    },
    Login {
        username: "427SJOSHI01",
        email: "sunita.joshi@nhs.net",
        date_of_birth: ("17", "5", "1986"),
        who: "Sunita Joshi, healthcare assistant at Northmoor and in its bank: two payslips a month",
    },
    Login {
        username: "999JSMITH01",
        email: "john.smith@nhs.net",
        date_of_birth: ("2", "11", "1979"),
        who: "John Smith, physiotherapist at Southdown",
    },
];

/// People with a role, whose password is set as well. They set up a second factor when they first log in.
pub const ROLE_LOGINS: [(Role, Login); 5] = [
    (
        Role::Hr,
        Login {
            username: "427GPUGH01",
            email: "gareth.pugh@nhs.net",
            date_of_birth: ("22", "7", "1971"),
            who: "Gareth Pugh, HR at Northmoor",
        },
    ),
    (
        Role::ServiceDesk,
        Login {
            username: "427JFLETC01",
            email: "joanne.fletcher@nhs.net",
            date_of_birth: ("1", "12", "1988"),
            who: "Joanne Fletcher, service desk at Northmoor",
        },
    ),
    (
        Role::Payroll,
        Login {
            username: "427RACHEB01",
            email: "rosalind.achebe@nhs.net",
            date_of_birth: ("9", "9", "1983"),
            who: "Rosalind Achebe, payroll at Northmoor",
        },
    ),
    (
        Role::Learning,
        Login {
            username: "427RCOHEN01",
            email: "ruth.cohen@nhs.net",
            date_of_birth: ("27", "11", "1991"),
            who: "Ruth Cohen, learning at Northmoor",
        },
    ),
    (
        Role::Hr,
        Login {
            username: "999JSMITH02",
            email: "jane.smith@nhs.net",
            date_of_birth: ("5", "5", "1990"),
            who: "Jane Smith, HR at Southdown",
        },
    ),
];

/// The password of everybody in [`LOGINS`] and [`ROLE_LOGINS`].
pub const PASSWORD: &str = "seven quiet herons wade";

/// Somebody with a record at both employers who has never logged in: for the steps at Forgotten.
pub const NEWCOMER: Login = Login {
    username: "427ADELAC01",
    email: "amina.delacruz@nhs.net",
    date_of_birth: ("29", "2", "1992"),
    who: "Amina de la Cruz, healthcare assistant at both, who has never logged in",
};

/// Why the demo could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// An employer.
    #[error(transparent)]
    Employer(#[from] EmployerError),
    /// A staff file.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Loading it.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A role.
    #[error(transparent)]
    Role(#[from] GrantError),
    /// A run file could not be taken in.
    #[error(transparent)]
    Receive(#[from] payslips::runs::ReceiveError),
    /// A warning of a run could not be ticked off.
    #[error(transparent)]
    Act(#[from] payslips::runs::ActError),
    /// A run could not be published.
    #[error(transparent)]
    Publish(#[from] payslips::runs::PublishError),
    /// A run of the demo has errors, of which this is the first.
    #[error("the demo's run {0} was not taken: {1}")]
    Run(String, String),
    /// A day beyond the calendar.
    #[error("the demo pays on no such day: {0}")]
    Day(Day),
    /// A course could not be packed.
    #[error(transparent)]
    Pack(#[from] scorm::write::WriteError),
    /// A course's package is not taken.
    #[error("a course of the demo: {0}")]
    Package(#[from] scorm::ReadError),
    /// A course was not taken in.
    #[error("a course of the demo: {0}")]
    Course(#[from] learning::courses::ImportError),
    /// A course was not published.
    #[error("a course of the demo: {0}")]
    PublishCourse(#[from] learning::courses::ChangeError),
    /// A file could not be written.
    #[error("a file of the demo: {0}")]
    File(#[from] std::io::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds the employers and loads their staff, where they are not there yet. Says whether it did.
///
/// # Errors
/// See [`DemoError`].
pub async fn fill(db: &Db, clock: &Clock, entropy: &Entropy) -> Result<bool, DemoError> {
    let mut filled = false;
    for example in &EXAMPLES {
        let mut reader = db.read().await?;
        let there = records::employer_by_code(&mut reader.tx(), example.code).await?;
        drop(reader);
        if there.is_some() {
            continue;
        }
        let new =
            NewEmployer { code: example.code.into(), name: example.name.into(), settings: settings(example) };
        let employer = records::employer_add(db, entropy, clock.now(), new, Origin::default()).await?;
        let file = format!("{}.csv", example.code);
        let plan = import::plan(db, employer.id, example.staff.as_bytes(), &file, clock.now()).await?;
        let permit = Permit::operator(Permission::ImportStaff, employer.id);
        import::apply(db, clock, entropy, &permit, plan, Options::default(), Origin::default(), |_, _| {})
            .await?;
        filled = true;
    }
    Ok(filled)
}

/// Gives the people of [`ROLE_LOGINS`] their roles, and lets their pages be opened from outside: whoever tries the demo is.
///
/// # Errors
/// See [`DemoError`].
pub async fn give_roles(db: &Db, clock: &Clock, entropy: &Entropy) -> Result<(), DemoError> {
    for example in &EXAMPLES {
        let mut reader = db.read().await?;
        let employer = records::employer_by_code(&mut reader.tx(), example.code).await?;
        drop(reader);
        let Some(employer) = employer else { continue };
        let (id, name) = (employer.id, employer.name.clone());
        let mut settings = employer.settings.clone();
        settings.policies.roles_from_outside = true;
        let now = clock.now();
        records::employer_set(db, entropy, now, employer, name, settings, Origin::default()).await?;
        let permit = Permit::operator(Permission::GrantRole, id);
        let theirs = ROLE_LOGINS.iter().filter(|(_, login)| login.username.starts_with(example.code));
        for (role, login) in theirs {
            let Some(username) = Username::parse(login.username) else { continue };
            let grant = Grant { username, role: *role, reason: None, recover: true };
            records::role_grant(db, entropy, now, &permit, grant, Origin::default()).await?;
        }
    }
    Ok(())
}

/// What both employers have chosen; their names and numbers differ.
#[must_use]
pub fn settings(example: &Example) -> Settings {
    let place = if example.code == "427" { "northmoor" } else { "southdown" };
    let link = |title: &str, address: &str| LocalLink {
        title: title.into(),
        address: address.into(),
        only_for: None,
    };
    Settings {
        service_desk: Contact {
            name: "ESR Service Desk".into(),
            phone: format!("01632 960{}", example.code),
            email: format!("servicedesk@{place}.example"),
            hours: "Monday to Friday, 8 am to 6 pm".into(),
        },
        it_service_desk: Some(Contact {
            name: "IT Service Desk".into(),
            phone: "01632 960100".into(),
            email: format!("it@{place}.example"),
            hours: "Every day, at any hour".into(),
        }),
        mail_domains: vec!["nhs.net".into()],
        // Documentation addresses: whoever tries the demo is outside.
        networks: vec!["192.0.2.0/24".parse().unwrap_or_default()],
        local_links: vec![
            link("Learning and Development Prospectus", "/e-learning#find"),
            link("PC Checker", "/pc-checker"),
            link("STAR Homepage", &format!("https://intranet.{place}.example/star")),
        ],
        ..Settings::default()
    }
}
