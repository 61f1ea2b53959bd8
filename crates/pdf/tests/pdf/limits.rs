use pdf::{PdfError, Template, render, testing::Opened};

use crate::{TEXT, data, text_of};

#[test]
fn a_document_with_more_pages_than_it_may_have_is_refused() {
    static PAGES: Template = Template::new(
        "pages.typ",
        "#title()\n#for line in sys.inputs.lines [#line #pagebreak(weak: true)]",
        3,
    );
    let pages = |count: usize| render(&PAGES, &data().with("lines", &vec!["x"; count]).unwrap());
    assert_eq!(Opened::new(&pages(3).unwrap()).info("Pages"), "3");
    assert_eq!(pages(4).unwrap_err(), PdfError::TooLong { pages: 4, most: 3 });
}

#[test]
fn a_megabyte_of_text_is_refused_before_it_is_set() {
    let megabyte = "x ".repeat(512 * 1024);
    let refused = render(&TEXT, &text_of(&megabyte)).unwrap_err();
    assert_eq!(refused, PdfError::TooMuch { bytes: 1024 * 1024 + 28, most: 32 * 1024 });
    let cells = render(&TEXT, &text_of("").with("cells", &vec![""; 10_000]).unwrap()).unwrap_err();
    assert!(matches!(cells, PdfError::TooMuch { .. }), "{cells}");
}

#[test]
fn as_much_as_may_be_is_set_or_refused_for_its_pages() {
    for (text, long) in [
        ("x ".repeat(15 * 1024), true),
        ("x".repeat(30 * 1024), true),
        ("\n".repeat(30 * 1024), true),
        ("word ".repeat(1500), false),
    ] {
        match render(&TEXT, &text_of(&text)) {
            Ok(pdf) => assert!(!long && Opened::new(&pdf).text().ends_with("word word")),
            Err(refused) => {
                assert!(long && matches!(refused, PdfError::TooLong { most: 2, .. }), "{refused}");
            }
        }
    }
}

#[test]
fn what_is_no_text_and_no_list_is_refused() {
    let numbered = std::collections::BTreeMap::from([([1, 2], "x")]);
    assert_eq!(data().with("numbered", &numbered).unwrap_err(), PdfError::Data { name: "numbered" });
}
