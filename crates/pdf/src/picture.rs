use std::io::Cursor;

use image::{ImageError, ImageFormat, ImageReader, Limits};
use typst::foundations::Bytes;

/// The largest file, in bytes.
const MOST_BYTES: usize = 1024 * 1024;
/// The longest side, in pixels.
const MOST_SIDE: u32 = 2000;

/// A picture that can be printed: a PNG or JPEG that was opened once. Cheap to clone.
#[derive(Clone)]
pub struct Picture(Bytes);

/// Why a picture cannot be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It is neither a PNG nor a JPEG.
    #[error("the picture is neither a PNG nor a JPEG")]
    Kind,
    /// Its file is larger than a megabyte, or a side is longer than 2,000 pixels.
    #[error("the picture is too large")]
    TooLarge,
    /// It cannot be opened.
    #[error("the picture is damaged")]
    Damaged,
}

impl Picture {
    /// A picture from the bytes of its file.
    ///
    /// # Errors
    /// Where it is too large, damaged, or of another kind: typst would also open drawings and documents, which can name others.
    pub fn new(file: Vec<u8>) -> Result<Self, PictureError> {
        if file.len() > MOST_BYTES {
            return Err(PictureError::TooLarge);
        }
        let format = image::guess_format(&file).ok();
        let format = format.filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg));
        let mut reader = ImageReader::with_format(Cursor::new(&file), format.ok_or(PictureError::Kind)?);
        let mut limits = Limits::default();
        limits.max_image_width = Some(MOST_SIDE);
        limits.max_image_height = Some(MOST_SIDE);
        reader.limits(limits);
        match reader.decode() {
            Ok(_) => Ok(Self(Bytes::new(file))),
            Err(ImageError::Limits(_)) => Err(PictureError::TooLarge),
            Err(_) => Err(PictureError::Damaged),
        }
    }

    pub(crate) fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, RgbaImage};

    use super::*;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let picture = DynamicImage::from(RgbaImage::new(width, height)).to_rgb8();
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn only_whole_pictures_of_two_kinds_and_of_a_fitting_size_are_taken() {
        let png = file(20, 10, ImageFormat::Png);
        assert!(Picture::new(png.clone()).is_ok());
        assert!(Picture::new(file(20, 10, ImageFormat::Jpeg)).is_ok());
        assert_eq!(Picture::new(png[..png.len() / 2].to_vec()).unwrap_err(), PictureError::Damaged);
        assert_eq!(Picture::new(file(2001, 1, ImageFormat::Png)).unwrap_err(), PictureError::TooLarge);
        assert_eq!(Picture::new(vec![0; MOST_BYTES + 1]).unwrap_err(), PictureError::TooLarge);
        for other in [
            &b""[..],
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"%PDF-1.7",
            b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        ] {
            assert_eq!(Picture::new(other.to_vec()).unwrap_err(), PictureError::Kind);
        }
    }
}
