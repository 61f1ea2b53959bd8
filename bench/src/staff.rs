//! Made-up staff of a very large employer, with names as many share as in life.

use std::collections::HashMap;

use records::stem;
use store::Day;

use crate::people::EMPLOYER;

const FIRST: &str = "Olivia George Amelia Arthur Isla Noah Ava Muhammad Ivy Leo Freya Oscar Lily Harry Florence Archie Mia Jack Willow Henry \
    Rosie Charlie Sophia Freddie Isabella Theodore Grace Luca Daisy Alfie Sienna Theo Poppy Jude Elsie William Emily Arlo Ella James Evelyn \
    Rory Phoebe Thomas Evie Lucas Charlotte Finley Ruby Roman Harper Jacob Alice Edward Matilda Max Millie Reggie Maeve Lewis Hannah Logan \
    Ellie Hugo Margaret Elijah Sarah Rupert Helen Sebastian Susan Alexander Karen Joshua Jacqueline Reuben Patricia Ethan Christine Albie \
    Elizabeth Samuel Janet Tommy Linda Isaac Angela Joseph Deborah Daniel Julie Mohammed Tracey Adam Amina Benjamin Fatima David Priya Michael \
    Siân Paul Ngozi Mark Chloë Andrew Olu Richard Wei John Łukasz Robert Piotr Stephen Grzegorz Peter Zofia Simon Aoife Kevin Niamh Brian \
    Ewan Alan Catriona Graham Rhys Gareth Bronwen Kwame Adaeze Ravi Sunita Imran Ayesha Tariq Nadia José María Zoë François";
const LAST: &str = "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White Roberts Green Hall \
    Thomas Clarke Jackson Wood Harris Edwards Turner Martin Cooper Hill Ward Hughes Moore Clark King Harrison Lewis Baker Lee Allen Morris Khan \
    Scott Watson Davis Parker James Bennett Young Phillips Richardson Mitchell Bailey Carter Cook Singh Shaw Bell Collins Morgan Kelly Begum \
    Miller Cox Hussain Marshall Simpson Price Anderson Adams Wilkinson Foster Ahmed Ellis Murphy Chapman Mason Gray Richards Webb Rogers Mills \
    Ali Hunt Palmer Matthews Holmes Lloyd Butler Fisher Barnes Knight Harvey Murray Stevens Barker Dixon Powell Campbell Stewart Russell Fletcher \
    Reynolds Jenkins Graham Reid Andrews Elliott Howard Ford Fox Armstrong Owen West Kennedy Gibson Burton Payne Wells Chambers Carr Griffiths \
    Walsh Saunders Ryan Lawrence Pearson Brooks Hayes Day Spencer Stone Hart Bradley Perry Cole Burns Woods Hawkins Black Dunn Gordon Lane Rose \
    Austin Newman Riley Perkins O'Connor O'Brien O'Wsea McDonald McLeod MacKenzie Nguyen Okafor Adeyemi Mensah Kowalski Nowak Wiśniewski Żółć \
    García Fernández Müller Weiß Åström Sørensen Papadopoulos Ivanova Popescu Chaudhry Iqbal Malik Rahman Chowdhury Sharma Gupta Kaur Rao Nair Menon \
    Fernando Perera Santos Cruz Reyes Bautista Chen Wang Li Zhang Ng Tan Lim Wong Smith-Jones Clarke-Evans Taylor-Brown Pritchard Prosser Bevan Vaughan \
    Llewellyn Maddox Tranter Underhill Yardley Zeller Quigley Inglis Jessop Ibbotson Quayle Vickers Noakes Ogden Tattersall Entwistle Ramsbottom Higginbotham";

/// Somebody, as the rows hold them.
#[derive(Clone, Debug)]
pub(crate) struct Namesake {
    pub(crate) first_names: String,
    pub(crate) last_name: String,
    pub(crate) username: String,
    pub(crate) employee_number: String,
    pub(crate) email: String,
    pub(crate) born: Day,
}

/// A person's places in the lists of names, and the count of their username.
#[derive(Clone, Copy, Debug)]
struct Names {
    first: u16,
    middle: Option<u16>,
    last: u16,
    count: u32,
}

/// So many people, in the order of their usernames.
pub(crate) struct Staff {
    first: Vec<&'static str>,
    last: Vec<&'static str>,
    people: Vec<Names>,
}

impl Staff {
    pub(crate) fn new(many: usize) -> Self {
        let (first, last): (Vec<_>, Vec<_>) =
            (FIRST.split_whitespace().collect(), LAST.split_whitespace().collect());
        let (first_shares, last_shares) = (shares(first.len()), shares(last.len()));
        let mut drawn = 0;
        let mut draw = |shares: &[f64]| {
            drawn += 1;
            pick(shares, share_of(drawn))
        };
        let mut people: Vec<Names> = (0..many)
            .map(|at| {
                let (first, last) = (draw(&first_shares), draw(&last_shares));
                let middle = (at % 5 == 0).then(|| draw(&first_shares));
                Names { first, middle, last, count: 0 }
            })
            .collect();
        let stems: Vec<Vec<String>> =
            first.iter().map(|first| last.iter().map(|last| stem(EMPLOYER, first, last)).collect()).collect();
        let stem_of = |names: &Names| stems[usize::from(names.first)][usize::from(names.last)].as_str();
        people.sort_by(|a, b| stem_of(a).cmp(stem_of(b)));
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for names in &mut people {
            let stem = stems[usize::from(names.first)][usize::from(names.last)].as_str();
            let count = counts.entry(stem).or_default();
            *count += 1;
            names.count = *count;
        }
        Self { first, last, people }
    }

    pub(crate) fn len(&self) -> usize {
        self.people.len()
    }

    pub(crate) fn person(&self, at: usize) -> Namesake {
        let Names { first, middle, last, count } = self.people[at];
        let (first, last) = (self.first[usize::from(first)], self.last[usize::from(last)]);
        let stem = stem(EMPLOYER, first, last);
        let local = stem[EMPLOYER.len() + 1..].to_lowercase();
        let first_names = match middle {
            Some(middle) => format!("{first} {}", self.first[usize::from(middle)]),
            None => first.to_owned(),
        };
        let days = i32::try_from(at * 7 % 14_000).unwrap_or_default();
        let born = Day::new(1961, 1, 1)
            .map_or_else(|| unreachable!("it is in the calendar"), |day| day.plus_days(days));
        Namesake {
            first_names,
            last_name: last.to_owned(),
            username: format!("{stem}{count:02}"),
            employee_number: format!("2{at:07}"),
            email: format!("{}.{local}{at}@nhs.net", stem[EMPLOYER.len()..=EMPLOYER.len()].to_lowercase()),
            born,
        }
    }
}

/// How many have one of the first so many names, of one in all: the tenth name is borne by about a fifth as many as the first.
fn shares(many: usize) -> Vec<f64> {
    let weights = (0..many).map(|rank| 1.0 / (rank as f64 + 2.0));
    let total: f64 = weights.clone().sum();
    let mut sum = 0.0;
    weights
        .map(|weight| {
            sum += weight / total;
            sum
        })
        .collect()
}

fn pick(shares: &[f64], share: f64) -> u16 {
    let at = shares.partition_point(|sum| *sum < share).min(shares.len() - 1);
    u16::try_from(at).unwrap_or_default()
}

/// A share that looks drawn, the same in each run (SplitMix64).
fn share_of(number: u64) -> f64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Staff;

    #[test]
    fn everybody_has_a_username_and_an_address_of_their_own() {
        let staff = Staff::new(5000);
        let people: Vec<_> = (0..staff.len()).map(|at| staff.person(at)).collect();
        let names: HashSet<_> = people.iter().map(|person| &person.username).collect();
        let emails: HashSet<_> = people.iter().map(|person| &person.email).collect();
        assert_eq!((names.len(), emails.len()), (5000, 5000));
        let smiths = people.iter().filter(|person| person.last_name == "Smith").count();
        let bevans = people.iter().filter(|person| person.last_name == "Bevan").count();
        assert!(smiths > 20 * bevans.max(1) / 2 && smiths < 1000, "{smiths} {bevans}");
    }
}
