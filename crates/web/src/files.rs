//! Forms with files: `multipart/form-data`, read as it arrives, so that a file is held once.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::Bytes;
use futures::Stream;
use http::header;
use multer::{Field, Multipart};

use crate::{Form, FormFile, form::FormError, route::FORM_LIMIT};

/// The name of a file has so many characters at most.
const MOST_NAME: usize = 200;
/// So many bytes are looked at in one go.
const SLICE: usize = 4 * 1024;
/// So many bytes may be waiting of which it is not known yet to which field they belong. With each small field, two slices come to wait.
const MOST_WAITING: usize = 2 * 1024 * 1024;

/// Why a form with files could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilesError {
    /// It has more bytes than its route takes.
    TooLarge,
    /// It is not a form as it should be.
    Form(FormError),
}

impl From<FormError> for FilesError {
    fn from(error: FormError) -> Self {
        Self::Form(error)
    }
}

impl From<multer::Error> for FilesError {
    fn from(error: multer::Error) -> Self {
        match &error {
            multer::Error::StreamReadFailed(source)
                if source.downcast_ref() == Some(&BodyError::TooLarge) =>
            {
                Self::TooLarge
            }
            _ => Self::Form(FormError::NotWhole),
        }
    }
}

/// What separates the fields, by the content type; `None` where that is of another kind.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    multer::parse_boundary(content_type).ok().filter(|boundary| (1..=200).contains(&boundary.len()))
}

/// Reads a form with files of at most `limit` bytes.
pub(crate) async fn read<E>(
    body: impl Stream<Item = Result<Bytes, E>> + Unpin + Send,
    boundary: String,
    limit: usize,
) -> Result<Form, FilesError> {
    let taken = Arc::new(AtomicUsize::new(0));
    let slices = Slices { body, rest: Bytes::new(), given: 0, taken: taken.clone(), limit, breathe: false };
    let mut parts = Multipart::new(slices, boundary);
    let (mut form, mut text_left) = (Form::default(), FORM_LIMIT);
    while let Some(mut field) = parts.next_field().await? {
        let name = field.name().ok_or(FormError::NotWhole)?.to_owned();
        if let Some(file_name) = file_name(&field)? {
            let bytes = contents(&mut field, &taken, limit).await?;
            // What a browser sends where nothing was chosen.
            if !(file_name.is_empty() && bytes.is_empty()) {
                form.add_file(name, FormFile { name: file_name, bytes: bytes.into() })?;
            }
        } else {
            let value = contents(&mut field, &taken, text_left).await?;
            text_left -= value.len();
            let value = String::from_utf8(value).ok().filter(|value| !value.contains('\0'));
            form.add(name, value.ok_or(FormError::Encoding)?)?;
        }
    }
    Ok(form)
}

/// The name of a file without its folder, which some old browsers send; `None` for a field that is no file.
fn file_name(field: &Field<'_>) -> Result<Option<String>, FormError> {
    let Some(name) = field.file_name() else {
        let head = field.headers().get(header::CONTENT_DISPOSITION).map_or(&b""[..], |head| head.as_bytes());
        let says = head.windows(b"; filename".len()).any(|part| part.eq_ignore_ascii_case(b"; filename"));
        // It has one that is no text.
        return if says { Err(FormError::Encoding) } else { Ok(None) };
    };
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.chars().count() > MOST_NAME { Err(FormError::FileName) } else { Ok(Some(name.to_owned())) }
}

/// What stands in a field.
async fn contents(field: &mut Field<'_>, taken: &AtomicUsize, most: usize) -> Result<Vec<u8>, FilesError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        taken.fetch_add(chunk.len(), Ordering::Relaxed);
        if bytes.len() + chunk.len() > most {
            return Err(FilesError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum BodyError {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body was cut off")]
    Cut,
    #[error("the body has no fields where it should have")]
    Astray,
}

/// A body in slices. After each it waits a turn: its reader takes all that is there before it looks at any of it.
struct Slices<S> {
    body: S,
    rest: Bytes,
    given: usize,
    /// How much of it has turned out to stand in fields.
    taken: Arc<AtomicUsize>,
    limit: usize,
    breathe: bool,
}

impl<S, E> Stream for Slices<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.breathe) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        while self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(BodyError::Cut))),
                Poll::Ready(Some(Ok(bytes))) => self.rest = bytes,
            }
        }
        let next = self.rest.len().min(SLICE);
        let slice = self.rest.split_to(next);
        self.given += next;
        if self.given > self.limit {
            return Poll::Ready(Some(Err(BodyError::TooLarge)));
        }
        // Looking for the end of a head that never ends would take longer with each slice.
        if self.given - self.taken.load(Ordering::Relaxed) > MOST_WAITING {
            return Poll::Ready(Some(Err(BodyError::Astray)));
        }
        self.breathe = true;
        Poll::Ready(Some(Ok(slice)))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Bytes;
    use futures::stream;

    use super::{FilesError, boundary, read};
    use crate::{Form, form::FormError, route::FORM_LIMIT};

    const LIMIT: usize = 1024 * 1024;

    fn part(head: &str, body: &[u8]) -> Vec<u8> {
        [b"--B\r\nContent-Disposition: form-data; ", head.as_bytes(), b"\r\n\r\n", body, b"\r\n"].concat()
    }

    fn whole(parts: &[Vec<u8>]) -> Vec<u8> {
        [parts.concat(), b"--B--\r\n".to_vec()].concat()
    }

    async fn read_in(body: Vec<u8>, size: usize) -> Result<Form, FilesError> {
        let body = Bytes::from(body);
        let at = (0..body.len()).step_by(size);
        let pieces: Vec<_> =
            at.map(|at| Ok::<_, Infallible>(body.slice(at..body.len().min(at + size)))).collect();
        read(stream::iter(pieces), "B".to_owned(), LIMIT).await
    }

    #[tokio::test]
    async fn a_form_with_a_file_reads_as_browsers_write_it() {
        let file: Vec<u8> = (0..200_000_u32).flat_map(|n| [n.to_le_bytes()[0], b'\r', b'\n', b'-']).collect();
        let body = whole(&[
            part("name=\"csrf\"", b"token"),
            part("name=\"note\"", "æ 李\r\n".as_bytes()),
            part("name=\"file\"; filename=\"C:\\staff\\Année 1.csv\"\r\nContent-Type: text/csv", &file),
            part("name=\"none\"; filename=\"\"\r\nContent-Type: application/octet-stream", b""),
            part("name=\"empty\"; filename=\"empty.csv\"", b""),
        ]);
        for size in [1000, 65_536, body.len()] {
            let form = read_in(body.clone(), size).await.unwrap();
            assert_eq!((form.get("csrf"), form.get("note"), form.get("file")), ("token", "æ 李\r\n", ""));
            let read = form.file("file").unwrap();
            assert_eq!((read.name.as_str(), &read.bytes[..]), ("Année 1.csv", &file[..]));
            assert_eq!(form.file("none"), None);
            assert_eq!(form.file("empty").unwrap().bytes.len(), 0);
            assert!(form.fields().all(|(name, _)| name != "file"));
            assert!(!format!("{form:?}{read:?}").contains("token"));
        }
        assert_eq!(read_in(whole(&[]), 7).await, Ok(Form::default()));
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        let file = |name: &str| part(&format!("name=\"f\"; filename=\"{name}\""), b"x");
        let mut latin =
            b"--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\xe9.csv\"\r\n\r\nx\r\n".to_vec();
        latin.extend(b"--B--\r\n");
        let many: Vec<_> = (0..=1000).map(|n| part(&format!("name=\"f{n}\""), b"")).collect();
        let body = whole(&[file("a.csv")]);
        let broken = |error| Err(FilesError::Form(error));
        for (body, error) in [
            (whole(&[part("name=\"a\"", b"\xff")]), broken(FormError::Encoding)),
            (whole(&[part("name=\"a\"", b"\0")]), broken(FormError::Encoding)),
            (latin, broken(FormError::Encoding)),
            (whole(&[part("name=\"a\"", b""), part("name=\"a\"", b"")]), broken(FormError::Repeated)),
            (whole(&[file("a.csv"), file("b.csv")]), broken(FormError::Repeated)),
            (whole(&[part("name=\"f\"", b""), file("b.csv")]), broken(FormError::Repeated)),
            (whole(&many), broken(FormError::TooMany)),
            (whole(&[file(&"x".repeat(201))]), broken(FormError::FileName)),
            (whole(&[file("a\0.csv")]), broken(FormError::NotWhole)),
            (whole(&[part("filename=\"a.csv\"", b"x")]), broken(FormError::NotWhole)),
            (body[..body.len() - 8].to_vec(), broken(FormError::NotWhole)),
            (body[..20].to_vec(), broken(FormError::NotWhole)),
            (b"csrf=token&file=x".to_vec(), broken(FormError::NotWhole)),
            (Vec::new(), broken(FormError::NotWhole)),
            (whole(&[part("name=\"a\"", &vec![b'x'; FORM_LIMIT + 1])]), Err(FilesError::TooLarge)),
            (
                whole(&[part("name=\"a\"", &vec![b'x'; 40_000]), part("name=\"b\"", &vec![b'x'; 40_000])]),
                Err(FilesError::TooLarge),
            ),
            (
                whole(&[part("name=\"f\"; filename=\"a.csv\"", &vec![b'x'; LIMIT + 1])]),
                Err(FilesError::TooLarge),
            ),
        ] {
            let begin = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
            assert_eq!(read_in(body, 50_000).await, error, "{begin}");
        }
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_given_up() {
        let mut read_of_it = 0;
        let endless = std::iter::once(Bytes::from_static(b"--B\r\nX: "))
            .chain(std::iter::repeat_with(|| Bytes::from_static(&[b'x'; 100_000])))
            .inspect(|piece| read_of_it += piece.len())
            .map(Ok::<_, Infallible>);
        let read = read(stream::iter(endless), "B".to_owned(), usize::MAX).await;
        assert_eq!(read, Err(FilesError::Form(FormError::NotWhole)));
        assert!(read_of_it < 3_000_000, "{read_of_it}");
    }

    #[tokio::test]
    async fn a_body_that_is_cut_off_is_no_form() {
        let begin = Bytes::from(part("name=\"f\"; filename=\"a.csv\"", b"x"));
        let read = read(stream::iter([Ok(begin), Err("cut off")]), "B".to_owned(), LIMIT).await;
        assert_eq!(read, Err(FilesError::Form(FormError::NotWhole)));
    }

    #[test]
    fn only_this_kind_has_a_boundary() {
        assert_eq!(boundary("multipart/form-data; boundary=B").as_deref(), Some("B"));
        assert_eq!(boundary("Multipart/Form-Data; boundary=\"a b\"").as_deref(), Some("a b"));
        let long = format!("multipart/form-data; boundary={}", "x".repeat(201));
        for kind in [
            "",
            "multipart/form-data",
            "multipart/mixed; boundary=B",
            "application/x-www-form-urlencoded",
            &long,
        ] {
            assert_eq!(boundary(kind), None, "{kind}");
        }
    }
}
