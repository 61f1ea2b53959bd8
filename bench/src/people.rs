//! Made-up staff, as files to load.

use std::fmt::Write as _;

use store::Day;

/// The code of the benchmarks' employer.
pub(crate) const EMPLOYER: &str = "427";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "seven quiet herons wade";

const HEADER: &str = "employee_number,assignment_number,title,first_names,last_name,date_of_birth,email,smartcard_uuid,position,\
                      department,location,manager,start_date\n";

/// Somebody whose username is known before they are loaded: nobody else's name begins with the same letters.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) born: Day,
    number: usize,
}

/// The people with the numbers from `first`.
pub(crate) fn people(first: usize, many: usize) -> Vec<Person> {
    (first..first + many).map(person).collect()
}

fn person(number: usize) -> Person {
    let name = last_name(number);
    Person {
        username: format!("{EMPLOYER}A{}01", name.to_uppercase()),
        email: format!("ann.{name}@nhs.net"),
        born: born(number),
        number,
    }
}

/// Five letters; X before all, which no real name of [`crowd`] begins with.
fn last_name(number: usize) -> String {
    let letter = |place: u32| {
        let at = number / 26_usize.pow(place) % 26;
        char::from(b"abcdefghijklmnopqrstuvwxyz"[at])
    };
    ['x', letter(3), letter(2), letter(1), letter(0)].iter().collect()
}

fn born(number: usize) -> Day {
    let days = i32::try_from(number * 7 % 14_000).unwrap_or_default();
    Day::new(1961, 1, 1).map_or_else(|| unreachable!("it is in the calendar"), |first| first.plus_days(days))
}

/// A username that nobody has, as long as everybody's.
pub(crate) fn nobody(number: usize) -> String {
    person(number).username.replacen("AX", "AZ", 1)
}

/// Their staff file.
pub(crate) fn file(people: &[Person]) -> String {
    let mut text = HEADER.to_owned();
    for Person { number, email, born, .. } in people {
        let name = last_name(*number);
        let _ = writeln!(
            text,
            "1{number:07},1{number:07},Ms,Ann,{name},{born},{email},,Staff Nurse,Ward 7,General Hospital,,2019-09-02"
        );
    }
    text
}

/// A staff file of so many lines, as a large employer's is: names that many share, every twentieth line a second post.
pub(crate) fn crowd(lines: usize) -> String {
    const FIRST: [&str; 20] = [
        "Helen", "John", "Amina", "Wei", "Olu", "Siân", "Piotr", "Fatima", "George", "Mary", "Thomas",
        "Priya", "Łukasz", "Grace", "Ahmed", "Ruth", "Daniel", "Chloë", "Samuel", "Ngozi",
    ];
    const BEGINS: [&str; 20] = [
        "Smi", "Jon", "Tay", "Bro", "Wil", "Eva", "Tho", "Rob", "John", "O'Con", "de la Cr", "Pat", "Kha",
        "Aho", "McLe", "Hall", "Gre", "Woo", "Mar", "Cla",
    ];
    const ENDS: [&str; 20] = [
        "th", "es", "lor", "wn", "son", "ns", "mas", "erts", "ston", "nor", "uz", "el", "nova", "ke", "od",
        "well", "en", "ds", "tin", "rke",
    ];
    let mut text = HEADER.to_owned();
    let mut number = 0;
    for line in 0..lines {
        let second_post = line % 20 == 19;
        if !second_post {
            number += 1;
        }
        let (first, begins) = (FIRST[number * 13 % 20], BEGINS[number * 7 / 20 % 20]);
        let (last, ward) = (format!("{begins}{}", ENDS[number / 400 % 20]), number % 97);
        let post = if second_post { "-2" } else { "" };
        let _ = writeln!(
            text,
            "2{number:07},2{number:07}{post},Dr,{first},{last},{},staff.{number}@nhs.net,5550{number:08},Staff Nurse,Ward {ward},\
             General Hospital,2{:07},2019-09-02",
            born(number),
            number / 50 + 1,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{crowd, file, nobody, people};

    #[test]
    fn nobody_has_anybody_elses_name() {
        let people = people(0, 3000);
        let names: HashSet<&str> = people.iter().map(|person| person.username.as_str()).collect();
        assert_eq!(names.len(), people.len());
        assert!((0..3000).all(|number| !names.contains(nobody(number).as_str())));
        assert_eq!(file(&people).lines().count(), 3001);
        assert_eq!(people[27].username, "427AXAABB01");
    }

    #[test]
    fn a_crowd_has_as_many_lines_as_asked() {
        assert_eq!(crowd(1000).lines().count(), 1001);
    }
}
