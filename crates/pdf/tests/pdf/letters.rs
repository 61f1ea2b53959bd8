use pdf::{Template, render, testing::Opened};

use crate::{saying, text_of};

const TITLE: &str = "Payslip of November 2026 ";

#[test]
fn letters_of_most_of_europe_stand() {
    for text in [
        "Siân Ŵŷn Llŷr-Gwêr âêîôûŵŷ ÂÊÎÔÛŴŶ äëïöüẅÿ ẀẁẂẃỲỳ",
        "Zażółć gęślą jaźń ZAŻÓŁĆ GĘŚLĄ JAŹŃ",
        "Ελένη Παπαδοπούλου ΆΈΉΊΌΎΏ ςϊΰ",
        "Щербакова Ёлка Їжак Ґалаґан",
        "Nguyễn Thị Hồng Đặng İıĞğŞş Ñandú Ångström Œuvre straße ẞ þorn",
        "£1,234.56 – “quoted” ‘so’ … • × ½ € °",
    ] {
        let told = saying(text);
        assert_eq!(told.text(), format!("{TITLE}{text}"));
        assert!(told.claims_to_be_accessible(), "{text}");
    }
}

#[test]
fn arabic_is_joined_and_still_means_what_was_written() {
    let told = saying("محمد حسن");
    let text = told.text();
    let letters: String = text[TITLE.len()..].chars().filter(|letter| !letter.is_whitespace()).collect();
    assert!(letters.contains("محمد") && letters.contains("حسن"), "{text}");
}

#[test]
fn a_letter_that_no_font_has_is_marked_and_the_document_comes_out() {
    let told = saying("Wang 王小明 signed 🧑🏽‍⚕️ here");
    assert_eq!(told.text(), format!("{TITLE}Wang ��� signed ��⚕ here"));
    assert!(told.claims_to_be_accessible());
}

#[test]
fn no_letter_at_all_keeps_a_document_from_coming_out() {
    static MANY: Template = Template::new("many.typ", "#title()\n#sys.inputs.text", 100);
    let letters = ('\0'..'\u{3FFF}').step_by(3).chain(('\u{4000}'..=char::MAX).step_by(997));
    let mut text = String::new();
    for (place, letter) in letters.enumerate() {
        text.push(letter);
        // Some combine with what is before them, most stand alone.
        if place % 4 != 0 {
            text.push(' ');
        }
    }
    let told = Opened::new(&render(&MANY, &text_of(&text)).unwrap());
    assert_eq!(told.info("Tagged"), "yes");
}

#[test]
fn marks_upon_marks_are_set_or_marked() {
    for text in [
        "Z\u{337}\u{322}\u{31B}a\u{334}l\u{335}g\u{336}o\u{337}",
        "e\u{301}\u{323}\u{330}",
        "\u{301}",
        "\u{64B}\u{301}x\u{651}",
        "क्षत्रिय",
        "ﷺ ﷽",
        "a\u{20DD}b\u{FE20}",
        "\u{E000}\u{F8FF}\u{FFFE}\u{10FFFF}",
        "\u{1D15E}\u{1F468}\u{200D}\u{1F469}",
    ] {
        let told = saying(text);
        assert_eq!(told.info("Tagged"), "yes", "{text}");
        assert_eq!(told.info("Pages"), "1");
    }
}
