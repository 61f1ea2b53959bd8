use std::ops::Range;

/// Which part of something is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it: also where several parts are asked for, or what cannot be read.
    Whole,
    /// A part.
    Part(Range<u64>),
    /// A part that it does not have.
    None,
}

/// Reads `Range` (RFC 9110 section 14.2) for something of `size` bytes.
pub(super) fn asked(header: Option<&str>, size: u64) -> Asked {
    let Some(range) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return Asked::Whole;
    };
    let Some((first, last)) = range.split_once('-') else { return Asked::Whole };
    let number = |text: &str| {
        let text = text.trim();
        let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    match (number(first), number(last)) {
        (Some(first), _) if last.trim().is_empty() && first < size => Asked::Part(first..size),
        (Some(first), Some(last)) if first <= last && first < size => Asked::Part(first..size.min(last + 1)),
        (Some(first), Some(last)) if last < first => Asked::Whole,
        (Some(_), last_number) if last.trim().is_empty() || last_number.is_some() => Asked::None,
        (None, Some(0)) if first.trim().is_empty() => Asked::None,
        (None, Some(last)) if first.trim().is_empty() && size > 0 => {
            Asked::Part(size.saturating_sub(last)..size)
        }
        (None, Some(_)) if first.trim().is_empty() => Asked::None,
        _ => Asked::Whole,
    }
}

/// Whether one of a list of validators is this one. A weak one is as good where nothing is put together from parts.
pub(super) fn matches(header: Option<&str>, tag: &str) -> bool {
    let Some(header) = header else { return false };
    header.trim() == "*" || header.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked, matches};

    #[test]
    fn one_part_or_the_whole() {
        for (header, is) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=10-", Asked::Part(10..100)),
            ("bytes=10-19", Asked::Part(10..20)),
            ("bytes=90-500", Asked::Part(90..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-500", Asked::Part(0..100)),
            ("bytes=100-", Asked::None),
            ("bytes=100-200", Asked::None),
            ("bytes=-0", Asked::None),
            ("bytes=20-10", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=99999999999999999999-", Asked::Whole),
            ("lines=1-2", Asked::Whole),
            ("bytes", Asked::Whole),
        ] {
            assert_eq!(asked(Some(header), 100), is, "{header}");
        }
        assert_eq!(asked(None, 100), Asked::Whole);
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::None);
        assert_eq!(asked(Some("bytes=-5"), 0), Asked::None);
    }

    #[test]
    fn any_of_a_list_is_the_same() {
        for (header, same) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
        ] {
            assert_eq!(matches(Some(header), "\"a\""), same, "{header}");
        }
    }
}
