//! HR's pages on roles and on the employer's settings: what they do, and what is tried on them that nobody may.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod roles;
mod settings;

use testing::{Answer, Portal};

pub(crate) const AMINA: &str = "427ADELAC01";
pub(crate) const GARETH: &str = "427GPUGH01";
pub(crate) const JOANNE: &str = "427JFLETC01";
pub(crate) const HELEN: &str = "427HOWSEA01";
/// HR of the other employer.
pub(crate) const JANE: &str = "999JSMITH02";

/// What stands on the trail, oldest first: who did it, and the entry.
pub(crate) async fn trail(portal: &Portal, event: &str) -> Vec<Entry> {
    let mut reader = portal.db.read().await.unwrap();
    store::on!(reader.tx(), c => {
        sqlx::query_as("SELECT actor, actor_role, reason, data FROM audit_entry WHERE event = $1 ORDER BY at, id")
            .bind(event)
            .fetch_all(c)
            .await
    })
    .unwrap()
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Entry {
    pub(crate) actor: String,
    pub(crate) actor_role: Option<String>,
    pub(crate) reason: Option<String>,
    data: String,
}

impl Entry {
    pub(crate) fn data(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

/// The id in the first address like `{before}{id}{after}` of a page, beyond the first occurrence of some words.
#[track_caller]
pub(crate) fn id_after(page: &Answer, words: &str, before: &str, after: &str) -> String {
    let (_, rest) =
        page.body.split_once(words).unwrap_or_else(|| panic!("{words} is not in {}", page.text()));
    let mut parts = rest.split(before).skip(1).filter_map(|part| part.split_once(after));
    parts
        .find(|(id, _)| id.len() == 36)
        .unwrap_or_else(|| panic!("no {before} in {}", page.text()))
        .0
        .to_owned()
}
