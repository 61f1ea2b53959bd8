use askama::Template;
use store::Db;
use web::{
    Page, Person, Problem, format,
    ui::{Button, Tag, TagColour, TextInput},
};

use super::{FoundPerson, MOST_FOUND, SearchError, search};

/// The search box and who was found: the beginning of each page that is about one of an employer's staff. It is sent as it is typed
/// where script runs.
#[derive(Template)]
#[template(path = "staff_search.html")]
pub struct StaffSearch {
    base: &'static str,
    typed: TextInput,
    button: Button,
    says: Option<String>,
    people: Vec<FoundView>,
}

impl askama::filters::HtmlSafe for StaffSearch {}

struct FoundView {
    path: String,
    name: String,
    facts: String,
    note: Option<String>,
    left: Option<Tag>,
}

impl StaffSearch {
    /// Looks among the staff of the person's own employer for what stands in the query as `q`; who is found is a link below `base`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn of(db: &Db, page: &Page, person: &Person, base: &'static str) -> Result<Self, Problem> {
        let typed = page.query("q");
        let (mut says, mut people) = (None, Vec::new());
        if !typed.trim().is_empty() {
            let mut reader = db.read().await?;
            match search(&mut reader.tx(), person.employer, &typed, person.now).await {
                Ok(found) => {
                    says = Some(counted(found.people.len(), found.more));
                    people = found.people.into_iter().map(|found| view(base, found)).collect();
                }
                Err(SearchError::Typed(what)) => says = Some(what.to_owned()),
                Err(SearchError::Store(error)) => return Err(error.into()),
            }
        }
        let field = TextInput::new("q", "Username, name, employee number or email")
            .hint("Three characters or more. One wrong letter does no harm.")
            .value(typed)
            .autocomplete("off")
            .without_spellcheck();
        Ok(Self { base, typed: field, button: Button::submit("Search"), says, people })
    }
}

fn counted(found: usize, more: bool) -> String {
    match (found, more) {
        (0, _) => "Nobody of your employer fits. Try another spelling, or the employee number.".into(),
        (1, _) => "One person fits.".into(),
        (many, false) => format!("{many} people fit."),
        (_, true) => format!("More than {MOST_FOUND} people fit. Type more to find the right one."),
    }
}

fn view(base: &str, found: FoundPerson) -> FoundView {
    let username = found.username.map(|username| username.to_string());
    let facts = [username, Some(found.employee_number), found.position, found.department];
    let name = found.title.map_or_else(|| found.name.clone(), |title| format!("{title} {}", found.name));
    let note = match (found.earlier, found.near) {
        (Some(earlier), _) => Some(format!("Earlier: {earlier}")),
        (None, true) => Some("Spelt a little differently".to_owned()),
        (None, false) => None,
    };
    FoundView {
        path: format!("{base}/{}", found.staff_record),
        name,
        facts: facts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        note,
        left: found
            .last_day
            .filter(|_| found.has_left)
            .map(|day| Tag::new(format!("Left {}", format::day(day))).colour(TagColour::Grey)),
    }
}
