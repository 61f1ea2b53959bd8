use records::import::{MOST_FINDINGS, help, template};
use store::testing::{both, lite};

use crate::world::{HEADER, World, csv, many, refs};

/// Parsing knows no database: one is enough for its errors.
async fn on_lite() -> (store::testing::Fresh, World, records::Employer) {
    let fresh = lite().await;
    let world = World::new(fresh.db.clone());
    let employer = world.employer("427").await;
    (fresh, world, employer)
}

#[tokio::test]
async fn the_template_loads() {
    both("the_template_loads", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let plan = world.plan(&employer, template()).await.unwrap();
        assert_eq!(plan.warnings, []);
        assert_eq!((plan.counts.new, plan.file_name.as_str(), plan.file_hash.len()), (2, "staff.csv", 64));
        world.apply(plan, None).await.unwrap();
        let helen = world.find("427howsea01").await.unwrap();
        assert_eq!(
            (helen.record.name().as_str(), helen.record.email.as_deref()),
            ("Helen O'Wsea", Some("helen.owsea@nhs.net"))
        );
        assert_eq!(helen.record.smartcard_uuid.as_deref(), Some("555012345678"));
        let john = world.find("427JSMITH01").await.unwrap();
        assert_eq!(
            (john.record.date_of_birth.to_string().as_str(), john.record.smartcard_uuid),
            ("1975-11-02", None)
        );
        assert_eq!(john.employer, records::Employer { record_change: 1, ..employer });
    })
    .await;
    for line in ["employee_number", "leaving_date", "(required)"] {
        assert!(help().contains(line), "{}", help());
    }
}

#[tokio::test]
async fn headers_separators_and_encodings() {
    let (_fresh, world, employer) = on_lite().await;
    let (last, first) = ("Åström", "Nguyễn");
    let plain = format!(
        "last_name,first_names,start_date,date_of_birth,employee_number\n{last},{first},2020-01-01,31/01/1980,1\n"
    );
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("plain", plain.clone().into_bytes()),
        ("byte order mark", [b"\xef\xbb\xbf", plain.as_bytes()].concat()),
        ("CRLF", plain.replace('\n', "\r\n").into_bytes()),
        ("CR alone", plain.replace('\n', "\r").into_bytes()),
        ("no end of line", plain.trim_end().as_bytes().to_vec()),
        ("semicolons", plain.replace(',', ";").into_bytes()),
        ("tabs", plain.replace(',', "\t").into_bytes()),
        ("sep=", format!("sep=;\r\n{}", plain.replace(',', ";")).into_bytes()),
        (
            "names as people write them",
            plain.replace("last_name", " Last Name").replace("date_of_birth", "DATE-OF-BIRTH").into_bytes(),
        ),
        (
            "quotes",
            plain.replace(last, &format!("\"{last}\"")).replace("last_name", "\"last_name\"").into_bytes(),
        ),
        ("empty rows", plain.replace('\n', "\n,,,,\n\n").into_bytes()),
        ("cells at the end", plain.replace('\n', ",,\n").into_bytes()),
        ("decomposed", plain.replace('Å', "A\u{30a}").replace('ö', "o\u{308}").into_bytes()),
    ];
    for (what, bytes) in files {
        let plan = world.plan(&employer, &bytes).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let new = plan.new_records().next().unwrap();
        assert_eq!((plan.counts.records, new.name.as_str()), (1, "Nguyễn Åström"), "{what}");
        assert_eq!(new.username.unwrap().as_str(), "427NASTRO01", "{what}");
    }
    let windows = encoding_rs::WINDOWS_1252.encode("employee_number;first_names;last_name;date_of_birth;start_date\n1;Zoë;O’Néill;31/01/1980;2020-01-01\n").0.into_owned();
    let plan = world.plan(&employer, windows).await.unwrap();
    let new = plan.new_records().next().unwrap();
    assert_eq!((new.name.as_str(), new.username.unwrap().as_str()), ("Zoë O’Néill", "427ZONEIL01"));
}

#[tokio::test]
async fn what_is_no_csv_file_is_refused_in_plain_words() {
    let (_fresh, world, employer) = on_lite().await;
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(HEADER.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let files: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "the file is empty"),
        (b" \r\n ".to_vec(), "the file is empty"),
        (b"PK\x03\x04whatever".to_vec(), "Excel workbook"),
        (b"\xd0\xcf\x11\xe0whatever".to_vec(), "Excel workbook"),
        (b"<!DOCTYPE html><html>".to_vec(), "a web page"),
        (utf16, "UTF-16"),
        (b"\x7fELF\0\0".to_vec(), "not a CSV file"),
        (b"%PDF-1.7".to_vec(), "not a CSV file"),
        (csv(&["1,A\0,B,1980-01-01,2020-01-01,,,"]).into_bytes(), "not a CSV file"),
        (vec![b'a'; records::import::MOST_BYTES + 1], "larger than 64 MiB"),
        (b"just some words\nand more".to_vec(), "no such column"),
        (csv(&[]).into_bytes(), "nothing under it"),
    ];
    for (bytes, words) in files {
        let errors = world.errors(&employer, bytes).await;
        assert!(errors[0].contains(words), "{errors:?}");
    }
}

#[tokio::test]
async fn the_header_is_checked() {
    let (_fresh, world, employer) = on_lite().await;
    let row = "1,A,B,1980-01-01,2020-01-01,,a@nhs.net,";
    let with = |from: &str, to: &str| format!("{}\n{row}\n", HEADER.replace(from, to));
    for (file, error) in [
        (
            with("first_names", "first_name"),
            "line 1, first_name: there is no such column; the nearest is first_names",
        ),
        (
            with("email", "e_mail_address"),
            "line 1, e_mail_address: there is no such column; the nearest is email",
        ),
        (with("leaving_date", "Start Date"), "line 1, Start Date: the header has this column twice"),
    ] {
        assert!(
            world.errors(&employer, &file).await.contains(&error.to_owned()),
            "{:?}",
            world.errors(&employer, &file).await
        );
    }
    let errors = world.errors(&employer, "email\na@nhs.net\n").await;
    let missing: Vec<_> =
        errors.iter().filter_map(|error| error.strip_suffix(": the header lacks this column")).collect();
    let required = ["employee_number", "first_names", "last_name", "date_of_birth", "start_date"];
    assert_eq!(missing, required.map(|name| format!("line 1, {name}")));
    let errors = world.errors(&employer, with("leaving_date", "").replace(",,a@", ",surplus,a@")).await;
    assert_eq!(
        errors,
        ["line 2, \"surplus\": this stands under a column without a name; name the column or clear the cell"]
    );
}

#[tokio::test]
async fn every_error_is_named_by_line_column_and_value() {
    let (_fresh, world, employer) = on_lite().await;
    let long = "x".repeat(501);
    let long_row = format!("17,A,{long},1980-01-01,2020-01-01,,,");
    let rows = [
        "1,A,B,31/02/1980,2020-01-01,,,",            // 2
        "2,A,B,1980-01-01,tomorrow,,,",              // 3
        "3,A,B,2027-01-01,2020-01-01,,,",            // 4
        "4,A,B,2012-11-25,2020-01-01,,,",            // 5: 14 tomorrow
        "5,A,B,1916-11-23,2020-01-01,,,",            // 6: 110 yesterday
        "6,A,B,1980-01-01,2020-01-01,2019-12-31,,",  // 7
        "7,A,B,1980-01-01,2020-01-01,,a.b@c,",       // 8
        "8,A,B,1980-01-01,2020-01-01,,a b@nhs.net,", // 9
        "9,A,B,1980-01-01,2020-01-01,,,1234",        // 10
        "10,,,1980-01-01,2020-01-01,,,",             // 11
        ",A,B,1980-01-01,2020-01-01,,,",             // 12
        "a b,A,B,1980-01-01,2020-01-01,,,",          // 13
        "13,A,B,1980-01-01",                         // 14
        "14,A,B,1980-01-01,2020-01-01,,,,surplus",   // 15
        "15,\"A\nB\",C,1980-01-01,2020-01-01,,,",    // 16 and 17
        "16,A,B,,,,,",                               // 18
        &long_row,                                   // 19
        "18,A,B,2012-11-24,2020-01-01,,,",           // 20: 14 today, right
        "19,A,B,1916-11-24,2020-01-01,,,",           // 21: 110 today, right
        "20,A,B,1980-01-01,2020-01-01,2020-01-01,,", // 22: one day, right
        "21,A,B,1980-01-01,2020-01-01,,\"unclosed,", // 23
    ];
    let errors = world.errors(&employer, csv(&rows)).await;
    let expected = [
        "line 2, date_of_birth, \"31/02/1980\": the calendar has no such day",
        "line 3, start_date, \"tomorrow\": this is not a date; write it as 1984-03-17 or 17/03/1984",
        "line 4, date_of_birth, \"2027-01-01\": this date of birth is in the future",
        "line 5, date_of_birth, \"2012-11-25\": this date of birth makes them younger than 14",
        "line 6, date_of_birth, \"1916-11-23\": this date of birth makes them older than 110",
        "line 7, leaving_date, \"2019-12-31\": the leaving date is before the start date",
        "line 8, email, \"a.b@c\": this is not an email address; write one such as first.last@nhs.net",
        "line 9, email, \"a b@nhs.net\": this is not an email address; write one such as first.last@nhs.net",
        "line 10, smartcard_uuid, \"1234\": a smartcard's UUID has twelve digits",
        "line 11, last_name: first names or last name has to be filled in",
        "line 12, employee_number: this has to be filled in",
        "line 13, employee_number, \"a b\": write letters and digits, with - / . _ between them",
        "line 14: this row has 4 cells where the header has 8; a separator may be missing or too many, or a quotation mark left open",
        "line 15: this row has 9 cells where the header has 8; a separator may be missing or too many, or a quotation mark left open",
        "line 16, first_names, \"A\\nB\": there is a line break or another control character in it; a quotation mark may be left open",
        "line 18, date_of_birth: this has to be filled in",
        "line 18, start_date: this has to be filled in",
        &format!("line 19, last_name, \"{}…\": write 500 characters at most", "x".repeat(60)),
        "line 23: a quotation mark is opened in this row and never closed",
    ];
    assert_eq!(errors, expected);
    let crlf = world.errors(&employer, csv(&rows).replace('\n', "\r\n")).await;
    assert_eq!(crlf.len(), errors.len());
    assert_eq!(crlf.last(), errors.last());
}

#[tokio::test]
async fn rows_of_one_person_have_to_agree() {
    let (_fresh, world, employer) = on_lite().await;
    let header = "employee_number,assignment_number,first_names,last_name,date_of_birth,start_date,absent_from,absent_to";
    let file = |rows: &[&str]| format!("{header}\n{}\n", rows.join("\n"));
    let errors = world
        .errors(
            &employer,
            file(&[
                "1,,Ann,Ng,1980-01-01,2020-01-01,,",
                "1,,Ann,Nguyen,1980-01-02,2020-01-01,,",
                "2,A,Bo,Ng,1980-01-01,2020-01-01,,",
                "2,A,Bo,Ng,1980-01-01,2021-01-01,,",
                "3,3-2,Cy,Ng,1980-01-01,2020-01-01,,",
                "3,,Cy,Ng,1980-01-01,2020-01-01,2026-01-01,2025-01-01",
                "3,,Cy,Ng,1980-01-01,2020-01-01,,2026-01-01",
            ]),
        )
        .await;
    assert_eq!(
        errors,
        [
            "line 3, last_name, \"Nguyen\": line 2 says \"Ng\" of the same employee number 1",
            "line 3, date_of_birth, \"1980-01-02\": line 2 says \"1980-01-01\" of the same employee number 1",
            "line 5, assignment_number, \"A\": line 4 has the same assignment number for the same person",
            "line 7, absent_to, \"2025-01-01\": the absence ends before it begins",
            "line 8, assignment_number, \"3-2\": line 6 has the same assignment number for the same person",
        ]
    );
    let errors = world.errors(&employer, file(&["3,,Cy,Ng,1980-01-01,2020-01-01,,2026-01-01"])).await;
    assert_eq!(errors, ["line 2, absent_to, \"2026-01-01\": there is a last day of absence and no first"]);
}

#[tokio::test]
async fn errors_are_counted_on_beyond_a_thousand() {
    let (_fresh, world, employer) = on_lite().await;
    let rows: Vec<String> = many(0, 1500).iter().map(|row| row.replace("1980-01-02", "1980-13-02")).collect();
    let errors = world.errors(&employer, csv(&refs(&rows))).await;
    assert_eq!(errors.len(), MOST_FINDINGS + 1);
    assert_eq!(errors[MOST_FINDINGS], "and 500 more, which are not listed");
    assert!(errors[0].starts_with("line 2, ") && errors[999].starts_with("line 1001, "));
}

#[tokio::test]
async fn too_many_lines_are_refused() {
    let (_fresh, world, employer) = on_lite().await;
    let mut file = format!("{HEADER}\n");
    file.push_str(&"1,A,B,bad,2020-01-01,,,\n".repeat(records::import::MOST_LINES + 1));
    let errors = world.errors(&employer, file).await;
    // 1,000 of the bad dates are listed first, and the limit is among the rest.
    assert_eq!(errors.last().unwrap(), "and 249001 more, which are not listed");
}

#[tokio::test]
async fn fields_and_files_of_ten_megabytes_are_answered() {
    let (_fresh, world, employer) = on_lite().await;
    let field = "x".repeat(10_000_000);
    let errors = world.errors(&employer, csv(&[&format!("1,A,{field},1980-01-01,2020-01-01,,,")])).await;
    assert_eq!(errors, [format!("line 2, last_name, \"{}…\": write 500 characters at most", "x".repeat(60))]);
    let errors = world.errors(&employer, format!("{field}\n1\n")).await;
    assert!(errors[0].len() < 200 && errors[0].contains("no such column"), "{}", errors[0].len());
}
