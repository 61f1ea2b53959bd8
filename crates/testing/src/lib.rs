//! For tests: the whole portal in memory, with a clock that is set, made-up staff, and browsers that keep cookies and tokens.
//!
//! ```ignore
//! both_databases!(she_is_told, |portal| async move {
//!     portal.set_password("427HOWSEA01").await;
//!     let mut browser = portal.browser();
//!     browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
//! });
//! ```
//!
//! Everything goes in by the doors that people and operators use. The demo's employers are there: 427 and 999, with the network
//! `192.0.2.0/24`; a browser is outside unless it is made [`Portal::inside`].

mod browser;
mod pay;
mod portal;

pub use browser::{Answer, Browser};
pub use portal::{INSIDE, OUTSIDE, PASSWORD, PROXY, Portal, START};

/// Makes a test of an async body that runs on SQLite and one that runs on PostgreSQL, each with a portal of its own.
#[macro_export]
macro_rules! both_databases {
    ($(#[$attribute:meta])* $name:ident, |$portal:ident| $body:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "a body may need nothing of its module")]
            use super::*;

            async fn body($portal: $crate::Portal) {
                $body.await
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                body($crate::Portal::lite().await).await;
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                body($crate::Portal::pg().await).await;
            }
        }
    };
}
