//! Employers: who they are, their networks, and the policies they choose.

mod drafts;
mod logo;
mod model;
pub(crate) mod pages;
mod service;
mod settings;
pub(crate) mod sql;
pub(crate) mod tell;

pub use drafts::{Draft, DraftError, Section, draft, draft_apply, draft_make};
pub use model::{Employer, NewEmployer};
pub use service::{EmployerError, employer_add, employer_set};

pub use settings::{
    Contact, Fault, InternetAccess, Learning, LocalLink, Policies, SecondFactor, Settings, is_email,
};
pub use sql::{employer, employer_by_code, employers, employers_revision, logo_picture};
