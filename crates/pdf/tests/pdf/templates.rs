use pdf::{PdfError, Template, render};

use crate::data;

/// In which line a template with this in its third line is refused.
fn refused(markup: &'static str) -> usize {
    let markup: &'static str = format!("#title()\n\n{markup}\n").leak();
    match render(&Template::new("wrong.typ", markup, 1), &data()).unwrap_err() {
        PdfError::Template { name: "wrong.typ", line, .. } => line,
        other => panic!("{other}"),
    }
}

#[test]
fn a_template_reaches_no_file_no_package_and_no_clock() {
    for markup in [
        "#read(\"/etc/hostname\")",
        "#image(\"/logo.png\", alt: \"x\")",
        "#include \"other.typ\"",
        "#import \"@preview/example:0.1.0\": add",
        "#datetime.today().display()",
        "#csv(\"wrong.typ\")",
    ] {
        assert_eq!(refused(markup), 3, "{markup}");
    }
}

#[test]
fn a_template_that_is_wrong_or_does_not_fit_its_data_says_where() {
    for markup in ["#sys.inputs.nothing", "#let x = ", "#unknown()", "#(1 + \"a\")"] {
        assert_eq!(refused(markup), 3, "{markup}");
    }
}

#[test]
fn a_template_that_never_settles_or_calls_itself_ends() {
    assert!(refused("#let f() = f()\n#f()") >= 3);
    assert!(refused("#while true {}") >= 3);
}
