//! What every page shares: the way in from the network, who is asking, forms, errors, headers and the shell around a body.
//!
//! It knows no room. A room exports `routes() -> Vec<Route>`; [`build`] makes the router of them and puts the corridor in
//! front: request id, headers, client address, who is asking ([`Front`]), the audience of the route, limits, and the
//! forgery check. To add a page, add a [`Route`] to its room; the table-driven test then asks what each caller may see.

pub mod assets;
mod client;
pub mod cookies;
mod corridor;
mod csrf;
pub mod export;
mod files;
mod form;
pub mod format;
mod keys;
mod page;
mod places;
mod problem;
mod route;
mod shell;
mod site;
pub mod ui;

pub use client::{Client, ClientCertificates, Peer, ServerName, network};
pub use corridor::{Corridor, authority, build};
pub use csrf::Csrf;
pub use form::{FieldErrors, Form, FormFile, Password};
pub use keys::{Keys, KeysError, Sealed};
pub use page::{
    Desk, Ended, Factors, Front, Halfway, Language, Logo, Page, PathId, PathIds, Person, Proof, ProofKind,
    Roles, Visitor,
};
pub use problem::Problem;
pub use route::{Audience, Route};
pub use shell::{Desks, Help, Shell, see_other};
pub use site::Site;
