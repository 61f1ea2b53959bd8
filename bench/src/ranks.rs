//! The rank test of Mann and Whitney: do two samples come from the same distribution?

/// What the test says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranks {
    /// How often a value of the first sample is above one of the second: 0.5 where neither is larger.
    pub(crate) above: f64,
    /// How likely so large a difference is where there is none, for both sides.
    pub(crate) p: f64,
}

/// Compares two samples; by the normal approximation, with a correction for ties. Meant for hundreds of values and more.
pub(crate) fn compare(first: &[f64], second: &[f64]) -> Ranks {
    let mut all: Vec<(f64, bool)> = first.iter().map(|value| (*value, true)).collect();
    all.extend(second.iter().map(|value| (*value, false)));
    all.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let (n, m) = (first.len() as f64, second.len() as f64);
    let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    for same in all.chunk_by(|(a, _), (b, _)| a == b) {
        let count = same.len() as f64;
        let rank = before + (count + 1.0) / 2.0;
        rank_sum += rank * same.iter().filter(|(_, of_first)| *of_first).count() as f64;
        ties += count * count * count - count;
        before += count;
    }
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * ((total + 1.0) - ties / (total * (total - 1.0)));
    let distance = ((u - n * m / 2.0).abs() - 0.5).max(0.0);
    let p = if variance > 0.0 { erfc(distance / variance.sqrt() / std::f64::consts::SQRT_2) } else { 1.0 };
    Ranks { above: u / (n * m), p }
}

/// The complementary error function for `x` from 0, to within 1.2e-7 (Press et al., Numerical Recipes, 2nd ed., §6.2).
fn erfc(x: f64) -> f64 {
    const TERMS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * x);
    let sum = TERMS.iter().rev().fold(0.0, |sum, term| sum * t + term);
    t * (-x * x + sum).exp()
}

/// The middle value.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The smallest value that at least the share `q` of all values does not exceed.
pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * q).ceil().max(1.0) as usize - 1;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{compare, erfc, median, quantile};

    #[test]
    fn equal_samples_are_not_told_apart_and_moved_ones_are() {
        let base: Vec<f64> = (0..1000).map(|n| f64::from(n * 7919 % 1000)).collect();
        let same = compare(&base, &base);
        assert!((same.above - 0.5).abs() < 1e-9 && same.p > 0.99, "{same:?}");
        let moved: Vec<f64> = base.iter().map(|value| value + 60.0).collect();
        let later = compare(&moved, &base);
        assert!(later.above > 0.5 && later.p < 0.001, "{later:?}");
        assert!((compare(&base, &moved).above + later.above - 1.0).abs() < 1e-9);
        assert!(compare(&[1.0; 50], &[1.0; 50]).p > 0.99);
    }

    #[test]
    fn pairs_are_counted_and_ties_half() {
        let (first, second) = ([1.1, 2.2, 3.3, 4.4, 5.5, 6.6], [2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5]);
        let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (a, b)));
        let above: f64 = pairs
            .map(|(a, b)| {
                if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                }
            })
            .sum();
        assert!((compare(&first, &second).above * 42.0 - above).abs() < 1e-9, "{above}");
    }

    #[test]
    fn the_tails_of_the_normal_distribution_are_as_in_the_tables() {
        for (z, both_tails) in [(0.0, 1.0), (1.959_964, 0.05), (2.575_829, 0.01), (3.290_527, 0.001)] {
            let found = erfc(z / std::f64::consts::SQRT_2);
            assert!((found - both_tails).abs() < 1e-6, "{z}: {found}");
        }
    }

    #[test]
    fn quantiles_are_values_of_the_sample() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((median(&values), quantile(&values, 0.99), quantile(&values, 1.0)), (50.0, 99.0, 100.0));
        assert_eq!(median(&[3.0]), 3.0);
    }
}
