use store::Instant;
use uuid::Uuid;

store::words! {
    /// A field by which somebody could become a person.
    pub enum IdentityField {
        /// Where mail with links goes.
        Email = "email",
        /// What is asked beside the email.
        DateOfBirth = "date_of_birth",
        /// What a smartcard carries.
        SmartcardUuid = "smartcard_uuid",
    }
}

/// A change of an identity field that does not work yet.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Hold {
    /// Its id.
    pub id: Uuid,
    /// Whose record.
    pub staff_record_id: Uuid,
    /// At which employer.
    pub employer_id: Uuid,
    /// The change of staff records that brought it.
    pub number: i64,
    /// Which field.
    pub field: IdentityField,
    /// The value that is in force until then; a date as `YYYY-MM-DD`.
    pub old_value: Option<String>,
    /// The value that will be in force.
    pub new_value: Option<String>,
    /// When the new value begins to work.
    pub held_until: Instant,
}
