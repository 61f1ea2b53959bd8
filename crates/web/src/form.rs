use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use axum::{body::Bytes, extract::FromRequestParts};
use http::request::Parts;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::{Problem, places::Place, ui::ErrorSummary};

/// A password of so many characters is longer than any that is taken.
const TOO_LONG: usize = 129;
/// So many fields a form may have.
const MOST_FIELDS: usize = 1000;

/// A form as it was sent: fields by name. The corridor has read it whole, within the limit of its route, and has checked
/// its forgery token; a handler takes it as an argument.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form {
    fields: BTreeMap<String, String>,
    files: BTreeMap<String, FormFile>,
}

/// A file that was sent with a form.
#[derive(Clone, PartialEq, Eq)]
pub struct FormFile {
    /// Its name, without a folder: in at most 200 characters, as the browser wrote it.
    pub name: String,
    /// What is in it. A copy of this is no copy of the file.
    pub bytes: Bytes,
}

/// Bytes of a file, and the room that they take.
struct Held {
    bytes: Bytes,
    _place: Arc<Place>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Shows names only: a value may be a password.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.keys().chain(self.files.keys())).finish()
    }
}

/// Shows how large it is, and nothing of what is in it.
impl fmt::Debug for FormFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormFile").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// What is wrong with a form before anybody looks at its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    #[error("it is not written in UTF-8, or holds the character NUL")]
    Encoding,
    #[error("it has a field twice")]
    Repeated,
    #[error("it has too many fields")]
    TooMany,
    #[error("a part of it is missing")]
    NotWhole,
    #[error("the name of a file is longer than 200 characters")]
    FileName,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, FormError> {
        let mut form = Self::default();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = text(parts.next().unwrap_or_default())?;
            let value = text(parts.next().unwrap_or_default())?;
            form.add(name, value)?;
        }
        Ok(form)
    }

    pub(crate) fn add(&mut self, name: String, value: String) -> Result<(), FormError> {
        self.has_room_for(&name)?;
        self.fields.insert(name, value);
        Ok(())
    }

    /// Ties the room that the files take to their bytes: it is given back with the last copy of any of them, wherever that is by then.
    pub(crate) fn hold(&mut self, place: Place) {
        let place = Arc::new(place);
        for file in self.files.values_mut() {
            let bytes = std::mem::take(&mut file.bytes);
            file.bytes = Bytes::from_owner(Held { bytes, _place: place.clone() });
        }
    }

    pub(crate) fn add_file(&mut self, name: String, file: FormFile) -> Result<(), FormError> {
        self.has_room_for(&name)?;
        self.files.insert(name, file);
        Ok(())
    }

    fn has_room_for(&self, name: &str) -> Result<(), FormError> {
        if self.fields.len() + self.files.len() == MOST_FIELDS {
            return Err(FormError::TooMany);
        }
        let taken = self.fields.contains_key(name) || self.files.contains_key(name);
        if taken { Err(FormError::Repeated) } else { Ok(()) }
    }

    /// A field's value as it was typed; empty where it was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// A field that holds a password: never printed, wiped from memory, and no longer than it takes to see that it is too long.
    #[must_use]
    pub fn password(&self, name: &str) -> Password {
        let typed = self.get(name);
        let end = typed.char_indices().nth(TOO_LONG).map_or(typed.len(), |(at, _)| at);
        Password::new(&typed[..end])
    }

    /// The file of a field, where one was chosen. Only routes that take files have any.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&FormFile> {
        self.files.get(name)
    }

    /// All fields, by name; files apart.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The fields whose names `keep` likes, written as they came.
    #[must_use]
    pub fn encoded(&self, keep: impl Fn(&str) -> bool) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(self.fields().filter(|(name, _)| keep(name)));
        text.finish()
    }

    /// Reads what [`Form::encoded`] wrote.
    #[must_use]
    pub fn decoded(text: &str) -> Option<Self> {
        Self::parse(text.as_bytes()).ok()
    }
}

/// Percent-decoding that refuses what is no text, where the standard's own puts a replacement character.
fn text(encoded: &[u8]) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = rest.as_slice().get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
                let decoded = digits
                    .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
                    .and_then(|d| u8::from_str_radix(d, 16).ok());
                if let Some(decoded) = decoded {
                    rest.nth(1);
                    decoded
                } else {
                    b'%'
                }
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or(FormError::Encoding)
}

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.remove::<Form>().ok_or_else(|| Problem::broken("the route reads no form"))
    }
}

/// A password as it was typed. Debug shows nothing of it; memory is wiped when it goes.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password from its text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text, to be hashed or judged.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// What is wrong with which fields, in the order they stand on the page: shown in the summary and beside each field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(Cow<'static, str>, String)>);

impl FieldErrors {
    /// Nothing wrong yet.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One error.
    #[must_use]
    pub fn one(field: impl Into<Cow<'static, str>>, says: impl Into<String>) -> Self {
        Self(vec![(field.into(), says.into())])
    }

    /// Adds an error at the field with this id.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, says: impl Into<String>) {
        self.0.push((field.into(), says.into()));
    }

    /// The same behind others, which stand above them on the page.
    #[must_use]
    pub fn after(mut self, mut others: Self) -> Self {
        others.0.append(&mut self.0);
        others
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with this field, if anything.
    #[must_use]
    pub fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == field).map(|(_, says)| says.as_str())
    }

    /// All of it, for the top of the page; prints nothing where nothing is wrong.
    #[must_use]
    pub fn summary(&self) -> ErrorSummary {
        self.0
            .iter()
            .fold(ErrorSummary::new(), |summary, (field, says)| summary.field(field.clone(), says.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, FormError, FormFile};
    use crate::places::Places;

    #[test]
    fn room_for_files_is_given_back_with_the_last_copy_of_their_bytes() {
        let (places, employer) = (Places::new(10), uuid::Uuid::nil());
        let mut form = Form::default();
        let file = FormFile { name: "a.zip".into(), bytes: (&b"0123456789"[..]).into() };
        form.add_file("file".into(), file).unwrap();
        form.hold(places.take(employer, 10).unwrap());
        // Somebody works on it still, though its request has ended.
        let bytes = form.file("file").unwrap().bytes.clone();
        drop(form);
        assert!(places.take(employer, 1).is_none());
        assert_eq!(bytes, "0123456789");
        drop(bytes);
        assert!(places.take(employer, 10).is_some());
    }

    #[test]
    fn what_is_no_text_is_refused_and_not_mended() {
        for (body, error) in [
            (&b"a=%00"[..], FormError::Encoding),
            (b"a=\0", FormError::Encoding),
            (b"a=%ED%A0%80", FormError::Encoding), // a lone surrogate
            (b"a=%FF", FormError::Encoding),
            (b"%ff=a", FormError::Encoding),
            (b"a=1&a=2", FormError::Repeated),
            (&b"a&".repeat(2), FormError::Repeated),
        ] {
            assert_eq!(Form::parse(body), Err(error), "{body:?}");
        }
        let many: String = (0..=1000).map(|n| format!("f{n}=&")).collect();
        assert_eq!(Form::parse(many.as_bytes()), Err(FormError::TooMany));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = Form::parse(&body);
        }

        #[test]
        fn what_is_written_is_read_back(fields in proptest::collection::btree_map("[^\\x00]{1,8}", "[^\\x00]{0,20}", 0..20)) {
            let form = Form { fields, ..Form::default() };
            let text = form.encoded(|_| true);
            proptest::prop_assert_eq!(Form::parse(text.as_bytes()), Ok(form));
        }
    }

    #[test]
    fn a_form_reads_as_browsers_write_it() {
        let form =
            Form::parse("u=+427HOWSEA01+&p=a%26b%3D%25+%E6%9D%8E&odd=%zz%4&&empty".as_bytes()).unwrap();
        assert_eq!((form.get("u"), form.get("p")), (" 427HOWSEA01 ", "a&b=% 李"));
        assert_eq!((form.get("odd"), form.get("empty"), form.get("missing")), ("%zz%4", "", ""));
        assert_eq!(Form::decoded(&form.encoded(|_| true)), Some(form.clone()));
        assert_eq!(form.encoded(|name| name == "u"), "u=+427HOWSEA01+");
        assert_eq!(format!("{:?}", form.password("p")), "Password");
    }
}
