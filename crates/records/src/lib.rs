//! Staff records: who works where, since when and until when, by which username they log in, and who may do what with it.
//!
//! This room knows `store`, `audit` and `mail`; `access`, `payslips` and `learning` know it. Its words:
//!
//! - an [`Employer`] has a three-digit code, [`Settings`] with networks and policies, and staff records;
//! - a [`Draft`] of settings is shown to whoever made it before it is applied, as it stands;
//! - a [`StaffRecord`] is one person's employment at one employer. It is read as a [`Holder`], together with its employer, by one
//!   statement; its email, date of birth and smartcard UUID are the values in force;
//! - a [`Username`] belongs to a staff record and is never used for another;
//! - a [`Hold`] keeps a changed identity field from working for a while, in which the person may [stop it](stop_hold);
//! - a [`PersonalAddress`] is one of a person's own, by which they get at payslips when they have left;
//! - a [`Role`] is held at an employer; [`permit`] is the one check, and use cases on others take the [`Permit`];
//! - [`import`] loads staff from a file;
//! - [`search`](search()) finds an employer's staff by what somebody types.
//!
//! # How staff records change
//!
//! Every change has a number, counted per employer (`record_change`), and writes new versions of the records it touches
//! (`staff_version` and `assignment`) under that number. A version is seen once its change is switched, and the view `staff` shows the
//! newest one that is. A load stages its versions in pieces under a number that is not switched yet, then switches it in one short
//! transaction, provided that no other change was switched since it looked. What a killed load has staged is seen by nobody and
//! cleared away by the next one.
//!
//! # To add to it
//!
//! A column of the staff file: [`import::Column`], its words, its cell in `import/row.rs` and its field in `import/state.rs`. A policy:
//! [`Policies`] with its range. A permission: [`Permission`] and whose it is.

mod employer;
mod holds;
pub mod import;
mod letters;
mod pages;
pub mod personal_address;
mod reason;
mod roles;
mod search;
mod staff;
mod words;

pub use employer::{
    Contact, Draft, DraftError, Employer, EmployerError, Fault, InternetAccess, Learning, LocalLink,
    NewEmployer, Policies, SecondFactor, Section, Settings, draft, draft_apply, draft_make, employer,
    employer_add, employer_by_code, employer_set, employers, employers_revision, is_email, logo_picture,
};
pub use holds::{Hold, HoldError, IdentityField, open_holds, release_hold, stop_hold};
pub use letters::composers;
pub use pages::{App, HR, holder_of, name_of, of_own_employer, origin, permitted};
pub use personal_address::PersonalAddress;
pub use reason::{reason, reason_field};
pub use roles::{
    Caller, Grant, GrantError, Granted, Held, Permission, Permit, PermitError, Refused, Role, WaitingError,
    WaitingGrant, WithdrawError, account_still, addresses, permit, permit_later, role_confirm, role_grant,
    role_held, role_refuse, role_withdraw, roles_held, roles_of, still_held, waiting_grant, waiting_grants,
};
pub use search::{
    Found, FoundPerson, LEAST_TYPED, MOST_FOUND, MOST_TYPED, SearchError, StaffSearch, name_keys, search,
};
pub use staff::{
    AllotError, Holder, HolderRow, RecordChange, StaffRecord, Username, allot_username, any_record,
    changes_of, find_by_username, holder, holders_by_email, holders_by_smartcard, mark_proved, stem,
    usernames, whose_username,
};

/// The pages of this room.
#[must_use]
pub fn routes(app: &App) -> Vec<web::Route> {
    [
        staff::pages::routes(app),
        import::upload::pages::routes(app),
        holds::pages::routes(app),
        roles::pages::routes(app),
        employer::pages::routes(app),
    ]
    .concat()
}

/// The jobs of this room.
#[must_use]
pub fn handlers(db: &store::Db, clock: &store::Clock, entropy: &store::Entropy) -> Vec<store::jobs::Handler> {
    let app = App { db: db.clone(), clock: clock.clone(), entropy: entropy.clone() };
    let mut handlers = import::upload::handlers(&app);
    handlers.push(import::loaded_handler(db.clone(), clock.clone(), entropy.clone()));
    handlers.push(search::keys_handler(db.clone(), clock.clone(), entropy.clone()));
    handlers
}
