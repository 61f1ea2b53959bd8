//! Staff of the employer 427, and what they do.

use testing::Answer;

use super::{browser::Browser, installation::Installation, mailbox::mail_to, serve::Serve};

/// A password that the rules pass.
pub(crate) const PASSWORD: &str = "seven quiet herons wade";

/// Somebody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) username: &'static str,
    pub(crate) email: &'static str,
    /// Day, month and year.
    pub(crate) born: (&'static str, &'static str, &'static str),
}

pub(crate) const HELEN: Person =
    Person { username: "427HOWSEA01", email: "helen.owsea@nhs.net", born: ("17", "3", "1984") };
pub(crate) const JOHN: Person =
    Person { username: "427JSMITH01", email: "john.smith@nhs.net", born: ("2", "11", "1975") };
/// Whose address is outside the employer's mail domains.
pub(crate) const LI: Person =
    Person { username: "427XLI01", email: "li@elsewhere.example", born: ("29", "2", "1980") };

pub(crate) const STAFF: &str = "\
employee_number,first_names,last_name,date_of_birth,email,start_date
20012345,Helen,O'Wsea,1984-03-17,helen.owsea@nhs.net,2019-09-02
20010001,John,Smith,02/11/1975,john.smith@nhs.net,2011-04-01
20010002,Xia,Li,29/02/1980,li@elsewhere.example,2011-04-01
";

/// An installation with the employer and its staff.
pub(crate) fn staffed(installation: Installation) -> Installation {
    installation.does(&[
        "employer",
        "add",
        "427",
        "--name",
        "River Trust",
        "--set",
        "mail_domains=nhs.net",
        "--set",
        "service_desk.name=Service Desk",
        "--set",
        "service_desk.phone=01234 567890",
    ]);
    installation.import("427", STAFF).ends(0);
    installation
}

impl Browser {
    /// Asks for a link at `/forgotten`.
    pub(crate) async fn ask_for_link(&mut self, person: Person) -> Answer {
        let (day, month, year) = person.born;
        self.post("/forgotten", &[("email", person.email), ("day", day), ("month", month), ("year", year)])
            .await
    }

    /// Sets a password behind a link.
    pub(crate) async fn use_link(&mut self, link: &str, password: &str) -> Answer {
        let secret = link.rsplit_once("?link=").expect("a link").1;
        self.get(link).await.is(200);
        self.post("/reset", &[("link", secret), ("act", "set"), ("new_password", password)]).await
    }

    /// Tries to log in.
    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Answer {
        self.post("/", &[("username", username), ("password", password)]).await
    }
}

/// Gives somebody their password in the way they would get it; mails arrive in `folder`.
pub(crate) async fn set_password(
    installation: &Installation,
    serve: &Serve,
    person: Person,
    folder: &str,
) -> Browser {
    let mut browser = serve.browser();
    browser.ask_for_link(person).await.leads_to("/forgotten/sent");
    let mail = mail_to(&installation.path(folder), person.email, "Your username").await;
    browser.use_link(&mail.link(), PASSWORD).await.is(200).has("Your password is set");
    browser
}

/// One of many.
#[derive(Clone, Debug)]
pub(crate) struct Somebody {
    pub(crate) email: String,
    pub(crate) born: (&'static str, &'static str, &'static str),
}

/// A staff file of people with these numbers, each with an address of their own, and the people.
pub(crate) fn crowd(numbers: std::ops::Range<usize>) -> (String, Vec<Somebody>) {
    let people = numbers
        .clone()
        .map(|number| Somebody { email: format!("p{number}@nhs.net"), born: ("1", "6", "1990") });
    let header = "employee_number,first_names,last_name,date_of_birth,email,start_date\n";
    let rows = numbers.map(|number| {
        let letters: String = (0..5_u32)
            .map(|place| char::from(b'a' + u8::try_from(number / 26_usize.pow(place) % 26).unwrap()))
            .collect();
        format!("C{number},Crowd,{letters},1990-06-01,p{number}@nhs.net,2020-01-01\n")
    });
    (format!("{header}{}", rows.collect::<String>()), people.collect())
}
