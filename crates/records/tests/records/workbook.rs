use std::io::{Cursor, Read, Write};

use records::import::{MOST_COLUMNS, MOST_LINES};
use rust_xlsxwriter::{Format, Formula, Workbook, Worksheet};
use store::testing::{both, lite};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::world::World;

const HEADER: [&str; 8] = [
    "employee_number",
    "first_names",
    "last_name",
    "date_of_birth",
    "start_date",
    "leaving_date",
    "email",
    "smartcard_uuid",
];

async fn on_lite() -> (store::testing::Fresh, World, records::Employer) {
    let fresh = lite().await;
    let world = World::new(fresh.db.clone());
    let employer = world.employer("427").await;
    (fresh, world, employer)
}

fn dated() -> Format {
    Format::new().set_num_format("dd/mm/yyyy")
}

/// The header and one right row.
fn fill(sheet: &mut Worksheet) {
    for (at, name) in (0..).zip(HEADER) {
        sheet.write(0, at, name).unwrap();
    }
    sheet.write(1, 0, 2140).unwrap();
    sheet.write(1, 1, "Helen").unwrap();
    sheet.write(1, 2, "O'Wsea").unwrap();
    sheet.write_with_format(1, 3, 30_758, &dated()).unwrap();
    sheet.write(1, 4, "01/02/2020").unwrap();
    sheet.write(1, 6, "helen.owsea@nhs.net").unwrap();
    sheet.write(1, 7, 555_012_345_678_i64).unwrap();
}

/// A workbook of that sheet, to which `change` is made.
fn book(change: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    fill(sheet);
    change(sheet);
    book.save_to_buffer().unwrap()
}

/// The same parts, each as `change` makes it, and some more.
fn repacked(bytes: &[u8], change: impl Fn(&str, String) -> String, more: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut from = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for at in 0..from.len() {
        let mut part = from.by_index(at).unwrap();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        let name = String::from_utf8(part.name_raw().to_vec()).unwrap();
        to.start_file(name.clone(), packed).unwrap();
        to.write_all(change(&name, text).as_bytes()).unwrap();
    }
    for (name, bytes) in more {
        to.start_file(*name, packed).unwrap();
        to.write_all(bytes).unwrap();
    }
    to.finish().unwrap().into_inner()
}

/// The workbook with a text of one part replaced.
fn edited(bytes: &[u8], part: &str, from: &str, to: &str) -> Vec<u8> {
    let change = |name: &str, text: String| if name == part { text.replace(from, to) } else { text };
    let edited = repacked(bytes, change, &[]);
    let mut zip = ZipArchive::new(Cursor::new(&edited)).unwrap();
    let mut text = String::new();
    zip.by_name(part).unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains(to), "{from:?} is not in {part}: {text}");
    edited
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

#[tokio::test]
async fn a_workbook_loads_as_its_csv_file_does() {
    both("a_workbook_loads_as_its_csv_file_does", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let plan = world.plan(&employer, book(|_| {})).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((plan.warnings.as_slice(), plan.counts.new), ([].as_slice(), 1));
        world.apply(plan, None).await.unwrap();
        let csv = format!(
            "{}\n2140,Helen,O'Wsea,1984-03-17,2020-02-01,,helen.owsea@nhs.net,555012345678\n",
            HEADER.join(",")
        );
        let plan = world.plan(&employer, csv).await.unwrap();
        assert_eq!((plan.counts.records, plan.counts.unchanged), (1, 1), "{plan:?}");
    })
    .await;
}

/// The day of birth that is read, or what is wrong.
async fn born(world: &World, employer: &records::Employer, bytes: Vec<u8>) -> String {
    match world.plan(employer, bytes).await {
        Ok(plan) => {
            world.apply(plan, None).await.unwrap();
            world.find("427HOWSEA01").await.unwrap().record.date_of_birth.to_string()
        }
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn days_are_read_in_each_form() {
    let date = |change: &dyn Fn(&mut Worksheet)| book(|sheet| change(sheet));
    let plain = |text: &'static str| {
        move |sheet: &mut Worksheet| {
            sheet.write(1, 3, text).unwrap();
        }
    };
    let from_1904 = edited(
        &date(&|sheet| {
            sheet.write_with_format(1, 3, 29_296, &dated()).unwrap();
        }),
        "xl/workbook.xml",
        "<workbookPr ",
        "<workbookPr date1904=\"1\" ",
    );
    let iso = edited(&book(|_| {}), SHEET, "<v>30758</v>", "<v>1984-03-17T00:00:00</v>");
    let iso = edited(&iso, SHEET, "<c r=\"D2\"", "<c t=\"d\" r=\"D2\"");
    let right: Vec<Vec<u8>> = vec![
        book(|_| {}),
        date(&plain("1984-03-17")),
        date(&plain("17/03/1984")),
        date(&|sheet| {
            sheet.write(1, 3, 30_758).unwrap();
        }),
        from_1904,
        iso,
    ];
    for bytes in right {
        let (_fresh, world, employer) = on_lite().await;
        assert_eq!(born(&world, &employer, bytes).await, "1984-03-17");
    }
    let (_fresh, world, employer) = on_lite().await;
    for (number, error) in [
        (1984.0, "line 2, date_of_birth, \"1984\": this is not a date"),
        (19_840_317.0, "line 2, date_of_birth, \"19840317\": this is not a date"),
        (30_758.5, "line 2, date_of_birth, \"30758.5\": there is a time of day"),
        (-1.0, "line 2, date_of_birth, \"-1\": this is not a date"),
    ] {
        let bytes = date(&|sheet| {
            sheet.write(1, 3, number).unwrap();
        });
        let errors = world.errors(&employer, bytes).await;
        assert!(errors.len() == 1 && errors[0].starts_with(error), "{errors:?}");
    }
    let never = date(&|sheet| {
        sheet.write_with_format(1, 3, 60, &dated()).unwrap();
    });
    assert_eq!(
        world.errors(&employer, never).await,
        ["line 2, date_of_birth, \"60\": the calendar has no such day"]
    );
}

#[tokio::test]
async fn cells_that_do_not_say_what_they_show_are_refused_one_by_one() {
    let (_fresh, world, employer) = on_lite().await;
    let bytes = book(|sheet| {
        for row in 2..8 {
            sheet.write(row, 0, row).unwrap();
            sheet.write(row, 1, "Ann").unwrap();
            sheet.write(row, 2, "Ng").unwrap();
            sheet.write(row, 3, "1984-03-17").unwrap();
            sheet.write(row, 4, "2020-01-01").unwrap();
        }
        sheet.write_with_format(2, 0, 44_000, &dated()).unwrap();
        sheet.write(3, 7, 5_550_123_456_789_012_i64).unwrap();
        sheet.write(4, 2, Formula::new("CONCAT(\"N\",\"g\")").set_result("Ng")).unwrap();
        sheet.write(5, 2, Formula::new("NOW()").set_result("gone")).unwrap();
        sheet.write(6, 2, Formula::new("other").set_result("Ng")).unwrap();
        sheet.write(7, 2, Formula::new("1/0").set_result("#DIV/0!")).unwrap();
        sheet.merge_range(8, 1, 9, 2, "merged", &Format::new()).unwrap();
        sheet.write(10, 9, "beside").unwrap();
    });
    let bytes = edited(&bytes, SHEET, "<v>gone</v>", "");
    let bytes = edited(&bytes, SHEET, "<f>other</f>", "<f>[1]Sheet1!A1</f>");
    let errors = world.errors(&employer, bytes).await;
    let texts: Vec<&str> = errors.iter().map(|error| error.split(';').next().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "line 3, employee_number, \"44000\": Excel has made a date of this",
            "line 4, smartcard_uuid, \"5550123456789012\": Excel keeps only fifteen digits of a number",
            "line 6, last_name: this formula has no result in the file",
            "line 7, last_name, \"Ng\": this formula takes its value from another workbook",
            "line 8, last_name, \"#DIV/0!\": this cell shows an error instead of a value",
            "line 9, employee_number: this has to be filled in",
            "line 9, date_of_birth: this has to be filled in",
            "line 9, start_date: this has to be filled in",
            "line 9, first_names, \"B9:C10\": these cells are merged",
            "line 11, \"beside\": this stands under a column without a name",
        ]
    );
}

#[tokio::test]
async fn formulas_numbers_and_texts_are_read_as_they_are_shown() {
    let (_fresh, world, employer) = on_lite().await;
    let bytes = book(|sheet| {
        sheet.write(0, 8, "position").unwrap();
        sheet.write(0, 9, "department").unwrap();
        sheet.write(0, 10, "location").unwrap();
        sheet.write(1, 0, Formula::new("2000+140").set_result("2140")).unwrap();
        sheet.write(1, 8, 12.5).unwrap();
        sheet.write(1, 9, true).unwrap();
        sheet.write(1, 10, "a & <b> é _x0041_").unwrap();
        // An empty row in between.
        sheet.write(3, 0, "00077").unwrap();
        sheet.write(3, 1, "Ann").unwrap();
        sheet.write(3, 3, "1984-03-17").unwrap();
        sheet.write(3, 4, "2020-01-01").unwrap();
        sheet.write(3, 8, Formula::new("IF(TRUE,\"\",\"\")").set_result("nothing")).unwrap();
    });
    // As Excel writes a formula whose result is the empty text.
    let bytes = edited(&bytes, SHEET, "<v>nothing</v>", "<v></v>");
    let plan = world.plan(&employer, bytes).await.unwrap_or_else(|error| panic!("{error}"));
    let seen: Vec<_> = plan.new_records().map(|new| (new.line, new.employee_number, new.name)).collect();
    let seen: Vec<_> =
        seen.iter().map(|(line, number, name)| (*line, number.as_str(), name.as_str())).collect();
    assert_eq!(seen, [(2, "2140", "Helen O'Wsea"), (4, "00077", "Ann")]);
    world.apply(plan, None).await.unwrap();
    let mut reader = world.db.read().await.unwrap();
    let posts: Vec<(Option<String>, Option<String>, Option<String>)> = store::on!(reader.tx(), c => {
        sqlx::query_as("SELECT position, department, location FROM assignment ORDER BY assignment_number DESC").fetch_all(c).await
    })
    .unwrap();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(posts, [(some("12.5"), some("TRUE"), some("a & <b> é _x0041_")), (None, None, None)]);
}

#[tokio::test]
async fn one_sheet_is_read_and_the_others_are_told() {
    let (_fresh, world, employer) = on_lite().await;
    let with = |names: &[(&str, bool)], filled: usize| {
        let mut book = Workbook::new();
        for (at, (name, hidden)) in names.iter().enumerate() {
            let sheet = book.add_worksheet().set_name(*name).unwrap();
            sheet.set_hidden(*hidden);
            if at == filled {
                fill(sheet);
            } else {
                sheet.write(0, 0, "something else").unwrap();
            }
        }
        // The first one that is shown is the one that opens.
        let shown = names.iter().position(|(_, hidden)| !hidden).unwrap();
        book.worksheet_from_index(shown).unwrap().set_active(true).set_first_tab(true);
        book.save_to_buffer().unwrap()
    };
    for (names, filled, warning) in [
        (vec![("First", false), ("Old", true)], 0, None),
        (vec![("Old", true), ("Second", false)], 1, None),
        (
            vec![("Notes", false), ("More", false), (" staff", false)],
            2,
            Some("only the sheet \" staff\" was read; 2 other sheets were not"),
        ),
        (
            vec![("Everybody", false), ("Notes", false)],
            0,
            Some("only the sheet \"Everybody\" was read; 1 other sheet was not"),
        ),
    ] {
        let plan = world
            .plan(&employer, with(&names, filled))
            .await
            .unwrap_or_else(|error| panic!("{names:?}: {error}"));
        let warnings: Vec<String> = plan.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            (plan.counts.new, warnings),
            (1, warning.into_iter().map(str::to_owned).collect()),
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let (_fresh, world, employer) = on_lite().await;
    let wide = book(|sheet| {
        sheet.write(1, u16::try_from(MOST_COLUMNS).unwrap(), "x").unwrap();
    });
    assert!(world.errors(&employer, wide).await[0].starts_with("line 2: there are more than 100 columns"));

    let rows = "<row><c t=\"inlineStr\"><is><t>x</t></is></c></row>".repeat(MOST_LINES);
    let long = edited(&book(|_| {}), SHEET, "</sheetData>", &format!("{rows}</sheetData>"));
    assert_eq!(world.errors(&employer, long).await.last().unwrap(), "and 748998 more, which are not listed");

    // So much in so little: by what the package says of itself, and where that is not true.
    let nothing = format!("<row>{}</row></sheetData>", "<c/>".repeat(2 * 1024 * 1024));
    let bomb = edited(&book(|_| {}), SHEET, "</sheetData>", &nothing);
    assert!(world.errors(&employer, bomb.clone()).await[0].contains("unpacks to more"));
    let mut lying = bomb;
    let entries: Vec<usize> =
        (0..lying.len() - 4).filter(|at| &lying[*at..at + 4] == b"PK\x01\x02").collect();
    for at in entries {
        if u32::from_le_bytes(lying[at + 24..at + 28].try_into().unwrap()) > 8 * 1024 * 1024 {
            lying[at + 24..at + 28].copy_from_slice(&5000_u32.to_le_bytes());
        }
    }
    let errors = world.errors(&employer, lying).await;
    assert!(errors[0].contains("cannot be read"), "{errors:?}");

    let parts: Vec<String> = (0..1000).map(|n| format!("xl/media/{n}")).collect();
    let parts: Vec<(&str, Vec<u8>)> = parts.iter().map(|name| (name.as_str(), Vec::new())).collect();
    let many = repacked(&book(|_| {}), |_, text| text, &parts);
    assert!(world.errors(&employer, many).await[0].contains("unpacks to more"));
}

#[tokio::test]
async fn nothing_in_a_workbook_decides_how_much_room_is_made() {
    let (_fresh, world, employer) = on_lite().await;
    let strings = "xl/sharedStrings.xml";
    let count = edited(&book(|_| {}), strings, "<sst ", "<sst x=\"1\" uniqueCount=\"99999999999999\" ");
    assert_eq!(world.plan(&employer, count).await.unwrap().counts.new, 1);
    let far = edited(
        &book(|_| {}),
        SHEET,
        "</sheetData>",
        "<row r=\"1048576\"><c r=\"XFD1048576\"/></row></sheetData>",
    );
    assert_eq!(world.plan(&employer, far).await.unwrap().counts.new, 1);
    let deep = "<x>".repeat(100_000);
    // Nothing that compresses well, or it would be refused for that.
    let noise: String = (0..1_500_000_u32)
        .map(|n| char::from(b'a' + u8::try_from((n.wrapping_mul(2_654_435_761) >> 13) % 26).unwrap()))
        .collect();
    for (part, from, to) in [
        (SHEET, "</sheetData>", format!("{deep}</sheetData>")),
        (SHEET, "</sheetData>", format!("<row><c t=\"{noise}\"/></row></sheetData>")),
        (SHEET, "</sheetData>", "<row r=\"1048577\"/></sheetData>".into()),
        (SHEET, "</sheetData>", "<row r=\"1\"/></sheetData>".into()),
        (SHEET, "</sheetData>", "<row><c r=\"XFE9\"><v>1</v></c></row></sheetData>".into()),
        (SHEET, "</sheetData>", "<row><c t=\"s\"><v>999999</v></c></row></sheetData>".into()),
        (strings, "</sst>", format!("<si><t>{noise}</t></si></sst>")),
        (
            SHEET,
            "</sheetData>",
            format!("<row><c t=\"str\"><v>{}</v></c></row></sheetData>", "n&amp;".repeat(70_000)),
        ),
        (strings, "</sst>", format!("<si>{}</si></sst>", "<r><t>some words</t></r>".repeat(14_000))),
        (strings, "<sst ", "<!DOCTYPE x [<!ENTITY a \"b\">]><sst ".into()),
        (strings, "<t>Helen</t>", "<t>&x;</t>".into()),
    ] {
        let errors = world.errors(&employer, edited(&book(|_| {}), part, from, &to)).await;
        assert!(errors.iter().any(|error| error.contains("cannot be read")), "{} {errors:?}", to.len());
    }
}

#[tokio::test]
async fn what_is_no_workbook_of_the_right_kind_is_refused_plainly() {
    let (_fresh, world, employer) = on_lite().await;
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice();
    let zip = |name: &str| {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))
            .unwrap();
        zip.write_all(b"<x/>").unwrap();
        zip.finish().unwrap().into_inner()
    };
    let right = book(|_| {});
    let mut hidden = Workbook::new();
    hidden.add_worksheet();
    let hidden = hidden.save_to_buffer().unwrap();
    let files: Vec<(Vec<u8>, &str)> = vec![
        ([old, &wide("Workbook")].concat(), "of the old kind (.xls)"),
        ([old, &wide("EncryptedPackage")].concat(), "protected by a password"),
        (repacked(&right, |_, text| text, &[("xl/vbaProject.bin", b"x".to_vec())]), "has macros"),
        (
            edited(
                &right,
                "[Content_Types].xml",
                "spreadsheetml.sheet.main",
                "ms-excel.sheet.macroEnabled.main",
            ),
            "has macros",
        ),
        (zip("xl/workbook.bin"), "binary Excel workbook"),
        (zip("content.xml"), "OpenDocument"),
        (zip("staff.csv"), "a ZIP file"),
        (right[..right.len() / 2].to_vec(), "cannot be read"),
        (
            edited(&hidden, "xl/workbook.xml", "<sheet name", "<sheet state=\"veryHidden\" name"),
            "no sheet that is not hidden",
        ),
        (edited(&right, "xl/workbook.xml", "<sheet ", "<shoot "), "no sheet that is not hidden"),
        (edited(&right, "xl/_rels/workbook.xml.rels", "sheet1.xml", "gone.xml"), "cannot be read"),
        (edited(&right, SHEET, "<v>30758</v>", "<v>x</v>"), "cannot be read"),
    ];
    for (bytes, words) in files {
        let errors = world.errors(&employer, bytes).await;
        assert!(errors.iter().any(|error| error.contains(words)), "{words}: {errors:?}");
    }
    let mut empty = Workbook::new();
    empty.add_worksheet();
    let errors = world.errors(&employer, empty.save_to_buffer().unwrap()).await;
    assert_eq!(errors, ["the file has a header and nothing under it"]);
}
