//! Logos: what HR sends is read as a picture, made small and written anew, so that nothing of the file itself is ever handed on.

use std::io::Cursor;

use futures::FutureExt;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, imageops::FilterType};
use sha2::{Digest, Sha256};
use store::{Db, Instant};

use super::{EmployerError, sql};
use crate::{Permission, Permit, roles::still_held, words};

/// A file has so many bytes at most.
pub(super) const MOST_BYTES: usize = 1024 * 1024;
/// A picture is at most so many pixels wide and high: a small file may unfold to very many.
const MOST_SIDE: u32 = 3000;
/// So many bytes of memory its pixels may take.
const MOST_MEMORY: u64 = 40 * 1024 * 1024;
/// So large a logo is kept.
const SIZE: (u32, u32) = (600, 200);
/// A logo that nobody has is swept after so many minutes.
const UNUSED_MINUTES: i64 = 24 * 60;

/// Why a file is no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LogoError {
    /// It is larger than 1 MiB.
    #[error("{}", words::LOGO_TOO_LARGE)]
    TooLarge,
    /// It is neither PNG nor JPEG.
    #[error("{}", words::LOGO_KIND)]
    Kind,
    /// It begins as one and cannot be read.
    #[error("{}", words::LOGO_DAMAGED)]
    Damaged,
    /// It has more pixels than anybody needs.
    #[error("{}", words::LOGO_TOO_WIDE)]
    TooWide,
}

/// The picture in a file, as a PNG of at most 600 by 200 pixels.
pub(super) fn redrawn(file: &[u8]) -> Result<Vec<u8>, LogoError> {
    if file.len() > MOST_BYTES {
        return Err(LogoError::TooLarge);
    }
    let format = image::guess_format(file).ok();
    let format = format.filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg));
    let picture = read(file, format.ok_or(LogoError::Kind)?).map_err(|error| match error {
        ImageError::Limits(_) => LogoError::TooWide,
        _ => LogoError::Damaged,
    })?;
    let (width, height) = SIZE;
    let small = if picture.width() > width || picture.height() > height {
        picture.resize(width, height, FilterType::Lanczos3)
    } else {
        picture
    };
    // Pixels and nothing else: no names, places or colour profiles of the file.
    let pixels = DynamicImage::from(small.to_rgba8());
    let mut png = Cursor::new(Vec::new());
    pixels.write_to(&mut png, ImageFormat::Png).map_err(|_| LogoError::Damaged)?;
    Ok(png.into_inner())
}

fn read(file: &[u8], format: ImageFormat) -> Result<DynamicImage, ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.check_dimensions(decoder.dimensions().0, decoder.dimensions().1)?;
    limits.reserve(decoder.total_bytes())?;
    // Phones write pictures lying on their side.
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Keeps a picture, for as long as an employer has it as its logo, and a day before that. Says its hash.
///
/// # Errors
/// A refusal, or the store's.
pub(super) async fn keep(
    db: &Db,
    now: Instant,
    permit: &Permit,
    picture: Vec<u8>,
) -> Result<String, EmployerError> {
    permit.check(Permission::ChangeSettings, permit.employer(), None)?;
    let hash: String = Sha256::digest(&picture).iter().map(|byte| format!("{byte:02x}")).collect();
    let permit = permit.clone();
    db.write(move |tx| {
        async move {
            still_held(tx, &permit).await??;
            sql::forget_logos(tx, now.plus_minutes(-UNUSED_MINUTES)).await?;
            sql::keep_logo(tx, &hash, &picture, now).await?;
            Ok(hash)
        }
        .boxed()
    })
    .await
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder, RgbaImage, codecs::png::PngEncoder};

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbaImage::from_pixel(width, height, image::Rgba([0, 94, 184, 255]));
        let mut png = Vec::new();
        PngEncoder::new(&mut png).write_image(&picture, width, height, ExtendedColorType::Rgba8).unwrap();
        png
    }

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut jpeg = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        jpeg.into_inner()
    }

    fn size(png: &[u8]) -> (u32, u32) {
        let picture = image::load_from_memory_with_format(png, ImageFormat::Png).unwrap();
        (picture.width(), picture.height())
    }

    #[test]
    fn a_picture_is_made_small_and_keeps_its_shape() {
        for ((width, height), small) in [
            ((100, 50), (100, 50)),
            ((600, 200), (600, 200)),
            ((1200, 200), (600, 100)),
            ((1000, 1000), (200, 200)),
            ((3000, 1), (600, 1)),
        ] {
            assert_eq!(size(&redrawn(&png(width, height)).unwrap()), small, "{width} by {height}");
            assert_eq!(size(&redrawn(&jpeg(width, height)).unwrap()), small, "{width} by {height}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused_in_plain_words() {
        let mut cut = png(100, 50);
        cut.truncate(60);
        let mut large = png(10, 10);
        large.resize(MOST_BYTES + 1, 0);
        for (file, error) in [
            (Vec::new(), LogoError::Kind),
            (b"GIF89a".to_vec(), LogoError::Kind),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), LogoError::Kind),
            (b"PK\x03\x04".to_vec(), LogoError::Kind),
            (cut, LogoError::Damaged),
            (b"\x89PNG\r\n\x1a\n".to_vec(), LogoError::Damaged),
            (b"\xff\xd8\xff".to_vec(), LogoError::Damaged),
            (large, LogoError::TooLarge),
            (png(3001, 1), LogoError::TooWide),
            (jpeg(1, 3001), LogoError::TooWide),
        ] {
            assert_eq!(redrawn(&file).unwrap_err(), error, "{:?}", &file[..file.len().min(40)]);
        }
    }

    #[test]
    fn a_small_file_that_unfolds_is_refused_before_it_does() {
        // One colour packs a thousandfold: 100 million pixels in some hundred kilobytes. The head alone is looked at.
        let mut head = png(10, 10);
        head[16..20].copy_from_slice(&10_000_u32.to_be_bytes());
        head[20..24].copy_from_slice(&10_000_u32.to_be_bytes());
        let crc = crc32(&head[12..29]);
        head[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(redrawn(&head).unwrap_err(), LogoError::TooWide);
    }

    /// As PNG counts it (RFC 2083 §15).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8)
                .fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    }

    #[test]
    fn nothing_of_the_file_is_handed_on() {
        // A text chunk behind the head, and bytes behind the end.
        let mut file = png(10, 10);
        let mut chunk = 12_u32.to_be_bytes().to_vec();
        chunk.extend(b"tEXtComment\0evil");
        let crc = crc32(&chunk[4..]);
        chunk.extend(crc.to_be_bytes());
        file.splice(33..33, chunk);
        file.extend(b"<script>evil</script>");
        let written = redrawn(&file).unwrap();
        assert!(!written.windows(4).any(|part| part == b"evil"));
        assert_eq!(written, redrawn(&png(10, 10)).unwrap());
    }
}
