//! `staff import`.

use crate::common::{
    installation::{Installation, Ran},
    staff::{STAFF, staffed},
};

const HEADER: &str = "employee_number,first_names,last_name,date_of_birth,start_date\n";

fn employer() -> Installation {
    let installation = Installation::new();
    installation.does(&["employer", "add", "427", "--name", "River Trust", "--set", "mail_domains=nhs.net"]);
    installation
}

/// Every staff record's username, from the database.
async fn usernames(installation: &Installation) -> Vec<String> {
    let mut database = installation.database().await;
    sqlx::query_scalar("SELECT name FROM username ORDER BY name").fetch_all(&mut database).await.unwrap()
}

#[tokio::test]
async fn the_template_loads_once_and_a_second_time_changes_nothing() {
    let installation = employer();
    let template = installation.run(&["staff", "import", "--template"]);
    template.ends(0).says("employee_number,").says("leaving_date");
    installation.write("staff.csv", &template.said);
    let import = |more: &[&str]| {
        installation.run(&[&["staff", "import", "staff.csv", "--employer", "427"], more].concat())
    };
    import(&["--dry-run"]).ends(0).says("2 new").says("427HOWSEA01").says("this was a dry run");
    assert!(usernames(&installation).await.is_empty());
    import(&[]).ends(0).says("2 new").says("Loaded as change 1");
    assert_eq!(usernames(&installation).await, ["427HOWSEA01", "427JSMITH01"]);
    import(&[]).ends(0).says("0 new").says("2 unchanged").says("all of it was there already");
    let renamed = template.said.replace("Smith,", "Smythe,");
    installation.import("427", renamed).ends(0).says("1 changed").says("last_name: Smith -> Smythe");
    assert_eq!(usernames(&installation).await.len(), 2, "a change of name changes no username");
    installation
        .run(&["staff", "import", "--help"])
        .ends(0)
        .says("date_of_birth")
        .says("YYYY-MM-DD or DD/MM/YYYY");
}

#[tokio::test]
async fn every_error_is_named_by_line_column_and_value() {
    let installation = employer();
    let refused = |csv: &[u8]| -> Ran {
        let ran = installation.import("427", csv);
        ran.ends(3).says("staff.csv was not loaded");
        ran
    };
    let rows = "employee_number,first_names,last_name,date_of_birth,start_date,email\n\
                1,A,B,31/02/1980,2020-01-01,x\n\
                2,C,D,1980-01-01,2020-01-01,c@nhs.net\n\
                3,E,F,1980-01-01,soon,\n";
    refused(rows.as_bytes())
        .says("line 2, date_of_birth, \"31/02/1980\": the calendar has no such day")
        .says("line 2, email, \"x\": this is not an email address")
        .says("line 4, start_date, \"soon\": this is not a date");
    let with = |rows: &str| format!("{HEADER}{rows}").into_bytes();
    refused(&with("1,A,\"B,1980-01-01,2020-01-01\n")).says("line 2: a quotation mark is opened");
    refused(&with("1,A,B,1980-01-01\n")).says("line 2: this row has 4 cells where the header has 5");
    refused(&with("")).says("a header and nothing under it");
    let twice = "employee_number,assignment_number,first_names,last_name,date_of_birth,start_date\n\
                 1,1,A,B,1980-01-01,2020-01-01\n1,1,A,B,1980-01-01,2021-01-01\n";
    refused(twice.as_bytes()).says("line 3, assignment_number, \"1\": line 2 has the same assignment number");
    refused(&HEADER.replace("employee", "employe").into_bytes())
        .says("line 1, employe_number: there is no such column; the nearest is employee_number");
    refused(b"").says("the file is empty");
    refused(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR").says("not a CSV file");
    refused(b"PK\x03\x04\x14\x00\x06\x00").says("Excel workbook");
    refused(b"<!DOCTYPE html><title>Log in</title>").says("web page");
    refused(b"\xff\xfee\x00m\x00").says("UTF-16");
    assert!(usernames(&installation).await.is_empty(), "all or nothing");
}

#[tokio::test]
async fn names_are_read_in_either_encoding() {
    let installation = employer();
    let latin = [HEADER.as_bytes(), b"1,\xc5sa,\xc5str\xf6m,1980-01-01,2020-01-01\n"].concat();
    installation.import("427", latin).ends(0).says("Åsa Åström, 427AASTRO01");
    let marked = format!("\u{feff}{HEADER}2,Thảo,Nguyễn,1980-01-01,2020-01-01\n");
    installation.import("427", marked).ends(0).says("Thảo Nguyễn, 427TNGUYE01");
    let semicolons = "last_name;first_names;start_date;date_of_birth;employee_number\r\nO'Wsea;Helen;01/02/2020;17/03/1984;3\r\n";
    installation.import("427", semicolons).ends(0).says("Helen O'Wsea, 427HOWSEA01");
    assert_eq!(usernames(&installation).await, ["427AASTRO01", "427HOWSEA01", "427TNGUYE01"]);
}

#[test]
fn what_cannot_be_begun_is_refused() {
    let installation = employer();
    installation
        .run(&["staff", "import", "none.csv", "--employer", "427"])
        .ends(1)
        .says("none.csv cannot be read");
    installation.run(&["staff", "import", ".", "--employer", "427"]).ends(1).says("cannot be read");
    installation.run(&["staff", "import"]).ends(2).says("--employer");
    installation.import("428", STAFF).ends(1).says("There is no employer 428");
}

#[test]
fn many_leavers_have_to_be_counted_aloud() {
    let installation = staffed(Installation::new());
    let rows: String = (1..=40).map(|n| format!("{n},Ann,Person,1980-01-01,2020-01-01,\n")).collect();
    let header = "employee_number,first_names,last_name,date_of_birth,start_date,leaving_date\n";
    installation.import("427", format!("{header}{rows}")).ends(0);
    let left = rows.replace("2020-01-01,\n", "2020-01-01,2024-01-31\n");
    installation
        .import("427", format!("{header}{left}"))
        .ends(1)
        .says("Nothing was changed")
        .says("--confirm 40");
    let confirm = |number: &str| {
        installation.run(&["staff", "import", "staff.csv", "--employer", "427", "--confirm", number])
    };
    confirm("39").ends(1).says("You wrote 39");
    confirm("40").ends(0).says("40 leavers");
}
