use std::io::Cursor;

use pdf::{Data, PdfError, Picture, Template, render, testing::Opened};
use serde::Serialize;

use crate::{PAGE, TEXT, created, data, text_of};

fn logo(format: image::ImageFormat) -> Picture {
    let mut file = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(60, 20, image::Rgb([0, 94, 184])).write_to(&mut file, format).unwrap();
    Picture::new(&file.into_inner(), (60, 60)).unwrap()
}

#[derive(Serialize)]
struct Message {
    from: &'static str,
    text: Option<&'static str>,
}

fn page_with(logo: Option<Picture>) -> Data {
    let with = || {
        data()
            .with("employer", &"Eastwood Community Trust")?
            .with("payments", &[["Basic pay", "37.50", "2,345.67"], ["Night duty", "12.00", "-101.10"]])?
            .with("total", &"2,244.57")?
            .with("draft", &false)?
            .with(
                "messages",
                &[
                    Message { from: "Payroll", text: Some("Happy new year") },
                    Message { from: "HR", text: None },
                ],
            )
    };
    with().unwrap().with_picture("logo", logo)
}

fn page() -> Data {
    page_with(None)
}

#[test]
fn a_page_is_tagged_and_says_its_title_language_and_time() {
    let page = Opened::new(&render(&PAGE, &page()).unwrap());
    assert_eq!(page.info("Title"), "Payslip of November 2026");
    assert_eq!(page.info("Tagged"), "yes");
    assert_eq!(page.info("Pages"), "1");
    assert_eq!(page.info("Page size"), "595.276 x 841.89 pts (A4)");
    assert_eq!(page.info("CreationDate"), "2026-11-27T09:30:05Z");
    assert_eq!(page.info("Creator"), "staffrecord");
    assert_eq!(page.info("JavaScript"), "no");
    assert!(page.claims_to_be_accessible());
    assert!(page.has("/Lang(en-GB)"));
    assert!(page.has("/DisplayDocTitle true"));
    let text = page.text();
    for told in [
        "Payslip of November 2026",
        "Eastwood Community Trust",
        "Basic pay 37.50 2,345.67",
        "Night duty 12.00 -101.10",
        "2,244.57",
        "Payroll: Happy new year",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("Draft"));
}

#[test]
fn a_table_is_read_as_a_table() {
    let page = Opened::new(&render(&PAGE, &page()).unwrap());
    let tree = page.told("pdfinfo", &["-struct-text"]);
    let mut from = 0;
    for told in [
        "Document",
        "P (block)",
        "Payslip of",
        "H1",
        "Payments",
        "Table",
        "THead",
        "TR",
        "TH",
        "Description",
        "TH",
        "Hours",
        "TH",
        "Amount",
        "TBody",
        "TR",
        "TD",
        "Basic pay",
        "TD",
        "37.50",
        "TD",
        "2,345.67",
        "TR",
        "TFoot",
        "TD",
        "Total",
        "H1",
        "Messages",
        "P",
    ] {
        let found = tree[from..]
            .find(told)
            .unwrap_or_else(|| panic!("no {told} after\n{}\nin\n{tree}", &tree[..from]));
        from += found + told.len();
    }
}

#[test]
fn fonts_are_embedded_so_that_it_looks_the_same_everywhere() {
    let page = Opened::new(&render(&PAGE, &page()).unwrap());
    let told = page.told("pdffonts", &[]);
    let fonts: Vec<&str> = told.lines().skip(2).collect();
    assert!(!fonts.is_empty());
    for font in fonts {
        // Embedded, only the letters that it uses, and with what they mean.
        assert!(font.contains(" yes yes yes "), "{told}");
    }
}

#[test]
fn a_logo_of_either_kind_is_shown_and_read_out_by_its_name() {
    for format in [image::ImageFormat::Png, image::ImageFormat::Jpeg] {
        let page = Opened::new(&render(&PAGE, &page_with(Some(logo(format)))).unwrap());
        let pictures = page.told("pdfimages", &["-list"]);
        assert_eq!(pictures.lines().count(), 3, "{pictures}");
        assert!(pictures.contains(" 60 "), "{pictures}");
        let tree = page.told("pdfinfo", &["-struct"]);
        assert!(tree.contains("Figure"), "{tree}");
    }
}

#[test]
fn a_picture_without_words_is_refused() {
    static MUTE: Template = Template::new("mute.typ", "#title()\n\n#image(sys.inputs.logo)", 1);
    let refused =
        render(&MUTE, &data().with_picture("logo", Some(logo(image::ImageFormat::Png)))).unwrap_err();
    assert!(matches!(refused, PdfError::Template { name: "mute.typ", .. }), "{refused}");
}

#[test]
fn the_same_data_make_the_same_bytes() {
    assert_eq!(render(&PAGE, &page()).unwrap(), render(&PAGE, &page()).unwrap());
    let later = Data::new("Payslip of November 2026", created() + jiff::SignedDuration::from_secs(1));
    let later = later.with("text", &"a").unwrap();
    assert_ne!(render(&TEXT, &later).unwrap(), render(&TEXT, &text_of("a")).unwrap());
}
