use std::io::Cursor;

use image::{ImageError, ImageFormat, ImageReader, Limits, imageops::FilterType};
use typst::foundations::Bytes;

/// The largest file, in bytes.
const MOST_BYTES: usize = 1024 * 1024;
/// The longest side, in pixels.
const MOST_SIDE: u32 = 2000;

/// A picture that can be printed. Cheap to clone.
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
    /// A picture from the bytes of its file, made so small that it is at most so many pixels wide and high: each document is set
    /// and compressed with all of them.
    ///
    /// # Errors
    /// Where it is too large, damaged, or of another kind: typst would also open drawings and documents, which can name others.
    pub fn new(file: &[u8], (width, height): (u32, u32)) -> Result<Self, PictureError> {
        if file.len() > MOST_BYTES {
            return Err(PictureError::TooLarge);
        }
        let format = image::guess_format(file).ok();
        let format = format.filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg));
        let mut reader = ImageReader::with_format(Cursor::new(file), format.ok_or(PictureError::Kind)?);
        let mut limits = Limits::default();
        limits.max_image_width = Some(MOST_SIDE);
        limits.max_image_height = Some(MOST_SIDE);
        reader.limits(limits);
        let mut picture = reader.decode().map_err(|error| match error {
            ImageError::Limits(_) => PictureError::TooLarge,
            _ => PictureError::Damaged,
        })?;
        if picture.width() > width || picture.height() > height {
            picture = picture.resize(width, height, FilterType::Lanczos3);
        }
        let mut png = Cursor::new(Vec::new());
        picture.write_to(&mut png, ImageFormat::Png).map_err(|_| PictureError::Damaged)?;
        Ok(Self(Bytes::new(png.into_inner())))
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
        let new = |file: &[u8]| Picture::new(file, (30, 30)).map(drop);
        let png = file(20, 10, ImageFormat::Png);
        assert_eq!(new(&png), Ok(()));
        assert_eq!(new(&file(20, 10, ImageFormat::Jpeg)), Ok(()));
        assert_eq!(new(&png[..png.len() / 2]), Err(PictureError::Damaged));
        assert_eq!(new(&file(2001, 1, ImageFormat::Png)), Err(PictureError::TooLarge));
        assert_eq!(new(&vec![0; MOST_BYTES + 1]), Err(PictureError::TooLarge));
        for other in
            [&b""[..], b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", b"%PDF-1.7", b"GIF89a\x01\x00\x01\x00"]
        {
            assert_eq!(new(other), Err(PictureError::Kind));
        }
    }

    #[test]
    fn a_large_picture_is_made_small_and_a_small_one_stays() {
        for (width, height, expected) in [(600, 200, (30, 10)), (100, 400, (8, 30)), (20, 10, (20, 10))] {
            let picture = Picture::new(&file(width, height, ImageFormat::Png), (30, 30)).unwrap();
            let made = image::load_from_memory_with_format(&picture.bytes(), ImageFormat::Png).unwrap();
            assert_eq!((made.width(), made.height()), expected);
        }
    }
}
