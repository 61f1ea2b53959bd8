use records::Holder;
use store::{Day, Instant};

/// At most so many mails an hour to one address, and so many a day.
pub(super) const MAILS: [(i64, i64); 2] = [(60, 3), (24 * 60, 10)];

store::words! {
    /// What became of a request, for one staff record that it concerned.
    pub enum Outcome {
        /// A mail with a link was queued.
        Mailed = "mailed",
        /// The email address was right, the date of birth was not.
        WrongDateOfBirth = "wrong_date_of_birth",
        /// Email and date of birth were right, the username was another's.
        OtherUsername = "other_username",
        /// The address is in none of the employer's mail domains.
        OutsideMailDomains = "outside_mail_domains",
        /// Their last day is over.
        Left = "left",
        /// The address has had as many mails as it may have.
        TooManyMails = "too_many_mails",
        /// Asked for at the leavers' door: a mail with a link was queued.
        LeaverMailed = "leaver_mailed",
        /// Asked for at the leavers' door: something did not match.
        LeaverRefused = "leaver_refused",
    }
}

/// What was typed, as far as the job needs it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) date_of_birth: Day,
    /// Only the account with this username, where one was given.
    pub(super) username: Option<records::Username>,
}

/// What becomes of a request for one staff record whose email address it names.
pub(super) fn judge(
    holder: &Holder,
    usernames: &[records::Username],
    wanted: &Wanted,
    now: Instant,
) -> Outcome {
    if holder.record.date_of_birth != wanted.date_of_birth {
        Outcome::WrongDateOfBirth
    } else if wanted.username.as_ref().is_some_and(|username| !usernames.contains(username)) {
        Outcome::OtherUsername
    } else if holder.record.has_left(holder.employer.today(now)) {
        Outcome::Left
    } else if !may_be_mailed(holder) {
        Outcome::OutsideMailDomains
    } else {
        Outcome::Mailed
    }
}

/// Whether the address on the record is in one of the employer's mail domains: nothing is sent anywhere else.
pub(crate) fn may_be_mailed(holder: &Holder) -> bool {
    holder.record.email.as_deref().is_some_and(|email| holder.employer.settings.mails_to(email))
}
